"""Every document of an archive, read as importers would, and the rules of documents.

What is wrong with the JSON itself comes from the reading, the shape of a document from its schema
(`ocitool.check.schema_rules`), what no schema can say from `ocitool.check.document_rules`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Final

from ocitool.archive.entry import EntryKind
from ocitool.check.document import Breach, Document, DocumentKind, Surroundings, json_path
from ocitool.check.document_rules import rule_breaches
from ocitool.check.document_rules.layer_counts import layer_count_problems, listed_layers
from ocitool.check.report import Place, Problem
from ocitool.check.schema_rules import schema_breaches
from ocitool.graph.closure import Part, first_uses
from ocitool.graph.image import ArchiveForm, Kind, ManifestNode
from ocitool.graph.layout_files import DOCKER_NAME, INDEX_NAME, LAYOUT_NAME
from ocitool.model.json_text import JsonReading, read_json
from ocitool.model.limits import DOCUMENT_LIMIT, PROBLEM_LIMIT
from ocitool.model.media_type import DOCKER_LIST, DOCKER_MANIFEST, IMAGE_CONFIGS, OCI_INDEX, OCI_MANIFEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.archive.entry import Entry
    from ocitool.check.checked import CheckedArchive
    from ocitool.graph.closure import Use
    from ocitool.graph.image import ImageGraph
    from ocitool.model.digest import Digest
    from ocitool.model.json_text import JsonValue

_FILES: Final = {
    LAYOUT_NAME: DocumentKind.LAYOUT,
    INDEX_NAME: DocumentKind.INDEX,
    DOCKER_NAME: DocumentKind.ARCHIVE_MANIFEST,
}
_TYPES: Final = {
    OCI_INDEX: DocumentKind.INDEX,
    OCI_MANIFEST: DocumentKind.MANIFEST,
    DOCKER_LIST: DocumentKind.MANIFEST_LIST,
    DOCKER_MANIFEST: DocumentKind.DOCKER_MANIFEST,
    **dict.fromkeys(IMAGE_CONFIGS, DocumentKind.CONFIG),
}
_OF_TOP: Final = {"J6": "L7", "M4": "X3"}
"""What rules of every document are called where index.json breaks them, which nothing lists under a type."""


def document_problems(archive: CheckedArchive) -> Iterator[Problem]:
    """Yield all that is wrong with the documents of an archive, one after the other."""
    around = _surroundings(archive.graph)
    layers: dict[str, int | None] = {}
    for document in read_documents(archive):
        place = document.place
        for problem in document.reading.problems:
            yield Problem(problem.rule, problem.message, place)
        if document.reading.is_readable:
            digest = place.entry.removeprefix("blobs/").replace("/", ":")
            if document.kind.is_manifest:
                layers[digest] = listed_layers(document.reading.value)
            here = replace(around, is_top=place.entry == INDEX_NAME, is_image=digest in around.images)
            for breach in breaches(document.kind, document.reading.value, here):
                yield Problem(breach.rule, breach.message, replace(place, path=json_path(breach.path)))
    yield from layer_count_problems(archive.graph, layers)


def breaches(kind: DocumentKind, value: JsonValue, around: Surroundings) -> list[Breach]:
    """Return what a document breaks of its schema and of the other rules, `PROBLEM_LIMIT` times a rule at the most.

    The last of a rule that is broken more often says so. Each rule has a bound of its own, since what a profile does
    not mind must not hide what it does.
    """
    found: list[Breach] = []
    counts: Counter[str] = Counter()
    last: dict[str, int] = {}
    for breach in chain(schema_breaches(kind, value), rule_breaches(kind, value, around)):
        rule = _OF_TOP.get(breach.rule, breach.rule) if around.is_top else breach.rule
        counts[rule] += 1
        if counts[rule] <= PROBLEM_LIMIT:
            last[rule] = len(found)
            found.append(replace(breach, rule=rule))
    for rule, count in counts.items():
        if count > PROBLEM_LIMIT:
            breach = found[last[rule]]
            found[last[rule]] = replace(breach, message=f"{breach.message}; and {count - PROBLEM_LIMIT} more like it")
    return found


def read_documents(archive: CheckedArchive) -> Iterator[Document]:
    """Read every document once, where it is first listed; nothing is concluded from what lacks its digest."""
    files = {entry.name: entry for entry in reversed(archive.scan.entries) if entry.kind is EntryKind.FILE}
    for name, kind in _FILES.items():
        if name in files and not (name == INDEX_NAME and archive.graph.form is ArchiveForm.DOCKER_ARCHIVE):
            yield Document(kind, Place(name), _read(archive, files[name]))
    seen: set[tuple[Digest, DocumentKind]] = set()
    for use in first_uses(archive.graph):
        listed = _kind(use)
        entry = archive.graph.blobs.get(use.descriptor.digest)
        if listed is None or entry is None or (use.descriptor.digest, listed) in seen:
            continue
        seen.add((use.descriptor.digest, listed))
        if archive.actual.get(use.descriptor.digest) == use.descriptor.digest:
            yield Document(listed, Place(entry.name, "", use.image, use.platform), _read(archive, entry))


def _surroundings(graph: ImageGraph) -> Surroundings:
    """Tell which manifests are images, and which of them are listed beside others of their name."""
    images = (node for image in graph.images for node in image.manifests() if node.kind is Kind.IMAGE)
    crowded = (
        root.node
        for image in graph.images
        if len(image.roots) > 1
        for root in image.roots
        if isinstance(root.node, ManifestNode) and root.node.kind is Kind.IMAGE
    )
    return Surroundings(
        images=frozenset(str(node.descriptor.digest) for node in images),
        crowded=frozenset(str(node.descriptor.digest) for node in crowded),
    )


def _kind(use: Use) -> DocumentKind | None:
    return None if use.part in {Part.ATTACHED, Part.LAYER} else _TYPES.get(use.descriptor.media_type)


def _read(archive: CheckedArchive, entry: Entry) -> JsonReading:
    # No more than the beginning of what is too large anyhow.
    raw = archive.source.read_at(entry.data_offset, min(entry.size, DOCUMENT_LIMIT + 1))
    return read_json(raw, entry.size)
