"""URLs as sources of every command, from the command line: the same results, one line where it fails."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.adapters.remote.reading import noise
from tests.builders import OCI_LAYERS_PLAIN, Layout, as_json, multi_platform, platform
from tests.command import ocitool
from tests.laws.filtering import filtered
from tests.remote_servers import Fault, RangeServer, S3Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DATA = multi_platform().pack()
WANTED = ("-p", "linux/arm64")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@pytest.fixture
def server() -> Iterator[RangeServer]:
    with RangeServer({"a.tar": DATA, "a.tar.gz": gzip.compress(DATA, mtime=0)}) as started:
        yield started


def one_large_layer(size: int) -> bytes:
    layout = Layout()
    layer = layout.blob(noise(size, "large"), OCI_LAYERS_PLAIN)
    config = platform("linux/arm64") | {"rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}}
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": layout.blob(as_json(config), "application/vnd.oci.image.config.v1+json"),
        "layers": [layer],
    }
    child = layout.blob(as_json(document), MANIFEST, platform=platform("linux/arm64"))
    return layout.add(layout.index([child])).pack()


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz"])
@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no ranges"])
def test_filter_writes_the_same_as_from_a_file(server: RangeServer, tmp_path: Path, name: str, ranges: bool) -> None:
    server.ignores_range = not ranges
    done = ocitool("filter", server.url(name), *WANTED, "-o", tmp_path / "out.tar", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.tar").read_bytes() == filtered(DATA, ["linux/arm64"])
    assert json.loads(done.stdout)["sources"][0]["name"] == server.url(name)
    assert (b"cannot be read by ranges" in done.stderr) is not ranges


def test_every_command_reads_urls(server: RangeServer, tmp_path: Path) -> None:
    url, local = server.url("a.tar"), tmp_path / "a.tar"
    local.write_bytes(DATA)
    for arguments in (
        ("inspect",),
        ("inspect", "--format", "tree"),
        ("verify",),
        ("verify", "--deep", "--format", "json"),
        ("advise", "--for", "ctr=1.7"),
    ):
        far, near = ocitool(arguments[0], url, *arguments[1:]), ocitool(arguments[0], local, *arguments[1:])
        assert far.returncode == near.returncode, far.stderr
        # Importers read no URLs, and are told of a copy.
        told = re.sub(rb"importers read no URLs.*\n", b"", far.stdout).replace(b"import a.tar", b"import X")
        assert told.replace(url.encode(), b"X") == near.stdout.replace(str(local).encode(), b"X")


def test_split_and_merge_read_urls(server: RangeServer, tmp_path: Path) -> None:
    done = ocitool("split", server.url("a.tar"), "-d", tmp_path / "parts")
    assert done.returncode == 0, done.stderr
    parts = sorted(path.name for path in (tmp_path / "parts").iterdir())
    assert parts == ["a-linux-amd64.tar", "a-linux-arm-v7.tar", "a-linux-arm64.tar"]
    for part in parts:
        server.objects[part] = (tmp_path / "parts" / part).read_bytes()
    done = ocitool("merge", *map(server.url, parts), "-o", tmp_path / "whole.tar")
    assert done.returncode == 0, done.stderr
    local = ocitool("merge", *(tmp_path / "parts" / part for part in parts), "-o", tmp_path / "local.tar")
    assert local.returncode == 0
    assert (tmp_path / "whole.tar").read_bytes() == (tmp_path / "local.tar").read_bytes()


def test_s3_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with S3Server() as store:
        store.make_bucket("commands")
        store.put("commands", "dir/a.tar", DATA)
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        done = ocitool("filter", "s3://commands/dir/a.tar", *WANTED, "-o", tmp_path / "out.tar")
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "out.tar").read_bytes() == filtered(DATA, ["linux/arm64"])
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        done = ocitool("inspect", "s3://commands/dir/a.tar")
        assert done.returncode == 3
        assert done.stderr.count(b"\n") == 1
        assert b"no credentials found" in done.stderr


def failed(server: RangeServer, tmp_path: Path, name: str = "a.tar") -> tuple[int, str]:
    """Filter what fails; return the exit code and the one line, after seeing that nothing was left."""
    before = set(tmp_path.iterdir())
    done = ocitool("filter", server.url(name, user="me:hunter2"), *WANTED, "-o", tmp_path / "out.tar")
    text = done.stderr.decode()
    assert set(tmp_path.iterdir()) == before
    assert done.stdout == b""
    assert text.count("\n") == 1, text
    assert "hunter2" not in text
    return done.returncode, text


def test_what_fails_is_one_line_and_leaves_nothing(server: RangeServer, tmp_path: Path) -> None:
    assert failed(server, tmp_path, "none.tar") == (
        3,
        f"ocitool: {server.url('none.tar')}: no such object; check the name\n",
    )
    server.always = Fault(status=403)
    code, text = failed(server, tmp_path)
    assert (code, "may not be read" in text) == (3, True)


def test_an_object_replaced_between_two_requests_is_a_changed_source(tmp_path: Path) -> None:
    data = one_large_layer(2_000_000)
    with RangeServer({"a.tar": data}) as server:
        server.before = lambda number: server.replace("a.tar", data[::-1]) if number == 2 else None
        code, text = failed(server, tmp_path)
    assert (code, "changed while it was read" in text) == (3, True)


def test_wrong_bytes_are_an_integrity_error(tmp_path: Path) -> None:
    data = one_large_layer(2_000_000)
    with RangeServer({"a.tar": data}) as server:
        server.always = Fault(flip=1_000_000)
        code, text = failed(server, tmp_path)
    assert (code, "is corrupt: its bytes hash to" in text) == (5, True)


LACKING = """
import sys
sys.modules[sys.argv.pop(1)] = None
from ocitool.__main__ import main
main()
"""


@pytest.mark.parametrize(
    ("url", "module", "install"),
    [
        ("gs://bucket/a.tar", "gcsfs", "pip install gcsfs"),
        ("az://bucket/a.tar", "adlfs", "pip install adlfs"),
        ("sftp://host/a.tar", "paramiko", "pip install paramiko"),
        ("s3://bucket/a.tar", "s3fs", "pip install 'ocitool[remote]'"),
        ("https://host/a.tar", "aiohttp", "pip install 'ocitool[remote]'"),
        ("https://host/a.tar", "fsspec", "pip install 'ocitool[remote]'"),
    ],
)
def test_a_library_that_is_missing_is_named(url: str, module: str, install: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LACKING, module, "inspect", url], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    assert install in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("layers", [1, 2])
def test_an_interrupt_ends_it_at_once(tmp_path: Path, number: signal.Signals, layers: int) -> None:
    platforms: Any = ("linux/arm64", "linux/amd64")[:layers]
    data = multi_platform(platforms, own=lambda name: noise(300_000, name).hex()).pack()
    held, waiting = threading.Event(), threading.Event()
    with RangeServer({"a.tar": data}) as server:

        def hold(request: int) -> None:
            if request >= 4:
                waiting.set()
                held.wait(60)

        server.before = hold
        out = tmp_path / "out.tar"
        command = [sys.executable, "-m", "ocitool", "filter", server.url("a.tar"), "-p", "all", "-o", str(out)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, env=os.environ) as running:
            try:
                assert waiting.wait(60)
                running.send_signal(number)
                _, text = running.communicate(timeout=20)
            finally:
                held.set()
                running.kill()
        assert running.returncode == 128 + number
        assert text == b"ocitool: interrupted\n"
        assert list(tmp_path.iterdir()) == []
