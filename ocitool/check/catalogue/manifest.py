"""Rules of image manifests (manifest.md)."""

from __future__ import annotations

from typing import Final

from ocitool.check.catalogue.remedies import BUILD_AGAIN, EXPORT_AGAIN
from ocitool.check.rule import Level, Rule, Severity

_PROPERTIES: Final = "manifest.md, Image Manifest Property Descriptions"
_ARTIFACTS: Final = "manifest.md, Guidelines for Artifact Usage"

RULES: Final = (
    Rule("M1", Level.MUST, "A manifest has a schemaVersion.", _PROPERTIES, Severity.ERROR, EXPORT_AGAIN),
    Rule("M2", Level.MUST, "The schemaVersion of a manifest is 2.", _PROPERTIES, Severity.ERROR, EXPORT_AGAIN),
    Rule("M3", Level.SHOULD, "A manifest has a mediaType.", _PROPERTIES, None, BUILD_AGAIN),
    Rule(
        "M4",
        Level.MUST,
        "A manifest is of the media type that it is listed under, and so is every document.",
        "manifest.md, mediaType; media-types.md",
        Severity.ERROR,
        EXPORT_AGAIN,
    ),
    Rule(
        "M5",
        Level.MUST,
        "A manifest whose config is empty has an artifactType.",
        _PROPERTIES,
        Severity.WARNING,
        BUILD_AGAIN,
    ),
    Rule("M6", Level.MUST, "The artifactType is a media type (RFC 6838).", _PROPERTIES, Severity.ERROR, BUILD_AGAIN),
    Rule("M8", Level.MUST, "A manifest has a config, a descriptor.", _PROPERTIES, Severity.ERROR, EXPORT_AGAIN),
    Rule(
        "M11",
        Level.MUST,
        "A manifest has layers, an array of descriptors.",
        _PROPERTIES,
        Severity.ERROR,
        EXPORT_AGAIN,
    ),
    Rule("M12", Level.SHOULD, "layers has at least one entry.", _PROPERTIES, None, BUILD_AGAIN),
    Rule(
        "M14",
        Level.SHOULD,
        "The layers of an image are of a type that every implementation knows: tar, with gzip or zstd.",
        _PROPERTIES,
        Severity.ERROR,
        BUILD_AGAIN,
    ),
    Rule("M17", Level.MUST, "The subject is a descriptor.", _PROPERTIES, Severity.ERROR, EXPORT_AGAIN),
    Rule(
        "M20",
        Level.MUST,
        "An empty descriptor is that of the two bytes {}: size 2 and their digest.",
        _ARTIFACTS,
        Severity.ERROR,
        EXPORT_AGAIN,
    ),
    Rule(
        "M21",
        Level.MUST,
        "A document is a manifest or an index, not both: not config or layers beside manifests, no fsLayers.",
        "CVE-2021-41190; containerd core/images/image.go",
        Severity.ERROR,
        EXPORT_AGAIN,
    ),
    Rule(
        "M22",
        Level.PRACTICE,
        "An OCI manifest does not list a config of Docker's type, from which podman makes no image.",
        "containers/image internal/image/oci.go",
        Severity.ERROR,
        EXPORT_AGAIN,
    ),
)
