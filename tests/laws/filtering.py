"""Filter bytes to bytes without a file, by the public parts of the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ocitool.archive.reader import scan_archive
from ocitool.engine.execute import execute
from ocitool.graph.build import build_graph
from ocitool.model.platform_selection import PlatformSelection
from ocitool.plan.filter import plan_filter
from ocitool.plan.options import FilterOptions, Missing
from tests.sources import BytesSource

if TYPE_CHECKING:
    from collections.abc import Sequence

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
