"""Run programs of another architecture with Debian's qemu, with or without the kernel's help.

The static qemu runs a foreign program that it is given (`run_below`); that needs nothing of
the machine. To start a whole container the kernel must know qemu (`registered`): it is told
through binfmt_misc, which needs root and a kernel that has it.
"""

from __future__ import annotations

import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .cache import locked
from .debian import Suite
from .program import Program

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from subprocess import CompletedProcess

EMULATOR_SUITE = "bookworm"
WELL_KNOWN_MOUNT = Path("/proc/sys/fs/binfmt_misc")


@dataclass(frozen=True, slots=True)
class EmulatedMachine:
    """Say how qemu and ELF headers call an architecture."""

    name: str
    elf_number: int

    @property
    def magic(self) -> bytes:
        """Return how a 64-bit little-endian program of this machine begins."""
        return b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00" + self.elf_number.to_bytes(2, "little")


# The byte that names the system may be anything; the type is 2 (executable) or 3 (position independent).
MASK = b"\xff" * 7 + b"\x00" + b"\xff" * 8 + b"\xfe\xff\xff\xff"
MACHINES = {"arm64": EmulatedMachine("aarch64", 0xB7), "amd64": EmulatedMachine("x86_64", 0x3E)}


class EmulationError(RuntimeError):
    """Say why this machine's kernel cannot start programs of another architecture."""


def emulator(architecture: str) -> Path:
    """Return the static qemu that runs programs of ``architecture``."""
    tree = Suite(EMULATOR_SUITE).tree(("qemu-user-static",))
    return tree.root / "usr" / "bin" / f"qemu-{MACHINES[architecture].name}-static"


def run_below(root: Path, command: Sequence[str], interpreter: Path) -> CompletedProcess[str]:
    """Run a ``command`` of the file system ``root``; the kernel need not know of it."""
    program, *arguments = command
    return Program(interpreter, ("-L", str(root))).run(f"{root}{program}", *arguments)


@contextmanager
def registered(architecture: str, interpreter: Path) -> Iterator[None]:
    """Let the kernel start programs of ``architecture`` with ``interpreter``, or say why it cannot.

    A handler that is there already is used and left alone. Ours is registered for all of
    the machine, so only one process at a time may have it: others wait. The flag F keeps the
    interpreter open, for containers do not see its path.
    """
    machine = MACHINES[architecture]
    name = f"ocitool-{machine.name}"
    with locked("binfmt-misc"), _binfmt_misc() as folder:
        if not any(_serves(entry, machine) for entry in folder.iterdir() if entry.name != name):
            _register(folder, name, machine, interpreter)
        try:
            yield
        finally:
            _unregister(folder / name)


@contextmanager
def _binfmt_misc() -> Iterator[Path]:
    """Yield the folder of binfmt_misc, mounted for us if it is not mounted where all look for it."""
    if (WELL_KNOWN_MOUNT / "register").exists():
        yield WELL_KNOWN_MOUNT
        return
    with tempfile.TemporaryDirectory(prefix="binfmt-") as folder:
        mounted = subprocess.run(
            ["mount", "-t", "binfmt_misc", "binfmt_misc", folder], check=False, capture_output=True, text=True
        )
        if mounted.returncode != 0:
            raise EmulationError(f"binfmt_misc: {mounted.stderr.strip()}")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True, capture_output=True)


def _serves(entry: Path, machine: EmulatedMachine) -> bool:
    """Tell whether a handler starts programs of ``machine`` in containers too."""
    lines = entry.read_text().splitlines() if entry.name != "register" else []
    flags = [line.removeprefix("flags:") for line in lines if line.startswith("flags:")]
    return "enabled" in lines and f"magic {machine.magic.hex()}" in lines and any("F" in each for each in flags)


def _register(folder: Path, name: str, machine: EmulatedMachine, interpreter: Path) -> None:
    """Tell the kernel of ``interpreter``; what an interrupted run has left is replaced."""
    _unregister(folder / name)
    escaped = ["".join(f"\\x{byte:02x}" for byte in data) for data in (machine.magic, MASK)]
    try:
        (folder / "register").write_text(f":{name}:M::{':'.join(escaped)}:{interpreter}:F")
    except OSError as error:
        raise EmulationError(f"binfmt_misc: {error}") from error


def _unregister(entry: Path) -> None:
    """Remove our handler if it is there."""
    if entry.exists():
        entry.write_text("-1")
