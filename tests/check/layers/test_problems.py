"""Layers against what several images say of them."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ocitool.api.verifying import VerifyOptions, verify_archive
from ocitool.check.rule import Profile, Severity
from ocitool.cli.junit import junit_text
from ocitool.model.limits import RATIO_FREE
from tests.builders import OCI_LAYER, Layout, multi_platform, sha256
from tests.check.layers.images import (
    EM_AARCH64,
    ImageOf,
    Packed,
    deep_report,
    elf,
    gzipped,
    layer_findings,
    layer_rules,
    member,
    plain,
    tar_of,
    zstd,
)
from tests.check.mutations_layers import _bomb
from tests.docker_archives import STYLES, DockerArchive

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ocitool.check.report import Report

GOOD: Final = tar_of(member("etc/passwd", b"root"))
BAD: Final = tar_of(member("../etc/passwd", b"root"))


def report_of(images: dict[str, ImageOf], folder: Path) -> Report:
    layout = Layout()
    for name, image in images.items():
        layout.add(layout.index([image.add_to(layout)]), name)
    return deep_report(layout.pack(), folder)


def test_a_shared_layer_is_unpacked_once_and_held_to_each_diff_id(tmp_path: Path) -> None:
    wrong = [gzipped(GOOD, sha256(text)) for text in (b"1", b"2")]
    images = {
        f"docker.io/library/{name}:1": ImageOf((layer,))
        for name, layer in zip("abcd", (gzipped(GOOD), *wrong, wrong[0]), strict=True)
    }
    report = report_of(images, tmp_path)
    assert [(finding.rule, finding.place.image[-3]) for finding in layer_findings(report)] == [
        ("C8", "b"),
        ("C8", "c"),
    ]
    assert report.unpacked == len(GOOD)


def test_what_is_wrong_with_a_layer_itself_is_told_once(tmp_path: Path) -> None:
    images = {f"docker.io/library/{name}:1": ImageOf((gzipped(BAD),)) for name in "ab"}
    assert [finding.rule for finding in layer_findings(report_of(images, tmp_path))] == ["Y9"]


def test_the_media_type_is_that_of_each_manifest(tmp_path: Path) -> None:
    good, lie = zstd(GOOD), Packed(zstd(GOOD).data, OCI_LAYER, sha256(GOOD))
    images = {"docker.io/library/a:1": ImageOf((good,)), "docker.io/library/b:1": ImageOf((lie,))}
    (finding,) = layer_findings(report_of(images, tmp_path))
    assert (finding.rule, finding.place.image) == ("Y3", "docker.io/library/b:1")
    assert "listed as application/vnd.oci.image.layer.v1.tar+gzip, its bytes are zstd" in finding.message


def test_diff_ids_of_another_algorithm(tmp_path: Path) -> None:
    import hashlib

    right = "sha512:" + hashlib.sha512(GOOD).hexdigest()
    good = deep_report(ImageOf((gzipped(GOOD, right),)).pack(), tmp_path)
    assert {finding.rule for finding in good.findings if finding.severity is Severity.ERROR} == {"C17"}
    wrong = ImageOf((gzipped(GOOD, "sha512:" + 128 * "0"),)).pack()
    assert "C8" in layer_rules(deep_report(wrong, tmp_path))


@pytest.mark.parametrize("layer", [gzipped, zstd, plain])
def test_a_corrupt_layer_is_told_as_such_and_no_more(tmp_path: Path, layer: type[Packed]) -> None:
    good = layer(GOOD)
    image = ImageOf((good,)).pack()
    data = image.replace(good.data, good.data[:-20] + bytes([good.data[-20] ^ 1]) + good.data[-19:])
    assert data != image
    assert layer_rules(deep_report(data, tmp_path)) == {"D15"}


def test_a_layer_of_another_size_is_neither_hashed_nor_unpacked(tmp_path: Path) -> None:
    layout = Layout()
    layout.add(layout.index([ImageOf((gzipped(BAD),)).add_to(layout)]))
    digest = sha256(gzipped(BAD).data)
    layout.blobs[digest] += b"more"
    report = deep_report(layout.pack(), tmp_path)
    assert layer_rules(report) == {"D14"}
    assert report.unpacked == 0
    assert report.blobs == len(layout.blobs) - 1


def test_layers_that_are_absent_are_not_told_of_twice(tmp_path: Path) -> None:
    layout = Layout()
    layout.add(layout.index([ImageOf((gzipped(BAD),)).add_to(layout)]))
    del layout.blobs[sha256(gzipped(BAD).data)]
    assert layer_rules(deep_report(layout.pack(), tmp_path)) == {"L12"}


def test_other_things_than_layers_are_not_unpacked(tmp_path: Path) -> None:
    layout = multi_platform(("linux/amd64",), attested=True)
    layout.add(layout.artifact("no tar"), "docker.io/library/artifact:1")
    unknown = ImageOf((Packed(b"no tar", "application/vnd.example.layer.tar+gzip", sha256(b"x")),))
    layout.add(layout.index([unknown.add_to(layout)]), "docker.io/library/unknown:1")
    report = deep_report(layout.pack(), tmp_path)
    assert layer_rules(report) == set()
    assert report.unpacked == 2 * 10240


@pytest.mark.parametrize("style", STYLES)
def test_docker_archives_are_unpacked_too(tmp_path: Path, style: str) -> None:
    report = deep_report(DockerArchive(style).image("lab:1.0").pack(), tmp_path)
    assert report.unpacked > 0
    assert layer_rules(report) == set()


def test_small_bombs_together_are_a_bomb(tmp_path: Path) -> None:
    layers = tuple(_bomb(RATIO_FREE // 2 - (number << 24)) for number in range(3))
    report = deep_report(ImageOf(layers).pack(), tmp_path)
    (finding,) = report.findings
    assert {"Y1", "Y10", "C8"} <= report.unjudged
    assert report.to_json()["unjudged"] == sorted(report.unjudged)
    assert not {"Y3", "Y11", "D15"} & report.unjudged
    suite = ET.fromstring(junit_text(report, VerifyOptions(Profile.STRICT, deep=True), Severity.ERROR))  # noqa: S314 - our own
    cases = {str(case.get("name")).partition(":")[0]: case for case in suite.iter("testcase")}
    assert {rule for rule, case in cases.items() if case.find("skipped") is not None} >= report.unjudged
    assert cases["Y3"].find("skipped") is None
    assert cases["Y11"].find("failure") is not None
    assert (finding.rule, finding.severity) == ("Y11", Severity.ERROR)
    assert "all layers together" in finding.message


def test_the_machine_is_told_with_both_names(tmp_path: Path) -> None:
    image = ImageOf((gzipped(tar_of(member("a", elf(EM_AARCH64), mode=0o755))),), config={"Cmd": ["/a"]})
    (finding,) = deep_report(image.pack(), tmp_path).findings
    assert (finding.rule, finding.severity) == ("Y10", Severity.NOTE)
    assert "starts '/a': '/a' is for arm64, not for amd64" in finding.message
    assert deep_report(ImageOf(image.layers, image.config, "linux/arm64").pack(), tmp_path).findings == ()


def test_nothing_is_said_of_a_program_that_a_broken_layer_may_hide(tmp_path: Path) -> None:
    program = gzipped(tar_of(member("a", elf(EM_AARCH64), mode=0o755)))
    cut = Packed(gzip.compress(GOOD)[:-4], OCI_LAYER, sha256(GOOD))
    assert layer_rules(deep_report(ImageOf((program, cut), {"Cmd": ["/a"]}).pack(), tmp_path)) == {"Y1"}
    assert layer_rules(deep_report(ImageOf((program,), {"Cmd": ["/b"]}).pack(), tmp_path)) == set()


@pytest.mark.parametrize("data", [b"\x1f", b"{}", b"junk" * 300])
def test_what_is_neither_a_tar_nor_what_its_type_says_is_one_finding(tmp_path: Path, data: bytes) -> None:
    report = deep_report(ImageOf((Packed(data, OCI_LAYER, sha256(GOOD)),)).pack(), tmp_path)
    assert [finding.rule for finding in layer_findings(report)] == ["Y3"]


def test_an_empty_layer_is_of_any_type(tmp_path: Path) -> None:
    assert layer_rules(deep_report(ImageOf((Packed(b"", OCI_LAYER, sha256(b"")),)).pack(), tmp_path)) == set()


def test_what_follows_compressed_data_is_told(tmp_path: Path) -> None:
    for rest in (b"\0", b"garbage", bytes(512)):
        layer = Packed(gzip.compress(GOOD) + rest, OCI_LAYER, sha256(GOOD))
        (finding,) = layer_findings(deep_report(ImageOf((layer,)).pack(), tmp_path))
        assert finding.rule == "Y1"
        assert "followed by something that is no gzip data" in finding.message


def test_a_window_that_is_too_large_has_its_own_remedy(tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=29, compression_level=1)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    data = compressor.compress(GOOD) + compressor.flush()
    layer = Packed(data, zstd(GOOD).media_type, sha256(GOOD))
    (finding,) = layer_findings(deep_report(ImageOf((layer,)).pack(), tmp_path))
    assert (finding.rule, finding.remedy) == ("Y11", "compress it again without --long")


@given(st.data())
@pytest.mark.parametrize("layer", [gzipped, zstd, plain])
def test_a_flipped_byte_of_a_layer_is_found(
    tmp_path_factory: pytest.TempPathFactory, layer: Callable[[bytes], Packed], data: st.DataObject
) -> None:
    good = layer(GOOD)
    bad = bytearray(good.data)
    bad[data.draw(st.integers(0, len(bad) - 1))] ^= data.draw(st.integers(1, 255))
    image = ImageOf((good,)).pack()
    damaged = image.replace(good.data, bytes(bad))
    assert layer_rules(deep_report(damaged, tmp_path_factory.getbasetemp())) == {"D15"}


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
@pytest.mark.parametrize("layer", [gzipped, zstd, plain])
def test_a_flipped_byte_in_a_layer_that_is_packed_anew_is_found(
    tmp_path_factory: pytest.TempPathFactory, layer: Callable[[bytes, str], Packed], place: int, flip: int
) -> None:
    bad = bytearray(GOOD)
    bad[place] ^= flip
    image = ImageOf((layer(bytes(bad), sha256(GOOD)),)).pack()
    found = layer_rules(deep_report(image, tmp_path_factory.getbasetemp()))
    assert "C8" in found or "Y3" in found


@pytest.mark.parametrize("media_type", [OCI_LAYER, plain(b"").media_type, zstd(b"").media_type])
def test_a_media_type_that_lies_is_told_without_deep(tmp_path: Path, media_type: str) -> None:
    path = tmp_path / "image.tar"
    for layer in (gzipped(GOOD), plain(GOOD), zstd(GOOD)):
        path.write_bytes(ImageOf((Packed(layer.data, media_type, layer.diff_id),)).pack())
        rules = {finding.rule for finding in verify_archive(path).findings}
        assert ("Y3" in rules) == (layer.media_type != media_type)
