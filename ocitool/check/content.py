"""Content rules: every blob that is listed is there, has its size and its digest; platforms agree.

Rule ids: L12 (image-layout.md: referenced blobs may be missing; importers then fail), D14 and D15
(descriptor.md: size and digest), X18 (an index entry's platform is that of the config), V25 (manifest.json lists what
is there; no specification has it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.check.report import Finding, Report, Severity
from ocitool.graph.closure import Use, graph_uses, manifest_name
from ocitool.graph.layout_files import DOCKER_NAME
from ocitool.plan.steps import Copy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ocitool.graph.image import ImageGraph
    from ocitool.model.digest import Digest
    from ocitool.model.fault import Fault

_TRANSFER: Final = "transfer or export the archive again"


def listed_blobs(graph: ImageGraph) -> tuple[Copy, ...]:
    """Return the blobs to hash: everything that is listed and there, once."""
    copies: dict[Digest, Copy] = {}
    for use in graph_uses(graph):
        digest = use.descriptor.digest
        entry = graph.blobs.get(digest)
        if entry is not None and digest not in copies:
            copies[digest] = Copy(0, entry.data_offset, entry.size, digest, use.role)
    return tuple(copies.values())


def check_content(graph: ImageGraph, actual: Mapping[Digest, Digest]) -> Report:
    """Hold an archive to the content rules; `actual` is what its blobs hash to, by what they are said to be."""
    findings = [
        *(fault_finding(fault) for fault in graph.faults),
        *_blob_findings(graph, actual),
        *_platform_findings(graph),
        *_image_findings(graph),
        *_repeat_findings(graph),
    ]
    hashed = [entry.size for digest, entry in graph.blobs.items() if digest in actual]
    return Report(graph.source_name, tuple(findings), blobs=len(hashed), size=sum(hashed))


def fault_finding(fault: Fault) -> Finding:
    """Turn a fault of the reader into a finding."""
    return Finding(fault.rule, Severity.ERROR, fault.message, fault.where, fault.remedy)


def _blob_findings(graph: ImageGraph, actual: Mapping[Digest, Digest]) -> Iterator[Finding]:
    seen: set[tuple[Digest, int]] = set()
    for use in graph_uses(graph):
        descriptor = use.descriptor
        key = (descriptor.digest, descriptor.size)
        if key in seen:
            continue
        seen.add(key)
        finding = _blob_finding(graph, use, actual)
        if finding is not None:
            yield finding


def _blob_finding(graph: ImageGraph, use: Use, actual: Mapping[Digest, Digest]) -> Finding | None:
    descriptor = use.descriptor
    where = descriptor.digest.blob_name
    if descriptor.digest in graph.documents:
        return None
    entry = graph.blobs.get(descriptor.digest)
    if entry is None:
        if descriptor.is_external:
            message = f"{use.role} is external: it is not in the archive on purpose"
            return Finding("L12", Severity.NOTE, message, where)
        return Finding(
            "L12",
            Severity.ERROR,
            f"{use.role} is listed, but not in the archive",
            where,
            "keep the complete platforms only: ocitool filter -p available",
        )
    where = entry.name
    if entry.size != descriptor.size:
        message = f"{use.role} has {entry.size} bytes, its descriptor says {descriptor.size}"
        return Finding("D14", Severity.ERROR, message, where, _TRANSFER)
    found = actual.get(descriptor.digest)
    if found is not None and found != descriptor.digest:
        return Finding("D15", Severity.ERROR, f"{use.role} is corrupt: its bytes hash to {found}", where, _TRANSFER)
    return None


def _image_findings(graph: ImageGraph) -> Iterator[Finding]:
    """Report images of a docker-archive that no manifest can be made for (V25: manifest.json says what is there)."""
    for image in graph.images:
        for node in image.manifests():
            for damage in node.damages:
                if damage.descriptor is None:
                    message = f"{image.label}: {damage.message}"
                    yield Finding("V25", Severity.ERROR, message, DOCKER_NAME, damage.remedy or _TRANSFER)


def _repeat_findings(graph: ImageGraph) -> Iterator[Finding]:
    """Report entries that occur again with the same bytes (T4): ctr 1.0 and 1.1 refuse them, nobody else minds."""
    for name in graph.repeats:
        message = "occurs more than once, each time with the same bytes; ctr 1.0 and 1.1 refuse that"
        yield Finding("T4", Severity.NOTE, message, name, "ocitool filter -p all writes it once")


def _platform_findings(graph: ImageGraph) -> Iterator[Finding]:
    for image in graph.images:
        for node in image.manifests():
            if node.platforms_disagree and node.listed is not None:
                yield Finding(
                    "X18",
                    Severity.ERROR,
                    f"{image.label} lists this manifest as {node.listed.display}, but its config says "
                    f"{manifest_name(node)}",
                    node.descriptor.digest.blob_name,
                    "build it again, or list what the config says: ocitool filter -p all --fix-platforms",
                )
