"""Causes that lie in the form of an archive: the file as a whole, its lists, its names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.advice.messages import rewrites
from ocitool.advice.messages.case import Case, Cause
from ocitool.advice.messages.roles import Standing
from ocitool.graph.image import IndexNode, Kind, ManifestNode
from ocitool.graph.layout_files import DOCKER_NAME, LAYOUT_NAME
from ocitool.model.media_type import layer_compression
from ocitool.model.reference import has_reference_separator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.graph.image import Image, Root

_LAYOUT_RULES = frozenset({"L3", "L4"})


def whole_file_compression(case: Case) -> Iterator[Cause]:
    """Find a file that is compressed as a whole."""
    compression = case.facts.compression
    if compression:
        readers = "ctr 2.x without --local does" if compression in {"gzip", "zstd"} else "no ctr does"
        yield Cause(
            f"the whole file is compressed with {compression}; of ctr, {readers} read it",
            certain=True,
            remedy=case.remedy(
                rewrites.written_again("write it plain", "OUT.tar"), f"decompress it ({compression} -d)"
            ),
        )


def zstd_window(case: Case) -> Iterator[Cause]:
    """Find a file that is compressed with zstd."""
    if case.facts.compression in {"zstd", ""}:
        yield Cause(
            "the file was compressed with a large window (zstd --long or --ultra)",
            certain=case.facts.compression == "zstd",
            remedy=case.remedy(rewrites.written_again("write it plain", "OUT.tar"), "compress it without --long"),
        )


def zstd_layers(case: Case) -> Iterator[Cause]:
    """Find layers that old engines cannot decompress."""
    count = len({layer.digest for node in case.images for layer in node.layers if _is_zstd(layer.media_type)})
    if count:
        layers = "1 layer is" if count == 1 else f"{count} layers are"
        yield Cause(
            f"{layers} compressed with zstd, which containerd reads from 1.5 on and docker from 23.0 on",
            certain=False,
            remedy=case.remedy(rewrites.with_gzip(), "build the image again with layers in gzip"),
        )


def encrypted_layers(case: Case) -> Iterator[Cause]:
    """Find layers that need a key."""
    if any(layer.media_type.endswith("+encrypted") for node in case.images for layer in node.layers):
        yield Cause(
            "layers are encrypted, and what was read was not decrypted",
            certain=True,
            remedy="export the image unencrypted, or give the host the key (ctr images decrypt)",
        )


def cut_short(case: Case) -> Iterator[Cause]:
    """Find an archive whose end is missing, though all that it lists is there."""
    if not case.facts.graph.has_end:
        yield Cause(
            "the blocks that end a tar are missing: the file was cut short, after all that it lists",
            certain=False,
            remedy=case.remedy(rewrites.written_again(), rewrites.TRANSFER),
        )


def layout_version(case: Case) -> Iterator[Cause]:
    """Find an oci-layout that says something else than 1.0.0."""
    for fault in case.facts.graph.faults:
        if fault.rule in _LAYOUT_RULES and fault.where == LAYOUT_NAME:
            yield Cause(f"{LAYOUT_NAME}: {fault.message}", certain=True, remedy="export it again with another tool")
            return


def no_layout_file(case: Case) -> Iterator[Cause]:
    """Find an OCI layout without what says that it is one."""
    if any(fault.rule == "L2" for fault in case.facts.graph.faults):
        yield Cause(
            f"{LAYOUT_NAME} is not in the archive", certain=True, remedy="add it, or export the archive again"
        )


def missing_index(case: Case) -> Iterator[Cause]:
    """Find an archive without a list of images."""
    for fault in case.facts.graph.faults:
        if fault.rule == "L6":
            yield Cause(fault.message, certain=True, remedy=fault.remedy or "transfer or export it again")
            return


def flat_platforms(case: Case) -> Iterator[Cause]:
    """Find platforms of one image that index.json lists one by one."""
    if case.standing(Standing.ABSENT, Standing.LINK, Standing.CORRUPT, Standing.FOREIGN):
        return
    for image in case.named:
        roots = _manifest_roots(image)
        if len(roots) > 1:
            yield Cause(
                f"index.json lists the {len(roots)} platforms of {image.label} one by one, so that they count as "
                "several images of one name",
                certain=True,
                remedy=case.remedy(rewrites.written_again("list them in one index"), "export it again"),
            )
            return


def several_images(case: Case) -> Iterator[Cause]:
    """Find more than one image, or one under several names."""
    images = case.facts.graph.images
    if len(images) > 1:
        digests = {root.node.descriptor.digest for image in images for root in image.roots}
        what = f"one image under {len(images)} names" if len(digests) == 1 else f"{len(images)} images"
        yield Cause(
            f"index.json lists {what}",
            certain=True,
            remedy=case.remedy(
                rewrites.one_image(case.named), "say which: skopeo copy oci-archive:SRC:TAG DESTINATION"
            ),
        )


def nested_index(case: Case) -> Iterator[Cause]:
    """Find an index in index.json."""
    if any(isinstance(root.node, IndexNode) for image in case.named for root in image.roots):
        yield Cause(
            "the archive keeps its platforms in an index of their own, below index.json",
            certain=True,
            remedy=case.remedy(rewrites.one_platform(case.complete), rewrites.EXPORT_ALL),
        )


def layer_count(case: Case) -> Iterator[Cause]:
    """Find a config that names another number of layers than its manifest."""
    for node in case.images:
        if node.diff_ids is not None and node.layers and len(node.diff_ids) != len(node.layers) and node.platform:
            yield Cause(
                f"the manifest of {node.platform.display} lists {len(node.layers)} layers, its config "
                f"{len(node.diff_ids)}",
                certain=True,
                remedy="build the image again with a current builder",
            )
            return


def attestation_as_image(case: Case) -> Iterator[Cause]:
    """Find attestations that may be taken for images."""
    nodes = [node for image in case.facts.graph.images for node in image.manifests()]
    if any(node.kind is Kind.ATTESTATION for node in nodes):
        yield Cause(
            "the archive holds attestations, which older programs take for images",
            certain=False,
            remedy=case.remedy(rewrites.without_attestations(), "export it again without provenance"),
        )


def artifact(case: Case) -> Iterator[Cause]:
    """Find things in the archive that are no images."""
    nodes = [node for image in case.facts.graph.images for node in image.manifests()]
    if any(node.kind in {Kind.ARTIFACT, Kind.ATTESTATION, Kind.OPAQUE} for node in nodes):
        yield Cause(
            "the archive holds artifacts or attestations besides its images",
            certain=False,
            remedy=case.remedy(rewrites.without_artifacts(), "import it: ctr images import --no-unpack SRC"),
        )


def unnamed_image(case: Case) -> Iterator[Cause]:
    """Find images that no name is given to."""
    images = [image for image in case.named if image.name is None]
    if images:
        what = "an image" if len(images) == 1 else f"{len(images)} images"
        yield Cause(
            f"the archive gives {what} no name",
            certain=True,
            remedy=case.remedy(rewrites.with_names(images), "export each image under its full name"),
        )


def bare_name(case: Case) -> Iterator[Cause]:
    """Find names that lack registry and tag."""
    images = [image for image in case.named if image.name and not has_reference_separator(image.name)]
    if images:
        yield Cause(
            f"the archive calls an image {images[0].name!r}: no full name, and ctr 2.x stores nothing under it",
            certain=True,
            remedy=case.remedy(rewrites.with_names(images), "export each image under its full name"),
        )


def other_files(case: Case) -> Iterator[Cause]:
    """Find files besides those of the layout, and repeated ones."""
    graph = case.facts.graph
    if graph.other_files or graph.repeats or graph.docker_manifest is not None:
        names = [*(entry.name for entry in graph.other_files), *graph.repeats, DOCKER_NAME]
        yield Cause(
            f"the archive holds {names[0]}, which ctr 1.0 and 1.1 do not expect",
            certain=False,
            remedy=case.remedy(rewrites.written_again(), "export it again with a current tool"),
        )


def loaded_well(case: Case) -> Iterator[Cause]:
    """Find an archive that holds the host's platform whole."""
    host = case.world.host
    if host.display in case.complete:
        yield Cause(f"the archive holds {host.display} whole", certain=False, remedy="nothing has to be done")


def _manifest_roots(image: Image) -> list[Root]:
    return [root for root in image.roots if isinstance(root.node, ManifestNode) and root.node.kind is Kind.IMAGE]


def _is_zstd(media_type: str) -> bool:
    return layer_compression(media_type) == "zstd"
