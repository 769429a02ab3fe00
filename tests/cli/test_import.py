"""The command `import`, with a program that stands in for ctr."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from ocitool.api import read_schema
from tests.builders import NAME, OCI_LAYERS_PLAIN, OCI_MANIFEST, Layout, as_json, multi_platform
from tests.command import ocitool
from tests.stand_in import StandIn, snapshot_of

if TYPE_CHECKING:
    from pathlib import Path

BIG = 8 * 1024 * 1024
HOST = "linux/amd64" if os.uname().machine == "x86_64" else "linux/arm64"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "image.tar"
    path.write_bytes(multi_platform().pack())
    return path


@pytest.fixture
def stand_in(tmp_path: Path) -> StandIn:
    return holding(StandIn(tmp_path / "ctr"))


def holding(stand_in: StandIn) -> StandIn:
    """Have a stand-in hold the image of `archive`, unpacked for this host."""
    layout = multi_platform()
    children = layout.read(layout.roots[0])["manifests"]
    (own,) = [child for child in children if f"linux/{child['platform']['architecture']}" == HOST]
    snapshots = [snapshot_of(layout, own)]
    return stand_in.holds((NAME, layout.roots[0]["digest"]), blobs=layout.blobs, snapshots=snapshots)


def run(stand_in: StandIn, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    return ocitool("import", *arguments, "--ctr", stand_in.path)


def check(text: bytes) -> dict[str, Any]:
    document = json.loads(text)
    Draft202012Validator(read_schema("output/import")).validate(document)
    assert list(document)[:2] == ["schemaVersion", "kind"]
    return dict(document)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--to", "docker", "-n", "k8s.io"], "--address, --namespace and --snapshotter are not for docker"),
        (["--to", "podman", "-a", "/x"], "--address, --namespace and --snapshotter are not for podman"),
        (["--to", "docker", "--ctr", "/bin/ctr"], "--ctr names ctr, and --to docker runs docker"),
        (["--ctr-version", "2.0.0"], "--ctr-version is for --dry-run"),
        (["--dry-run", "--daemon-version", "2.0.0"], "--daemon-version goes with --ctr-version"),
        (["--dry-run", "--ctr-version", "new"], "'new' is no version"),
        (["--dry-run", "--ctr-version", "2.0.0", "-p", "nowhere"], "no known operating system"),
        (["--dry-run", "--ctr-version", "2.0.0", "--name", "Lab:1"], "Lab:1"),
        (["--to", "rocket"], "rocket"),
        (["--ctr", ""], "--ctr is empty"),
        (["-a", ""], "--address is empty"),
        (["-n", "größe"], "'größe' is no name of a namespace; containerd takes A-Z, a-z and 0-9"),
        (["-n", "a" * 77], "is no name of a namespace"),
        (["-n", "a..b"], "is no name of a namespace"),
        (
            ["--docker-store", "classic", "--to", "docker"],
            "--docker-store goes with --to docker and --client-version",
        ),
        (["--docker-store", "classic", "--dry-run", "--client-version", "29.0"], "--docker-store goes with"),
    ],
)
def test_usage(archive: Path, options: list[str], message: str) -> None:
    done = ocitool("import", archive, *options)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr.decode()
    assert done.stdout == b""


def test_dry_run(archive: Path) -> None:
    done = ocitool("import", archive, "--dry-run", "--ctr-version", "1.7.24")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.decode().splitlines()
    assert lines[0] == f"ctr 1.7.24, on a {HOST} host"
    assert lines[1] == f"would run: ctr images import - < {archive}"
    assert lines[2].startswith(f"expected: {NAME}: {HOST} ready to run")
    assert lines[-1] == "measured: this version was run"


def test_dry_run_of_what_is_filtered(archive: Path) -> None:
    done = ocitool("import", archive, "--dry-run", "--ctr-version", "2.0.5", "-p", "linux/arm/v7", "-n", "k8s.io")
    lines = done.stdout.decode().splitlines()
    assert lines[1].startswith(f"would run: ocitool filter {archive} -p linux/arm/v7 -o - | ctr --namespace k8s.io ")
    assert lines[2] == "filtered on the fly: --platform asks for it"
    assert lines[3].startswith(f"expected: {NAME}: linux/arm/v7 ")
    assert lines[-1] == "predicted from source: versions before and after this one were run"


@pytest.mark.parametrize(
    ("version", "options", "importer", "line"),
    [
        ("29.0.0", (), "docker-containerd", "--docker-store classic if not"),
        ("28.0.0", (), "docker", "--docker-store containerd if not"),
        ("29.0.0", ("--docker-store", "classic"), "docker", ""),
        ("28.0.0", ("--docker-store", "containerd"), "docker-containerd", ""),
        ("29.0.0", ("--daemon-version", "28.0.0"), "docker", "--docker-store containerd if not"),
    ],
)
def test_store_of_a_docker_that_is_not_here(
    archive: Path, version: str, options: tuple[str, ...], importer: str, line: str
) -> None:
    asked = ("--to", "docker", "--dry-run", "--client-version", version, "--name", NAME, *options)
    words: tuple[str | Path, ...] = ("import", archive, *asked)
    document = check(ocitool(*words, "-p", HOST, "--format", "json").stdout)
    assert document["importer"] == importer
    told = ocitool(*words, "-p", HOST).stdout.decode().splitlines()
    assert told[0].startswith(f"{importer} {version}")
    assert told[1].endswith(line)
    assert ("--docker-store" in told[1]) == bool(line)


def test_address_may_be_a_url(archive: Path, stand_in: StandIn) -> None:
    done = run(stand_in, archive, "-a", "unix:///run/x.sock")
    assert done.returncode == 0, done.stderr
    assert stand_in.calls[0] == "--address /run/x.sock version"


@pytest.mark.parametrize("program", ["/bin/cat", "/bin/true", "/bin/echo"])
def test_program_that_is_no_ctr(archive: Path, program: str) -> None:
    done = ocitool("import", archive, "--ctr", program)
    assert done.returncode == 6
    assert done.stderr.decode() == f"ocitool: {program}: is no ctr: it does not answer to `version` as ctr does\n"


def test_dry_run_as_json(archive: Path) -> None:
    options = ("--dry-run", "--ctr-version", "2.0.0", "--daemon-version", "1.7.24", "--format", "json")
    done = ocitool("import", archive, *options, "-p", "linux/arm/v7")
    document = check(done.stdout)
    assert (document["dryRun"], document["exitCode"], document["images"]) == (True, None, [])
    assert (document["version"], document["daemonVersion"], document["wanted"]) == (
        "2.0.0",
        "1.7.24",
        ["linux/arm/v7"],
    )
    assert document["filter"] == "ocitool filter SRC -p linux/arm/v7 -o -"
    assert document["command"][:3] == ["ctr", "images", "import"]


def test_dry_run_asks_a_client_that_is_here(archive: Path, stand_in: StandIn) -> None:
    done = run(stand_in, archive, "--dry-run")
    assert done.returncode == 0
    assert f"would run: {stand_in.path} images import - < {archive}" in done.stdout.decode()
    assert stand_in.calls == ["version"]


@pytest.mark.parametrize("source", ["file", "pipe"])
def test_import(archive: Path, stand_in: StandIn, source: str) -> None:
    data = archive.read_bytes()
    arguments = ["import", "-" if source == "pipe" else archive, "--ctr", stand_in.path]
    done = ocitool(*arguments, stdin=data if source == "pipe" else None)
    assert (done.returncode, done.stdout) == (0, b"the importer says hello\n")
    lines = done.stderr.decode().splitlines()
    assert lines[0].startswith(f"running {stand_in.path} images import -")
    assert lines[1].startswith(f"{NAME}: sha256:")
    assert lines[1].endswith(f", {HOST} complete, unpacked")
    assert stand_in.fed == data


def test_quiet(archive: Path, stand_in: StandIn) -> None:
    done = run(stand_in, archive, "-q")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"the importer says hello\n", b"")


def test_json_has_standard_output_to_itself(archive: Path, stand_in: StandIn) -> None:
    done = run(stand_in, archive, "--format", "json")
    assert done.returncode == 0
    document = check(done.stdout)
    assert (document["dryRun"], document["exitCode"], document["filter"]) == (False, 0, None)
    (image,) = document["images"]
    assert (image["name"], image["isThere"], image["isOther"], image["isUnpacked"]) == (NAME, True, False, True)
    assert (image["complete"], image["incomplete"], image["unpacked"]) == ([HOST], [], [HOST])
    assert done.stderr == b"the importer says hello\n"


@pytest.mark.parametrize("form", ["text", "json"])
def test_exit_code_of_the_importer(archive: Path, tmp_path: Path, form: str) -> None:
    stand_in = StandIn(tmp_path / "ctr", code=9)
    done = run(stand_in, archive, "--format", form)
    assert done.returncode == 9
    if form == "json":
        assert check(done.stdout)["exitCode"] == 9
    else:
        assert done.stderr.decode().splitlines()[-1] == "ocitool: ctr ended with exit code 9"


def test_platforms_are_unpacked_or_stored(archive: Path, tmp_path: Path) -> None:
    """The client's own word is of one platform; the snapshots tell of each."""
    stand_in = holding(StandIn(tmp_path / "ctr"))
    done = run(stand_in, archive, "-p", f"{HOST},linux/arm/v7")
    layout = multi_platform()
    fed = tmp_path / "fed.tar"
    assert ocitool("filter", archive, "-p", f"{HOST},linux/arm/v7", "-o", fed).returncode == 0
    with tarfile.open(fed) as tar:
        index = json.load(tar.extractfile("index.json") or pytest.fail("no index"))
    root = index["manifests"][0]["digest"]
    (snapshot,) = (stand_in.folder / "snapshots").read_text().splitlines()[1:]
    stand_in.holds((NAME, root), blobs=layout.blobs, snapshots=[snapshot.split()[0]])
    done = run(stand_in, archive, "-p", f"{HOST},linux/arm/v7")
    assert done.returncode == 0, done.stderr
    assert done.stderr.decode().endswith(f", {HOST} complete, unpacked; linux/arm/v7 complete, stored\n")
    done = run(stand_in.holds((NAME, root), blobs=layout.blobs), archive, "-p", f"{HOST},linux/arm/v7")
    assert done.stderr.decode().endswith(f", {HOST}, linux/arm/v7 complete, not unpacked\n")


