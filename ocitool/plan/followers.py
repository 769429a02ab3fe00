"""Attestations and artifacts inside an index, beside the images, and which of them go with what is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.errors import UsageError
from ocitool.graph.image import Kind, ManifestNode, State
from ocitool.plan.choice import Cause, Lost, corrupt, describe, incomplete_warning, incompleteness
from ocitool.plan.note import note, warning
from ocitool.plan.options import FilterOptions, Followers, IndexForm
from ocitool.plan.recompression import is_remade
from ocitool.plan.subjects import HeldDigests, by_subject, subjects_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ocitool.graph.image import Image, Node
    from ocitool.model.digest import Digest
    from ocitool.plan.choice import Ledger

NO_PLATFORM: Final = "has no platform"
NOT_KEPT: Final = "its subject is not kept"


class FollowerSelector:
    """Choose what follows inside an index; `everything` says that the selection means all there is."""

    def __init__(self, options: FilterOptions, ledger: Ledger, *, everything: bool) -> None:
        self._options = options
        self._ledger = ledger
        self._everything = everything

    def within(self, image: Image, kept: Sequence[ManifestNode], form: IndexForm) -> list[ManifestNode]:
        """Choose the attestations and artifacts of an index that go with what is kept.

        Raises `IntegrityError` if one is damaged, `UsageError` if one is asked for that cannot follow.
        """
        if not image.attached:
            return []
        reached = self._reach(image.attached, kept, HeldDigests(image, form), form)
        indexes = {index.descriptor.digest for index in image.indexes()}
        followers: list[ManifestNode] = []
        flat: list[ManifestNode] = []
        for node in image.attached:
            cause = reached.get(node, Cause.INDEX if node.subject in indexes else None)
            reason = dropped_by_option(node, self._options)
            if not reason and cause is not None:
                reason = cause.value
                lose(image, node, node.subject, cause, self._options, self._ledger)
                if cause is Cause.FORM:
                    flat.append(node)
            elif not reason and node not in reached and not _is_unknown(node):
                has_subject = node.subject is not None or node.kind is Kind.ATTESTATION
                reason = NOT_KEPT if has_subject else NO_PLATFORM
            reason = reason or self._not_whole(image, node)
            if reason:
                self._ledger.drop(image, [node], reason)
            else:
                followers.append(node)
        self._note_flat(image, flat)
        return followers

    def _reach(
        self, attached: Sequence[ManifestNode], kept: Sequence[ManifestNode], held: HeldDigests, form: IndexForm
    ) -> Mapping[ManifestNode, Cause | None]:
        """Find what refers to what is kept, and what refers to that, as a signature of an SBOM does.

        The values are why it cannot be kept all the same. What is not found refers to nothing in the output.
        """
        holds = Cause.FORM if form is IndexForm.FLAT else None
        waiting: list[tuple[Digest, Cause | None]] = [(digest, None) for digest in held.at_once]
        for node in kept:
            if is_remade(node, self._options.layers):
                waiting.append((node.descriptor.digest, Cause.LAYERS))
            else:
                waiting += [(digest, holds) for digest in held.keep(node)]
        found = [(node, holds) for node in attached if self._everything and _is_free(node)]
        referrers = by_subject(attached)
        lacking = {node: len(subjects_of(node)) for nodes in referrers.values() for node in nodes}
        reached: dict[ManifestNode, Cause | None] = {}
        while found or waiting:
            for node, cause in found:
                reached[node] = cause
                if dropped_by_option(node, self._options):
                    continue
                if cause is not None:
                    waiting.append((node.descriptor.digest, cause))
                elif node.state is State.COMPLETE:
                    waiting += [(digest, None) for digest in held.keep(node)]
            digest, cause = waiting.pop() if waiting else (None, None)
            found = []
            for node in () if digest is None else referrers.pop(digest, ()):
                lacking[node] -= 1
                if node not in reached and (cause is not None or not lacking[node]):
                    found.append((node, cause))
        return reached

    def _not_whole(self, image: Image, node: ManifestNode) -> str:
        """Return why a follower cannot be written, "" if it can; raises if it is damaged."""
        if node.state is State.CORRUPT:
            raise corrupt(image, node)
        if node.state is State.COMPLETE:
            return ""
        lose(image, node, node.subject, Cause.INCOMPLETE, self._options, self._ledger)
        self._ledger.notes.append(incomplete_warning(image, node))
        return incompleteness(node)

    def _note_flat(self, image: Image, flat: Sequence[ManifestNode]) -> None:
        if not flat:
            return
        attestations = sum(node.kind is Kind.ATTESTATION for node in flat)
        what = "attestation(s)" if attestations == len(flat) else "attestation(s) or artifact(s)"
        self._ledger.notes.append(
            note(
                f"{image.label}: {len(flat)} {what} dropped, since index.json points straight at the image; "
                "--index nested keeps them"
            )
        )


def _is_unknown(node: ManifestNode) -> bool:
    """Tell whether this is absent, and nothing says what it refers to."""
    return node.subject is None and node.state is State.ABSENT


def _is_free(node: ManifestNode) -> bool:
    """Tell whether this is an artifact that refers to nothing."""
    return node.kind in {Kind.ARTIFACT, Kind.OPAQUE} and node.subject is None


def dropped_by_option(node: ManifestNode, options: FilterOptions) -> str:
    """Return the reason if an option says that something of this kind is not to follow, else ""."""
    if node.kind is Kind.ATTESTATION:
        return "attestations are dropped" if options.attestations is Followers.DROP else ""
    return "referrers are dropped" if options.referrers is Followers.DROP and node.subject is not None else ""


def lose(
    image: Image,
    node: Node,
    subject: Digest | None,
    cause: Cause,
    options: FilterOptions,
    ledger: Ledger,
) -> None:
    """Write down that something cannot follow its subject, or is absent and may refer to what is kept.

    Raises `UsageError` if it is asked to follow, but `--layers` changes what it speaks of.
    """
    is_there = node.state is not State.ABSENT and node.state is not State.PARTIAL
    if subject is not None or node.state is State.ABSENT:
        ledger.lost.append(Lost(image, node, subject, cause if is_there else Cause.INCOMPLETE))
    if cause is not Cause.LAYERS or not is_there:
        return
    is_attestation = isinstance(node, ManifestNode) and node.kind is Kind.ATTESTATION
    if (options.attestations if is_attestation else options.referrers) is Followers.FOLLOW:
        option = "--attestations" if is_attestation else "--referrers"
        raise UsageError(
            f"{describe(image, node)} speaks of a digest that --layers changes",
            remedy=f"leave out --layers or {option} follow",
        )
    ledger.notes.append(warning(f"{describe(image, node)} is dropped: it speaks of a digest that --layers changes"))
