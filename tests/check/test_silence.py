"""What the specification says must not be an error: no profile but `strict` says more of it than a note."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from ocitool.check.rule import Profile, Severity
from tests.attached import SHAPES, small
from tests.builders import OCI_CONFIG
from tests.check.sample import Sample, descriptor
from tests.check.verified import findings, fired_in_any

if TYPE_CHECKING:
    from collections.abc import Callable

NULLS: Final = (
    *("created", "author", "config", "history", "variant", "os.version", "os.features"),
    *(
        f"config/{key}"
        for key in ("User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels")
    ),
    *(f"history/0/{key}" for key in ("created", "author", "created_by", "comment")),
)

BOTH: Final = (Profile.SPEC, Profile.IMPORT)


def said(data: bytes, profile: Profile) -> set[tuple[str, str]]:
    """Return warnings and errors beyond those that the sample gets as it is."""
    found = {
        (finding.rule, finding.where)
        for finding in findings(data, profile)
        if finding.severity in {Severity.ERROR, Severity.WARNING}
    }
    usual = {
        finding.rule
        for finding in findings(Sample().pack(), profile)
        if finding.severity in {Severity.ERROR, Severity.WARNING}
    }
    return {(rule, where) for rule, where in found if rule not in usual}


def unknown_config() -> Sample:
    """Make the artifact's config something of a type of its own that is no JSON."""
    sample = Sample()
    sample.blobs["own_config"] = b"\x00?"
    return sample.set("artifact/config", descriptor("own_config", "application/vnd.example.config"))


def unlisted_blob() -> Sample:
    sample = Sample()
    sample.files["blobs/sha256/2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"] = b"foo"
    return sample


def extra_file() -> Sample:
    sample = Sample()
    sample.files["README"] = b"foo"
    return sample


CASES: Final[dict[str, Callable[[], Sample]]] = {
    "L5: more fields in oci-layout": lambda: Sample().set("layout/more", [1]),
    "L8: more files": extra_file,
    "L11: a blob that nothing lists": unlisted_blob,
    "L13: an unknown type in index.json": lambda: Sample().set("top/manifests/1", descriptor("sbom", "a/b")),
    "M7: an unknown artifactType": lambda: Sample().set("artifact/artifactType", "a/b"),
    "M9: a config of unknown type that is no JSON": unknown_config,
    "M15: layers of an unknown type in an artifact": lambda: Sample().set("artifact/layers/0/mediaType", "a/b"),
    "X8: an unknown type in an index": lambda: Sample().set("index/manifests/4", descriptor("sbom", "a/b")),
    "A5: an annotation of another OCI specification": lambda: Sample().set(
        "artifact/annotations/org.opencontainers.referrers.filtersApplied", "artifactType"
    ),
    "A5: an unknown annotation": lambda: Sample().set("artifact/annotations/com.example.x", "y"),
    "J4: unknown fields of a manifest": lambda: Sample().set("manifest/x", {"config": None}),
    "J4: unknown fields of a descriptor": lambda: Sample().set("manifest/layers/0/x", {"digest": 1}),
    "J4: unknown fields of a platform": lambda: Sample().set("index/manifests/0/platform/features", ["sse4"]),
    "J4: unknown fields of an index": lambda: Sample().set("index/x", 1.5),
    "C15: unknown fields of a config": lambda: Sample().set("config/container_config", {"Env": 7}),
    **{f"C15: null for {way}": lambda way=way: Sample().set(f"config/{way}", None) for way in NULLS},  # type: ignore[misc]
}


@pytest.mark.parametrize("profile", BOTH)
@pytest.mark.parametrize("case", CASES)
def test_nothing_is_said(case: str, profile: Profile) -> None:
    # An entry of index.json that is no image has no name either, which images are told, not documents.
    assert {rule for rule, _ in said(CASES[case]().pack(), profile)} <= {"I2"}


def test_algorithm_that_nobody_knows_passes_the_specification() -> None:
    """D9: importers find nothing under it, but it is well-formed."""
    data = Sample().set("artifact/subject/digest", "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8")
    assert not said(data.pack(), Profile.SPEC)


def test_reserved_annotation_is_no_error() -> None:
    """A5 and A8: a newer specification may define it, and what is unknown must not be an error."""
    data = Sample().set("artifact/annotations/org.opencontainers.image.new", "").pack()
    assert [finding.severity for finding in findings(data, Profile.SPEC) if finding.rule == "A8"] == [
        Severity.WARNING
    ]
    assert not said(data, Profile.IMPORT)


def test_layer_of_an_unknown_type_in_an_image_is_an_error_of_importers_alone() -> None:
    """M15: nothing can unpack it, but the specification must not call that an error."""
    data = Sample().set("manifest/layers/0/mediaType", "a/b").pack()
    severities = {
        profile: [finding.severity for finding in findings(data, profile) if finding.rule == "M14"]
        for profile in BOTH
    }
    assert severities == {Profile.SPEC: [Severity.WARNING], Profile.IMPORT: [Severity.ERROR]}


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_attached_to_images_is_held_to_no_rule_of_images(shape: str) -> None:
    assert not {"C7", "C9", "C17", "M14", "M22"} & fired_in_any(small(shape).pack())


def test_a_chart_is_held_to_no_rule_of_images() -> None:
    sample = Sample()
    sample.blobs["chart"] = b'{"name":"lab"}'
    sample.set("artifact/config", descriptor("chart", "application/vnd.cncf.helm.config.v1+json"))
    sample.set("artifact/layers/0/mediaType", "application/vnd.cncf.helm.chart.content.v1.tar+gzip")
    assert not {"C7", "C9", "C17", "M14", "M22"} & fired_in_any(sample.pack())


def test_null_for_all_of_a_config() -> None:
    data = (
        Sample().set("config", Sample().documents["config"] | dict.fromkeys(["created", "config", "history"])).pack()
    )
    assert OCI_CONFIG.encode() in data
    assert not said(data, Profile.IMPORT)
