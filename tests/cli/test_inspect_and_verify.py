from __future__ import annotations

from typing import TYPE_CHECKING

from tests.builders import Layout, multi_platform
from tests.command import ocitool

if TYPE_CHECKING:
    from pathlib import Path


def write(layout: Layout, folder: Path) -> Path:
    path = folder / "image.tar"
    path.write_bytes(layout.pack())
    return path


def test_inspect_shows_states_and_the_total(tmp_path: Path) -> None:
    layout = multi_platform(attested=True)
    children = layout.read(layout.roots[0])["manifests"]
    layout.drop(children[1])
    layout.drop(layout.read(children[2])["layers"][1])
    text = ocitool("inspect", write(layout, tmp_path)).stdout.decode()
    assert "complete" in text
    assert "absent" in text
    assert "partial 3/4" in text
    assert "attestation of linux/amd64: complete" in text
    assert "orphans: 2 blobs" in text


def test_inspect_exits_0_on_damage_it_can_show(tmp_path: Path) -> None:
    layout = multi_platform()
    child = layout.read(layout.roots[0])["manifests"][0]
    layout.blobs[child["digest"]] = layout.blobs[child["digest"]].replace(b"config", b"konfig")
    result = ocitool("inspect", write(layout, tmp_path))
    assert result.returncode == 0
    assert b"linux/amd64: manifest sha256:" in result.stdout
    assert b"bytes do not match the digest" in result.stdout


def test_verify_is_clean_on_a_whole_archive(tmp_path: Path) -> None:
    result = ocitool("verify", write(multi_platform(attested=True), tmp_path))
    assert result.returncode == 0
    assert b": ok, 1 warning (20 blobs" in result.stdout  # there is no manifest.json


def test_verify_names_image_platform_and_layer(tmp_path: Path) -> None:
    layout = multi_platform()
    child = layout.read(layout.roots[0])["manifests"][1]
    layer = layout.read(child)["layers"][1]["digest"]
    data = bytearray(layout.blobs[layer])
    data[-1] ^= 1
    layout.blobs[layer] = bytes(data)
    result = ocitool("verify", write(layout, tmp_path))
    assert result.returncode == 1
    assert b"error D15: layer 2 of 2 of linux/arm64 of docker.io/library/lab:1.0 is corrupt" in result.stdout
    assert f"at blobs/{layer.replace(':', '/')}".encode() in result.stdout


def test_verify_compares_platforms(tmp_path: Path) -> None:
    layout = Layout()
    child = layout.manifest("linux/amd64")
    child["platform"] = {"os": "linux", "architecture": "arm64"}
    layout.add(layout.index([child]))
    result = ocitool("verify", write(layout, tmp_path))
    assert result.returncode == 1
    assert b"error X18: docker.io/library/lab:1.0 lists this manifest as linux/arm64" in result.stdout


def test_verify_reports_a_broken_index_as_a_finding(tmp_path: Path) -> None:
    layout = multi_platform()
    layout.index_fields["schemaVersion"] = 3
    result = ocitool("verify", write(layout, tmp_path))
    assert result.returncode == 1
    assert b"error X1: schemaVersion is 3, not 2" in result.stdout


def test_verify_reports_everything_wrong_at_once(tmp_path: Path) -> None:
    layout = multi_platform()
    children = layout.read(layout.roots[0])["manifests"]
    layout.drop(children[0])
    layout.drop(layout.read(children[1])["layers"][1])
    layout.files["manifest.json"] = b"not json"
    result = ocitool("verify", write(layout, tmp_path))
    assert result.returncode == 1
    text = result.stdout.decode()
    assert text.count("error L12") == 2
    assert "error J6" in text
    assert "3 errors" in text


def test_verify_of_cut_data_is_exit_3(tmp_path: Path) -> None:
    path = tmp_path / "cut.tar"
    path.write_bytes(multi_platform().pack()[:3000])
    result = ocitool("verify", path)
    assert result.returncode == 3
    assert b"cut short" in result.stderr
