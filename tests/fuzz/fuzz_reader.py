"""Feed the header scan, the graph, strict JSON, descriptors and platform specifiers with whatever makes new paths.

The first byte chooses the target. Anything but a documented error is a finding: a traceback, a hang, a graph that
cannot be planned. Run by ``make fuzz``; the corpus beside this file is where it starts from, and a crash is written
to the folder named by ``-artifact_prefix``.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["ocitool"]):
    from ocitool.archive.codec.zstd_frames import FrameFollower
    from ocitool.archive.reader import scan_archive
    from ocitool.errors import OcitoolError
    from ocitool.graph.build import build_graph
    from ocitool.graph.inventory import take_inventory
    from ocitool.model.descriptor import Descriptor
    from ocitool.model.json_text import dump_json, parse_json
    from ocitool.model.platform import Platform
    from ocitool.model.platform_selection import PlatformSelection
    from ocitool.model.reference import Reference
    from ocitool.plan.filter import plan_filter
    from ocitool.plan.options import FilterOptions, Missing
    from tests.sources import BytesSource


def fuzz_archive(data: bytes) -> None:
    source = BytesSource(data)
    graph = build_graph(scan_archive(source), source)
    take_inventory(graph).to_json()
    options = FilterOptions(PlatformSelection.parse(["available"]), missing=Missing.SKIP)
    plan = plan_filter(graph, options)
    assert sum(step.content.size for step in plan.outputs[0].steps()) == plan.size


def fuzz_json(data: bytes) -> None:
    value = parse_json(data)
    assert parse_json(dump_json(value)) == value
    if isinstance(value, dict):
        Platform.from_json(value).normalized()
        Descriptor.from_json(value).to_json()


def fuzz_text(data: bytes) -> None:
    text = data.decode("utf-8", errors="replace")
    selection = PlatformSelection.parse([text])
    for specifier in selection.specifiers:
        selection.wants(specifier.pattern)
    reference = Reference.parse(text)
    assert Reference.parse(reference.full) == reference


def fuzz_frames(data: bytes) -> None:
    FrameFollower().feed(data)


TARGETS = (fuzz_archive, fuzz_json, fuzz_text, fuzz_frames)


def fuzz_one(data: bytes) -> None:
    """Run one input; documented errors are what damaged input deserves."""
    if not data:
        return
    try:
        TARGETS[data[0] % len(TARGETS)](data[1:])
    except OcitoolError as error:
        if "\n" in str(error):
            raise ValueError("an error message of more than one line") from error


if __name__ == "__main__":
    atheris.Setup(sys.argv, fuzz_one)
    atheris.Fuzz()
