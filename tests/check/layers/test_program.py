from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocitool.check.layers.program import _ALSO_RUNS, _MACHINES, HEAD, Machine, Script, fits, read_program
from ocitool.model.platform import KNOWN_ARCHITECTURES
from tests.check.layers.images import elf


@pytest.mark.parametrize("architecture", sorted(_MACHINES))
def test_each_architecture_fits_itself_and_no_other(architecture: str) -> None:
    number, bits, big = _MACHINES[architecture]
    machine = read_program(elf(number, bits=bits, big=big))
    assert machine == Machine(number, bits, big)
    assert isinstance(machine, Machine)
    assert machine.name == architecture
    assert [other for other in _MACHINES if fits(machine, other)] == [architecture] or architecture in {
        "mips",
        "mipsle",
        *_ALSO_RUNS.values(),
    }
    assert _MACHINES.keys() <= KNOWN_ARCHITECTURES | {"riscv"}


def test_abis_of_32_bits_on_machines_of_64() -> None:
    assert fits(Machine(62, 32, big_endian=False), "amd64")  # x32
    assert fits(Machine(8, 32, big_endian=True), "mips64")  # n32
    assert not fits(Machine(243, 32, big_endian=False), "riscv64")
    assert not fits(Machine(8, 32, big_endian=False), "mips64")


def test_processors_run_programs_of_their_smaller_kin() -> None:
    assert fits(Machine(3, 32, big_endian=False), "amd64")
    assert fits(Machine(40, 32, big_endian=False), "arm64")
    assert not fits(Machine(62, 64, big_endian=False), "386")
    assert not fits(Machine(40, 32, big_endian=True), "arm64")


def test_nothing_is_said_of_architectures_that_are_not_known() -> None:
    assert fits(Machine(62, 64, big_endian=False), "wasm")
    assert Machine(999, 64, big_endian=False).name == "ELF machine 999, 64 bits"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"#!/bin/sh\necho", Script(b"/bin/sh")),
        (b"#! /usr/bin/env python3\n", Script(b"/usr/bin/env")),
        (b"#!/bin/sh", Script(b"/bin/sh")),
        (b"#!\t/bin/sh\t-e\n", Script(b"/bin/sh")),
        (b"#!/bin/sh\r\n", Script(b"/bin/sh\r")),
        (b"#!bin/sh\n", None),  # from the working directory
        ((b"#!/" + b"a" * HEAD)[:HEAD], None),
        (b"#!\n", None),
        (b"#!", None),
        (b"echo", None),
        (b"", None),
        (elf(62)[:19], None),
        (elf(62)[:4] + b"\3" + elf(62)[5:], None),
        (elf(62)[:5] + b"\0" + elf(62)[6:], None),
    ],
)
def test_what_else_a_file_may_be(head: bytes, expected: Script | None) -> None:
    assert read_program(head) == expected


@given(st.binary(max_size=40).map(b"\x7fELF".__add__) | st.binary(max_size=40).map(b"#!".__add__))
def test_any_bytes_are_read(head: bytes) -> None:
    assert read_program(head) is None or isinstance(read_program(head), Machine | Script)
