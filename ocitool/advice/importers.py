"""All importers that are known, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.advice.containerd.ctr import Ctr
from ocitool.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ocitool.advice.importer import Importer

IMPORTERS: Final[Mapping[str, Importer]] = {"ctr": Ctr()}
"""Each importer by the name of its table."""


def find_importer(name: str) -> Importer:
    """Return an importer; raises `UsageError` for a name that is not known."""
    found = IMPORTERS.get(name)
    if found is None:
        raise UsageError(f"no importer {name!r}", remedy=f"there is {', '.join(sorted(IMPORTERS))}")
    return found
