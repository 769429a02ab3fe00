"""The verb `inspect`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.api.estimating import estimate_platforms
from ocitool.api.opening import SourceOptions, open_archive
from ocitool.graph.inventory import Inventory, take_inventory

if TYPE_CHECKING:
    from ocitool.api.listener import Listener
    from ocitool.api.places import Source


def inspect_archive(
    source: Source,
    *,
    source_options: SourceOptions | None = None,
    listener: Listener | None = None,
) -> Inventory:
    """Tell what is in an archive: images, platforms with their state, sizes, what filter would save, orphans.

    Raises `ArchiveError` or `DocumentError` if there is nothing that could be shown.
    """
    with open_archive(source, source_options, listener) as archive:
        return take_inventory(archive.graph, estimate_platforms(archive.graph))
