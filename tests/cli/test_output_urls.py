"""Commands that write to URLs: the same bytes as into a file, reports and errors without secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.builders import multi_platform
from tests.command import ocitool, ocitool_here
from tests.failure.endings import refused
from tests.uploads import assert_nothing, new_bucket, s3_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.remote_servers import S3Server


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture
def bucket(server: S3Server) -> str:
    return new_bucket(server)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.tar"
    path.write_bytes(multi_platform().pack())
    return path


def filtered(source: Path, name: str = "local.tar") -> bytes:
    path = source.parent / name
    assert ocitool("filter", source, "-p", "linux/arm64", "-o", path).returncode == 0
    return path.read_bytes()


@pytest.mark.parametrize("name", ["x.tar", "x.tar.zst"])
def test_filter_writes_what_it_writes_into_a_file(server: S3Server, bucket: str, source: Path, name: str) -> None:
    done = ocitool("filter", source, "-p", "linux/arm64", "-o", f"s3://{bucket}/to/{name}")
    assert done.returncode == 0, done.stderr
    assert f"wrote s3://{bucket}/to/{name}: ".encode() in done.stdout
    assert server.get(bucket, f"to/{name}") == filtered(source, name)
    assert_nothing(server, bucket, objects=(f"to/{name}",))


def test_from_one_object_into_another(server: S3Server, bucket: str, source: Path) -> None:
    server.put(bucket, "in.tar", source.read_bytes())
    output = f"s3://{bucket}/out.tar"
    done = ocitool("filter", f"s3://{bucket}/in.tar", "-p", "linux/arm64", "-o", output, "--format", "json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    expected = filtered(source)
    assert (report["output"], report["outputSize"]) == (output, len(expected))
    assert server.get(bucket, "out.tar") == expected


def test_merge(server: S3Server, bucket: str, source: Path) -> None:
    expected = source.parent / "merged.tar"
    assert ocitool("merge", source, source, "-o", expected).returncode == 0
    assert ocitool("merge", source, source, "-o", f"s3://{bucket}/merged.tar").returncode == 0
    assert server.get(bucket, "merged.tar") == expected.read_bytes()


def test_file_urls_are_files(source: Path) -> None:
    output = source.parent / "a b.tar"
    done = ocitool("filter", source, "-p", "linux/arm64", "-o", f"file://{source.parent}/a%20b.tar")
    assert done.returncode == 0, done.stderr
    assert output.read_bytes() == filtered(source)


def test_dry_runs_open_nothing(server: S3Server, bucket: str, source: Path) -> None:
    done = ocitool("filter", source, "-p", "linux/arm64", "-o", f"s3://key:secret@{bucket}/x.tar", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert f"would write s3://{bucket}/x.tar".encode() in done.stdout
    assert server.traffic.requests == 0


def test_a_digest_map_stands_with_the_object_or_not_at_all(server: S3Server, bucket: str, source: Path) -> None:
    written = source.parent / "map.json"
    arguments = ("filter", source, "-p", "linux/arm64", "--digest-map", written, "-o")
    assert ocitool(*arguments, f"s3://{bucket}/x.tar").returncode == 0
    assert json.loads(written.read_bytes())
    written.unlink()
    server.hit = lambda method, _target: method == "PUT"
    server.faults.extend([None] * 0)
    from tests.remote_servers import Fault

    server.always = Fault(status=403)
    try:
        refused(
            ocitool(*arguments, f"s3://{bucket}/y.tar"),
            6,
            "access is denied (403 AccessDenied)",
            "check the credentials",
        )
    finally:
        server.always = None
    assert not written.exists()
    assert_nothing(server, bucket, objects=("x.tar",))


def test_existing_objects_are_kept_if_asked(server: S3Server, bucket: str, source: Path) -> None:
    server.put(bucket, "x.tar", b"old")
    done = ocitool("filter", source, "-p", "linux/arm64", "-o", f"s3://{bucket}/x.tar", "--no-clobber")
    refused(done, 6, "exists already")
    assert server.get(bucket, "x.tar") == b"old"


@pytest.mark.parametrize(
    ("output", "more", "code", "words"),
    [
        ("s3://nowhere-at-all/x.tar", (), 6, "there is no bucket nowhere-at-all"),
        ("s3://bucket/x.tar", ("--reflink", "always"), 2, "shares no blocks"),
        ("s3://bucket/folder/", (), 2, "an image layout folder is written on this machine only"),
        ("s3://bucket/x.tar.xz", (), 2, "that compression is not written"),
        ("s3://bucket", (), 2, "names no object"),
        ("https://me:secret@host/x.tar?X-Amz-Signature=secret", (), 2, "cannot be written to"),
        ("nonsense://me:secret@host/x.tar", (), 2, "nothing that is installed serves nonsense://"),
        ("file://host/x.tar", (), 2, "names a file of another machine"),
    ],
)
def test_what_cannot_be_written(
    server: S3Server,
    source: Path,
    output: str,
    more: tuple[str, ...],
    code: int,
    words: str,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    done = ocitool_here(capfdbinary, "filter", source, "-p", "linux/arm64", "-o", output, *more)
    refused(done, code, words)
    assert b"secret" not in done.stderr


def test_the_parts_of_a_split_stay_here(source: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    done = ocitool_here(capfdbinary, "split", source, "-d", "s3://key:secret@bucket/parts")
    refused(done, 2, "go into a folder of this machine")
    assert b"secret" not in done.stderr


def test_digest_maps_stay_here(source: Path) -> None:
    done = ocitool("filter", source, "-p", "linux/arm64", "-o", source.parent / "x.tar", "--digest-map", "s3://b/map")
    refused(done, 2, "--digest-map takes a file of this machine")
