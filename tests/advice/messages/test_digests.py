"""Digests of a message are mapped to what they are in the archive."""

from __future__ import annotations

import gzip
import hashlib

import pytest

from ocitool.advice.messages.roles import Standing
from tests.builders import NAME, Layout
from tests.check.mutations_importing import flat

from .archives import AMD64, ARM64, Image
from .explaining import explain_against
from .samples import D

MESSAGE = "ctr: content digest {}: not found"


def role(text: str, archive: bytes) -> tuple[Standing, str]:
    (found,) = explain_against(text, archive)[0].digests
    return found.standing, found.role


def test_each_part_of_an_image_is_named() -> None:
    image = Image(AMD64, ARM64, attested=True)
    archive = image.pack()
    parts = {
        f"index of {NAME}": image.layout.roots[0]["digest"],
        f"manifest of linux/arm64 of {NAME}": image.manifests[ARM64]["digest"],
        f"config of linux/arm64 of {NAME}": image.config(ARM64)["digest"],
        f"layer 2 of 2 of linux/arm64 of {NAME}": image.layer(ARM64)["digest"],
        f"manifest of attestation of linux/arm64 of {NAME}": image.attestations[1]["digest"],
    }
    told = {role(MESSAGE.format(digest), archive) for digest in parts.values()}
    assert told == {(Standing.THERE, words) for words in parts}


def test_a_referrer_is_named_by_its_subject() -> None:
    layout = Layout()
    made = layout.manifest(AMD64)
    artifact = layout.artifact("sbom", made)
    layout.add(layout.index([made, artifact]))
    assert role(MESSAGE.format(artifact["digest"]), layout.pack()) == (
        Standing.THERE,
        f"manifest of referrer of linux/amd64 of {NAME}",
    )


def test_what_a_layer_unpacks_to_is_known_by_its_digests() -> None:
    layout = Layout()
    made = layout.manifest(AMD64)
    flat(layout, made)
    document = layout.read(made)
    first, second = (
        "sha256:" + hashlib.sha256(gzip.decompress(layout.blobs[layer["digest"]])).hexdigest()
        for layer in document["layers"]
    )
    chain = "sha256:" + hashlib.sha256(f"{first} {second}".encode()).hexdigest()
    archive = layout.pack()
    text = "ctr: failed to extract layer {}: unexpected EOF"
    assert role(text.format(second), archive)[1] == f"layer 2 of 2 of linux/amd64 of {NAME}, unpacked"
    assert role(text.format(chain), archive)[1].endswith("with all below it, unpacked")


def test_how_a_digest_stands_to_the_archive() -> None:
    image = Image(AMD64, ARM64)
    layer = image.layer(ARM64)
    text = MESSAGE.format(layer["digest"])
    assert role(text, image.pack())[0] is Standing.THERE
    assert role(text, Image(AMD64, ARM64).damaged(layer).pack())[0] is Standing.CORRUPT
    assert role(text, Image(AMD64, ARM64).without(layer).pack())[0] is Standing.ABSENT
    assert role(text, Image(AMD64, ARM64).linked(layer))[0] is Standing.LINK
    assert role(MESSAGE.format(D), image.pack()) == (Standing.FOREIGN, "")
    extra = Image(AMD64)
    unlisted = extra.layout.blob(b"nobody's", "text/plain")
    assert role(MESSAGE.format(unlisted["digest"]), extra.pack()) == (Standing.UNLISTED, "")


@pytest.mark.parametrize("digits", [12, 16, 40])
def test_a_digest_that_is_cut_is_found_by_how_it_begins(digits: int) -> None:
    image = Image(AMD64, ARM64)
    digest = image.layer(ARM64)["digest"]
    cut = digest[: len("sha256:") + digits]
    assert role(f"{cut}: unexpected EOF", image.pack()) == (Standing.THERE, f"layer 2 of 2 of linux/arm64 of {NAME}")
    assert role(f"{cut[7:]}: unexpected EOF", image.pack())[1] == f"layer 2 of 2 of linux/arm64 of {NAME}"


def test_bare_digits_of_something_else_are_no_digest() -> None:
    (explanation,) = explain_against("id 0123456789ab: unexpected EOF", Image(AMD64).pack())
    assert explanation.digests == ()


def test_a_path_is_a_digest_too() -> None:
    image = Image(AMD64, ARM64)
    digest = image.layer(ARM64)["digest"]
    path = "/var/tmp/oci1/blobs/" + digest.replace(":", "/")
    (found,) = explain_against(f"open {path}: no such file or directory", image.pack())[0].digests
    assert found.role == f"layer 2 of 2 of linux/arm64 of {NAME}"


def test_platforms_and_names_are_told_apart() -> None:
    image = Image(AMD64, ARM64).without_platform(ARM64)
    text = f"{NAME}: requested platform (linux/arm64) not found; have linux/amd64, not linux/s390x"
    explanation = explain_against(text, image.pack())[0]
    assert [(mention.text, mention.state) for mention in explanation.platforms] == [
        ("linux/arm64", "absent"),
        ("linux/amd64", "complete"),
        ("linux/s390x", "not listed"),
    ]
    assert [(mention.text, mention.state) for mention in explanation.names] == [(NAME, "there")]


def test_a_shared_layer_says_that_it_has_more_uses() -> None:
    image = Image(AMD64, ARM64)
    shared = image.documents[AMD64]["layers"][0]["digest"]
    (found,) = explain_against(MESSAGE.format(shared), image.pack())[0].digests
    assert found.others == 1


@pytest.mark.parametrize("form", ["{:.19}...", "{:.19}…", "{:.15}…", "bare", "upper"])
def test_a_digest_in_another_form_is_found(form: str) -> None:
    image = Image(AMD64, ARM64)
    digest = image.layer(ARM64)["digest"]
    text = {"bare": digest[7:], "upper": digest.upper()}.get(form) or form.format(digest)
    assert role(MESSAGE.format(text), image.pack()) == (Standing.THERE, f"layer 2 of 2 of linux/arm64 of {NAME}")


@pytest.mark.parametrize("text", [D[7:], D.upper(), f"{D[:19]}..."])
def test_a_digest_in_another_form_may_be_foreign(text: str) -> None:
    assert role(MESSAGE.format(text), Image(AMD64).pack()) == (Standing.FOREIGN, "")
