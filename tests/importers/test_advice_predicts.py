"""Hold every prediction for ``ctr images import`` to what real containerds do, archive by archive.

One test is one archive and one version, with all arguments, so that it tells all that is wrong at once.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from ocitool.advice.importers import IMPORTERS
from ocitool.advice.target import Target
from ocitool.advice.version import Version
from ocitool.model.platform import host_platform

from .advice_comparison import archive_facts, differences
from .advice_runs import run_import
from .advice_shapes import SHAPES
from .engines import ARCHIVED_CONTAINERD, labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .containerd import ContainerdServer

ARGUMENTS: Final = (
    "",
    "--all-platforms",
    "--no-unpack",
    "--platform linux/amd64",
    "--platform linux/arm64",
    "--platform linux/arm64 --no-unpack",
    "--local",
    "--local --all-platforms",
    "--local --platform linux/arm64",
    "--all-platforms --no-unpack",
)
FEW: Final = ("", "--all-platforms", "--platform linux/arm64", "--local", "--all-platforms --no-unpack")
"""The arguments for shapes that differ little from another one, which is imported with all of `ARGUMENTS`."""

NAMING: Final = (
    "--digests",
    "--digests --skip-digest-for-named",
    "--base-name docker.io/library/lab",
    "--base-name example.org/other",
    "--index-name example.org/index:1 --no-unpack",
    "--local --digests --base-name docker.io/library/lab",
    "--align-docker",
    "--platform linux/arm/v7",
    "--platform linux/386",
)
NAMED: Final = (
    "nested-multi",
    "flat-foreign",
    "several-images",
    "one-index-two-names",
    "artifact-beside",
    "unnamed",
    "bare-name",
    "reference-alone-full",
    "reference-alone-tag",
    "docker-archive-familiar",
    "docker-archive-untagged",
    "listed-386",
    "children-without-platform",
)
"""Shapes that are imported with `NAMING` too: those in which it makes a difference."""

VARIATIONS: Final = frozenset(
    {
        "root-size-wrong",
        "root-size-zero",
        "manifest-size-wrong",
        "config-no-json",
        "index-no-json",
        "child-without-type",
        "root-without-type",
        "config-of-another-type",
        "config-without-os",
        "layer-link",
        "layer-hard-link",
        "two-flat-names",
        "nothing-listed",
        "outer-xz",
        "outer-bzip2",
        "docker-manifest-of-another-form",
        "several-images-of-different-platforms",
        "one-manifest-two-names",
        "index-in-index-of-a-platform",
        "config-missing-foreign",
        "flat-config-missing",
        "flat-layer-missing",
        "layer-missing-foreign",
        "config-corrupt",
        "docker-archive-links",
        "docker-archive-untagged",
        "docker-archive-layer-missing",
        "no-layout-file-at-all",
        "layout-of-another-version",
        "root-index-missing",
        "children-without-platform-foreign",
        "entries-in-reverse",
        "entries-with-dots",
        "entries-twice",
        "only-386",
        "flat-amd64-v2",
        "empty-nested-index",
        "diff-ids-too-few",
        "layer-sha512",
        "layer-elsewhere",
        "no-layers",
        "manifest-called-index",
        "name-of-a-digest",
        "several-names-one-bare",
        "flat-host-platform",
        "index-in-index",
        "attestation-absent",
        "config-missing",
        "artifact-alone",
        "docker-archive-familiar",
        "docker-types-zstd",
        "reference-alone-full",
        "reference-alone-tag",
        "docker-archive-foreign",
        "layer-corrupt",
    }
)
"""Shapes that are imported with `FEW` arguments."""

LIKE_OTHERS: Final = ("containerd-1.4", "containerd-1.6", "containerd-1.7")
"""Versions for which `make test` leaves the variations to `make test-long`."""

OLDEST: Final = "containerd-1.4"
"""It knows neither --platform nor --local, so that `FEW` arguments tell all."""

LABELS: Final = (*labels(ARCHIVED_CONTAINERD), *labels("containerd"))

CASES: Final = [
    pytest.param(label, shape, marks=pytest.mark.long if shape in VARIATIONS and label in LIKE_OTHERS else ())
    for label in LABELS
    for shape in SHAPES
]
"""Every version with every archive."""

NAMING_CASES: Final = [
    pytest.param(label, shape, marks=pytest.mark.long if label in {OLDEST, "containerd-1.6"} else ())
    for label in LABELS
    for shape in NAMED
]
"""Every version with the archives whose names tell something; 1.7 names images as those before it do."""

MATRIX: Final = Path(__file__).parent.parent / "data" / "import-matrix.jsonl"


@pytest.mark.parametrize(("any_containerd", "shape"), CASES, indirect=["any_containerd"])
def test_import_ends_as_predicted(any_containerd: ContainerdServer, shape: str, tmp_path: Path) -> None:
    is_few = shape in VARIATIONS or any_containerd.label == OLDEST
    hold(any_containerd, shape, FEW if is_few else ARGUMENTS, tmp_path)


@pytest.mark.parametrize(("any_containerd", "shape"), NAMING_CASES, indirect=["any_containerd"])
def test_names_are_those_that_were_predicted(any_containerd: ContainerdServer, shape: str, tmp_path: Path) -> None:
    hold(any_containerd, shape, NAMING, tmp_path)


def hold(server: ContainerdServer, shape: str, arguments: Sequence[str], folder: Path) -> None:
    """Import an archive with each of some arguments, and hold it to its prediction."""
    archive = folder / "archive.tar"
    archive.write_bytes(SHAPES[shape]())
    facts = archive_facts(archive)
    target = Target("ctr", Version.parse(server.version), host_platform())
    wrong = {}
    for text in arguments:
        outcome = IMPORTERS["ctr"].predict(facts, target, text.split())
        found = list(differences(facts, outcome, run_import(server, archive, text.split())))
        if found:
            wrong[text] = found
    assert not wrong, json.dumps(wrong, indent=1)


@pytest.mark.long
def test_matrix_is_true(any_containerd: ContainerdServer, tmp_path: Path) -> None:
    """The matrix was measured with other archives of the same shapes, and with these versions among others.

    That it is predicted is a test of its own, and that predictions come true is the one above.
    """
    lines = [json.loads(line) for line in MATRIX.read_text().splitlines()]
    lines = [line for line in lines if line["ctr"] == any_containerd.version]
    wrong = []
    for line in lines:
        archive = tmp_path / f"{line['shape']}.tar"
        archive.write_bytes(SHAPES[line["shape"]]())
        seen = run_import(any_containerd, archive, line["args"].split())
        outcomes = seen.failures or ("ok" if seen.images else "nothing-stored",)
        is_ready = bool(seen.images) and all(image.is_ready for image in seen.images)
        is_right = line["outcome"] in outcomes
        if line["outcome"] == "ok":
            is_right &= (line["hostPlatformUnpacked"], sorted(line["images"])) == (is_ready, list(seen.names))
        if not is_right:
            wrong.append((line, seen))
    assert lines or any_containerd.version == "1.4.13"
    assert not wrong