@pytest.mark.parametrize("form", ["text", "json"])
def test_older_image_of_the_same_name_is_none_of_it(archive: Path, tmp_path: Path, form: str) -> None:
    older = "sha256:" + "1" * 64
    stand_in = StandIn(tmp_path / "ctr").holds((NAME, older), blobs=multi_platform().blobs)
    done = run(stand_in, archive, "--format", form)
    assert done.returncode == 1
    if form == "json":
        (image,) = check(done.stdout)["images"]
        assert (image["isThere"], image["isOther"], image["digest"]) == (True, True, older)
    else:
        assert done.stderr.decode().splitlines()[-1] == (
            f"ocitool: ctr ended with exit code 0, but {NAME} is {older}, which is not of this archive: "
            "an image from before"
        )


def test_what_is_there_after_a_failure(archive: Path, tmp_path: Path) -> None:
    layout = multi_platform()
    stand_in = StandIn(tmp_path / "ctr", code=3).holds((NAME, layout.roots[0]["digest"]), blobs=layout.blobs)
    done = run(stand_in, archive)
    assert done.returncode == 3
    digest = layout.roots[0]["digest"]
    assert done.stderr.decode().splitlines()[-2:] == [
        "ocitool: ctr ended with exit code 3",
        f"ocitool: there all the same: {NAME}: {digest}, {HOST} complete, not unpacked",
    ]
    document = check(run(stand_in, archive, "--format", "json").stdout)
    (image,) = document["images"]
    assert (document["exitCode"], image["isThere"], image["unpacked"]) == (3, True, [])
    older = "sha256:" + "1" * 64
    told = run(stand_in.holds((NAME, older)), archive).stderr.decode().splitlines()[-1]
    assert told == f"ocitool: {NAME}: {older}: from before, and nothing of this archive"


