"""What `verify` finds in archives of every tool that writes them: no more and no less than each deserves."""

from __future__ import annotations

from collections import Counter

import pytest

from ocitool.api.verifying import VerifyOptions, verify_archive
from ocitool.check.rule import Severity

from .availability import give_up
from .daemon import DaemonError
from .engines import TABLE, Engines
from .sample import PLATFORMS, host_platform
from .written import NEWER_WAYS, WAYS, written

Found = Counter[tuple[str, Severity]]

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
UNNAMED = Counter([("I1", ERROR)])
TAG_ALONE = Counter([("I5", WARNING)])
SHORT_NAME = Counter([("I14", WARNING)])
SHORT_TAGS = Counter([("I16", NOTE)])
NOT_FOR_DOCKER = Counter([("I9", WARNING)])
ABSENT_PLATFORMS = Counter({("L12", ERROR): len(PLATFORMS) - 1})
ZSTD = Counter([("I10", NOTE)])
UNLISTED = Counter({("L11", NOTE): 2})
CLEAN: Found = Counter()

DESERVED: dict[str, dict[str, Found]] = {
    "containerd": {
        "export of all platforms": CLEAN,
        "export of one platform": ABSENT_PLATFORMS,
        "export without manifest.json": NOT_FOR_DOCKER,
    },
    "skopeo": {
        "oci-archive with a name": NOT_FOR_DOCKER,
        "oci-archive with a short name": NOT_FOR_DOCKER | SHORT_NAME,
        "oci-archive with a tag": NOT_FOR_DOCKER | TAG_ALONE,
        "oci-archive without a reference": NOT_FOR_DOCKER | UNNAMED,
        "oci-archive of all platforms": NOT_FOR_DOCKER,
        "oci-archive of zstd layers": NOT_FOR_DOCKER | ZSTD,
        "docker-archive with a name": CLEAN,
        "docker-archive without a reference": UNNAMED,
    },
    "umoci": {
        "layout edited": NOT_FOR_DOCKER | TAG_ALONE,
        "layout edited and packed": NOT_FOR_DOCKER | TAG_ALONE,
        "layout made": NOT_FOR_DOCKER | TAG_ALONE,
    },
    "oras": {
        "layout copied": NOT_FOR_DOCKER | TAG_ALONE,
        "layout copied and packed": NOT_FOR_DOCKER | TAG_ALONE,
        "artifact pushed": TAG_ALONE | Counter([("I17", WARNING)]),
        "backup": NOT_FOR_DOCKER | TAG_ALONE,
    },
    "crane": {
        "oci pulled": NOT_FOR_DOCKER | UNNAMED,
        "oci pulled with its name": NOT_FOR_DOCKER,
        "tarball pulled": CLEAN,
        "legacy pulled": CLEAN,
        "tarball appended": CLEAN,
    },
    "podman": {
        "oci-archive": NOT_FOR_DOCKER,
        "docker-archive": CLEAN,
        "docker-archive of two names": CLEAN,
    },
    "buildah": {
        "oci-archive": NOT_FOR_DOCKER,
        "oci-archive without a reference": NOT_FOR_DOCKER | UNNAMED,
        "docker-archive": CLEAN,
    },
    "docker": {
        "save": SHORT_TAGS,
        "save of two names": SHORT_TAGS,
        "save without a name": UNNAMED,
        "save of the containerd store": CLEAN,
        "save of two names of the containerd store": SHORT_TAGS,
    },
}
"""The findings in the default profile with `deep`, and how many of each, by what writes an archive and how."""

BY_VERSION: dict[tuple[str, str], Found] = {
    # It stores the configs of layers that docker before 1.10 read, as blobs that nothing lists.
    ("docker-sid", "save"): UNLISTED,
    ("docker-sid", "save of two names"): SHORT_TAGS | UNLISTED,
    ("docker-sid", "save without a name"): UNNAMED | UNLISTED,
}
"""The same where versions differ."""

CASES = [
    (row.label, row.product, way)
    for row in TABLE
    for way in (*WAYS.get(row.product, ()), *NEWER_WAYS.get(row.label, ()))
]


@pytest.mark.parametrize(("label", "product", "way"), CASES)
def test_an_archive_has_the_findings_that_it_deserves(engines: Engines, label: str, product: str, way: str) -> None:
    try:
        archive = written(engines, label, way)
    except DaemonError as error:
        give_up(str(error))
    found = verify_archive(archive, VerifyOptions(deep=True)).findings
    assert Counter((finding.rule, finding.severity) for finding in found) == BY_VERSION.get(
        (label, way), DESERVED[product][way]
    )


def test_every_way_of_writing_is_judged() -> None:
    ways = {(product, way) for _, product, way in CASES}
    assert ways == {(product, way) for product, known in DESERVED.items() for way in known}


def test_a_sparse_export_names_every_platform_that_is_absent(engines: Engines) -> None:
    found = verify_archive(written(engines, "containerd-2", "export of one platform")).findings
    foreign = [str(platform) for platform in PLATFORMS if platform != host_platform()]
    assert [finding.place.platform for finding in found] == [text.removesuffix("/v8") for text in foreign]
