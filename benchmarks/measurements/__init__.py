"""The measurements, in the order in which they are taken and told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.measurements import (
    batch,
    compressed_sources,
    growth,
    growth_entries,
    growth_holes,
    many_layers,
    on_disk,
    one_layer,
    peers,
    pipes,
    reflink,
    split_and_merge,
    start_up,
    verifying,
)

if TYPE_CHECKING:
    from benchmarks.measurement import Measurement

ALL: Final[tuple[Measurement, ...]] = (
    start_up.MEASUREMENT,
    one_layer.MEASUREMENT,
    many_layers.MEASUREMENT,
    split_and_merge.MEASUREMENT,
    verifying.MEASUREMENT,
    compressed_sources.MEASUREMENT,
    pipes.MEASUREMENT,
    peers.MEASUREMENT,
    batch.MEASUREMENT,
    *growth.MEASUREMENTS,
    growth_entries.MEASUREMENT,
    growth_holes.MEASUREMENT,
    *on_disk.MEASUREMENTS,
    reflink.MEASUREMENT,
)