def test_image_that_is_not_there_afterwards(archive: Path, tmp_path: Path) -> None:
    done = run(StandIn(tmp_path / "ctr"), archive)
    assert done.returncode == 1
    assert f"ctr ended with exit code 0, but {NAME} is not there" in done.stderr.decode()


def test_corrupt_layer(tmp_path: Path, stand_in: StandIn) -> None:
    layout = multi_platform((HOST,))
    layer = layout.read(layout.read(layout.roots[0])["manifests"][0])["layers"][1]["digest"]
    layout.blobs[layer] = bytes(len(layout.blobs[layer]))
    (tmp_path / "bad.tar").write_bytes(layout.pack())
    done = run(stand_in, tmp_path / "bad.tar")
    assert done.returncode == 5
    assert f"layer 2 of 2 of {HOST}" in done.stderr.decode().splitlines()[-1]
    assert stand_in.fed is not None
    assert not stand_in.fed.endswith(bytes(1024))


def test_client_that_is_not_there(archive: Path, tmp_path: Path) -> None:
    done = ocitool("import", archive, "--ctr", tmp_path / "none", "--format", "json")
    assert (done.returncode, done.stdout) == (6, b"")
    error = json.loads(done.stderr)
    assert (error["code"], error["message"]) == ("importer", "no such file")


