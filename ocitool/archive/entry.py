"""Entries: where in a source the files of an archive lie."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocitool.model.fault import Fault


class EntryKind(Enum):
    """What an entry is, as far as image archives care."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Entry:
    """One member of an archive; offsets and size in bytes, the name cleaned (no ``./``, no trailing slash).

    `target` is what a symbolic link says, as it stands there; it is never followed on a disk. `source` is the number
    of the archive that holds it, where several are read together.
    """

    name: str
    kind: EntryKind
    size: int
    header_offset: int
    data_offset: int
    target: str = ""
    source: int = 0


@dataclass(frozen=True, slots=True)
class Scan:
    """All entries of an archive in their order.

    `has_end` tells whether the two zero blocks that end a tar were there; without them the archive may have
    been cut between two entries, which only its index can tell. `repeats` names entries that occur again with the
    same bytes, which harms nobody but a few readers. `is_listed` tells that they are as a table of contents has them,
    and not as a scan of the headers found them.
    """

    entries: tuple[Entry, ...]
    has_end: bool
    size: int
    faults: tuple[Fault, ...] = ()
    repeats: tuple[str, ...] = ()
    is_listed: bool = field(default=False, compare=False)
