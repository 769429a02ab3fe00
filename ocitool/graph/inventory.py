"""What is in an archive, as rows and totals: the report of `inspect`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocitool.graph.rows import ImageRow, InventoryRows
from ocitool.graph.sizes import DistinctLayer, Totals, count_bytes, distinct_layers, read_usage

if TYPE_CHECKING:
    from ocitool.graph.image import ArchiveForm, ImageGraph
    from ocitool.model.digest import Digest
    from ocitool.model.fault import Fault
    from ocitool.model.json_text import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class PlatformRow:
    """What filtering to one platform, of every image that has it, would write: the whole output, in bytes.

    `images` counts those that hold it complete. `output_size` is None where filter would refuse, for `reason`, or
    where it was not worked out. `needs_skip` tells that some image lacks it, so that filter asks for
    ``--missing skip``.
    """

    platform: str
    images: int
    output_size: int | None
    needs_skip: bool = False
    reason: str = ""

    def to_json(self, source_size: int) -> JsonObject:
        """Return the JSON form of the report."""
        return {
            "platform": self.platform,
            "images": self.images,
            "outputSize": self.output_size,
            "savedSize": None if self.output_size is None else source_size - self.output_size,
            "needsMissingSkip": self.needs_skip,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Inventory:
    """The whole report; sizes in bytes. `layers` are distinct, the largest first."""

    source: str
    form: ArchiveForm
    size: int
    images: tuple[ImageRow, ...]
    platforms: tuple[PlatformRow, ...]
    layers: tuple[DistinctLayer, ...]
    blobs: int
    totals: Totals
    orphans: tuple[tuple[Digest, int], ...]
    other_files: tuple[str, ...]
    has_docker_manifest: bool
    faults: tuple[Fault, ...]

    def to_json(self) -> JsonObject:
        """Return the report as one JSON object (schema ``output/inspect``)."""
        faults: list[JsonValue] = [
            {"rule": fault.rule, "message": fault.message, "where": fault.where} for fault in self.faults
        ]
        return {
            "schemaVersion": 1,
            "kind": "inspect",
            "source": self.source,
            "form": self.form.value,
            "size": self.size,
            "blobs": self.blobs,
            **self.totals.to_json(),
            "hasDockerManifest": self.has_docker_manifest,
            "images": [image.to_json() for image in self.images],
            "platforms": [row.to_json(self.size) for row in self.platforms],
            "layers": [layer.to_json() for layer in self.layers],
            "orphans": [{"digest": str(digest), "size": size} for digest, size in self.orphans],
            "otherFiles": list(self.other_files),
            "faults": faults,
        }


def take_inventory(graph: ImageGraph, platforms: tuple[PlatformRow, ...] = ()) -> Inventory:
    """Derive the report from a graph; `platforms` is what planning told of each."""
    usage = read_usage(graph)
    rows = InventoryRows(graph, usage)
    return Inventory(
        source=graph.source_name,
        form=graph.form,
        size=graph.source_size,
        images=tuple(rows.image(image) for image in graph.images),
        platforms=platforms,
        layers=distinct_layers(graph, usage),
        blobs=len(graph.blobs),
        totals=count_bytes(graph, usage),
        orphans=tuple(
            sorted(
                ((digest, entry.size) for digest, entry in graph.blobs.items() if not usage.count(digest)),
                key=lambda orphan: str(orphan[0]),
            )
        ),
        other_files=tuple(entry.name for entry in graph.other_files),
        has_docker_manifest=graph.docker_manifest is not None,
        faults=graph.faults,
    )
