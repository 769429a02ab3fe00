"""What differs between two versions for one command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.advice.scripts.commands import Verb
from ocitool.advice.scripts.exports import export_change
from ocitool.advice.scripts.imports import import_change
from ocitool.advice.scripts.verdict import Change, Verdict

if TYPE_CHECKING:
    from ocitool.advice.scripts.commands import ArchiveCommand
    from ocitool.advice.scripts.setting import Setting


JUDGED: Final = ("ctr", "docker", "nerdctl", "podman")
"""Programs whose versions say what becomes of commands."""


def change(command: ArchiveCommand, setting: Setting) -> Change:
    """Tell what the new version makes of a command; one of another program is not affected that is known."""
    affected = {"ctr": {"ctr", "kind"}}.get(setting.program, {setting.program})
    if command.program not in affected:
        words = f"the versions are those of {setting.program}; what {command.program} does depends on its own"
        return Change(Verdict.UNKNOWN, (words,))
    if command.program == "kind" and not command.operands and command.verb is Verb.IMPORT:
        return Change(Verdict.UNKNOWN, ("kind saves images of a local docker here; its archive is not to be seen",))
    return import_change(command, setting) if command.verb is Verb.IMPORT else export_change(command, setting)
