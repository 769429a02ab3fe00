"""Rules of image indexes (image-index.md)."""

from __future__ import annotations

from typing import Final

from ocitool.check.catalogue.remedies import BUILD_AGAIN, EXPORT_AGAIN, usual
from ocitool.check.rule import Level, Rule, Severity

_PROPERTIES: Final = "image-index.md, Image Index Property Descriptions"

RULES: Final = (
    Rule(
        "X1",
        Level.MUST,
        "An index has a schemaVersion, and it is 2.",
        _PROPERTIES,
        Severity.ERROR,
        EXPORT_AGAIN,
    ),
    Rule("X2", Level.SHOULD, "An index has a mediaType.", _PROPERTIES, None, BUILD_AGAIN),
    Rule(
        "X3",
        Level.MUST,
        "The mediaType of index.json, if there is one, is that of an OCI index.",
        _PROPERTIES,
        Severity.ERROR,
        EXPORT_AGAIN,
    ),
    Rule("X4", Level.MUST, "The artifactType is a media type (RFC 6838).", _PROPERTIES, Severity.ERROR, BUILD_AGAIN),
    Rule("X5", Level.MUST, "An index has manifests, an array.", _PROPERTIES, Severity.ERROR, EXPORT_AGAIN),
    Rule("X6", Level.MUST, "Each entry of manifests is a descriptor.", _PROPERTIES, Severity.ERROR, EXPORT_AGAIN),
    Rule(
        "X7",
        Level.SHOULD,
        "Entries are of a type that every implementation knows: manifests and indexes.",
        _PROPERTIES,
        None,
        BUILD_AGAIN,
        in_spec=Severity.NOTE,
    ),
    Rule(
        "X9",
        Level.SHOULD,
        "Images listed beside others or in their own index have a platform; without one they match every wish.",
        _PROPERTIES,
        Severity.WARNING,
        usual("X9"),
    ),
    Rule("X10", Level.MUST, "A platform has an architecture.", _PROPERTIES, Severity.ERROR, BUILD_AGAIN),
    Rule(
        "X11",
        Level.MUST,
        "A platform has an os; containerd reads an empty one as its host's.",
        _PROPERTIES,
        Severity.ERROR,
        BUILD_AGAIN,
    ),
    Rule(
        "X12",
        Level.SHOULD,
        "The os and architecture of a platform are those of Go (GOOS and GOARCH), or unknown/unknown.",
        _PROPERTIES,
        Severity.WARNING,
        usual("X12"),
    ),
    Rule(
        "X13",
        Level.SHOULD,
        "os.features of a windows platform are win32k or nothing.",
        _PROPERTIES,
        None,
        BUILD_AGAIN,
    ),
    Rule(
        "X14",
        Level.SHOULD,
        "The variant of a platform is one that its architecture has.",
        "image-index.md, Platform Variants",
        Severity.WARNING,
        BUILD_AGAIN,
    ),
    Rule(
        "X15",
        Level.SHOULD,
        "An index lists one image for a platform; of two configs one never runs, and importers differ in which.",
        "image-index.md, platform; containers/image internal/manifest/oci_index.go",
        Severity.ERROR,
        "build the image again with one manifest for each platform",
    ),
    Rule("X16", Level.MUST, "The subject is a descriptor.", _PROPERTIES, Severity.ERROR, EXPORT_AGAIN),
    Rule(
        "X18",
        Level.PRACTICE,
        "The platform of an index entry is that of the image's config, which is what runs.",
        "go-containerregistry pkg/v1/validate/index.go",
        Severity.ERROR,
        usual("X18"),
        in_spec=Severity.ERROR,
    ),
    Rule(
        "X19",
        Level.MUST,
        "The fields of a platform are of their types: os.features an array of strings, the others strings.",
        _PROPERTIES,
        Severity.ERROR,
        BUILD_AGAIN,
    ),
)
