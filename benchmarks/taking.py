"""Take a measurement where it fits, and put down what it found with the facts of the machine."""

from __future__ import annotations

import os
import shlex
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import ocitool
from benchmarks.machine import available_memory, file_system, load, machine_facts
from benchmarks.measure import compile_package
from benchmarks.measurement import NotPossible
from benchmarks.results import Result
from benchmarks.setting import GIB
from benchmarks.space import free

if TYPE_CHECKING:
    from benchmarks.measurement import Conditions, Measurement, Needs

_PACKAGE: Final = Path(ocitool.__file__).parent


def shortage(needs: Needs, conditions: Conditions) -> str | None:
    """Return what a measurement lacks here, in words, or None; smaller archives take a share of memory and disk."""
    absent = [program for program in needs.programs if shutil.which(program) is None]
    if absent:
        return f"no {', '.join(absent)} here"
    if needs.root and os.geteuid() != 0:
        return "it mounts a file system, which needs root"
    is_memory = file_system(conditions.memory) == "tmpfs"
    memory = min(available_memory(), free(conditions.memory)) if is_memory else free(conditions.memory)
    for name, needed, there in (
        (f"memory in {conditions.memory}" if is_memory else str(conditions.memory), needs.memory, memory),
        (str(conditions.disk), needs.disk, free(conditions.disk)),
    ):
        if there < conditions.size(needed):
            return f"it takes {conditions.size(needed) / GIB:.1f} GiB of {name}, where {there / GIB:.1f} GiB are free"
    return None


def take(measurement: Measurement, conditions: Conditions) -> Result:
    """Take a measurement; raises `NotPossible` if it does not fit, or what it raises itself."""
    lacking = shortage(measurement.needs, conditions)
    if lacking is not None:
        raise NotPossible(lacking)
    compile_package(str(_PACKAGE))
    before = load()
    findings = measurement.take(conditions)
    after = load()
    return Result(
        measurement.name,
        measurement.title,
        datetime.now(UTC).date().isoformat(),
        command_of(measurement.name, conditions),
        conditions.runs,
        conditions.shrink,
        tuple(before),
        tuple(after),
        machine_facts((conditions.memory, conditions.disk)),
        findings,
    )


def command_of(name: str, conditions: Conditions) -> str:
    """Return the command that takes a measurement again."""
    words = ["python", "-m", "benchmarks", "--only", name, "--runs", str(conditions.runs)]
    return shlex.join([*words, *([] if conditions.shrink == 1 else ["--shrink", str(conditions.shrink)])])
