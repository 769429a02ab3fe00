"""The verb `advise` for scripts: which of their commands do not survive another version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.advice.migrate import Migration, Script, migration
from ocitool.api.advising import open_facts
from ocitool.api.text_input import input_name, read_text_input
from ocitool.errors import UsageError
from ocitool.model.limits import SCRIPT_LIMIT
from ocitool.model.platform import host_platform

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from ocitool.advice.request import Upgrade
    from ocitool.api.listener import Listener
    from ocitool.api.opening import SourceOptions
    from ocitool.api.places import Source
    from ocitool.model.platform import Platform


def migrate_scripts(
    scripts: Sequence[str | os.PathLike[str]],
    upgrade: Upgrade,
    archive: Source | None = None,
    *,
    host: Platform | None = None,
    source_options: SourceOptions | None = None,
    listener: Listener | None = None,
) -> Migration:
    """Find the commands that import and export images in some files, and tell what an upgrade makes of them.

    With an `archive` it is what they import; without one archives of the usual shapes stand for it. Raises
    `UsageError` for a script that cannot be read, and what opening the archive raises.
    """
    read = [Script(input_name(path), _text(path)) for path in scripts]
    host = host or host_platform()
    if archive is None:
        return migration(read, upgrade.old, upgrade.new, None, host, program=upgrade.program)
    with open_facts(archive, source_options, listener) as opened:
        return migration(read, upgrade.old, upgrade.new, opened.facts, host, program=upgrade.program)


def _text(path: str | os.PathLike[str]) -> str:
    data = read_text_input(path, "the script", SCRIPT_LIMIT)
    if len(data) > SCRIPT_LIMIT:
        raise UsageError(
            f"is no script: it has more than {SCRIPT_LIMIT} bytes", where=input_name(path), remedy="name a text file"
        )
    return data.decode("utf-8", "replace")
