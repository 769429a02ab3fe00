"""Archives come through a pipe: ours tell first what is in them, those of containerd tell last.

The yardsticks are ``openssl dgst`` of the same pipe and a copy of it to a file.
"""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING, Final

from benchmarks.corpus import Recipe
from benchmarks.measure import Command, Role, measure
from benchmarks.measurement import Conditions, Findings, Measurement, Needs, Ratio, beyond, rows_of
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
        Ratio(f"{name} / {HASH}", beyond(costs, name, START) / costs[HASH].seconds)
        for name in (INDEX_FIRST, INDEX_LAST, INTO_PIPE)
    )


def _commands(setting: Setting, own: Path) -> list[Command]:
    first, last = f"cat {shlex.quote(str(own))}", f"cat {shlex.quote(str(setting.corpus.path))}"
    output = shlex.quote(str(setting.output))
    tool = f"{shlex.join(TOOL)} filter - -p {WANTED} -q --tmp-dir {shlex.quote(str(setting.folder))}"

    def make_ready() -> None:
        setting.output.unlink(missing_ok=True)
        settle(setting.folder, setting.size + setting.kept_size)

    def line(name: str, text: str, role: Role = Role.TOOL) -> Command:
        is_watched = role is Role.TOOL and name != INTO_PIPE
        space, written = (setting.folder, setting.output) if is_watched else (None, None)
        return Command(name, ["sh", "-c", text], prepare=make_ready, role=role, space=space, output=written)

    return [
        setting.start(),
        line(HASH, f"{first} | openssl dgst -sha256", Role.YARDSTICK),
        line(COPY, f"{first} | cat > {output}", Role.YARDSTICK),
        line(INDEX_FIRST, f"{first} | {tool} -o {output}"),
        line(INDEX_LAST, f"{last} | {tool} -o {output}"),
        line(INTO_PIPE, f"{first} | {tool} -o - | cat > /dev/null"),
    ]


MEASUREMENT: Final = Measurement("pipes", "Through a pipe", Needs(memory=9 * GIB), take)
