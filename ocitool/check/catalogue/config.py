"""Rules of image configs (config.md); other configs are not parsed."""

from __future__ import annotations

from typing import Final

from ocitool.check.catalogue.remedies import BUILD_AGAIN
from ocitool.check.rule import Level, Rule, Severity, Stage

_PROPERTIES: Final = "config.md, Properties"

RULES: Final = (
    Rule("C1", Level.MUST, "A config has an architecture, a string.", _PROPERTIES, Severity.ERROR, BUILD_AGAIN),
    Rule("C2", Level.MUST, "A config has an os, a string.", _PROPERTIES, Severity.ERROR, BUILD_AGAIN),
    Rule(
        "C3",
        Level.SHOULD,
        "os, architecture and variant of a config are those of Go, and of the table of variants.",
        _PROPERTIES,
        Severity.WARNING,
        BUILD_AGAIN,
    ),
    Rule(
        "C4",
        Level.SHOULD,
        "os.features of a windows config are win32k or nothing.",
        _PROPERTIES,
        None,
        BUILD_AGAIN,
    ),
    Rule("C5", Level.MUST, "A config has rootfs, an object.", _PROPERTIES, Severity.ERROR, BUILD_AGAIN),
    Rule("C6", Level.MUST, "rootfs.type is layers.", _PROPERTIES, Severity.ERROR, BUILD_AGAIN),
    Rule("C7", Level.MUST, "rootfs.diff_ids is an array of digests.", _PROPERTIES, Severity.ERROR, BUILD_AGAIN),
    Rule(
        "C8",
        Level.MUST,
        "A layer unpacks to what its diff_id says.",
        "config.md, Layer DiffID",
        Severity.ERROR,
        BUILD_AGAIN,
        stage=Stage.DEEP,
    ),
    Rule(
        "C9",
        Level.MUST,
        "There are as many diff_ids as the manifest has layers.",
        "config.md, rootfs; containerd client/image.go",
        Severity.ERROR,
        BUILD_AGAIN,
    ),
    Rule(
        "C10",
        Level.PRACTICE,
        "There are as many entries of history that are no empty_layer as diff_ids.",
        "config.md, history; containers/image and moby, conversion of manifests",
        Severity.WARNING,
        BUILD_AGAIN,
        in_spec=Severity.NOTE,
    ),
    Rule(
        "C11",
        Level.MUST,
        "created, of the config and of its history, is a date and time of RFC 3339 that Go reads.",
        _PROPERTIES,
        Severity.ERROR,
        BUILD_AGAIN,
    ),
    Rule("C12", Level.MUST, "Entries of Env are NAME=VALUE.", _PROPERTIES, Severity.WARNING, BUILD_AGAIN),
    Rule(
        "C13",
        Level.MUST,
        "The fields of a config are of their types.",
        _PROPERTIES,
        Severity.ERROR,
        BUILD_AGAIN,
    ),
    Rule("C14", Level.MUST, "Labels map strings to strings.", _PROPERTIES, Severity.ERROR, BUILD_AGAIN),
    Rule(
        "C16",
        Level.SHOULD,
        "Keys of ExposedPorts are PORT, PORT/tcp or PORT/udp.",
        _PROPERTIES,
        None,
        BUILD_AGAIN,
    ),
    Rule(
        "C17",
        Level.PRACTICE,
        "diff_ids are sha256; containerd computes no other.",
        "containerd core/rootfs/apply.go",
        Severity.ERROR,
        BUILD_AGAIN,
    ),
)
