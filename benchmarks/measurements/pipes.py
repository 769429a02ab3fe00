"""Archives come through a pipe: ours tell first what is in them, those of containerd tell last.

The yardsticks are ``openssl dgst`` of the same pipe and a copy of it to a file.
"""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from benchmarks.checks import check_archive
from benchmarks.corpus import Recipe
from benchmarks.measure import Command, Role, measure, run_once
from benchmarks.measurement import Conditions, Findings, Measurement, Needs, Ratio, beyond, rows_of, times
from benchmarks.setting import GIB, MIB, START, TOOL, WANTED, Setting, make_setting, memory_workspace, settle

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.measure import Cost

HASH: Final = "openssl dgst of the pipe"
COPY: Final = "cat of the pipe to a file"
INDEX_FIRST: Final = "filter -, index first"
INDEX_LAST: Final = "filter -, index last"
INTO_PIPE: Final = "filter - -o -, index first"
LAYER: Final = 512 * MIB


def take(conditions: Conditions) -> Findings:
    """Measure the filter of an archive of 2 GiB that comes through a pipe, in memory."""
    recipe = Recipe(conditions.size(LAYER))
    with memory_workspace(conditions.memory, 5 * recipe.size) as (folder, skips):
        setting = make_setting(folder, recipe)
        own = setting.folder / "own.tar"
        subprocess.run([*TOOL, "filter", str(setting.corpus.path), "-p", "all", "-q", "-o", str(own)], check=True)
        commands = _commands(setting, own)
        costs = measure(commands, runs=conditions.runs)
        return Findings(rows_of(commands, costs), ratios(costs), setting.facts(), skips)


def ratios(costs: Mapping[str, Cost]) -> tuple[Ratio, ...]:
    """Return how the filter compares to hashing the stream, its start taken off."""
    return tuple(
        Ratio(f"{name} / {HASH}", times(beyond(costs, name, START), costs[HASH].seconds))
        for name in (INDEX_FIRST, INDEX_LAST, INTO_PIPE)
    )


def _commands(setting: Setting, own: Path) -> list[Command]:
    first, last = f"cat {shlex.quote(str(own))}", f"cat {shlex.quote(str(setting.corpus.path))}"
    output = shlex.quote(str(setting.output))
    tool = f"{shlex.join(TOOL)} filter - -p {WANTED} -q --tmp-dir {shlex.quote(str(setting.folder))}"

    def make_ready() -> None:
        setting.output.unlink(missing_ok=True)
        settle(setting.folder, setting.size + setting.kept_size)

    def check_piped() -> None:
        run_once(line(INTO_PIPE, f"{first} | {tool} -o - | cat > {output}"))
        check_archive(INTO_PIPE, setting.output, WANTED)

    def line(name: str, text: str, role: Role = Role.TOOL) -> Command:
        is_watched = role is Role.TOOL and name != INTO_PIPE
        space, written = (setting.folder, setting.output) if is_watched else (None, None)
        check = setting.check(name) if is_watched else None
        arguments = ["bash", "-o", "pipefail", "-c", text]
        return Command(name, arguments, prepare=make_ready, role=role, check=check, space=space, output=written)

    return [
        setting.start(),
        line(HASH, f"{first} | openssl dgst -sha256", Role.YARDSTICK),
        line(COPY, f"{first} | cat > {output}", Role.YARDSTICK),
        line(INDEX_FIRST, f"{first} | {tool} -o {output}"),
        line(INDEX_LAST, f"{last} | {tool} -o {output}"),
        replace(line(INTO_PIPE, f"{first} | {tool} -o - | cat > /dev/null"), check=check_piped),
    ]


MEASUREMENT: Final = Measurement("pipes", "Through a pipe", Needs(memory=9 * GIB, programs=("openssl", "bash")), take)
