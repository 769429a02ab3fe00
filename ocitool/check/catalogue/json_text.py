"""Rules of JSON and of annotations (considerations.md, annotations.md)."""

from __future__ import annotations

from typing import Final

from ocitool.check.catalogue.remedies import EXPORT_AGAIN
from ocitool.check.rule import Level, Rule, Severity

_JSON: Final = "considerations.md, JSON"
_RULES: Final = "annotations.md, Rules"

RULES: Final = (
    Rule("A1", Level.MUST, "Annotations map strings to strings.", _RULES, Severity.ERROR, EXPORT_AGAIN),
    Rule("A2", Level.MUST, "Every annotation has a value; it may be empty.", _RULES, Severity.ERROR, EXPORT_AGAIN),
    Rule("A4", Level.MUST, "No annotations are no field, or {}.", _RULES, None, EXPORT_AGAIN),
    Rule(
        "A6",
        Level.SHOULD,
        "Keys of annotations are names in reverse-domain notation.",
        _RULES,
        None,
        EXPORT_AGAIN,
    ),
    Rule(
        "A7",
        Level.SHOULD,
        "The predefined annotations are what they say: created a date of RFC 3339, base.digest a digest.",
        "annotations.md, Pre-Defined Annotation Keys",
        None,
        EXPORT_AGAIN,
    ),
    # No error: a newer specification may define the key, and consumers must not mind one that they do not know.
    Rule(
        "A8",
        Level.MUST,
        "Keys below org.opencontainers are those that OCI specifications define.",
        _RULES,
        None,
        EXPORT_AGAIN,
        in_spec=Severity.WARNING,
    ),
    Rule(
        "J1",
        Level.MUST,
        "A document is UTF-8, without a byte order mark or half of a surrogate pair.",
        _JSON,
        Severity.ERROR,
        EXPORT_AGAIN,
    ),
    Rule("J2", Level.MUST, "No key occurs twice in one object.", _JSON, Severity.ERROR, EXPORT_AGAIN),
    Rule(
        "J3",
        Level.SHOULD,
        "Numbers are such as a double can hold.",
        _JSON,
        Severity.ERROR,
        EXPORT_AGAIN,
    ),
    Rule(
        "J6",
        Level.MUST,
        "A document is one JSON value, of the kind that it should be, and nothing after it.",
        _JSON,
        Severity.ERROR,
        EXPORT_AGAIN,
    ),
    Rule(
        "J7",
        Level.PRACTICE,
        "A document is within bounds: size, number of values, depth.",
        "bounds on what is not trusted; containerd's jsonLimit",
        Severity.ERROR,
        EXPORT_AGAIN,
        in_spec=Severity.ERROR,
    ),
    Rule(
        "J8",
        Level.PRACTICE,
        "No key differs from a known one in case alone; Go's decoder takes it for that one.",
        "Go encoding/json, Unmarshal",
        Severity.ERROR,
        EXPORT_AGAIN,
        in_spec=Severity.WARNING,
    ),
    Rule(
        "J9",
        Level.MUST,
        "Null stands for an optional field of a config alone; elsewhere what is not there is left out.",
        "config.md, Properties; descriptor.md, manifest.md and image-index.md, types of properties",
        None,
        EXPORT_AGAIN,
    ),
)
