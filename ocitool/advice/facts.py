"""What an importer meets: an archive as far as it decides how the import ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocitool.graph.image import ImageGraph
    from ocitool.model.digest import Digest


@dataclass(frozen=True, slots=True, eq=False)
class ArchiveFacts:
    """An archive: its graph, and what the whole file is compressed with ("" for a plain tar).

    `corrupt` are blobs known to have another digest than their name says, besides the documents, whose nodes say it.
    `is_folder` says that it is no file yet. `by_content` is the graph of who stores every regular file under the
    digest of its bytes, as containerd does since 1.2; None if it is the same. Two of these are the same only if they
    are one object, so that what is worked out from one can be kept.
    """

    graph: ImageGraph
    compression: str = ""
    corrupt: frozenset[Digest] = frozenset()
    is_folder: bool = False
    by_content: ImageGraph | None = None
