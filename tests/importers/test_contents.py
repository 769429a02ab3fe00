"""Prove that every engine passes over the table of contents that outputs begin with, as large as it gets.

The other tests of this folder import outputs of the tool too, with tables of a few hundred bytes.
"""

from __future__ import annotations

import json
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ocitool.archive.contents import CONTENTS_LIMIT
from ocitool.archive.headers import BLOCK, encode_comment, encode_extension, parse_pax
from tests.builders import Layout

from .availability import give_up, require
from .containerd import ContainerdServer
from .debian import DebianError, Suite
from .engines import labels
from .podman import private_environment
from .registry import Registry
from .sample import NAME, greeting, host_platform
from .test_filtered_archives import HOST, OCITOOL, Contents, is_ready, surviving_content
from .test_filtered_elsewhere import FAMILIAR_NAME, copied_digest

if TYPE_CHECKING:
    from .docker import DockerServer
    from .engines import Engines
    from .oras import Oras
    from .podman import Podman
    from .program import Program

LAYERS = 3000


def table(archive: Path) -> str:
    """Return the table at the beginning of ``archive``, as another tar reader sees it."""
    with tarfile.open(archive) as entries:
        first = entries.next()
        assert first is not None
        return first.pax_headers["comment"]


def filtered(source: Path, target: Path, platforms: str) -> Path:
    """Filter ``source`` with no option but the platforms."""
    result = OCITOOL.run("filter", str(source), "-p", platforms, "-o", str(target))
    assert result.returncode == 0, result
    assert json.loads(table(target))["size"] == target.stat().st_size
    return target


