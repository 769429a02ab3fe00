"""Rules of attestations and referrers: what they speak of is in the archive (V26)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.check.listing import manifests_of_root, root_place
from ocitool.check.report import Place, Problem
from ocitool.graph.image import IndexNode, State
from ocitool.plan.subjects import index_subject, subjects_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.check.checked import CheckedArchive
    from ocitool.graph.image import Image, ImageGraph, Root
    from ocitool.model.digest import Digest


def subject_problems(archive: CheckedArchive) -> Iterator[Problem]:
    """Yield each attestation, signature or report of something that the archive does not hold."""
    graph = archive.graph
    sound: set[Digest] = set()  # one index may have many names
    for image in graph.images:
        for root in image.roots:
            digest = root.node.descriptor.digest
            if digest in sound:
                continue
            problems = list(_root_problems(graph, image, root))
            if isinstance(root.node, IndexNode) and not problems:
                sound.add(digest)
            yield from problems


def _root_problems(graph: ImageGraph, image: Image, root: Root) -> Iterator[Problem]:
    if isinstance(root.node, IndexNode) and (about := index_subject(root.node)) is not None:
        yield from _unless_there(graph, "index", about, root_place(graph, image, root))
    for listed in manifests_of_root(graph, image, root):
        if listed.node.state is not State.ABSENT:  # that it is missing itself is said already
            for subject in sorted(subjects_of(listed.node), key=str):
                yield from _unless_there(graph, listed.node.kind.value, subject, listed.place)


def _unless_there(graph: ImageGraph, what: str, subject: Digest, place: Place) -> Iterator[Problem]:
    if subject not in graph.blobs and subject not in graph.documents:
        yield Problem("V26", f"this {what} is about {subject}, which is not in the archive", place)
