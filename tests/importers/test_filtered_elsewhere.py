"""Prove that filtered archives are read by what is not containerd: skopeo, umoci, podman and docker."""

from __future__ import annotations

import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.builders import Layout

from .sample import NAME, greeting, host_platform
from .test_filtered_archives import FOREIGN, HOST, PAIR, Contents, Cutter

if TYPE_CHECKING:
    from pathlib import Path

    from .docker import DockerServer
    from .podman import Podman
    from .program import Program

FAMILIAR_NAME = "lab:1.0"
OTHER_NAME = "docker.io/library/other:2.0"
SINGLE = [(HOST, "flat"), (FOREIGN, "flat"), (HOST, "nested")]


def architecture(platform: str) -> str:
    """Return the architecture of a platform's text."""
    return platform.split("/")[1]


def copy(skopeo: Program, archive: Path, target: Path, *flags: str, tag: str = "") -> Path:
    """Copy ``archive`` into a new layout folder and return that."""
    result = skopeo.run("copy", *flags, f"oci-archive:{archive}{tag}", f"oci:{target}:1.0")
    assert result.returncode == 0, result
    return target


def copied_digest(layout: Path) -> str:
    """Return the digest of the one image in a layout folder."""
    (root,) = json.loads((layout / "index.json").read_text())["manifests"]
    return str(root["digest"])


def raw(skopeo: Program, archive: Path) -> str:
    """Return the manifest or index that ``archive`` lists, as skopeo sees it."""
    result = skopeo.run("inspect", "--raw", f"oci-archive:{archive}")
    assert result.returncode == 0, result
    return result.stdout


