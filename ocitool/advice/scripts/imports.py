"""What a new version makes of a command that imports, predicted for the archive or for ones of the usual shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.advice.scripts.asked import asked_platforms, is_answered, read_word
from ocitool.advice.scripts.differences import Difference, Level, difference
from ocitool.advice.scripts.examples import NAME
from ocitool.advice.scripts.revision import Revision, revisions
from ocitool.advice.scripts.setting import export_table, strange_flags, takes_late_flags
from ocitool.advice.scripts.verdict import Change, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.advice.importer import Importer
    from ocitool.advice.scripts.commands import ArchiveCommand, Flag
    from ocitool.advice.scripts.examples import Example
    from ocitool.advice.scripts.setting import Setting
    from ocitool.advice.version import Version
    from ocitool.model.platform import Platform

KIND_ARGUMENTS: Final = ("--all-platforms", "--digests")
"""What ``kind load`` runs ``ctr images import`` with in each node (pkg/cluster/nodeutils/util.go, 0.17 and later)."""

_REMOVABLE: Final = ("--all-platforms", "--local", "--discard-unpacked-layers", "--skip-digest-for-named")
_ADDABLE: Final = ("--local", "--skip-digest-for-named", "--no-unpack", "--all-platforms")
_REASONS: Final = 4
"""Archives that are told of, the commonest first."""


@dataclass(frozen=True, slots=True)
class _Case:
    """An archive and one reading of what a script leaves open."""

    example: Example
    platform: str


def import_change(command: ArchiveCommand, setting: Setting) -> Change:
    """Compare how a command ends with the old and the new version, and look for one that ends as it did."""
    importer = setting.importer("ctr" if command.program == "kind" else command.program)
    if importer is None:
        return Change(Verdict.UNKNOWN, (f"nothing is known of {command.program} by version",))
    return _Judge(command, setting, importer).change()


@dataclass(frozen=True, slots=True)
class _Judge:
    command: ArchiveCommand
    setting: Setting
    importer: Importer

    def change(self) -> Change:
        found = self._differences(Revision())
        verdict = _verdict(found)
        strange = strange_flags(self.command, self.importer.table)
        why = (*self._late_flags(), *self._why(found, verdict), *strange)
        if verdict is Verdict.WORKS and self.command.unread:
            seen = ", ".join(self.command.unread)
            return Change(Verdict.UNKNOWN, (f"the flags in {seen} are not to be seen here", *why))
        if verdict in {Verdict.WORKS, Verdict.UNKNOWN} or strange or self.command.program == "kind":
            return Change(verdict, why)
        revision, on_both = self._best(_weight(found), never_worked=_always_failed(found))
        return Change(verdict, why, revision, on_both)

    def _differences(self, revision: Revision) -> list[tuple[Example, Difference]]:
        return self._compare(revision, self.setting.new)

    def _compare(self, revision: Revision, version: Version) -> list[tuple[Example, Difference]]:
        """Compare a changed command with a version with the command as it stands with the old one."""
        found: list[tuple[Example, Difference]] = []
        dropped = {self.command.flags[number].name for number in revision.removed}
        for case in self._cases():
            facts = case.example.facts
            old = self.setting.predict(
                self.importer, facts, self.setting.old, self._arguments(Revision(), self.setting.old, case)
            )
            new = self.setting.predict(self.importer, facts, version, self._arguments(revision, version, case))
            if old is None or new is None:
                continue
            asked = asked_platforms(self.command, case.platform, self.setting.host)
            with_digests = self.command.program != "kind"  # nobody asked kind for them
            found.append((case.example, difference(old, new, asked=asked, with_digests=with_digests)))
            if not is_answered(dropped, asked, facts, old, new):
                found[-1] = case.example, Difference(Level.OTHER)
        return found

    def _cases(self) -> Iterator[_Case]:
        flag = next((flag for flag in reversed(self.command.flags) if flag.name == "--platform"), None)
        host = self.setting.host
        open_value = flag is not None and flag.is_open
        wanted = None if flag is None or open_value else read_word(flag.value or "")
        name = self._name()
        platforms: list[tuple[Platform | None, str]] = [(wanted, (flag.value or "") if flag is not None else "")]
        if open_value:
            foreign = read_word("linux/amd64" if host.architecture == "arm64" else "linux/arm64")
            platforms = [(host, host.display), (foreign, foreign.display if foreign else "")]
        for platform, text in platforms:
            for example in self.setting.archives(platform, name):
                yield _Case(example, text)

    def _name(self) -> str:
        base = next((flag for flag in self.command.flags if flag.name == "--base-name"), None)
        return f"{base.value}:1.0" if base is not None and base.value and not base.is_open else NAME

    def _arguments(self, revision: Revision, version: Version, case: _Case) -> tuple[str, ...]:
        if self.command.program == "kind":
            return KIND_ARGUMENTS
        honoured = revision.is_early or self._takes_late_flags(version)
        arguments: list[str] = list(revision.added)
        for flag in revision.flags(self.command):
            if self.command.names_archive(flag) or (flag.is_late and not honoured):
                continue
            arguments += _closed(flag, case.platform)
        return tuple(arguments)

    def _takes_late_flags(self, version: Version) -> bool:
        table = export_table(self.command.program)
        return takes_late_flags(table.behaviour(version) if table else None)

    def _late_flags(self) -> tuple[str, ...]:
        late = [flag.name for flag in self.command.flags if flag.is_late]
        if not late or self._takes_late_flags(self.setting.new):
            return ()
        return (f"{self.setting.new_name} does not read flags behind the archive: {', '.join(late)}",)

    def _best(self, weight: tuple[int, ...], *, never_worked: bool) -> tuple[Revision | None, bool]:
        """Return the best line and whether it is for both versions, which is no aim if the command never worked."""
        known = self.importer.table.behaviour(self.setting.new).flags
        unknown = [
            number
            for number, flag in enumerate(self.command.flags)
            if flag.name not in known and not self.command.names_archive(flag)
        ]
        is_early = bool(self._late_flags())
        best: tuple[tuple[int, ...], Revision, bool] | None = None
        for revision in revisions(
            self.command,
            unknown=unknown,
            removable=_REMOVABLE,
            addable=[flag for flag in _ADDABLE if flag in known],
            is_early=is_early,
        ):
            found = self._differences(revision)
            if any(each.level is Level.OTHER for _, each in found):
                continue
            on_both = _is_as_good(self._compare(revision, self.setting.old))
            rank = (*_weight(found), not (on_both or never_worked), revision.size)
            if found and (best is None or rank < best[0]):
                best = (rank, revision, on_both)
        if best is None or best[0][: len(weight)] >= weight or not best[1].size:
            return None, False
        return best[1], best[2]

    def _why(self, found: list[tuple[Example, Difference]], verdict: Verdict) -> tuple[str, ...]:
        if not found:
            return ("it is no command line that can be run",)
        names = {"old": self.setting.old_name, "new": self.setting.new_name}
        if verdict is Verdict.FAILS or (_always_failed(found) and verdict is not Verdict.CHANGES):
            failure = f"{self.setting.old_name} fails: {found[0][1].old_failure}"
            words = (failure,) if verdict is Verdict.WORKS else (found[0][1].words.format_map(names), failure)
            return tuple(dict.fromkeys(words))
        told: dict[str, list[str]] = {}
        for example, each in sorted(found, key=lambda pair: (-pair[1].level, not pair[0].is_common)):
            is_told = each.level >= Level.CHANGED or (each.level is Level.BETTER and verdict is Verdict.WORKS)
            archives = told.setdefault(each.words.format_map(names), []) if is_told else [example.words]
            if example.words not in archives:
                archives.append(example.words)
        return tuple(_sentence(words, archives, len(found)) for words, archives in tuple(told.items())[:_REASONS])


def _sentence(words: str, archives: list[str], cases: int) -> str:
    if len(archives) == cases > 1:
        return words
    first, *others = archives
    more = f" and {len(others)} other kinds" if len(others) > 1 else f" and {others[0]}" if others else ""
    return f"for {first}{more}: {words}"


def _always_failed(found: list[tuple[Example, Difference]]) -> bool:
    return all(each.old_failure for _, each in found)


def _closed(flag: Flag, platform: str) -> tuple[str, ...]:
    """Return a flag as importers are told it, something in the place of what is not known."""
    if not flag.is_open:
        return flag.arguments
    if flag.value is None:
        return (flag.name,)
    value = platform if flag.name == "--platform" else "example.org/example"
    return (f"{flag.name}={value}",)


def _is_as_good(found: list[tuple[Example, Difference]]) -> bool:
    """Whether a line does what another did, and works at least for common archives."""
    return bool(found) and all(
        each.level <= (Level.BETTER if example.is_common else Level.FAILING) for example, each in found
    )


def _verdict(found: list[tuple[Example, Difference]]) -> Verdict:
    if not found:
        return Verdict.UNKNOWN
    common = {each.level for example, each in found if example.is_common}
    levels = common if _always_failed(found) else {each.level for _, each in found}
    if Level.WORSE in common:
        return Verdict.BREAKS
    if max(levels) >= Level.CHANGED:
        return Verdict.CHANGES
    return Verdict.FAILS if common == {Level.FAILING} else Verdict.WORKS


def _weight(found: list[tuple[Example, Difference]]) -> tuple[int, ...]:
    """Return how bad it is: what breaks common archives first."""
    if _always_failed(found):
        common = [each.level for example, each in found if example.is_common]
        return (common.count(Level.FAILING) + common.count(Level.WORSE), common.count(Level.CHANGED))
    weight: list[int] = []
    for archives in ([pair for pair in found if pair[0].is_common], found):
        levels = [each.level for _, each in archives]
        weight += [levels.count(Level.WORSE), levels.count(Level.CHANGED)]
    return tuple(weight)
