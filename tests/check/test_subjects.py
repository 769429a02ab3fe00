from __future__ import annotations

import pytest

from tests.attached import SHAPES, small
from tests.builders import NAME, Layout
from tests.check.mutations_importing import AMD64, ARM64
from tests.check.verified import findings, fired


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_attached_to_what_is_there(shape: str) -> None:
    assert "V26" not in fired(small(shape).pack())


def test_a_referrer_of_something_else() -> None:
    layout = Layout()
    elsewhere = Layout().manifest(ARM64)
    layout.add(layout.index([layout.manifest(AMD64)]))
    layout.add(layout.artifact("sbom", elsewhere), None)
    (found,) = (found for found in findings(layout.pack()) if found.rule == "V26")
    assert (found.place.path, found.severity.value) == ("$.manifests[1]", "error")  # in the strict profile
    assert elsewhere["digest"] in found.message


def test_an_index_of_something_else() -> None:
    layout = Layout()
    subject = Layout().manifest(ARM64)
    plain = {key: subject[key] for key in ("mediaType", "digest", "size")}
    layout.add(layout.index([layout.manifest(AMD64)], subject=plain))
    assert "V26" in fired(layout.pack())


def test_an_attestation_that_is_absent_says_nothing() -> None:
    layout = Layout()
    manifest = layout.manifest(AMD64)
    attestation = layout.attestation(Layout().manifest(ARM64))
    layout.add(layout.index([manifest, attestation]), NAME).drop(attestation)
    assert fired(layout.pack()) & {"L12", "V26"} == {"L12"}


def test_a_cosign_tag_of_something_else() -> None:
    layout = Layout()
    digest = Layout().manifest(ARM64)["digest"]
    layout.add(layout.index([layout.manifest(AMD64)]))
    layout.add(layout.artifact("signature"), f"docker.io/library/lab:{digest.replace(':', '-')}.sig")
    assert "V26" in fired(layout.pack())