@pytest.fixture(scope="session")
def largest(export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide the host platform with its table filled up to the most bytes that one may have."""
    archive = filtered(export, tmp_path_factory.mktemp("largest") / "out.tar", HOST)
    data = archive.read_bytes()
    size = int(data[124:135], 8)
    text = parse_pax(data[BLOCK : BLOCK + size])["comment"].decode()
    header = encode_extension(b"oci-layout", encode_comment(text, CONTENTS_LIMIT))
    archive.write_bytes(header + data[BLOCK + size :])
    assert len(table(archive)) > CONTENTS_LIMIT - 100
    return archive


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide an image of thousands of layers."""
    folder = tmp_path_factory.mktemp("many")
    layout = Layout()
    manifest = layout.manifest(HOST.removesuffix("/v8"), [f"layer {number}" for number in range(LAYERS)])
    (folder / "in.tar").write_bytes(layout.add(manifest, NAME).pack())
    archive = filtered(folder / "in.tar", folder / "out.tar", "all")
    assert len(json.loads(table(archive))["entries"]) > LAYERS
    return archive


def test_ctr_imports(any_containerd: ContainerdServer, largest: Path) -> None:
    with any_containerd.namespace() as namespace:
        done = any_containerd.ctr("images", "import", str(largest), namespace=namespace)
        assert done.returncode == 0, done.stderr
        assert any_containerd.images(namespace) == [NAME]
        assert is_ready(any_containerd, namespace)


def test_ctr_stores_thousands_of_blobs(engines: Engines, many: Path) -> None:
    with ContainerdServer(require(engines, "containerd-2")) as server, server.namespace() as namespace:
        done = server.ctr("images", "import", "--no-unpack", str(many), namespace=namespace)
        assert done.returncode == 0, done.stderr
        assert Contents(many).blobs.keys() <= surviving_content(server, namespace)


def test_docker_loads_and_runs(dockerd: DockerServer, largest: Path) -> None:
    loaded = dockerd.docker("load", "--input", str(largest))
    assert loaded.returncode == 0, loaded
    ran = dockerd.docker("run", "--rm", "--network=none", FAMILIAR_NAME)
    assert (ran.returncode, ran.stdout.strip()) == (0, greeting(host_platform())), ran


def test_podman_loads(podman: Podman, largest: Path) -> None:
    loaded = podman.run("load", "--input", str(largest))
    assert loaded.returncode == 0, loaded
    assert podman.images() == [NAME]


def test_skopeo_copies(skopeo: Program, largest: Path, tmp_path: Path) -> None:
    copied = skopeo.run("copy", f"oci-archive:{largest}", f"oci:{tmp_path / 'layout'}:1.0")
    assert copied.returncode == 0, copied
    assert copied_digest(tmp_path / "layout") == Contents(largest).root["digest"]


def test_skopeo_copies_thousands_of_blobs(engines: Engines, many: Path, tmp_path: Path) -> None:
    skopeo = require(engines, "skopeo-sid").program("skopeo", environment=private_environment(tmp_path / "home"))
    copied = skopeo.run("--insecure-policy", "copy", f"oci-archive:{many}", f"oci:{tmp_path / 'layout'}:1.0")
    assert copied.returncode == 0, copied
    assert copied_digest(tmp_path / "layout") == Contents(many).root["digest"]


def test_skopeo_reads_it_as_dockers(skopeo: Program, largest: Path, tmp_path: Path) -> None:
    copied = skopeo.run("copy", f"docker-archive:{largest}", f"oci:{tmp_path / 'layout'}:1.0")
    assert copied.returncode == 0, copied


def test_oras_reads_it_in_place(oras: Oras, largest: Path) -> None:
    assert oras.tags(largest) == ["1.0"]
    digest = Contents(largest).root["digest"]
    assert oras.manifest(largest, f"@{digest}") == Contents(largest).blobs[digest]


@pytest.mark.parametrize("label", labels("buildah"))
def test_buildah_pulls(engines: Engines, largest: Path, label: str) -> None:
    engine = require(engines, label)
    with tempfile.TemporaryDirectory(prefix="store-") as folder:
        helpers = f'[engine]\nhelper_binaries_dir = ["{engine.root}/usr/lib/podman"]\n'
        environment = private_environment(Path(folder), helpers)
        buildah = engine.program("buildah", "--storage-driver=vfs", environment=environment)
        pulled = buildah.run("pull", f"oci-archive:{largest}")
    assert pulled.returncode == 0, pulled


def test_crane_pushes(engines: Engines, largest: Path, tmp_path: Path) -> None:
    engine = require(engines, "crane-sid")
    with Registry(engine) as registry:
        crane = engine.program("crane", environment={"HOME": str(tmp_path)})
        pushed = crane.run("push", "--insecure", str(largest), f"{registry.address}/lab:1.0")
        assert pushed.returncode == 0, pushed


@pytest.mark.parametrize("size", ["largest", "many"])
def test_umoci_reads_what_tar_unpacks(
    umoci: Program, request: pytest.FixtureRequest, tmp_path: Path, size: str
) -> None:
    archive = request.getfixturevalue(size)
    unpacked = subprocess.run(
        ["tar", "-C", tmp_path, "-xvf", archive], check=True, capture_output=True, encoding="utf-8"
    )
    assert unpacked.stderr == ""
    assert unpacked.stdout.split() == [row[0] for row in json.loads(table(archive))["entries"]]
    listed = umoci.run("ls", "--layout", str(tmp_path))
    assert (listed.returncode, listed.stdout.split()) == (0, ["1.0"]), listed


@pytest.mark.parametrize("suite", ["bookworm", "sid"])
@pytest.mark.parametrize("size", ["largest", "many"])
def test_bsdtar_lists_and_unpacks(
    engines: Engines, request: pytest.FixtureRequest, tmp_path: Path, suite: str, size: str
) -> None:
    del engines  # it is what asks for root
    archive = request.getfixturevalue(size)
    try:
        tree = Suite(suite).tree(("libarchive-tools",), ("usr/bin/bsdtar",))
    except DebianError as error:
        give_up(str(error))
    bsdtar = tree.root / "usr/bin/bsdtar"
    for arguments in (("-tf", archive), ("-C", tmp_path, "-xf", archive)):
        done = subprocess.run([bsdtar, *arguments], check=True, capture_output=True, encoding="utf-8")
        assert done.stderr == ""
        if arguments[0] == "-tf":
            assert done.stdout.split() == [row[0] for row in json.loads(table(archive))["entries"]]
    assert (tmp_path / "index.json").is_file()


@pytest.mark.parametrize("size", ["largest", "many"])
def test_python_lists_and_unpacks(request: pytest.FixtureRequest, tmp_path: Path, size: str) -> None:
    archive = request.getfixturevalue(size)
    rows = json.loads(table(archive))["entries"]
    with tarfile.open(archive) as entries:
        members = entries.getmembers()
        assert [f"{each.name}{'/' * each.isdir()}" for each in members] == [row[0] for row in rows]
        entries.extractall(tmp_path, filter="data")
    assert sum(path.is_file() for path in tmp_path.rglob("*")) == sum(not row[0].endswith("/") for row in rows)
    with tarfile.open(archive, "r|") as stream:
        assert [each.size for each in stream] == [row[2] for row in rows]
