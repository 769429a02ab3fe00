"""Rules of descriptors and digests (descriptor.md)."""

from __future__ import annotations

from typing import Final

from ocitool.check.catalogue.remedies import EXPORT_AGAIN, TRANSFER_AGAIN
from ocitool.check.rule import Level, Rule, Severity

_PROPERTIES: Final = "descriptor.md, Properties"
_DIGESTS: Final = "descriptor.md, Digests"
_REGISTERED: Final = "descriptor.md, Registered algorithms"

RULES: Final = (
    Rule("D1", Level.MUST, "A descriptor has a mediaType.", _PROPERTIES, Severity.ERROR, EXPORT_AGAIN),
    Rule(
        "D2",
        Level.MUST,
        "The mediaType of a descriptor is a media type: type/subtype, as RFC 6838 (section 4.2) spells them.",
        _PROPERTIES,
        Severity.ERROR,
        EXPORT_AGAIN,
    ),
    Rule("D3", Level.MUST, "A descriptor has a digest.", _PROPERTIES, Severity.ERROR, EXPORT_AGAIN),
    Rule(
        "D4",
        Level.MUST,
        "A digest is a string of the form ALGORITHM:ENCODED.",
        _DIGESTS,
        Severity.ERROR,
        EXPORT_AGAIN,
    ),
    Rule("D5", Level.MUST, "A sha256 digest has 64 hexadecimal digits.", _REGISTERED, Severity.ERROR, EXPORT_AGAIN),
    Rule(
        "D6",
        Level.MUST,
        "The hexadecimal digits of a digest are in lower case.",
        _REGISTERED,
        Severity.ERROR,
        EXPORT_AGAIN,
    ),
    Rule("D7", Level.MUST, "A sha512 digest has 128 hexadecimal digits.", _REGISTERED, Severity.ERROR, EXPORT_AGAIN),
    Rule("D8", Level.MUST, "A blake3 digest has 64 hexadecimal digits.", _REGISTERED, Severity.ERROR, EXPORT_AGAIN),
    Rule(
        "D9",
        Level.PRACTICE,
        "A digest is of an algorithm that can be verified here: sha256 or sha512.",
        _DIGESTS,
        Severity.ERROR,
        "build or export the image again with sha256",
        in_spec=Severity.NOTE,
    ),
    Rule(
        "D11",
        Level.SHOULD,
        "Content is addressed by sha256; containerd finds no other, as it computes sha256 alone.",
        "descriptor.md, Digests; containerd core/images/archive/importer.go",
        Severity.ERROR,
        "build or export the image again with sha256",
    ),
    Rule("D12", Level.MUST, "A descriptor has a size, an integer.", _PROPERTIES, Severity.ERROR, EXPORT_AGAIN),
    Rule(
        "D13",
        Level.MUST,
        "A size is not negative and fits 64 bits.",
        _PROPERTIES,
        Severity.ERROR,
        EXPORT_AGAIN,
    ),
    Rule(
        "D14",
        Level.SHOULD,
        "Content is as long as its descriptor says.",
        _PROPERTIES,
        Severity.ERROR,
        TRANSFER_AGAIN,
        in_spec=Severity.ERROR,
    ),
    Rule(
        "D15",
        Level.SHOULD,
        "Content hashes to its digest.",
        "descriptor.md, Verification",
        Severity.ERROR,
        TRANSFER_AGAIN,
        in_spec=Severity.ERROR,
    ),
    Rule("D16", Level.MUST, "urls are URIs (RFC 3986).", _PROPERTIES, Severity.WARNING, EXPORT_AGAIN),
    Rule("D17", Level.SHOULD, "urls are http or https.", _PROPERTIES, None, EXPORT_AGAIN),
    Rule(
        "D19",
        Level.MUST,
        "Embedded data is base64 with padding (RFC 4648, section 4).",
        _PROPERTIES,
        Severity.ERROR,
        EXPORT_AGAIN,
    ),
    Rule(
        "D20",
        Level.MUST,
        "Embedded data is the content: as long as the size, with the digest.",
        _PROPERTIES,
        Severity.ERROR,
        EXPORT_AGAIN,
    ),
    Rule(
        "D21",
        Level.MUST,
        "An artifactType is a media type (RFC 6838).",
        _PROPERTIES,
        Severity.ERROR,
        EXPORT_AGAIN,
    ),
    Rule(
        "D24",
        Level.MUST,
        "The optional fields of a descriptor are of their types: urls an array of strings, platform an object.",
        _PROPERTIES,
        Severity.ERROR,
        EXPORT_AGAIN,
    ),
)
