"""Filter bytes to bytes without a file, by the public parts of the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ocitool.archive.reader import scan_archive
from ocitool.engine.execute import execute
from ocitool.graph.build import build_graph
from ocitool.graph.delta import read_delta
from ocitool.graph.merge import merge_graphs
from ocitool.model.platform_selection import PlatformSelection
from ocitool.plan.delta import plan_apply, plan_delta
from ocitool.plan.filter import plan_filter
from ocitool.plan.options import FilterOptions, Missing, SplitOptions
from ocitool.plan.split import plan_split
from ocitool.plan.whole import require_whole
from tests.sources import BytesSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.graph.image import ImageGraph
    from ocitool.plan.steps import Plan


class BytesSink:
    """An ordered sink in memory."""

    name = "memory"

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes | memoryview) -> None:
        self.data += data


def options_of(platforms: Sequence[str], **fields: Any) -> FilterOptions:
    """Make options; images that lack a platform are left out unless `missing` says otherwise."""
    return FilterOptions(PlatformSelection.parse(list(platforms)), **{"missing": Missing.SKIP, **fields})


def plan_of(data: bytes, platforms: Sequence[str], **fields: Any) -> Plan:
    source = BytesSource(data)
    return plan_filter(build_graph(scan_archive(source), source), options_of(platforms, **fields))


def filtered(data: bytes, platforms: Sequence[str], **fields: Any) -> bytes:
    """Return the filtered archive."""
    sink = BytesSink()
    execute([(plan_of(data, platforms, **fields).outputs[0], sink)], [BytesSource(data)])
    return bytes(sink.data)


def delta_of(old: bytes, new: bytes, platforms: Sequence[str] = ("all",), **fields: Any) -> bytes:
    """Return what `new` has that `old` lacks."""
    plan = plan_delta(graph_of(old), plan_of(new, platforms, **fields)).plan
    (data,) = written(plan, new, old).values()
    return data


def applied(old: bytes, delta: bytes) -> bytes:
    """Return the whole archive of a delta and its base."""
    source = BytesSource(delta, "d.tar")
    read = read_delta(scan_archive(source), source)
    plan = plan_apply(graph_of(old), read, source.size)
    require_whole(plan, read.listed, [BytesSource(old), source])
    (data,) = written(plan, old, delta).values()
    return data


def graph_of(data: bytes) -> ImageGraph:
    source = BytesSource(data)
    return build_graph(scan_archive(source), source)


def split_plan(
    data: bytes, platforms: Sequence[str] = ("all",), *, split: SplitOptions | None = None, **fields: Any
) -> Plan:
    return plan_split(graph_of(data), options_of(platforms, **fields), split or SplitOptions(stem="image"))


def written(plan: Plan, *sources: bytes) -> dict[str, bytes]:
    """Return every output of a plan by its name."""
    sinks = [BytesSink() for _ in plan.outputs]
    execute(list(zip(plan.outputs, sinks, strict=True)), [BytesSource(data) for data in sources])
    return {output.name: bytes(sink.data) for output, sink in zip(plan.outputs, sinks, strict=True)}


def parts_of(
    data: bytes, platforms: Sequence[str] = ("all",), *, split: SplitOptions | None = None, **fields: Any
) -> dict[str, bytes]:
    """Return the archives that an archive is split into, by name."""
    return written(split_plan(data, platforms, split=split, **fields), data)


def merge_plan(archives: Sequence[bytes], platforms: Sequence[str] = ("all",), **fields: Any) -> Plan:
    graph = merge_graphs([graph_of(data) for data in archives], [BytesSource(data) for data in archives])
    return plan_filter(graph, options_of(platforms, **fields))


def merged(archives: Sequence[bytes], platforms: Sequence[str] = ("all",), **fields: Any) -> bytes:
    """Return the archive that several are merged into."""
    (data,) = written(merge_plan(archives, platforms, **fields), *archives).values()
    return data
