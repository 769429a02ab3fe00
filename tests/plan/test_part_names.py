"""Names of the parts of a split, by example and law."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocitool.errors import UsageError
from ocitool.model.digest import Digest
from ocitool.model.platform import Platform
from ocitool.plan.part_names import NameTemplate, image_values, plain_text, platform_values, source_stem

DIGEST = Digest("sha256", "ab" * 32)
VALUES = {"stem": "image", "ext": ".tar", "os": "linux", "arch": "arm", "variant": "v7", "os_version": ""}


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{stem}-{os}-{arch}{-variant}{ext}", "image-linux-arm-v7.tar"),
        ("{stem}{-os_version}{ext}", "image.tar"),
        ("{-arch}{-os_version}{ext}", "-arm.tar"),
        ("app.{arch}.{variant}", "app.arm.v7"),
        ("{arch}{-variant}/", "arm-v7/"),
        ("plain.tar", "plain.tar"),
    ],
)
def test_template(template: str, name: str) -> None:
    assert NameTemplate.parse(template).fill(VALUES) == name


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{arhc}.tar", "has no field {arhc}"),
        ("{}.tar", "has no field {}"),
        ("{stem.tar", "a brace that is not part of a field"),
        ("stem}.tar", "a brace that is not part of a field"),
        ("{arch!r}.tar", "a brace that is not part of a field"),
        ("", "is empty"),
        ("/", "is empty"),
        ("{os}/{arch}{ext}", "names a folder"),
        ("../{arch}{ext}", "names a folder"),
        ("/tmp/{arch}", "names a folder"),
        ("a\0{arch}", "names a folder"),
    ],
)
def test_template_that_means_nothing(template: str, message: str) -> None:
    with pytest.raises(UsageError, match="--name-template") as caught:
        NameTemplate.parse(template)
    assert message in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize("template", ["{os_version}", ".{os_version}", "..", ".", "x" * 256])
def test_a_name_that_no_file_can_have(template: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a file"):
        NameTemplate.parse(template).fill(VALUES)


def test_a_field_that_a_part_does_not_have() -> None:
    with pytest.raises(UsageError, match=r"\{image\} means nothing") as caught:
        NameTemplate.parse("{image}{ext}").fill(VALUES)
    assert "stem, ext, os" in caught.value.remedy


@pytest.mark.parametrize(
    ("platform", "words"),
    [
        (Platform("linux", "arm64", "v8"), ("linux", "arm64", "", "")),
        (Platform("Linux", "x86_64"), ("linux", "amd64", "", "")),
        (Platform("linux", "arm"), ("linux", "arm", "v7", "")),
        (Platform("windows", "amd64", "", "10.0.20348.1"), ("windows", "amd64", "", "10.0.20348.1")),
        (Platform("../../etc", "a/b\nc", "..", "\x1b[1m"), ("etc", "a-b-c", "", "1m")),
    ],
)
def test_fields_of_a_platform(platform: Platform, words: tuple[str, ...]) -> None:
    values = platform_values(platform)
    assert tuple(values[key] for key in ("os", "arch", "variant", "os_version")) == words


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("docker.io/library/alpine:3.20", "alpine-3.20"),
        ("docker.io/library/alpine", "alpine"),
        ("ghcr.io/org/app:1.0", "ghcr.io-org-app-1.0"),
        ("registry.example:5000/a/b:2", "registry.example-5000-a-b-2"),
        ("../../etc/passwd", "etc-passwd"),
        ("1.0", "1.0"),
        (None, DIGEST.short),
    ],
)
def test_fields_of_an_image(name: str | None, image: str) -> None:
    assert image_values(name, DIGEST) == {"image": image, "digest": DIGEST.short}


@pytest.mark.parametrize(
    ("source", "stem"),
    [
        ("image.tar", "image"),
        ("a/b/bundle.tar.zst", "bundle"),
        ("bundle.oci.tar.gz", "bundle"),
        ("x.TGZ", "x"),
        ("x.oci", "x"),
        ("layout/", "layout"),
        ("v1.2.3", "v1.2.3"),
        (".tar", ".tar"),
        ("-", ""),
        (".", ""),
        ("/", ""),
        ("..", ""),
    ],
)
def test_stem(source: str, stem: str) -> None:
    assert source_stem(source) == stem


@given(st.text())
def test_no_text_becomes_a_path(text: str) -> None:
    plain = plain_text(text)
    assert "/" not in plain
    assert not plain.startswith(".")
    assert plain.isascii()
    assert plain.isprintable()
    assert plain_text(plain) == plain
