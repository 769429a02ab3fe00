"""Prove that `ocitool import` puts archives into real importers, and says truly what is there afterwards."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import re
import shlex
import signal
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zstandard
from jsonschema import Draft202012Validator

from ocitool.api import read_schema
from tests.builders import OCI_LAYERS_PLAIN, OCI_MANIFEST, Layout, as_json, short_of_a_diff_id

from .program import SYSTEM_PATH, Program
from .sample import NAME, greeting, host_platform
from .test_filtered_archives import FOREIGN, HOST, OCITOOL, PAIR, Contents

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import CompletedProcess

    from .containerd import ContainerdServer
    from .docker import DockerServer
    from .podman import Podman

FAMILIAR_FOREIGN = FOREIGN.removesuffix("/v8")
SOURCES: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
    "xz": lambda data: lzma.compress(data, preset=0),
    "bzip2": bz2.compress,
}
BIG = 256 * 1024 * 1024


def import_words(server: ContainerdServer, namespace: str, source: str | Path, *options: str) -> list[str]:
    """Return the arguments of an import into a namespace of ``server``."""
    ctr = str(server.engine.commands["ctr"])
    return ["import", str(source), "--ctr", ctr, "-a", server.socket, "-n", namespace, *options]


def import_archive(
    server: ContainerdServer, namespace: str, source: str | Path, *options: str, piped: Path | None = None
) -> CompletedProcess[str]:
    """Run ``ocitool import``, the archive ``piped`` coming through standard input."""
    words = import_words(server, namespace, source, *options)
    if piped is None:
        return OCITOOL.run(*words)
    with piped.open("rb") as stream:
        cat = subprocess.Popen(["cat"], stdin=stream, stdout=subprocess.PIPE)
        try:
            return subprocess.run(
                [str(OCITOOL.path), *OCITOOL.arguments, *words],
                check=False,
                stdin=cat.stdout,
                capture_output=True,
                encoding="utf-8",
                env={"PATH": SYSTEM_PATH},
                timeout=60,
            )
        finally:
            if cat.stdout is not None:
                cat.stdout.close()
            cat.wait(10)


def assert_there(server: ContainerdServer, namespace: str, done: CompletedProcess[str], *platforms: str) -> None:
    """Expect success, the image whole and said to be so, and ready where the host can run it."""
    assert done.returncode == 0, done
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"{NAME}: sha256:"), done
    assert all(platform in last.partition(", ")[2] for platform in platforms), done
    assert " incomplete" not in last
    assert server.images(namespace) == [NAME]
    checked = server.ctr("images", "check", f"name=={NAME}", namespace=namespace).stdout
    if HOST in platforms:
        assert " complete (" in checked
        assert re.search(rf", {HOST}(, \S+)* complete, unpacked", last), done
        ran = server.run_image(NAME, namespace=namespace)
        assert (ran.returncode, ran.stdout.strip()) == (0, greeting(host_platform())), ran


@pytest.mark.parametrize(
    ("options", "platforms"),
    [
        ((), (HOST,)),
        (("-p", HOST), (HOST,)),
        (("-p", FOREIGN), (FAMILIAR_FOREIGN,)),
        (("-p", PAIR), (HOST, FAMILIAR_FOREIGN)),
        (("-p", "!linux/386"), (HOST, FAMILIAR_FOREIGN, "linux/arm/v7")),
    ],
    ids=["as it is", "host", "foreign", "pair", "all but one"],
)
@pytest.mark.parametrize("through", ["file", "pipe"])
def test_platforms(
    containerd: ContainerdServer,
    real_export: Path,
    options: tuple[str, ...],
    platforms: tuple[str, ...],
    through: str,
) -> None:
    with containerd.namespace() as namespace:
        piped = real_export if through == "pipe" else None
        source = "-" if through == "pipe" else real_export
        done = import_archive(containerd, namespace, source, *options, piped=piped)
        assert_there(containerd, namespace, done, *platforms)


@pytest.mark.parametrize("platform", [HOST, FOREIGN])
@pytest.mark.parametrize("kind", [*SOURCES, "folder"])
def test_sources(containerd: ContainerdServer, real_export: Path, tmp_path: Path, kind: str, platform: str) -> None:
    source = tmp_path / "source"
    if kind == "folder":
        with tarfile.open(real_export) as tar:
            tar.extractall(source, filter="data")
    else:
        source.write_bytes(SOURCES[kind](real_export.read_bytes()))
    options = () if platform == HOST else ("-p", platform)
    with containerd.namespace() as namespace:
        done = import_archive(containerd, namespace, source, *options)
        if kind == "folder" and platform == HOST:
            # Every platform that is there is written, and the host's is what is wanted of them.
            assert "filtered on the fly: a folder is no archive" in done.stderr
        assert_there(containerd, namespace, done, HOST if platform == HOST else FAMILIAR_FOREIGN)


def test_absent_platforms(containerd: ContainerdServer, sparse_export: Path) -> None:
    with containerd.namespace() as namespace:
        done = import_archive(containerd, namespace, sparse_export)
        assert_there(containerd, namespace, done, HOST)


def test_absent_platform_that_is_asked_for(containerd: ContainerdServer, sparse_export: Path) -> None:
    with containerd.namespace() as namespace:
        done = import_archive(containerd, namespace, sparse_export, "-p", FOREIGN)
        assert done.returncode == 4, done
        assert "available" in done.stderr
        assert containerd.images(namespace) == []


def test_foreign_archive_is_mended_where_it_has_to_be(
    containerd: ContainerdServer, real_export: Path, tmp_path: Path
) -> None:
    """An index of a foreign platform alone imports with flags that differ from version to version."""
    contents = Contents(real_export)
    layout = Layout(blobs=dict(contents.blobs))
    layout.add(layout.index([contents.manifest(FOREIGN)]), NAME)
    (tmp_path / "foreign.tar").write_bytes(layout.pack())
    with containerd.namespace() as namespace:
        done = import_archive(containerd, namespace, tmp_path / "foreign.tar")
        assert_there(containerd, namespace, done, FAMILIAR_FOREIGN)


def test_unnamed(containerd: ContainerdServer, real_export: Path, tmp_path: Path) -> None:
    source = unnamed(real_export, tmp_path)
    with containerd.namespace() as namespace:
        done = import_archive(containerd, namespace, source)
        assert done.returncode == 1, done
        assert done.stderr.endswith("; give it a name: --name REPOSITORY:TAG\n")
        assert containerd.images(namespace) == []
        done = import_archive(containerd, namespace, source, "--name", NAME)
        assert done.returncode == 0, done
        assert containerd.images(namespace) == [NAME]


@pytest.mark.parametrize("options", [(), ("-p", HOST)], ids=["as it is", "filtered"])
def test_corrupt_layer(
    containerd: ContainerdServer, real_export: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    contents = Contents(real_export)
    layout = Layout(blobs=dict(contents.blobs)).add(contents.root, NAME)
    layer = layout.read(contents.manifest(HOST))["layers"][-1]["digest"]
    layout.blobs[layer] = layout.blobs[layer][:-1] + bytes([layout.blobs[layer][-1] ^ 1])
    (tmp_path / "corrupt.tar").write_bytes(layout.pack())
    with containerd.namespace() as namespace:
        done = import_archive(containerd, namespace, tmp_path / "corrupt.tar", *options)
        assert done.returncode == 5, done
        assert layer in done.stderr.splitlines()[-1]
        assert containerd.images(namespace) == []


def test_image_that_cannot_be_unpacked(containerd: ContainerdServer, tmp_path: Path) -> None:
    """Where ctr would fail it is stored, which is said with the reason."""
    (tmp_path / "broken.tar").write_bytes(short_of_a_diff_id(HOST).pack())
    with containerd.namespace() as namespace:
        plain = containerd.ctr("images", "import", str(tmp_path / "broken.tar"), namespace=namespace)
        assert plain.returncode != 0
    with containerd.namespace() as namespace:
        done = import_archive(containerd, namespace, tmp_path / "broken.tar")
        assert done.returncode == 0, done
        assert f"warning: {HOST} is stored, not unpacked: even a host of its own platform cannot" in done.stderr, done
        assert "1 diff_ids for 2 layers" in done.stderr


def test_json(containerd: ContainerdServer, real_export: Path) -> None:
    with containerd.namespace() as namespace:
        done = import_archive(containerd, namespace, real_export, "--format", "json", "-p", FOREIGN)
        assert done.returncode == 0, done
        document = json.loads(done.stdout)
        Draft202012Validator(read_schema("output/import")).validate(document)
        assert (document["version"], document["daemonVersion"]) == (containerd.version, containerd.version)
        (image,) = document["images"]
        assert (image["name"], image["complete"], image["isThere"]) == (NAME, [FAMILIAR_FOREIGN], True)
        (expected,) = document["expected"]["images"]
        assert expected["digest"] == image["digest"]


def test_snapshotter(containerd: ContainerdServer, real_export: Path) -> None:
    """A daemon of 2.x unpacks into the one that it is set up for alone; the client into any."""
    with containerd.namespace() as namespace:
        done = import_archive(containerd, namespace, real_export, "--snapshotter", "native", "-p", HOST)
        assert done.returncode == 0, done
        assert done.stderr.splitlines()[-1].endswith(f", {HOST} complete, unpacked"), done
        kept = containerd.ctr("snapshots", "--snapshotter", "native", "ls", namespace=namespace).stdout
        assert len(kept.splitlines()) > 1, kept


def test_exit_code_is_the_importers(containerd: ContainerdServer, real_export: Path) -> None:
    with containerd.namespace() as namespace:
        done = import_archive(containerd, namespace, real_export, "--snapshotter", "none-such")
        assert done.returncode == 1, done
        assert done.stderr.splitlines()[-2:] == [
            "ocitool: ctr ended with exit code 1",
            f"ocitool: there all the same: {NAME}: {_digest(containerd, namespace)}, {HOST} complete, not unpacked",
        ]


def _digest(server: ContainerdServer, namespace: str) -> str:
    (line,) = server.ctr("images", "ls", f"name=={NAME}", namespace=namespace).stdout.splitlines()[1:]
    return line.split()[2]


def test_what_is_said_to_be_unpacked_is_what_was_predicted(containerd: ContainerdServer, real_export: Path) -> None:
    """What the report says is looked up among the snapshots; ctr itself tells of the host's platform alone."""
    with containerd.namespace() as namespace:
        done = import_archive(containerd, namespace, real_export, "--format", "json", "-p", "all")
        assert done.returncode == 0, done
        document = json.loads(done.stdout)
        (image,), (expected,) = document["images"], document["expected"]["images"]
        assert HOST in image["complete"]
        assert FAMILIAR_FOREIGN in image["complete"]
        assert sorted(image["unpacked"]) == sorted(expected["ready"])


