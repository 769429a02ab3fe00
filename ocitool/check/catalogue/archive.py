"""Rules of the tar file and of manifest.json, which no specification covers."""

from __future__ import annotations

from typing import Final

from ocitool.check.catalogue.remedies import TRANSFER_AGAIN, usual
from ocitool.check.rule import Level, Rule, Severity

_IMPORTER: Final = "containerd core/images/archive/importer.go"
_DOCKER: Final = "moby image/tarexport/load.go"

RULES: Final = (
    Rule(
        "T1",
        Level.PRACTICE,
        "Blobs and documents are regular files, no links or devices.",
        _IMPORTER,
        Severity.ERROR,
        "pack the archive again with regular files (tar --dereference --hard-dereference)",
        in_spec=Severity.ERROR,
    ),
    Rule(
        "T3",
        Level.PRACTICE,
        "No two entries share a name and differ in content; the first counts for one reader, the last for another.",
        _IMPORTER,
        Severity.ERROR,
        "export it again",
        in_spec=Severity.ERROR,
    ),
    Rule(
        "T4",
        Level.PRACTICE,
        "No entry occurs again with the same content; ctr 1.0 and 1.1 refuse that.",
        "containerd v1.1.8 images/oci/importer.go",
        Severity.NOTE,
        usual("T4"),
        in_spec=Severity.NOTE,
    ),
    Rule(
        "T5",
        Level.PRACTICE,
        "The archive ends with two blocks of zeros, so that nothing was cut off after the last entry.",
        "POSIX.1-2017 pax, ustar Interchange Format",
        Severity.WARNING,
        TRANSFER_AGAIN,
    ),
    Rule(
        "T6",
        Level.PRACTICE,
        "Nothing but the image layout is in the archive; importers store other files, and collect them later.",
        _IMPORTER,
        Severity.NOTE,
        usual("T6"),
    ),
    Rule(
        "T7",
        Level.PRACTICE,
        "The file is a plain tar; ctr up to 1.7, ctr --local and kind read no compressed one.",
        "containerd cmd/ctr/commands/images/import.go",
        Severity.WARNING,
        usual("T7"),
    ),
    Rule(
        "T8",
        Level.PRACTICE,
        "The file is not compressed with xz, bzip2 or lz4, which containerd does not read.",
        "containerd pkg/archive/compression/compression.go",
        Severity.ERROR,
        "write it plain: ocitool filter SRC -p all -o OUT.tar",
    ),
    Rule(
        "T9",
        Level.PRACTICE,
        "A table of contents by ocitool tells of the entries that are there; else two readers see two archives.",
        "README, Table of contents",
        Severity.ERROR,
        usual("T9"),
    ),
    Rule(
        "V25",
        Level.PRACTICE,
        "manifest.json can be read, and lists images of the index with their config, layers and tagged names.",
        _DOCKER,
        Severity.ERROR,
        usual("V25"),
    ),
    Rule(
        "V26",
        Level.PRACTICE,
        "What an attestation or a referrer speaks of is in the archive.",
        "BuildKit docs/attestations/attestation-storage.md; distribution-spec, Referrers",
        Severity.WARNING,
        usual("V26"),
    ),
)