def test_image_without_a_name(tmp_path: Path, stand_in: StandIn) -> None:
    (tmp_path / "unnamed.tar").write_bytes(multi_platform(name=None).pack())
    done = run(stand_in, tmp_path / "unnamed.tar")
    assert done.returncode == 1
    assert done.stderr.decode().endswith("; give it a name: --name REPOSITORY:TAG\n")
    assert stand_in.fed is None
    assert run(stand_in, tmp_path / "unnamed.tar", "--name", NAME).returncode == 0


def big(folder: Path) -> Path:
    layout = Layout()
    manifest = layout.manifest(HOST, layers=())
    document = layout.read(manifest) | {"layers": [layout.blob(bytes(BIG), OCI_LAYERS_PLAIN)]}
    layout.add(layout.blob(as_json(document), OCI_MANIFEST))
    (folder / "big.tar").write_bytes(layout.pack())
    return folder / "big.tar"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_both(tmp_path: Path, number: int) -> None:
    stand_in = StandIn(tmp_path / "ctr", reads="sys.stdin.buffer.read(1000); time.sleep(60)")
    process = subprocess.Popen(
        [sys.executable, "-m", "ocitool", "import", str(big(tmp_path)), "--ctr", str(stand_in.path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 20
    while not (stand_in.folder / "pid").exists() or not (stand_in.folder / "pid").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.2)
    process.send_signal(number)
    _, told = process.communicate(timeout=20)
    assert process.returncode == 128 + number
    assert told.decode().splitlines()[-1] == "ocitool: interrupted"
    assert stand_in.fed is None
    with pytest.raises(ProcessLookupError):
        os.kill(stand_in.process, 0)


def test_help_has_examples() -> None:
    told = ocitool("import", "--help").stdout.decode()
    assert "ocitool import image.tar --dry-run --ctr-version 2.0.0" in told
