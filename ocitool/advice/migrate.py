"""Migration: which commands of scripts do not survive another version, and the lines that do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocitool.advice.scripts.changes import change
from ocitool.advice.scripts.commands import ArchiveCommand, find_commands
from ocitool.advice.scripts.markdown import readable_part
from ocitool.advice.scripts.revision import apply
from ocitool.advice.scripts.setting import Setting, valued_flags
from ocitool.advice.scripts.verdict import Change, Verdict

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.importer import Importer
    from ocitool.advice.version import Version
    from ocitool.model.json_text import JsonObject
    from ocitool.model.platform import Platform

__all__ = ["Migration", "Script", "ScriptFinding", "Verdict", "migrate", "migration"]


@dataclass(frozen=True, slots=True)
class Script:
    """A text with commands in it: a shell script, a CI file, a unit; `name` is its file, for messages."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class ScriptFinding:
    """A command that imports or exports, and what becomes of it.

    `line` and `column` count from 1. `text` are the lines that the command stands on, whole; `replacement` the same
    lines with it, and with all others that stand there, changed; None if nothing is to be changed, or nothing helps.
    `works_on_both` says that the changed command does with the old version what the present one does.
    """

    file: str
    line: int
    column: int
    program: str
    verb: str
    command: str
    text: str
    verdict: Verdict
    why: tuple[str, ...] = ()
    replacement: str | None = None
    works_on_both: bool = False

    def to_json(self) -> JsonObject:
        """Return the JSON form of reports (schema ``output/migrate``)."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "program": self.program,
            "verb": self.verb,
            "command": self.command,
            "text": self.text,
            "verdict": self.verdict.value,
            "why": list(self.why),
            "replacement": self.replacement,
            "worksOnBoth": self.works_on_both,
        }


@dataclass(frozen=True, slots=True)
class Migration:
    """The findings in all scripts, and the versions they are about."""

    program: str
    source: Version
    target: Version
    host: Platform
    findings: tuple[ScriptFinding, ...]
    is_archive_known: bool = False

    @property
    def breaks(self) -> bool:
        """Whether any command breaks."""
        return any(finding.verdict is Verdict.BREAKS for finding in self.findings)

    def count(self, verdict: Verdict) -> int:
        """Return how many commands have a verdict."""
        return sum(finding.verdict is verdict for finding in self.findings)

    def to_json(self) -> JsonObject:
        """Return the JSON report (schema ``output/migrate``)."""
        return {
            "schemaVersion": 1,
            "kind": "migrate",
            "program": self.program,
            "from": str(self.source),
            "to": str(self.target),
            "host": self.host.display,
            "isArchiveKnown": self.is_archive_known,
            "breaks": self.breaks,
            "findings": [finding.to_json() for finding in self.findings],
        }


def migration(
    scripts: Sequence[Script],
    source: Version,
    target: Version,
    facts: ArchiveFacts | None,
    host: Platform,
    *,
    program: str = "ctr",
    importers: Mapping[str, Importer] | None = None,
) -> Migration:
    """Return the whole report on scripts; the arguments are those of `migrate`."""
    findings = migrate(scripts, source, target, facts, host, program=program, importers=importers)
    return Migration(program, source, target, host, findings, facts is not None)


def migrate(
    scripts: Sequence[Script],
    source: Version,
    target: Version,
    facts: ArchiveFacts | None,
    host: Platform,
    *,
    program: str = "ctr",
    importers: Mapping[str, Importer] | None = None,
) -> tuple[ScriptFinding, ...]:
    """Return every command of some scripts that imports or exports images, and what becomes of it, in their order.

    The versions are those of `program`; for `ctr` client and containerd are of one version. With the facts of an
    archive its own import is predicted for both; without, archives of the usual shapes stand for it. Never raises for
    what a script holds.
    """
    setting = Setting(program, source, target, host, facts)
    if importers is not None:
        setting = Setting(program, source, target, host, facts, importers)
    valued = valued_flags(setting.importers)
    known: dict[Hashable, Change] = {}
    return tuple(finding for script in scripts for finding in _findings(script, setting, valued, known))


def _findings(
    script: Script, setting: Setting, valued: Mapping[str, frozenset[str]], known: dict[Hashable, Change]
) -> Iterator[ScriptFinding]:
    commands: list[tuple[ArchiveCommand, Change]] = []
    for command in find_commands(readable_part(script.name, script.text), valued):
        if command.meaning not in known:
            known[command.meaning] = change(command, setting)
        commands.append((command, known[command.meaning]))
    for group in _groups(script.text, commands):
        start, end = _lines(script.text, group)
        edits = [
            edit
            for command, found in group
            if found.revision is not None
            for edit in found.revision.edits(command, script.text)
        ]
        replaced = apply(script.text, start, end, edits)
        for command, found in group:
            yield ScriptFinding(
                script.name,
                command.line,
                command.start - (script.text.rfind("\n", 0, command.start) + 1) + 1,
                command.program,
                command.verb.value,
                script.text[command.start : command.end],
                script.text[start:end],
                found.verdict,
                found.why,
                None if found.revision is None else replaced,
                found.works_on_both,
            )


def _groups(
    text: str, commands: list[tuple[ArchiveCommand, Change]]
) -> Iterator[list[tuple[ArchiveCommand, Change]]]:
    """Yield the commands that share a line together."""
    group: list[tuple[ArchiveCommand, Change]] = []
    last = stop = 0
    for each in commands:
        if group and each[0].start >= stop:
            yield group
            group = []
        group.append(each)
        if each[0].end > stop:
            last = max(last, each[0].end)
            stop = _line_end(text, last)
    if group:
        yield group


def _lines(text: str, group: list[tuple[ArchiveCommand, Change]]) -> tuple[int, int]:
    """Return where the lines start and end that hold some commands, without the last end of line."""
    first, last = min(command.start for command, _ in group), max(command.end for command, _ in group)
    end = _line_end(text, last)
    return text.rfind("\n", 0, first) + 1, end - text.startswith("\r", end - 1)


def _line_end(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end < 0 else end
