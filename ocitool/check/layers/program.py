"""What the first bytes of a file say about the machine that it runs on.

System V ABI, "ELF Header": `e_ident` (class, data encoding) and `e_machine`; execve(2), "Interpreter scripts".
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

HEAD: Final = 256
"""Bytes of a file that are looked at; Linux reads as many for the line of an interpreter (`BINPRM_BUF_SIZE`)."""

_ELF_HEAD: Final = 20
_BLANKS: Final = b" \t"
"""What ends the name of an interpreter (load_script of Linux); a carriage return is part of it."""


class Machine(NamedTuple):
    """The machine that an ELF file is for: `e_machine`, 32 or 64 bits, and the order of bytes."""

    number: int
    bits: int
    big_endian: bool

    @property
    def name(self) -> str:
        """Its architecture as platforms call it, or its number."""
        for architecture, fits in _MACHINES.items():
            if fits == (self.number, self.bits, self.big_endian):
                return architecture
        return f"ELF machine {self.number}, {self.bits} bits"


class Script(NamedTuple):
    """A file that another program runs."""

    interpreter: bytes


Program: TypeAlias = "Machine | Script"

_MACHINES: Final = {
    "386": (3, 32, False),
    "amd64": (62, 64, False),
    "arm": (40, 32, False),
    "armbe": (40, 32, True),
    "arm64": (183, 64, False),
    "arm64be": (183, 64, True),
    "loong64": (258, 64, False),
    "mips": (8, 32, True),
    "mipsle": (8, 32, False),
    "mips64": (8, 64, True),
    "mips64le": (8, 64, False),
    "ppc": (20, 32, True),
    "ppc64": (21, 64, True),
    "ppc64le": (21, 64, False),
    "riscv": (243, 32, False),
    "riscv64": (243, 64, False),
    "s390": (22, 32, True),
    "s390x": (22, 64, True),
}
_SMALLER_CLASS: Final = frozenset({62, 8})
"""x86-64 and MIPS have ABIs of 32 bits (x32, n32) on machines of 64."""

_ALSO_RUNS: Final = {
    "amd64": "386",
    "arm64": "arm",
    "mips64": "mips",
    "mips64le": "mipsle",
    "ppc64": "ppc",
    "s390x": "s390",
}
"""Machines whose programs processors of another run as well."""


def read_program(head: bytes) -> Program | None:
    """Tell what the first `HEAD` bytes of a file say, None if it is no program."""
    if head.startswith(b"\x7fELF") and len(head) >= _ELF_HEAD:
        bits, order = {1: 32, 2: 64}.get(head[4]), {1: False, 2: True}.get(head[5])
        if bits is None or order is None:
            return None
        return Machine(int.from_bytes(head[18:20], "big" if order else "little"), bits, order)
    if head.startswith(b"#!"):
        line, end, _ = head[2:].partition(b"\n")
        word, blank, _ = line.partition(b"\0")[0].strip(_BLANKS).replace(b"\t", b" ").partition(b" ")
        whole = end or blank or len(head) < HEAD  # or the word may go on
        return Script(word) if word.startswith(b"/") and whole else None
    return None


def fits(machine: Machine, architecture: str) -> bool:
    """Tell whether a program is for an architecture; also if nothing is known of that."""
    expected = _MACHINES.get(architecture)
    if expected is None:
        return True
    if _MACHINES.get(_ALSO_RUNS.get(architecture, "")) == tuple(machine):
        return True
    number, bits, big_endian = expected
    return (
        machine.number == number
        and machine.big_endian == big_endian
        and (machine.bits == bits or (number in _SMALLER_CLASS and bits == 64))
    )
