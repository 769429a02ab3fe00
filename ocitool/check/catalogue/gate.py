"""Rules of what was asked for: platforms and images."""

from __future__ import annotations

from typing import Final

from ocitool.check.catalogue.remedies import ADD_IMAGE, EXPORT_ALL
from ocitool.check.rule import Level, Rule, Severity, Stage

_SOURCE: Final = "what was asked for"

RULES: Final = (
    Rule(
        "G1",
        Level.PRACTICE,
        "Every image has the platforms of -p, complete.",
        _SOURCE,
        Severity.ERROR,
        EXPORT_ALL,
        in_spec=Severity.ERROR,
        stage=Stage.ASKED,
    ),
    Rule(
        "G2",
        Level.PRACTICE,
        "With --only no image has another platform.",
        _SOURCE,
        Severity.ERROR,
        "leave the others out: ocitool filter SRC -p PLATFORM -o OUT",
        in_spec=Severity.ERROR,
        stage=Stage.ASKED,
    ),
    Rule(
        "G3",
        Level.PRACTICE,
        "Every image of --require and --image is there, those of --require complete for every platform of -p.",
        _SOURCE,
        Severity.ERROR,
        ADD_IMAGE,
        in_spec=Severity.ERROR,
        stage=Stage.ASKED,
    ),
)
