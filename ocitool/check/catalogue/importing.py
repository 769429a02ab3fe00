"""Rules of importers: what is stored, and under which name (measured: containerd 1.0 to 2.3, docker, podman)."""

from __future__ import annotations

from typing import Final

from ocitool.check.catalogue.remedies import NAME_IT, usual
from ocitool.check.rule import Level, Rule, Severity

_IMPORTER: Final = "containerd core/images/archive/importer.go"
_NAMES: Final = "containerd core/transfer/image/imagestore.go"
_LOAD: Final = "moby image/tarexport/load.go; containers/image docker/internal/tarfile"

RULES: Final = (
    Rule(
        "I1",
        Level.PRACTICE,
        "At least one image has a name; of what has none ctr stores nothing, and exits 0.",
        _NAMES,
        Severity.ERROR,
        NAME_IT,
    ),
    Rule("I2", Level.PRACTICE, "Every image has a name.", _NAMES, Severity.WARNING, NAME_IT),
    Rule(
        "I3",
        Level.PRACTICE,
        "io.containerd.image.name has one of / : @; of a bare name ctr 2 stores nothing, and exits 0.",
        _NAMES,
        Severity.ERROR,
        NAME_IT,
    ),
    Rule(
        "I4",
        Level.PRACTICE,
        "One name stands for one manifest of a platform; of two the last one stored wins.",
        _IMPORTER,
        Severity.ERROR,
        "export the images under names of their own",
    ),
    Rule(
        "I5",
        Level.PRACTICE,
        "A name is more than a tag; ctr makes import-DATE:TAG of a tag alone.",
        _NAMES,
        Severity.WARNING,
        NAME_IT,
    ),
    Rule(
        "I6",
        Level.PRACTICE,
        "A manifest that index.json lists has no platform there; ctr filters it out on hosts of another platform.",
        _IMPORTER,
        Severity.WARNING,
        usual("I6"),
    ),
    Rule(
        "I7",
        Level.PRACTICE,
        "Several platforms of one name stand in an index of their own; listed flat the last one stored wins.",
        _IMPORTER,
        Severity.WARNING,
        usual("I7"),
    ),
    Rule(
        "I8",
        Level.PRACTICE,
        "amd64 has no variant v1; ctr up to 1.5 and skopeo do not take it for amd64.",
        "containerd platforms/database.go; containers/image pkg/platform",
        Severity.WARNING,
        usual("I8"),
    ),
    Rule(
        "I9",
        Level.PRACTICE,
        "There is a manifest.json; docker with its classic store loads nothing else.",
        _LOAD,
        Severity.WARNING,
        usual("I9"),
    ),
    Rule(
        "I10",
        Level.PRACTICE,
        "No layer is compressed with zstd, which ctr below 1.5 and docker below 23 do not unpack.",
        "containerd archive/compression/compression.go",
        Severity.NOTE,
        usual("I10"),
    ),
    Rule(
        "I12",
        Level.PRACTICE,
        "No layer is to be fetched from elsewhere; ctr does not, and unpacks no image that lacks one on purpose.",
        "layer.md, Non-Distributable Layers",
        Severity.WARNING,
        "see that the target can fetch it",
        in_spec=Severity.NOTE,
    ),
    Rule(
        "I14",
        Level.PRACTICE,
        "A name is written out in full; others are stored as they are, and Kubernetes does not find them.",
        "distribution reference/regexp.go",
        Severity.WARNING,
        NAME_IT,
    ),
    Rule(
        "I15",
        Level.PRACTICE,
        "The archive lists something; of an empty one nothing is stored.",
        _IMPORTER,
        Severity.ERROR,
        "export it again",
    ),
    Rule(
        "I16",
        Level.PRACTICE,
        "RepoTags of manifest.json are full names; podman makes localhost/lab of lab where it goes by them.",
        "containers/common libimage/load.go",
        Severity.NOTE,
        usual("I16"),
    ),
    Rule(
        "I17",
        Level.PRACTICE,
        "Nothing but images has a name; ctr up to 1.7 unpacks all that has one, and exits 1 though all is stored.",
        "containerd v1.7.34 cmd/ctr/commands/images/import.go",
        Severity.WARNING,
        usual("I17"),
    ),
    Rule(
        "I18",
        Level.PRACTICE,
        "An index that has a name lists an image; one of nothing, or of attestations alone, cannot be unpacked.",
        "containerd core/images/image.go",
        Severity.ERROR,
        "export it again with its images, or leave it out with --image",
    ),
    Rule(
        "I19",
        Level.PRACTICE,
        "No index lists another index with images; skopeo and podman read the outer one alone.",
        "containers/image internal/manifest/oci_index.go",
        Severity.WARNING,
        "build the image again with one index",
    ),
    Rule(
        "I20",
        Level.PRACTICE,
        "A name that ends in a digest ends in the image's own; podman loads no other, and docker loses its tag.",
        "distribution reference/normalize.go",
        Severity.WARNING,
        NAME_IT,
    ),
    Rule(
        "I21",
        Level.PRACTICE,
        "A name is a reference, which registries and docker take; docker's containerd store keeps no other.",
        "distribution reference/regexp.go",
        Severity.ERROR,
        NAME_IT,
    ),
)
