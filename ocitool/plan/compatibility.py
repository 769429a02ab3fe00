"""Notes about importers that will not take an output as it is.

The facts are measured: which ctr from 1.0 to 2.3, docker and podman did what with archives of each shape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.model.descriptor import CONTAINERD_NAME, REF_NAME
from ocitool.model.media_type import layer_compression
from ocitool.plan.note import Note, note, warning
from ocitool.plan.options import IndexForm

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ocitool.graph.image import ManifestNode
    from ocitool.plan.choice import ImageSelection
    from ocitool.plan.rewrite import RewrittenImage


def compatibility_notes(images: Sequence[RewrittenImage]) -> tuple[Note, ...]:
    """Say where the output of `images` cannot work, or only with more flags."""
    return tuple(_notes(images))


def _notes(images: Sequence[RewrittenImage]) -> Iterator[Note]:
    platforms = [node for image in images for node in image.selection.platforms]
    for image in images:
        selection = image.selection
        if selection.form is IndexForm.KEEP:
            yield from _keep_notes(selection)
        elif selection.form is IndexForm.NESTED and len(selection.platforms) == 1:
            name = _display(selection.platforms[0])
            yield note(
                f"{selection.image.label} stays nested: on a host that is not {name}, import it with --platform "
                f"{name} (ctr 1.5.15 to 1.7, 2.1 and later), --local --platform {name} (2.0) or --no-unpack (1.3, "
                "1.4); without a flag ctr 2 exits 0 and may lose the layers"
            )
        elif selection.form is IndexForm.NESTED and len(selection.platforms) > 1:
            yield note(
                f"{selection.image.label} has {len(selection.platforms)} platforms: ctr 2.0.0 and 2.0.1 import it "
                "without flags; --all-platforms, which kind always passes, they refuse for every archive"
            )
    external = {layer.digest for node in platforms for layer in node.external}
    if external:
        yield warning(
            f"{len(external)} non-distributable layer(s) are not in the archive: unpacking fails where they cannot "
            "be fetched from their URLs"
        )
    if any(layer_compression(layer.media_type) == "zstd" for node in platforms for layer in node.layers):
        yield note("layers are zstd: ctr below 1.5 and docker below 23 cannot unpack them")
    if any(
        descriptor.digest.algorithm != "sha256"
        for node in platforms
        for descriptor in (node.descriptor, *node.contents)
    ):
        yield warning("content is addressed by sha512, which containerd cannot import")
    named = [image for image in images if image.selection.platforms]
    if len(named) > 1:
        yield note("several images: podman load takes them by manifest.json, skopeo needs oci-archive:FILE:TAG")
    yield from _artifact_notes([image for image in images if not image.selection.platforms], beside=bool(named))


def _keep_notes(selection: ImageSelection) -> Iterator[Note]:
    """Say what an index cannot do that stays as it is, whatever is left of what it lists."""
    absent = len(_digests(selection.image.manifests()) - _digests(selection.kept))
    roots = {root.node.descriptor.digest for root in selection.image.roots}
    if len(roots) > 1:
        yield warning(
            f"{selection.image.label} still names {len(roots)} manifests in index.json: importers let the last "
            "one win, skopeo and podman load refuse it; --index nested mends that"
        )
    if absent:
        yield warning(
            f"{selection.image.label} keeps its digest, and its index still lists {absent} manifest(s) that "
            "are not in the output: ctr 1.2, ctr --all-platforms, kind, skopeo --all and most registries "
            "refuse that, and ctr 1.5 to 1.7 on amd64 if linux/386 is among them"
        )


def _artifact_notes(artifacts: Sequence[RewrittenImage], *, beside: bool) -> Iterator[Note]:
    """Say what importers do with what is no image of a platform."""
    named = [artifact for artifact in artifacts if _is_named(artifact)]
    if named:
        yield warning(
            f"{len(named)} artifact(s) with a name of their own, such as {named[0].selection.image.label}: ctr 1.x, "
            "and 2.x with --local, try to unpack all that has a name, and exit 1 although the images are there; "
            "import with --no-unpack, or leave them out (--referrers drop)"
        )
    if len(artifacts) > len(named):
        yield note(
            f"{len(artifacts) - len(named)} referrer(s) or artifact(s) without a name: containerd imports them, but "
            "keeps nothing that has no name; oras, skopeo and registries do"
        )
    if artifacts and beside:
        yield note(
            f"{len(artifacts)} referrer(s) or artifact(s) stay beside the images; skopeo then needs "
            'oci-archive:FILE:TAG, or says "more than one image"'
        )


def _is_named(image: RewrittenImage) -> bool:
    annotations = image.naming.annotations
    return bool(annotations.get(CONTAINERD_NAME) or annotations.get(REF_NAME))


def early_notes(outputs: Sequence[Sequence[RewrittenImage]]) -> tuple[Note, ...]:
    """Say in one line what the releases before 2019 need of all outputs.

    Hardly anybody runs them, but nobody should guess.
    """
    images = [image for output in outputs for image in output]
    hosts = sorted({_display(image.selection.platforms[0]) for image in images if _is_flat(image)})
    parts = [f"1.0 and 1.1 import it on a {' or '.join(hosts)} host only"] if hosts else []
    if len(outputs) > 1 and len(hosts) > 1:
        parts = ["1.0 and 1.1 import each on a host of its own platform only"]
    if any(image.naming.tag for image in images):
        parts.append("the name must be given: --oci-name REPOSITORY (1.0, 1.1), --base-name REPOSITORY (1.2)")
    return (note(f"ctr before 1.3: {'; '.join(parts)}"),) if parts else ()


def _is_flat(image: RewrittenImage) -> bool:
    return image.selection.form is IndexForm.FLAT and bool(image.selection.platforms)


def _digests(nodes: Sequence[ManifestNode]) -> set[object]:
    return {node.descriptor.digest for node in nodes}


def _display(node: ManifestNode) -> str:
    return "this platform's" if node.platform is None else node.platform.display
