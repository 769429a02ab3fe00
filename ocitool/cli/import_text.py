"""What `import` tells people: the command before it is run, and what is there after it."""

from __future__ import annotations

import shlex
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from ocitool.advice.outcome import Ending, Evidence
from ocitool.cli.text import printable
from ocitool.model.url import shown_url, split_s3_version, url_scheme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.advice.outcome import RecordedImage
    from ocitool.api.import_plan import ImportPlan
    from ocitool.api.import_report import FoundImage, ImportResult

_EVIDENCE: Final = {
    Evidence.MEASURED: "measured: this version was run",
    Evidence.INTERPOLATED: "predicted from source: versions before and after this one were run",
    Evidence.BEYOND: "predicted from source: beyond the versions that were run",
    Evidence.SOURCE: "predicted from source: no version of it was run",
}


_FETCHING: Final = {
    "http": "curl -fsSL {}",
    "https": "curl -fsSL {}",
    "s3": "aws s3 cp {} -",
    "gs": "gcloud storage cat {}",
    "": "ocitool filter {} -p all -o -",
}
"""What writes an object to standard output, by scheme; where nobody has a program for that, the same images."""


def plan_lines(plan: ImportPlan, source: str) -> list[str]:
    """Say what is about to be run."""
    return [f"running {command_line(plan, source)}", *_rewrite_lines(plan), *warning_lines(plan)]


def warning_lines(plan: ImportPlan) -> list[str]:
    """Return what the user should know even if nothing else is printed."""
    return [f"warning: {printable(warning)}" for warning in plan.warnings]


def forecast_lines(result: ImportResult, store_line: str = "") -> list[str]:
    """Say what would be run, and how it would end; `store_line` says which image store of docker is meant."""
    plan, target = result.plan, result.plan.target
    daemon = f", daemon {target.daemon}" if target.daemon is not None and target.daemon != target.version else ""
    return [
        f"{target.importer} {target.version}{daemon}, on a {target.host.display} host",
        *filter(None, [store_line]),
        f"would run: {command_line(plan, result.source)}",
        *_rewrite_lines(plan),
        *_outcome_lines(plan),
        _EVIDENCE[plan.evidence],
        *warning_lines(plan),
    ]


def command_line(plan: ImportPlan, source: str) -> str:
    """Return a line for a shell that does the same; the tool has the bytes decompressed and verified besides."""
    command = shlex.join(plan.words)
    source = shown_url(source)
    if plan.rewrite is not None:
        return printable(f"{plan.rewrite.typed(source)} | {command}")
    compression = plan.compression
    if source == "-":
        return printable(f"{compression} -dc | {command}" if compression else command)
    if scheme := url_scheme(source):
        # What copies objects of S3 copies the newest version only.
        program = "" if split_s3_version(source)[1] else scheme
        fetch = _FETCHING.get(program, _FETCHING[""]).format(shlex.quote(source))
        unpack = f"{compression} -dc | " if compression and program in _FETCHING and program else ""
        return printable(f"{fetch} | {unpack}{command}")
    if compression:
        return printable(f"{compression} -dc {shlex.quote(source)} | {command}")
    return printable(f"{command} < {shlex.quote(source)}")


def found_lines(result: ImportResult, *, quiet: bool) -> list[str]:
    """Say how the importer ended and what is there."""
    program = PurePath(result.plan.words[0]).name
    if result.exit_code:
        there = [f"ocitool: {_remainder(image)}" for image in result.images if image.stored is not None]
        return [f"ocitool: {printable(program)} ended with exit code {result.exit_code}", *there]
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
    words = (stored.digest, _platforms(image) or stored.platform)
    return printable(f"{image.name or '(no name)'}: {', '.join(filter(None, words))}")


def _platforms(image: FoundImage) -> str:
    """Say of every platform that is known what is there of it."""
    unpacked = image.unpacked or ()
    stored = tuple(platform for platform in image.whole if platform not in unpacked)
    is_told = image.unpacked is not None
    states = (
        ("complete, unpacked", unpacked),
        ("complete, stored" if unpacked else "complete, not unpacked" if is_told else "complete", stored),
        ("incomplete", image.lacking),
    )
    return "; ".join(f"{', '.join(platforms)} {state}" for state, platforms in states if platforms)


def _remainder(image: FoundImage) -> str:
    """Say what is there although the importer failed."""
    if image.is_other:
        return f"{_found_line(image)}: from before, and nothing of this archive"
    return f"there all the same: {_found_line(image)}"


def _absence(image: FoundImage, program: str) -> str:
    name = image.name or "an image without a name"
    if image.stored is None:
        what = f"{name} is not there"
    elif image.is_other:
        what = f"{name} is {image.stored.digest}, which is not of this archive: an image from before"
    else:
        what = f"{name} lacks content of {', '.join(image.lacking)}"
    return printable(f"{program} ended with exit code 0, but {what}")
