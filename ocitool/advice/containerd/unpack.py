"""Which manifest of an image is unpacked, and whether that succeeds."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ocitool.advice.containerd.failure import ImportFailure
from ocitool.graph.image import Kind, ManifestNode
from ocitool.model.media_type import IMAGE_CONFIGS, TAR_LAYERS, layer_compression
from ocitool.model.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.advice.containerd.matching import Matcher
    from ocitool.advice.containerd.store import Store
    from ocitool.graph.image import Node
    from ocitool.model.descriptor import Descriptor

OCI_LAYER_PREFIX: Final = "application/vnd.oci.image.layer."
DOCKER_ZSTD_LAYER: Final = "application/vnd.docker.image.rootfs.diff.tar.zstd"

_SHA256: Final = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Unpacker:
    """How a version unpacks.

    `zstd` is the failure of a layer of zstd, ``unpacked`` if there is none. `checks_target` says that even a manifest
    which an image points straight at has to be of the platform (1.0, 1.1); `reads_config_variant` that the variant in
    a config counts, where the index names no platform; `counts_all_layers` that what is no layer of an image has to
    have a diff_id too; `knows_docker_zstd` that Docker's type of zstd layers is one.
    """

    store: Store
    zstd: str = "unpacked"
    checks_target: bool = False
    reads_config_variant: bool = True
    counts_all_layers: bool = False
    knows_docker_zstd: bool = True

    def resolve(self, target: Node, matcher: Matcher) -> ManifestNode:
        """Return the manifest that an image means on a platform (image.go, `Manifest`); raises `ImportFailure`."""
        found = self._resolve(target, matcher, is_target=True)
        if found is not None:
            return found
        digest = target.descriptor.digest
        wanted = matcher.choices[0].display if matcher.choices else "any platform"
        if self.checks_target:
            raise ImportFailure("manifest-not-found", f"the image has no manifest for {wanted}", digest=digest)
        raise ImportFailure("no-match", f"the index of the image lists nothing for {wanted}", digest=digest)

    def unpack(self, manifest: ManifestNode) -> bool:
        """Unpack a manifest as a client does; returns whether it has any layer, raises `ImportFailure`."""
        config = self._config(manifest, template="config-not-found")
        layers = [layer for layer in manifest.layers if self.counts_all_layers or self.is_layer(layer)]
        if len(layers) != len(diff_ids_of(manifest)):
            raise ImportFailure(
                "layers-mismatch",
                f"config {config.digest} has {len(diff_ids_of(manifest))} diff_ids for {len(layers)} layers",
            )
        self._apply(manifest, layers, template="extract-failed")
        return bool(layers)

    def unpack_walked(self, manifest: ManifestNode, platforms: Matcher) -> bool:
        """Unpack a manifest as the daemon does while it walks (unpacker.go), if its config's platform is covered.

        Returns whether it did; raises `ImportFailure`.
        """
        layers = [layer for layer in manifest.layers if self.is_layer(layer)]
        if manifest.config is None or manifest.config.media_type not in IMAGE_CONFIGS or not layers:
            return False
        self._config(manifest, unreadable="daemon-config-unreadable")
        if len(layers) != len(diff_ids_of(manifest)):
            count = len(diff_ids_of(manifest))
            raise ImportFailure(
                "layer-count",
                f"the config has {count} diff_ids for {len(layers)} layers",
                layers=len(layers),
                diff_ids=count,
            )
        if not platforms.matches(configured(manifest)):
            return False
        self._apply(manifest, layers, template="daemon-extract-failed")
        return True

    def is_layer(self, descriptor: Descriptor) -> bool:
        """Tell whether containerd takes something for a layer (mediatypes.go, `IsLayerType`)."""
        return self.is_layer_type(descriptor.media_type)

    def is_layer_type(self, media_type: str) -> bool:
        """Tell whether containerd takes what is of a media type for a layer."""
        if media_type == DOCKER_ZSTD_LAYER:
            return self.knows_docker_zstd
        return media_type in TAR_LAYERS or media_type.startswith(OCI_LAYER_PREFIX)

    def _resolve(self, node: Node, matcher: Matcher, *, is_target: bool) -> ManifestNode | None:
        descriptor = node.descriptor
        if isinstance(node, ManifestNode):
            if node.kind is Kind.OPAQUE:
                raise ImportFailure(
                    "unexpected-type",
                    f"what has the name is of type {descriptor.media_type}, no image",
                    type=descriptor.media_type,
                    digest=descriptor.digest,
                )
            self.store.read(node)
            if is_target and not self.checks_target:
                return node
            platform = descriptor.platform or self._configured(node)
            return node if matcher.matches(platform) else None
        self.store.read(node)
        if self.checks_target:
            # 1.0 and 1.1 read every child that passes, and take the first.
            passing = [child for child in self.store.children(node) if matcher.passes(child.descriptor.platform)]
            found = [self._resolve(child, matcher, is_target=False) for child in passing]
            return next((manifest for manifest in found if manifest is not None), None)
        ranked = matcher.sorted(self.store.children(node), lambda child: child.descriptor.platform)
        return self._resolve(ranked[0], matcher, is_target=False) if ranked else None

    def _configured(self, node: ManifestNode) -> Platform:
        """Return the platform that the config names."""
        self._config(node)
        platform = configured(node)
        return platform if self.reads_config_variant else replace(platform, variant="")

    def _config(self, manifest: ManifestNode, template: str = "", unreadable: str = "") -> Descriptor:
        config = manifest.config
        if config is None:
            raise ImportFailure(
                "bad-document",
                f"manifest {manifest.descriptor.digest} names no config",
                text="failed to resolve rootfs: …",
            )
        if not self.store.holds(config.digest):
            raise ImportFailure(
                "content-not-found",
                f"the config of {_label(manifest)} {self.store.why_not(config.digest)}",
                template=template,
                digest=config.digest,
            )
        self.store.check_document(config.digest.blob_name)
        self.store.check_config(config, unreadable)
        return config

    def _apply(self, manifest: ManifestNode, layers: Sequence[Descriptor], template: str) -> None:
        for layer, diff_id in zip(layers, diff_ids_of(manifest), strict=True):
            name, reason, text = "", "", ""
            if not self.store.holds(layer.digest):
                name, reason = "extract-failed", f"a layer of {_label(manifest)} {self.store.why_not(layer.digest)}"
                text = f"failed to get reader from content store: content digest {layer.digest}: not found"
            elif not self.is_layer(layer):
                name, reason = "extract-failed", f"{layer.media_type} is no type of a layer"
                text = f"failed to get stream processor for {layer.media_type}: no processor for media-type: unknown"
            elif layer_compression(layer.media_type) == "zstd" and self.zstd != "unpacked":
                name, reason = self.zstd, "its layers are compressed with zstd, which this containerd does not know"
                text = "archive/tar: invalid tar header: unknown"
            elif not _SHA256.fullmatch(diff_id):
                name, template, reason = "wrong-diff-id", "", f"the diff_id {diff_id[:80]!r} is no sha256"
            if name:
                values = {"diff_id": diff_id, "layer": layer.digest, "type": layer.media_type, "text": text}
                raise ImportFailure(name, reason, template=template, **values)


def configured(manifest: ManifestNode) -> Platform:
    """Return the platform that containerd reads in a config, whatever the type of that is."""
    odd = manifest.odd_config
    return manifest.configured or (odd.platform if odd is not None else Platform("", ""))


def diff_ids_of(manifest: ManifestNode) -> tuple[str, ...]:
    """Return what containerd takes for the diff_ids of a manifest."""
    odd = manifest.odd_config
    return manifest.diff_ids or (odd.diff_ids if odd is not None else ())


def _label(manifest: ManifestNode) -> str:
    return manifest.platform.display if manifest.platform else str(manifest.descriptor.digest)