def test_daemon_that_is_not_there(containerd: ContainerdServer, real_export: Path) -> None:
    ctr = str(containerd.engine.commands["ctr"])
    done = OCITOOL.run("import", str(real_export), "--ctr", ctr, "-a", "/run/none-such/containerd.sock")
    assert done.returncode == 6, done
    assert done.stderr.startswith("ocitool: ctr gets no answer from /run/none-such/containerd.sock; ")


def test_interruption_leaves_nothing(containerd: ContainerdServer, tmp_path: Path) -> None:
    layout = Layout()
    manifest = layout.manifest(HOST, layers=())
    document = layout.read(manifest) | {"layers": [layout.blob(bytes(BIG), OCI_LAYERS_PLAIN)]}
    layout.add(layout.blob(as_json(document), OCI_MANIFEST), NAME)
    (tmp_path / "big.tar").write_bytes(layout.pack())
    with containerd.namespace() as namespace:
        process = subprocess.Popen(
            [str(OCITOOL.path), *OCITOOL.arguments, *import_words(containerd, namespace, tmp_path / "big.tar")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": SYSTEM_PATH},
            encoding="utf-8",
        )
        importer = _child_that_imports(process.pid)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
        assert process.returncode == 130, told
        assert told.splitlines()[-1] == "ocitool: interrupted"
        assert not Path(f"/proc/{importer}").exists()
        assert containerd.images(namespace) == []
        assert containerd.ctr("version").returncode == 0


def _child_that_imports(parent: int) -> int:
    """Wait for the importer that a process has started."""
    children = Path(f"/proc/{parent}/task/{parent}/children")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for child in children.read_text().split():
            try:
                words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            # Before it runs another program, a child has our words: import, but no images.
            if {b"images", b"import"} <= set(words):
                return int(child)
        time.sleep(0.005)
    raise AssertionError("nothing was started")


def docker_environment(server: DockerServer) -> dict[str, str]:
    """Return the environment in which ``docker`` is that of ``server``, and talks to it."""
    folder = server.engine.commands["docker"].parent
    return {"DOCKER_HOST": server.socket, "DOCKER_CONFIG": "/none-such", "PATH": f"{folder}:{SYSTEM_PATH}"}


def podman_environment(podman: Podman, folder: Path) -> dict[str, str]:
    """Return the environment in which ``podman`` is this one, whose first arguments say where its storage is."""
    script = folder / "podman"
    words = shlex.join([str(podman.program.path), *podman.program.arguments])
    script.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    script.chmod(0o755)
    environment = dict(podman.program.environment)
    return {**environment, "PATH": f"{folder}:{environment['PATH']}"}


def unnamed(export: Path, folder: Path) -> Path:
    """Write the export without any name."""
    contents = Contents(export)
    root = {key: value for key, value in contents.root.items() if key != "annotations"}
    (folder / "unnamed.tar").write_bytes(Layout(blobs=dict(contents.blobs)).add(root, None).pack())
    return folder / "unnamed.tar"


@pytest.mark.parametrize("through", ["file", "pipe"])
@pytest.mark.parametrize("platform", [HOST, FOREIGN])
def test_docker(dockerd: DockerServer, export: Path, through: str, platform: str) -> None:
    done = _give(export, through, "--to", "docker", "-p", platform, environment=docker_environment(dockerd))
    assert done.returncode == 0, done
    assert "lab:1.0" in dockerd.images()
    shown = platform.removesuffix("/v8")
    assert done.stderr.splitlines()[-1].startswith(f"{NAME}: sha256:")
    assert f", {shown}" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("through", ["file", "pipe"])
@pytest.mark.parametrize("platform", [HOST, FOREIGN])
def test_podman(podman: Podman, export: Path, through: str, platform: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = podman_environment(podman, Path(folder))
        done = _give(export, through, "--to", "podman", "-p", platform, environment=environment)
    assert done.returncode == 0, done
    assert NAME in podman.images()
    assert f", {platform.removesuffix('/v8')}" in done.stderr.splitlines()[-1]


def test_docker_without_a_name(dockerd: DockerServer, export: Path, tmp_path: Path) -> None:
    source, environment = unnamed(export, tmp_path), docker_environment(dockerd)
    done = _give(source, "file", "--to", "docker", environment=environment)
    assert done.returncode == 0, done
    assert "warning: it is stored " in done.stderr
    assert f", {HOST}" in done.stderr.splitlines()[-1]
    done = _give(
        source, "file", "--to", "docker", "--name", NAME, "-p", HOST, "--format", "json", environment=environment
    )
    assert done.returncode == 0, done
    (image,) = json.loads(done.stdout)["images"]
    assert (image["name"], image["isThere"], image["platform"]) == (NAME, True, HOST)


def test_podman_without_a_name(podman: Podman, export: Path, tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = podman_environment(podman, Path(folder))
        done = _give(unnamed(export, tmp_path), "file", "--to", "podman", environment=environment)
    assert done.returncode == 0, done
    assert "warning: it is stored without a name" in done.stderr
    assert f", {HOST}" in done.stderr.splitlines()[-1]


def test_docker_that_gets_a_corrupt_layer(dockerd: DockerServer, export: Path, tmp_path: Path) -> None:
    contents = Contents(export)
    layout = Layout(blobs=dict(contents.blobs)).add(contents.root, NAME)
    layer = layout.read(contents.manifest(HOST))["layers"][-1]["digest"]
    layout.blobs[layer] = layout.blobs[layer][:-1] + bytes([layout.blobs[layer][-1] ^ 1])
    (tmp_path / "corrupt.tar").write_bytes(layout.pack())
    done = _give(tmp_path / "corrupt.tar", "file", "--to", "docker", environment=docker_environment(dockerd))
    assert done.returncode == 5, done
    assert dockerd.images() == []


def test_docker_that_cannot_unpack_it(dockerd: DockerServer, tmp_path: Path) -> None:
    """Docker's own store refuses the image, that in containerd takes it, says so and ends with exit code 0."""
    (tmp_path / "broken.tar").write_bytes(short_of_a_diff_id(HOST).pack())
    done = _give(tmp_path / "broken.tar", "file", "--to", "docker", environment=docker_environment(dockerd))
    if dockerd.containerd_store:
        assert done.returncode == 0, done
        assert f"warning: {HOST} is stored, not unpacked: even a host of its own platform cannot" in done.stderr, done
    else:
        assert done.returncode == 1, done
        assert " does not import " in done.stderr
        assert dockerd.images() == []


def _give(
    archive: Path, through: str, *options: str, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run ``ocitool import`` with an environment in which the client is found."""
    words = [str(OCITOOL.path), *OCITOOL.arguments, "import", str(archive), *options]
    if through == "file":
        return Program(OCITOOL.path, OCITOOL.arguments, environment).run("import", str(archive), *options)
    words[len(OCITOOL.arguments) + 2] = "-"
    line = f"cat {shlex.quote(str(archive))} | {shlex.join(words)}"
    return subprocess.run(
        ["sh", "-c", line],
        check=False,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, **environment},
        timeout=60,
    )
