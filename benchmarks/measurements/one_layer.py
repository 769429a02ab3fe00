"""One large layer is kept of four: the filter against one core that hashes, a copy, and skopeo.

Reading, hashing and writing have to overlap within one blob: there is no second one to work on.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from benchmarks.checks import check_usable
from benchmarks.corpus import NAME, TAG, Recipe
from benchmarks.engines import newest
from benchmarks.measure import Command, Role, measure_with_peers
from benchmarks.measurement import (
    Conditions,
    Findings,
    Measurement,
    Needs,
    NotPossible,
    Ratio,
    Skip,
    beyond,
    rows_of,
    slower,
    times,
)
from benchmarks.peer_commands import Job, skopeo, skopeo_as_it_comes
from benchmarks.reads import files_made
from benchmarks.setting import (
    COPY,
    GIB,
    HASH,
    MIB,
    START,
    TYPER,
    UNVERIFIED,
    VERIFIED,
    WANTED,
    Setting,
    bare_with_typer,
    filtering,
    make_setting,
    memory_workspace,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.measure import Cost

ALLOWED: Final = 1.10
"""How many times the slower of hashing and copying a verified filter may take."""

ALLOWED_UNVERIFIED: Final = 1.0
FASTER_THAN_SKOPEO: Final = 10.0
MEMORY: Final = 48.0
"""MiB that the filter may hold beyond Python with the library that reads options."""

DISK: Final = 1.0
"""MiB that the filter may keep on disk beside source and output: pages, no data."""

SKOPEO: Final = "skopeo copy"
"""Unpacks to where it does by itself, /var/tmp, which is on a disk."""

SKOPEO_HERE: Final = "skopeo --tmpdir copy"
"""Unpacks beside the archive."""

SKOPEO_ROUNDS: Final = 2
"""Runs of each of them, all of which count: one takes as long as all that the filter does in a measurement."""

LAYER: Final = GIB


def take(conditions: Conditions) -> Findings:
    """Measure the filter of an archive of 4 GiB in memory to one layer of 1 GiB."""
    recipe = Recipe(conditions.size(LAYER))
    with memory_workspace(conditions.memory, 3 * recipe.size) as (folder, skipped):
        skips = list(skipped)
        setting = make_setting(folder, recipe)
        commands = [
            bare_with_typer(),
            setting.start(),
            setting.hash(),
            setting.copy(),
            setting.filter(VERIFIED),
            setting.filter(UNVERIFIED, "--no-verify"),
        ]
        try:
            commands += skopeo_commands(setting)
        except NotPossible as reason:
            skips.append(Skip(SKOPEO, str(reason)))
        commands = [_watched(command, setting) for command in commands]
        costs, failed = measure_with_peers(commands, runs=conditions.runs)
        facts = {**setting.facts(), **({"runsOfSkopeo": SKOPEO_ROUNDS} if SKOPEO in costs else {})}
        elsewhere, unseen = files_made_elsewhere(setting)
        return Findings(rows_of(commands, costs), ratios(costs) + elsewhere, facts, (*skips, *failed, *unseen))


def files_made_elsewhere(setting: Setting) -> tuple[tuple[Ratio, ...], tuple[Skip, ...]]:
    """Return how many files the filter makes outside its folder, or that nobody can see it here.

    What is on the watched file system is counted in bytes; nothing may be anywhere else.
    """
    setting.make_ready()
    made = files_made(filtering(setting.corpus.path, setting.output))
    if made is None:
        return (), (Skip("files made elsewhere", "no strace here"),)
    elsewhere = [path for path in made if not path.startswith(f"{setting.folder}")]
    return (Ratio("files that filter makes elsewhere", len(elsewhere), at_most=0, is_counted=True),), ()


def skopeo_commands(setting: Setting) -> list[Command]:
    """Return skopeo as it comes, and told to unpack beside the archive; raises `NotPossible` if there is none."""
    engine = newest("skopeo")
    scratch = setting.folder / "skopeo"
    scratch.mkdir()
    job = Job(setting.corpus.path, setting.output, scratch, WANTED, NAME, TAG)
    return [
        Command(
            name,
            ["sh", "-c", write(str(engine.commands["skopeo"]), job)],
            prepare=setting.make_ready,
            environment={"PATH": engine.search_path},
            role=Role.PEER,
            check=partial(check_usable, name, setting.output, WANTED, setting.kept_size * 5 // 4 + MIB),
            rounds=SKOPEO_ROUNDS,
        )
        for name, write in ((SKOPEO, skopeo_as_it_comes), (SKOPEO_HERE, skopeo))
    ]


def _watched(command: Command, setting: Setting) -> Command:
    """Return a command with an eye on the disk, where the output is all that has to be there."""
    if command.name not in {VERIFIED, UNVERIFIED, SKOPEO_HERE}:
        return command
    environment = {**(command.environment or {}), "TMPDIR": str(setting.folder)}
    return replace(command, space=setting.folder, output=setting.output, environment=environment)


def ratios(costs: Mapping[str, Cost]) -> tuple[Ratio, ...]:
    """Return how the filter compares: its start taken off against the machine, counted against skopeo."""
    verified = beyond(costs, VERIFIED, START)
    made = [
        Ratio("filter / slower of hash and copy", times(verified, slower(costs, (HASH, COPY))), at_most=ALLOWED),
        Ratio(
            "filter --no-verify / copy",
            times(beyond(costs, UNVERIFIED, START), costs[COPY].seconds),
            at_most=ALLOWED_UNVERIFIED,
        ),
        Ratio(
            "peak memory beyond python with typer",
            (costs[VERIFIED].memory - costs[TYPER].memory) / MIB,
            at_most=MEMORY,
            unit="MiB",
        ),
        Ratio(
            "temporary disk of filter", (costs[VERIFIED].disk or 0) / MIB, at_most=DISK, unit="MiB", is_counted=True
        ),
    ]
    for name in (SKOPEO, SKOPEO_HERE):
        if name in costs:
            whole, theirs = costs[VERIFIED], costs[name]
            made += [
                Ratio(f"{name} / filter", times(theirs.seconds, whole.seconds), at_least=FASTER_THAN_SKOPEO),
                Ratio(f"processor time, filter / {name}", times(whole.processor, theirs.processor), at_most=1.0),
            ]
    return tuple(made)


MEASUREMENT: Final = Measurement(
    "one_layer", "One layer of 1 GiB kept of four", Needs(memory=12 * GIB, disk=6 * GIB), take
)
