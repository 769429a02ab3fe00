"""Rules of the image layout (image-layout.md)."""

from __future__ import annotations

from typing import Final

from ocitool.check.catalogue.remedies import EXPORT_AGAIN, NAME_IT, TRANSFER_AGAIN, usual
from ocitool.check.rule import Level, Rule, Severity

_SOURCE: Final = "image-layout.md, "

RULES: Final = (
    Rule(
        "L1",
        Level.MUST,
        "There is a folder blobs/, even if it is empty.",
        _SOURCE + "Content",
        None,
        usual("L1"),
    ),
    Rule(
        "L2",
        Level.MUST,
        "There is a file oci-layout.",
        _SOURCE + "oci-layout file",
        Severity.ERROR,
        EXPORT_AGAIN,
    ),
    Rule("L3", Level.MUST, "oci-layout is a JSON object.", _SOURCE + "oci-layout file", Severity.ERROR, EXPORT_AGAIN),
    Rule(
        "L4",
        Level.MUST,
        "imageLayoutVersion of oci-layout is the string 1.0.0.",
        _SOURCE + "oci-layout file",
        Severity.ERROR,
        EXPORT_AGAIN,
    ),
    Rule(
        "L6", Level.MUST, "There is a file index.json.", _SOURCE + "index.json file", Severity.ERROR, TRANSFER_AGAIN
    ),
    Rule(
        "L7",
        Level.MUST,
        "index.json is a JSON object that can be read as an image index.",
        _SOURCE + "index.json file",
        Severity.ERROR,
        TRANSFER_AGAIN,
    ),
    Rule(
        "L9",
        Level.MUST,
        "A blob that nothing lists hashes to its name as well.",
        _SOURCE + "Blobs",
        Severity.WARNING,
        usual("L9"),
    ),
    Rule(
        "L10",
        Level.MUST,
        "Files below blobs/ are called blobs/ALGORITHM/ENCODED, a digest in two parts, in its algorithm's own form.",
        _SOURCE + "Blobs",
        Severity.WARNING,
        usual("L10"),
    ),
    Rule(
        "L11",
        Level.PRACTICE,
        "Every blob is listed by something; others are allowed, and only cost room.",
        _SOURCE + "Blobs",
        Severity.NOTE,
        usual("L11"),
        in_spec=Severity.NOTE,
    ),
    Rule(
        "L12",
        Level.SHOULD,
        "Everything that is listed is in the archive.",
        _SOURCE + "Blobs",
        Severity.ERROR,
        usual("L12"),
    ),
    Rule(
        "L14",
        Level.SHOULD,
        "org.opencontainers.image.ref.name stands on descriptors of index.json only.",
        _SOURCE + "index.json file; annotations.md",
        None,
        EXPORT_AGAIN,
    ),
    Rule(
        "L15",
        Level.SHOULD,
        "org.opencontainers.image.ref.name has letters, digits and -._:@/+ alone, separators between them.",
        "annotations.md, Pre-Defined Annotation Keys",
        Severity.WARNING,
        NAME_IT,
    ),
    Rule(
        "L16",
        Level.PRACTICE,
        "The archive is an OCI image layout, and not what docker wrote before version 25.",
        _SOURCE + "Content",
        None,
        usual("L16"),
        in_spec=Severity.ERROR,
    ),
    Rule(
        "L17",
        Level.PRACTICE,
        "The archive is whole, and not a delta, which has what its base lacks alone.",
        "ocitool schema delta",
        Severity.ERROR,
        "make it whole with what it was made against, BASE: ocitool apply BASE SRC -o OUT",
        in_spec=Severity.ERROR,
    ),
)
