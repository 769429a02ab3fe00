"""What a new version makes of a command that exports, from the tables of exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.advice.scripts.asked import PLATFORM_FLAGS
from ocitool.advice.scripts.revision import Revision
from ocitool.advice.scripts.setting import export_table, strange_flags, takes_late_flags
from ocitool.advice.scripts.verdict import Change, Verdict

if TYPE_CHECKING:
    from ocitool.advice.scripts.commands import ArchiveCommand
    from ocitool.advice.scripts.setting import Setting
    from ocitool.advice.table import Behaviour

_CHANGED_TRAITS: Final = {
    ("form", "oci-layout"): "writes an OCI layout beside manifest.json, with other names of files in it",
    ("form", "docker-archive"): "writes manifest.json alone, no OCI layout",
    ("store", "containerd"): (
        "keeps images in containerd's store unless it ran with another before: an archive then lists every platform "
        "of the image, held or not; --platform P writes one alone"
    ),
}
"""What a new value of a trait means for what is written."""


def export_change(command: ArchiveCommand, setting: Setting) -> Change:
    """Compare what a command is read as, and what it writes, with the old and the new version."""
    table = export_table(command.program)
    if table is None:
        return Change(Verdict.UNKNOWN, (f"nothing is known of the exports of {command.program} by version",))
    early = [version for version in (setting.old, setting.new) if version < table.oldest]
    if early:
        return Change(Verdict.UNKNOWN, (f"nothing is known of exports before {command.program} {table.oldest}",))
    old, new = table.behaviour(setting.old), table.behaviour(setting.new)
    strange = strange_flags(command, table)
    failed, fails = _failures(command, setting.old_name, old), _failures(command, setting.new_name, new)
    if failed and fails:
        verdict, why = Verdict.FAILS, tuple(dict.fromkeys((*fails, *failed, *strange)))
    else:
        changes = () if failed else tuple(_changes(command, setting, old, new))
        verdict = Verdict.BREAKS if fails else Verdict.CHANGES if changes else Verdict.WORKS
        why = (*fails, *failed, *changes, *strange)
    if verdict is Verdict.WORKS and command.unread:
        return Change(Verdict.UNKNOWN, (f"the flags in {', '.join(command.unread)} are not to be seen here",))
    revision = None if strange else _revision(command, old, new)
    return Change(verdict, why, revision, revision is not None and _works(command, revision, old))


def _failures(command: ArchiveCommand, name: str, behaviour: Behaviour) -> tuple[str, ...]:
    """Say why a version does not run a command, nothing if it does."""
    unknown = next((flag.name for flag in command.flags if flag.name not in behaviour.flags), "")
    if unknown:
        return (f"{name} fails: {behaviour.message('flag-unknown', flag=unknown.lstrip('-'))}",)
    late = next((flag.name for flag in command.flags if flag.is_late), "")
    if late and not takes_late_flags(behaviour):
        return (f"{name} takes {late} for an image and fails: {behaviour.message('late-flag', flag=late)}",)
    return ()


def _changes(command: ArchiveCommand, setting: Setting, old: Behaviour, new: Behaviour) -> list[str]:
    found = []
    if _mode(command, old) != "transfer" and _mode(command, new) == "transfer":
        found.append(
            f"{setting.new_name} writes through the daemon; on a busy machine the archive may be cut short with exit "
            "code 0, which --local prevents"
        )
    for (trait, value), words in _CHANGED_TRAITS.items():
        if new.traits.get(trait) == value != old.traits.get(trait):
            found.append(f"{setting.new_name} {words}")
    return found


def _mode(command: ArchiveCommand, behaviour: Behaviour) -> str:
    """Return who writes: ``--local`` counts where it is known."""
    for flag in reversed(command.flags):
        if flag.name == "--local" and "--local" in behaviour.flags:
            return "local" if flag.value in {None, "true", "1"} else "transfer"
    return behaviour.traits.get("mode", "")


def _revision(command: ArchiveCommand, old: Behaviour, new: Behaviour) -> Revision | None:
    removed = frozenset(number for number, flag in enumerate(command.flags) if flag.name not in new.flags)
    if any(command.flags[number].name in PLATFORM_FLAGS for number in removed):
        return None
    names = {flag.name for flag in command.flags}
    goes_local = _mode(command, new) == "transfer" and _mode(command, old) != "transfer" and "--local" not in names
    revision = Revision(
        removed,
        ("--local",) if goes_local else (),
        is_early=any(flag.is_late for flag in command.flags) and not takes_late_flags(new),
    )
    return revision if revision.size else None


def _works(command: ArchiveCommand, revision: Revision, behaviour: Behaviour) -> bool:
    flags = revision.flags(command)
    names = {*revision.added, *(flag.name for flag in flags)}
    is_read = revision.is_early or takes_late_flags(behaviour) or not any(flag.is_late for flag in flags)
    return is_read and names <= set(behaviour.flags)
