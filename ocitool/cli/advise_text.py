"""The report of `advise` for people: by importer and range of versions, the command that works first."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.advice.choice import Quality
from ocitool.advice.outcome import Evidence
from ocitool.cli.text import printable
from ocitool.model.url import copy_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.advice.choice import Command
    from ocitool.advice.outcome import Outcome
    from ocitool.advice.report import Advice, ImporterAdvice, VersionAdvice

_LIMIT: Final = 2_000
"""Characters of a line; names of archives may be of any length."""

_HEX: Final = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52,116}\b")
"""The hexadecimal digits of a digest."""

_EVIDENCE: Final = {
    Evidence.MEASURED: "",
    Evidence.INTERPOLATED: "between versions that were run",
    Evidence.BEYOND: "beyond the versions that were run",
    Evidence.SOURCE: "predicted from its source, not run",
}


@dataclass(frozen=True, slots=True)
class _Look:
    verbose: bool

    def text(self, text: str) -> str:
        """Return what an archive or an importer says, on one line; -v has digests whole."""
        return _safe(text if self.verbose else _HEX.sub(r"\1...", text))


def advice_lines(advice: Advice, *, quiet: bool = False, verbose: bool = False) -> list[str]:
    """Write the report; `quiet` leaves out importers that take the archive as it is with no flag at all."""
    look = _Look(verbose)
    wanted = ", ".join(platform.display for platform in advice.wanted)
    lines = [f"{_safe(advice.source)} on a {advice.host.display} host, for {_safe(wanted)}"]
    if (copy := copy_name(advice.source)) != advice.source:
        lines.append(
            f"importers read no URLs: their commands are for a copy of it in this folder, {_safe(copy)}; "
            "ocitool import fetches it by itself"
        )
    if advice.is_delta:
        apply = f"ocitool apply OLD {shlex.quote(advice.source)} -o NEW"
        lines += [_safe(f"it is a delta, which lacks what its base has; make it whole and import that: {apply}")]
    if advice.absent:
        inspect = _safe(shlex.join(["ocitool", "inspect", advice.source]))
        lines += [f"no image of it has {_absent(advice)}; what it has: {inspect}"]
    for importer in advice.importers:
        shown = [line for line in importer.versions if not (quiet and line.choice.plain.quality is Quality.WORKS)]
        if shown:
            lines += ["", _safe(importer.title) + (f" (containerd {importer.daemon})" if importer.daemon else "")]
            for line in shown:
                lines += _version_lines(advice, importer, line, look)
    if not quiet:
        lines += ["", f"layers were not read: ocitool verify --deep {_safe(shlex.quote(advice.source))} does that"]
    return lines


def _version_lines(advice: Advice, importer: ImporterAdvice, line: VersionAdvice, look: _Look) -> Iterator[str]:
    choice = line.choice
    how = _EVIDENCE[line.evidence]
    if look.verbose and line.measured:
        how = f"run: {', '.join(map(str, line.measured))}"
    yield f"  {line.label}{f'  ({how})' if how else ''}"
    if advice.absent:
        yield f"    fails     {_absent(advice)} is in no image of it"
        return
    best = choice.best
    if best is not None and best.quality > Quality.FAILS:
        yield _command(_WORDS[best.quality], importer.typed(best, advice.source))
        if best.quality is not Quality.WORKS or look.verbose:
            yield from _outcome(best.outcome, look)
    else:
        yield f"    fails     {look.text(choice.plain.outcome.in_words())}"
        yield from (f"              {look.text(reason)}" for reason in choice.plain.outcome.reasons[:1])
    mending = choice.mending
    if mending is not None:
        yield _command("better" if best is not None else "first", mending.rewrite.typed(advice.source))
        yield _command("then", importer.typed(mending.command, mending.rewrite.output))
        if mending.left_out:
            yield f"              leaves out {look.text(', '.join(mending.left_out))}"
    if look.verbose and choice.next_best is not None:
        yield _command("or", importer.typed(choice.next_best, advice.source))
    yield from _failing_lines(line, look)


def _absent(advice: Advice) -> str:
    return _safe(", ".join(platform.display for platform in advice.absent))


def _failing_lines(line: VersionAdvice, look: _Look) -> Iterator[str]:
    """Say what people type that fails there: once for all that end alike, and which flags are unknown."""
    for ending, commands in line.failures().items():
        # Without any command that does something good, it is told already how the plain one ends.
        told = [command for command in commands if line.choice.best is not None or command != line.choice.plain]
        if told:
            yield f"    not       {' | '.join(map(_flags, told))}: {look.text(ending)}"
    if line.unknown_flags:
        yield f"    no flag   {', '.join(line.unknown_flags)}"


_WORDS: Final = {Quality.WORKS: "works", Quality.STORES: "stores", Quality.MISNAMES: "misnames"}


def _command(word: str, command: str) -> str:
    return f"    {word:<9} {_safe(command)}"


def _flags(command: Command) -> str:
    return _safe(shlex.join(command.arguments)) or "without flags"


def _outcome(outcome: Outcome, look: _Look) -> Iterator[str]:
    for image in outcome.images:
        kept = [platform for platform in image.kept if platform not in image.ready]
        parts = [
            f"{word} {', '.join(platforms)}"
            for word, platforms in (("ready", image.ready), ("kept", kept), ("lost", image.lost))
            if platforms
        ]
        yield f"              {look.text(image.name)}: {_safe('; '.join(parts) or 'nothing')}"


def _safe(text: str) -> str:
    half = _LIMIT // 2
    return printable(text if len(text) <= _LIMIT else f"{text[:half]} [...] {text[-half:]}")
