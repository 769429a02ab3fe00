"""What `import` tells people: the command before it is run, and what is there after it."""

from __future__ import annotations

import shlex
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from ocitool.advice.outcome import Ending, Evidence
from ocitool.cli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ocitool.advice.outcome import RecordedImage
    from ocitool.api.import_plan import ImportPlan
    from ocitool.api.import_report import FoundImage, ImportResult

_EVIDENCE: Final = {
    Evidence.MEASURED: "measured: this version was run",
    Evidence.INTERPOLATED: "predicted from source: versions before and after this one were run",
    Evidence.BEYOND: "predicted from source: beyond the versions that were run",
    Evidence.SOURCE: "predicted from source: no version of it was run",
}
_UNPACKED: Final = {True: "unpacked", False: "not unpacked", None: ""}


def plan_lines(plan: ImportPlan, source: str) -> list[str]:
    """Say what is about to be run."""
    return [f"running {command_line(plan, source)}", *_rewrite_lines(plan), *warning_lines(plan)]


def warning_lines(plan: ImportPlan) -> list[str]:
    """Return what the user should know even if nothing else is printed."""
    return [f"warning: {printable(warning)}" for warning in plan.warnings]


def forecast_lines(result: ImportResult) -> list[str]:
    """Say what would be run, and how it would end."""
    plan, target = result.plan, result.plan.target
    daemon = f", daemon {target.daemon}" if target.daemon is not None and target.daemon != target.version else ""
    return [
        f"{target.importer} {target.version}{daemon}, on a {target.host.display} host",
        f"would run: {command_line(plan, result.source)}",
        *_rewrite_lines(plan),
        *_outcome_lines(plan),
        _EVIDENCE[plan.evidence],
        *warning_lines(plan),
    ]


def command_line(plan: ImportPlan, source: str) -> str:
    """Return a line for a shell that does the same; the tool has the bytes decompressed and verified besides."""
    command = shlex.join(plan.words)
    if plan.rewrite is not None:
        return printable(f"{plan.rewrite.typed(source)} | {command}")
    compression = plan.compression
    if source == "-":
        return printable(f"{compression} -dc | {command}" if compression else command)
    if compression:
        return printable(f"{compression} -dc {shlex.quote(source)} | {command}")
    return printable(f"{command} < {shlex.quote(source)}")


def found_lines(result: ImportResult, *, quiet: bool) -> list[str]:
    """Say how the importer ended and what is there."""
    program = PurePath(result.plan.words[0]).name
    if result.exit_code:
        return [f"ocitool: {printable(program)} ended with exit code {result.exit_code}"]
    absent = [image for image in result.images if not image.is_there]
    lines = [] if quiet else [_found_line(image) for image in result.images if image.is_there]
    lines += [f"ocitool: {_absence(image, program)}" for image in absent]
    return lines


def _rewrite_lines(plan: ImportPlan) -> list[str]:
    if plan.rewrite is None:
        return []
    return [f"filtered on the fly: {printable(plan.reason)}"]


def _outcome_lines(plan: ImportPlan) -> Iterator[str]:
    outcome = plan.outcome
    if outcome.ending in {Ending.NOTHING, Ending.ERROR}:
        yield f"expected: {printable(outcome.message or outcome.ending.value)}"
    for image in outcome.images:
        yield f"expected: {printable(image.name or '(no name)')}: {_state(image)}"


def _state(image: RecordedImage) -> str:
    stored = tuple(platform for platform in image.kept if platform not in image.ready)
    states = (("ready to run", image.ready), ("stored, not unpacked", stored), ("not kept", image.lost))
    told = [f"{', '.join(platforms)} {state}" for state, platforms in states if platforms]
    return printable("; ".join(told) or "recorded")


def _found_line(image: FoundImage) -> str:
    stored = image.stored
    if stored is None:
        raise TypeError("an image that is not there has no line")
    platforms = f"{', '.join(image.whole)} complete" if image.whole else stored.platform
    words: Sequence[str] = (stored.digest, platforms, _unpacked(image))
    return printable(f"{image.name or '(no name)'}: {', '.join(filter(None, words))}")


def _unpacked(image: FoundImage) -> str:
    """Say whether it is unpacked, as far as the client tells."""
    return _UNPACKED[image.stored.is_unpacked] if image.stored is not None else ""


def _absence(image: FoundImage, program: str) -> str:
    if image.stored is None:
        return printable(
            f"{program} ended with exit code 0, but {image.name or 'an image without a name'} is not there"
        )
    return printable(
        f"{program} ended with exit code 0, but {image.name} lacks content of {', '.join(image.lacking)}"
    )
