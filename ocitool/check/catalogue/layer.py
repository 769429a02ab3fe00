"""Rules of layers (layer.md); most need `--deep`."""

from __future__ import annotations

from typing import Final

from ocitool.check.catalogue.remedies import BUILD_AGAIN
from ocitool.check.rule import Level, Rule, Severity, Stage

_FORMAT: Final = "layer.md, Distributable Format"

RULES: Final = (
    Rule(
        "Y1",
        Level.MUST,
        "A layer is a tar archive, whole to its end.",
        _FORMAT,
        Severity.ERROR,
        BUILD_AGAIN,
        stage=Stage.DEEP,
    ),
    Rule(
        "Y2",
        Level.MUST,
        "A layer has one entry for a path.",
        _FORMAT,
        Severity.WARNING,
        BUILD_AGAIN,
        stage=Stage.DEEP,
    ),
    Rule(
        "Y3",
        Level.MUST,
        "A layer is compressed as its media type says.",
        "layer.md, +gzip and +zstd Media Types",
        Severity.ERROR,
        BUILD_AGAIN,
    ),
    Rule(
        "Y4",
        Level.SHOULD,
        "No entry is a sparse file; those of GNU's own format are not even unpacked (Y12).",
        "layer.md, File Types",
        Severity.WARNING,
        BUILD_AGAIN,
        stage=Stage.DEEP,
    ),
    Rule(
        "Y5",
        Level.SHOULD,
        "A whiteout names what it hides.",
        "layer.md, Whiteouts",
        Severity.ERROR,
        BUILD_AGAIN,
        stage=Stage.DEEP,
    ),
    Rule(
        "Y7",
        Level.SHOULD,
        "A whiteout stands before its siblings.",
        "layer.md, Whiteouts",
        None,
        BUILD_AGAIN,
        stage=Stage.DEEP,
    ),
    Rule(
        "Y8",
        Level.SHOULD,
        "No layer is of a non-distributable type; they are deprecated.",
        "layer.md, Non-Distributable Layers",
        None,
        BUILD_AGAIN,
    ),
    Rule(
        "Y9",
        Level.PRACTICE,
        "No entry of a layer leaves its root: neither by a name that goes up nor by a path through a link that does.",
        "umoci and containerd at unpacking",
        Severity.WARNING,
        "look at where the image comes from, then build it again",
        in_spec=Severity.WARNING,
        stage=Stage.DEEP,
    ),
    Rule(
        "Y10",
        Level.PRACTICE,
        "The program that the image starts is for the machine that its platform names.",
        "System V ABI, ELF header, e_machine",
        Severity.NOTE,
        "build the image again for this platform, unless the other machine is meant to run it (binfmt_misc)",
        in_spec=Severity.NOTE,
        stage=Stage.DEEP,
    ),
    Rule(
        "Y11",
        Level.PRACTICE,
        "A layer can be unpacked within bounds: it neither grows beyond --max-ratio nor has two million entries.",
        "bounds on what is not trusted",
        Severity.ERROR,
        "allow more with --max-ratio if you trust where it comes from",
        in_spec=Severity.ERROR,
        stage=Stage.DEEP,
    ),
    Rule(
        "Y12",
        Level.PRACTICE,
        "Every entry of a layer can be unpacked: its type and path allow that, a hard link is to a file before it.",
        "containerd and docker at unpacking",
        Severity.ERROR,
        BUILD_AGAIN,
        in_spec=Severity.WARNING,
        stage=Stage.DEEP,
    ),
)