@pytest.fixture(scope="session")
def several_images(export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide the export with a second name, which is given to the same platforms but one."""
    contents = Contents(export)
    layout = Layout(blobs=dict(contents.blobs))
    layout.add({key: contents.root[key] for key in ("mediaType", "digest", "size")}, NAME)
    layout.add(layout.index(contents.children()[:2]), OTHER_NAME)
    target = tmp_path_factory.mktemp("several") / "several.tar"
    target.write_bytes(layout.pack())
    return target


@pytest.fixture(scope="session")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Cutter:
    """Provide the tool, with its outputs kept for the whole run."""
    return Cutter(tmp_path_factory.mktemp("cut"))


@pytest.mark.parametrize(("platforms", "form"), [*SINGLE, (PAIR, "nested")])
def test_skopeo_copies_one_platform(
    skopeo: Program, export: Path, cut: Cutter, tmp_path: Path, platforms: str, form: str
) -> None:
    layout = copy(skopeo, cut(export, platforms, "--index", form).path, tmp_path / "layout")
    wanted = HOST if platforms == PAIR else platforms
    assert copied_digest(layout) == Contents(export).manifest(wanted)["digest"]
    inspected = skopeo.run("inspect", "--override-arch", architecture(wanted), f"oci:{layout}:1.0")
    assert json.loads(inspected.stdout)["Architecture"] == architecture(wanted), inspected


def test_skopeo_copies_to_a_plain_folder(skopeo: Program, export: Path, cut: Cutter, tmp_path: Path) -> None:
    result = skopeo.run("copy", f"oci-archive:{cut(export, HOST).path}", f"dir:{tmp_path / 'folder'}")
    assert result.returncode == 0, result
    assert (tmp_path / "folder" / "manifest.json").is_file()


@pytest.mark.parametrize("platforms", [HOST, FOREIGN, PAIR, "all"])
def test_skopeo_copies_every_platform(
    skopeo: Program, export: Path, cut: Cutter, tmp_path: Path, platforms: str
) -> None:
    filtered = cut(export, platforms, "--index", "nested").path
    layout = copy(skopeo, filtered, tmp_path / "layout", "--all")
    assert copied_digest(layout) == Contents(filtered).root["digest"]
    blobs = {f"sha256:{path.name}" for path in (layout / "blobs" / "sha256").iterdir()}
    assert blobs == set(Contents(filtered).blobs)


def test_skopeo_finds_a_nested_foreign_platform_when_asked(
    skopeo: Program, export: Path, cut: Cutter, tmp_path: Path
) -> None:
    filtered = cut(export, FOREIGN, "--index", "nested").path
    refused = skopeo.run("copy", f"oci-archive:{filtered}", f"oci:{tmp_path / 'refused'}:1.0")
    assert "no image found in" in refused.stderr, refused
    layout = tmp_path / "layout"
    wanted = ("--override-arch", architecture(FOREIGN))
    copied = skopeo.run(*wanted, "copy", f"oci-archive:{filtered}", f"oci:{layout}:1.0")
    assert copied.returncode == 0, copied
    assert copied_digest(layout) == Contents(export).manifest(FOREIGN)["digest"]


def test_skopeo_refuses_a_kept_index_whole(skopeo: Program, export: Path, cut: Cutter, tmp_path: Path) -> None:
    filtered = cut(export, HOST, "--index", "keep")
    assert "skopeo --all" in filtered.notes
    copy(skopeo, filtered.path, tmp_path / "host")
    refused = skopeo.run("copy", "--all", f"oci-archive:{filtered.path}", f"oci:{tmp_path / 'all'}:1.0")
    assert refused.returncode != 0
    assert "no such file" in refused.stderr


@pytest.mark.parametrize(("platforms", "form"), [*SINGLE, (PAIR, "nested"), ("all", "nested")])
def test_skopeo_inspects_what_is_listed(
    skopeo: Program, export: Path, cut: Cutter, platforms: str, form: str
) -> None:
    filtered = cut(export, platforms, "--index", form).path
    contents = Contents(filtered)
    assert raw(skopeo, filtered).encode() == contents.blobs[contents.root["digest"]]
    if platforms == "all":
        assert raw(skopeo, filtered) == raw(skopeo, export)


def test_skopeo_takes_one_of_several_images_by_tag(
    skopeo: Program, several_images: Path, cut: Cutter, tmp_path: Path
) -> None:
    filtered = cut(several_images, HOST)
    assert "skopeo needs oci-archive:FILE:TAG" in filtered.notes
    for tag in (":1.0", ":2.0"):
        copy(skopeo, filtered.path, tmp_path / f"layout{tag[1:]}", tag=tag)


@pytest.mark.parametrize(("platforms", "form"), [*SINGLE, (PAIR, "nested")])
def test_umoci_lists_the_tag(
    umoci: Program, export: Path, cut: Cutter, tmp_path: Path, platforms: str, form: str
) -> None:
    with tarfile.open(cut(export, platforms, "--index", form).path) as entries:
        entries.extractall(tmp_path / "layout", filter="data")
    listed = umoci.run("ls", "--layout", str(tmp_path / "layout"))
    assert (listed.returncode, listed.stdout.split()) == (0, ["1.0"]), listed
    if form == "flat":
        stat = umoci.run("stat", "--image", f"{tmp_path / 'layout'}:1.0", "--json")
        assert stat.returncode == 0, stat
        assert len(json.loads(stat.stdout)["history"]) == 2


@pytest.mark.parametrize(
    ("platforms", "form"), [*SINGLE, (FOREIGN, "nested"), (PAIR, "nested"), ("all", "nested"), (HOST, "keep")]
)
def test_podman_loads(podman: Podman, export: Path, cut: Cutter, platforms: str, form: str) -> None:
    loaded = podman.run("load", "--input", str(cut(export, platforms, "--index", form).path))
    assert loaded.returncode == 0, loaded
    assert podman.images() == [NAME]
    wanted = platforms if platforms in {HOST, FOREIGN} else HOST
    (image,) = json.loads(podman.run("inspect", "--type", "image", NAME).stdout)
    assert image["Architecture"] == architecture(wanted)


def test_podman_loads_several_images(podman: Podman, several_images: Path, cut: Cutter) -> None:
    filtered = cut(several_images, HOST)
    assert "podman load takes them by manifest.json" in filtered.notes
    loaded = podman.run("load", "--input", str(filtered.path))
    assert loaded.returncode == 0, loaded
    assert sorted(podman.images()) == sorted([NAME, OTHER_NAME])


@pytest.mark.parametrize(
    ("platforms", "form"), [*SINGLE, (FOREIGN, "nested"), (PAIR, "nested"), ("all", "nested"), (HOST, "keep")]
)
def test_docker_loads(dockerd: DockerServer, export: Path, cut: Cutter, platforms: str, form: str) -> None:
    loaded = dockerd.docker("load", "--input", str(cut(export, platforms, "--index", form).path))
    assert loaded.returncode == 0, loaded
    assert dockerd.images() == [FAMILIAR_NAME]
    if platforms == FOREIGN:
        inspected = dockerd.docker("image", "inspect", "--format", "{{.Architecture}}", FAMILIAR_NAME)
        assert inspected.stdout.strip() == architecture(FOREIGN), inspected
    else:
        ran = dockerd.docker("run", "--rm", "--network=none", FAMILIAR_NAME)
        assert (ran.returncode, ran.stdout.strip()) == (0, greeting(host_platform())), ran


def test_docker_loads_several_images(dockerd: DockerServer, several_images: Path, cut: Cutter) -> None:
    loaded = dockerd.docker("load", "--input", str(cut(several_images, HOST).path))
    assert loaded.returncode == 0, loaded
    assert sorted(dockerd.images()) == [FAMILIAR_NAME, "other:2.0"]
