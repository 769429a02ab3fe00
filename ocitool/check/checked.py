"""An archive as the checks see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ocitool.archive.entry import Scan
    from ocitool.archive.source import ByteSource
    from ocitool.graph.image import ImageGraph
    from ocitool.model.digest import Digest


@dataclass(frozen=True, slots=True)
class CheckedArchive:
    """An archive that was read and hashed.

    `graph` is empty but for its faults where nothing of index.json can be read. `actual` is what each blob hashes to,
    by the digest it is called by. `compression` names what the whole file was compressed with, "" for a plain one.
    """

    source: ByteSource
    scan: Scan
    graph: ImageGraph
    actual: Mapping[Digest, Digest] = field(default_factory=dict)
    compression: str = ""
