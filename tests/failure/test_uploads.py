"""Uploads that end before they are whole: no object, no upload that was begun, what was there untouched."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from ocitool.api import WriteOptions, filter_archive
from ocitool.archive.new_file import NewFile
from ocitool.errors import OutputError
from tests.builders import multi_platform
from tests.command import ocitool
from tests.failure.endings import BIG, OLD, refused, spoil
from tests.laws.filtering import options_of
from tests.remote_servers import Fault
from tests.uploads import assert_nothing, new_bucket, s3_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.remote_servers import Request, S3Server


@pytest.fixture
def server() -> Iterator[S3Server]:
    with s3_server(AWS_MAX_ATTEMPTS="1") as server:
        yield server


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_in_the_middle(server: S3Server, big: Path, number: int, code: int) -> None:
    bucket = new_bucket(server)
    server.put(bucket, "x.tar", OLD)
    # The second part does not come to its end before the signal.
    server.hit = lambda method, target: method == "PUT" and "partNumber=2" in target
    server.always = Fault(delay=3)
    command = [sys.executable, "-m", "ocitool", "filter", str(big), "-p", "all", "-o", f"s3://{bucket}/x.tar"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        while process.poll() is None and not any("partNumber=1" in asked.query for asked in put(server)):
            time.sleep(0.02)
        assert server.uploads(bucket) == ["x.tar"]
        process.send_signal(number)
        _, message = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == code, message
    assert message == b"ocitool: interrupted\n"
    assert server.get(bucket, "x.tar") == OLD
    assert_nothing(server, bucket, objects=("x.tar",))


def put(server: S3Server) -> list[Request]:
    return [asked for asked in server.traffic.log if asked.method == "PUT"]


def test_content_that_is_not_what_it_is_called(server: S3Server, tmp_path: Path) -> None:
    bucket = new_bucket(server)
    source = tmp_path / "spoilt.tar"
    source.write_bytes(spoil(multi_platform()).pack())
    done = ocitool("filter", source, "-p", "linux/arm64", "-o", f"s3://{bucket}/x.tar")
    refused(done, 5, "is corrupt")
    assert_nothing(server, bucket)


def test_a_large_archive_whose_end_is_spoilt(server: S3Server, big: Path, tmp_path: Path) -> None:
    """Parts of it are there when the digest turns out to be another one."""
    bucket = new_bucket(server)
    data = bytearray(big.read_bytes())
    data[BIG] ^= 1
    source = tmp_path / "spoilt.tar"
    source.write_bytes(data)
    done = ocitool("filter", source, "-p", "all", "-o", f"s3://{bucket}/x.tar")
    refused(done, 5, "is corrupt")
    assert any(asked.method == "POST" for asked in server.traffic.log)
    assert_nothing(server, bucket)


def test_a_digest_map_without_a_name_leaves_the_old_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on the server cannot come back, so that it is replaced after all that may fail here."""
    from fsspec import filesystem

    def fail(_file: NewFile) -> None:
        raise OutputError("the name is gone")

    memory, place = filesystem("memory"), f"{tmp_path}/x.tar"
    memory.pipe_file(place, OLD)
    source = tmp_path / "in.tar"
    source.write_bytes(multi_platform().pack())
    monkeypatch.setattr(NewFile, "publish", fail)
    options = WriteOptions(digest_map=tmp_path / "map.json")
    with pytest.raises(OutputError, match="the name is gone"):
        filter_archive(source, f"memory://{place}", options_of(["all"]), write_options=options)
    assert memory.cat_file(place) == OLD
    assert [name.rpartition("/")[2] for name in memory.ls(str(tmp_path), detail=False)] == ["x.tar"]
