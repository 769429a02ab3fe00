"""Causes that lie in the content which a message names: is it there, is it what its name says."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from ocitool.advice.messages import rewrites
from ocitool.advice.messages.case import Case, Cause
from ocitool.advice.messages.roles import Standing
from ocitool.graph.closure import Part
from ocitool.graph.image import Kind, State
from ocitool.graph.layout_files import DOCKER_NAME
from ocitool.model.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.advice.messages.roles import DigestRole

_FOLLOWERS: Final = frozenset({Kind.ATTESTATION, Kind.ARTIFACT})
_ALL_PLATFORMS: Final = re.compile(r"--all(?:-platforms)?\b")
_REGULAR_FILES: Final = "pack the archive again with regular files (tar --dereference --hard-dereference)"


def absent_fallback(case: Case) -> Iterator[Cause]:
    """Find content of a platform that the host would fall back to, such as linux/386 on amd64."""
    for role in _absent_manifests(case):
        if is_fallback(case, role) and not _ALL_PLATFORMS.search(case.found.lines):
            host = case.world.host.display
            yield Cause(
                f"{role.role} is listed but not there; besides {host}, which is there, a host of that platform also "
                f"takes {role.platform}: so do ctr 1.5 to 1.7, and --local of 2.x, without --platform",
                certain=True,
                remedy=case.remedy(
                    rewrites.what_is_there(
                        "list what is there alone",
                        f"import that one: ctr images import --platform {shlex.quote(host)} SRC",
                    ),
                    rewrites.EXPORT_ALL,
                ),
            )


def absent_platform(case: Case) -> Iterator[Cause]:
    """Find a platform, or a whole index, that is listed and not there."""
    for role in _absent_manifests(case):
        if is_fallback(case, role) and not _ALL_PLATFORMS.search(case.found.lines):
            continue
        yield Cause(
            f"{role.role} is listed, but is not in the archive",
            certain=True,
            remedy=case.remedy(rewrites.what_is_there(), rewrites.EXPORT_ALL),
        )


def absent_attestation(case: Case) -> Iterator[Cause]:
    """Find an attestation or referrer that is listed and not there."""
    for role in case.standing(Standing.ABSENT):
        if role.kind in _FOLLOWERS:
            yield Cause(
                f"{role.role} is listed, but is not in the archive; nothing needs it to run an image",
                certain=True,
                remedy=case.remedy(
                    (*rewrites.written_again("leave out what is not there"), *rewrites.without_attestations()),
                    rewrites.EXPORT_ALL,
                ),
            )


def partial_platform(case: Case) -> Iterator[Cause]:
    """Find a config or layer that is not there."""
    for role in case.standing(Standing.ABSENT):
        if role.part in {Part.CONFIG, Part.LAYER} and role.kind not in _FOLLOWERS:
            yield Cause(
                f"{role.role} is not in the archive, so that this platform is there in part only",
                certain=True,
                remedy=case.remedy(rewrites.what_is_there(), rewrites.EXPORT_ALL),
            )
    for name in _named_files(case):
        for node in case.images:
            lacking = [each for each in node.missing if each.digest.blob_name == name]
            if lacking and node.platform and not case.digests:
                yield Cause(
                    f"{name}, of {node.platform.display}, is not in the archive",
                    certain=True,
                    remedy=case.remedy(rewrites.what_is_there(), rewrites.EXPORT_ALL),
                )


def partial_platforms(case: Case) -> Iterator[Cause]:
    """Find any platform that is there in part, where the message names none."""
    for node in case.images:
        if node.state is State.PARTIAL and node.platform is not None and node.missing:
            yield Cause(
                f"{node.platform.display} is there in part only: {node.missing[0].digest} is missing",
                certain=case.world.host.matches(node.platform),
                remedy=case.remedy(rewrites.what_is_there(), rewrites.EXPORT_ALL),
            )
            return


def link_entry(case: Case) -> Iterator[Cause]:
    """Find a link where content should be."""
    roles = case.standing(Standing.LINK)
    for role in roles:
        yield Cause(
            f"{role.role or role.text} is a link in the tar, which importers do not follow",
            certain=True,
            remedy=_REGULAR_FILES,
        )
    if case.found.message.id == "docker-layer-link":
        listed = {name for item in case.facts.graph.docker_manifest or () for name in item.layers}
        for name in listed & set(_named_files(case)):
            yield Cause(
                f"{name}, which {DOCKER_NAME} names, is a link to a file that is not in the archive",
                certain=True,
                remedy="save the image again: docker save -o OUT IMAGE",
            )
    if not roles and (names := set(_named_files(case)) & set(case.roles.links())):
        yield Cause(f"{min(names)} is a link in the tar", certain=True, remedy=_REGULAR_FILES)


def corrupt_blob(case: Case) -> Iterator[Cause]:
    """Find content with other bytes than its name says: what the message names, else what is known to be damaged."""
    roles = case.standing(Standing.CORRUPT)
    for role in roles:
        yield Cause(
            f"{role.role or role.text} is there by its name, but its bytes have another digest: it is damaged",
            certain=True,
            remedy=case.remedy(
                (*rewrites.what_is_there(), *rewrites.one_platform(_others(case, role.platform))),
                "transfer or export the archive again",
            ),
        )
    if not roles:
        yield from corrupt_any(case)


def corrupt_any(case: Case) -> Iterator[Cause]:
    """Find whatever is known to be damaged."""
    for digest in case.roles.damaged():
        role = case.roles.role(digest.algorithm, digest.hex)
        yield Cause(
            f"{role.role or role.text} is damaged",
            certain=False,
            remedy=case.remedy(rewrites.what_is_there(), "transfer or export the archive again"),
        )
        return


def foreign_digest(case: Case) -> Iterator[Cause]:
    """Find a digest that nothing in the archive has."""
    for role in case.standing(Standing.FOREIGN):
        yield Cause(
            f"no image of this archive lists {role.text}: the message is about another archive, or about what the "
            "host's store holds",
            certain=True,
            remedy="see what the archive holds: ocitool inspect SRC",
        )


def store_lost(case: Case) -> Iterator[Cause]:
    """Find content that is there and right, so that the host must have lost it."""
    if case.standing(Standing.ABSENT, Standing.LINK, Standing.CORRUPT, Standing.FOREIGN):
        return
    for role in case.standing(Standing.THERE, Standing.UNLISTED):
        yield Cause(
            f"{role.role or role.text} is in this archive: the host's store lost it, or the message is about an "
            "earlier import",
            certain=False,
            remedy="import it again, and keep unpacked layers (discard_unpacked_layers = false)",
        )
        return


def corrupt_document(case: Case) -> Iterator[Cause]:
    """Find a document of an image that cannot be read."""
    if any(True for _ in case.roles.damaged()):
        yield from corrupt_any(case)
        return
    for fault in case.facts.graph.faults:
        if fault.where.endswith(".json") and fault.where != DOCKER_NAME:
            remedy = fault.remedy or "export it again"
            yield Cause(f"{fault.where}: {fault.message}", certain=False, remedy=remedy)
            return


def sparse_push(case: Case) -> Iterator[Cause]:
    """Find anything that is listed and not there, as a registry would find out."""
    absent = case.standing(Standing.ABSENT)
    nodes = [node for image in case.facts.graph.images for node in image.manifests() if node.state is State.ABSENT]
    words = absent[0].role if absent else ""
    if not words and nodes:
        words = case.roles.role(nodes[0].descriptor.digest.algorithm, nodes[0].descriptor.digest.hex).role
    if words:
        yield Cause(
            f"{words} is listed, but is not in the archive, so that it cannot be pushed",
            certain=bool(absent),
            remedy=case.remedy(
                rewrites.what_is_there("list what is there alone"),
                rewrites.EXPORT_ALL,
                "skopeo copy --all oci-archive:OUT DESTINATION",
            ),
        )


def is_fallback(case: Case, role: DigestRole) -> bool:
    """Tell whether a platform is one that the host takes besides its own, which is there.

    containerd's `Only` (platforms/compare.go) adds 386 to amd64, and the 32-bit variants to arm64 and arm.
    """
    host = case.world.host.normalized()
    if "/" not in role.platform or case.state_of(host) is not State.COMPLETE:
        return False
    system, architecture, variant = (*role.platform.split("/"), "")[:3]
    taken = {"amd64": {"386"}, "arm64": {"arm"}, "arm": {"arm"}}.get(host.architecture, set())
    return system == host.os and architecture in taken and not host.matches(Platform(system, architecture, variant))


def _others(case: Case, platform: str) -> tuple[str, ...]:
    return tuple(name for name in case.complete if name != platform)


def _absent_manifests(case: Case) -> Iterator[DigestRole]:
    for role in case.standing(Standing.ABSENT):
        if role.part in {Part.MANIFEST, Part.INDEX} and role.kind not in _FOLLOWERS:
            yield role


def _named_files(case: Case) -> tuple[str, ...]:
    name = case.found.groups.get("file", "")
    return (name,) if name else ()
