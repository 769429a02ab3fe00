"""What a docker-archive holds does not depend on the tool that wrote it, and comes through unchanged."""

from __future__ import annotations

import io
import json
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocitool.errors import IntegrityError
from tests.builders import sha256
from tests.docker_archives import CLASSIC, CRANE, DIGESTS, GZIP_UNNAMED, SKOPEO, STYLES, DockerArchive
from tests.laws.filtering import filtered
from tests.laws.walker import Walked

images = st.lists(
    st.tuples(
        st.lists(st.sampled_from(["base", "one", "two", "three"]), min_size=1, max_size=4).map(tuple),
        st.sampled_from(["linux/amd64", "linux/arm64/v8", "linux/s390x"]),
    ),
    min_size=1,
    max_size=4,
)
formats = st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])


def _make(style: str, wanted: list[tuple[tuple[str, ...], str]]) -> DockerArchive:
    archive = DockerArchive(style)
    for number, (layers, os_arch) in enumerate(wanted):
        # Every third image has no name.
        archive.image(*[f"lab{number}:1.0"] * (number % 3 != 1), layers=layers, os_arch=os_arch)
    return archive


def _files(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {member.name: (tar.extractfile(member) or io.BytesIO()).read() for member in tar if member.isfile()}


@given(images, formats)
def test_the_tool_that_wrote_it_does_not_matter(wanted: list[tuple[tuple[str, ...], str]], tar_format: int) -> None:
    plain = {filtered(_make(style, wanted).pack(tar_format=tar_format), ["all"]) for style in (CLASSIC, SKOPEO)}
    assert len(plain) == 1
    assert len({filtered(_make(style, wanted).pack(), ["all"]) for style in (CRANE, GZIP_UNNAMED)}) == 1


@given(images, st.sampled_from(STYLES))
def test_configs_and_layers_come_through(wanted: list[tuple[tuple[str, ...], str]], style: str) -> None:
    archive = _make(style, wanted)
    output = filtered(archive.pack(), ["all"])
    Walked(output).assert_right()
    files = _files(output)
    items = json.loads(files["manifest.json"])
    assert {files[item["Config"]] for item in items} == set(archive.configs)
    for digest in [*archive.configs, *(data for name, data in archive.files.items() if "layer.tar" in name)]:
        assert f"blobs/{sha256(digest).replace(':', '/')}" in files


@given(images, st.sampled_from(STYLES))
def test_what_comes_out_is_read_as_the_same(wanted: list[tuple[tuple[str, ...], str]], style: str) -> None:
    """The output is an OCI layout; filtering it again changes nothing."""
    output = filtered(_make(style, wanted).pack(), ["all"])
    assert filtered(output, ["all"]) == output


@pytest.mark.parametrize("style", [CLASSIC, DIGESTS, SKOPEO, CRANE])
def test_a_damaged_layer_is_told(style: str) -> None:
    archive = DockerArchive(style).image("lab:1.0")
    name = archive.items[0]["Layers"][1]
    archive.files[name] = archive.files[name][:-1] + b"x"
    with pytest.raises(IntegrityError):
        filtered(archive.pack(), ["all"])
