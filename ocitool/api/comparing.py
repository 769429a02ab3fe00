"""The verb `diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.api.opening import naming, open_archive, require_one_stream
from ocitool.api.places import Source, place_name
from ocitool.plan.comparison import Restriction, compare_graphs

if TYPE_CHECKING:
    from ocitool.api.listener import Listener
    from ocitool.api.opening import SourceOptions
    from ocitool.model.platform_selection import PlatformSelection
    from ocitool.model.reference import ImageFilter
    from ocitool.plan.changes import Comparison


def diff_archives(
    old: Source,
    new: Source,
    *,
    platforms: PlatformSelection | None = None,
    images: ImageFilter | None = None,
    source_options: SourceOptions | None = None,
    listener: Listener | None = None,
) -> Comparison:
    """Tell which images, platforms and layers `new` has that `old` lacks, and the other way round, with their bytes.

    `platforms` and `images` restrict what is compared. Layers are not read. Raises `ArchiveError` or `DocumentError`
    if there is nothing that could be compared, and `UsageError` if standard input is named twice.
    """
    require_one_stream([old, new])
    restriction = Restriction(platforms) if images is None else Restriction(platforms, images)
    with naming(place_name(old)), open_archive(old, source_options, listener) as one:
        before = one.graph
    with naming(place_name(new)), open_archive(new, source_options, listener) as other:
        return compare_graphs(before, other.graph, restriction)
