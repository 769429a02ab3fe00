"""From S3 to S3 whatever goes wrong on the way: the object that a file would be, or an error and nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocitool.adapters.remote import parts, retrying, s3_upload
from ocitool.api import WriteOptions, filter_archive
from ocitool.errors import OcitoolError
from tests.laws.filtering import filtered, options_of
from tests.remote_servers import Fault
from tests.strategies import Archive, selected_archives
from tests.uploads import assert_nothing, new_bucket, random_bytes, s3_server, upload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.remote_servers import S3Server

PART = 5000

faults = st.one_of(
    st.none(),
    st.none(),
    st.builds(Fault, status=st.sampled_from([403, 500, 503])),
    st.builds(Fault, reset_after=st.integers(0, 3000)),
    st.builds(Fault, short_after=st.integers(0, 3000)),
    st.builds(Fault, flip=st.integers(0, 3000)),
)


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    """A server that takes small parts, and clients that do not wait long."""
    from moto.s3 import models
    from s3fs import S3FileSystem

    with (
        mock.patch.object(models, "S3_UPLOAD_PART_MIN_SIZE", 1),
        mock.patch.object(parts, "BASE", PART),
        mock.patch.object(retrying, "FIRST_PAUSE", 0.001),
        mock.patch.object(S3FileSystem, "retries", 2),
        mock.patch.object(s3_upload, "PAUSES", ()),
        s3_server(AWS_MAX_ATTEMPTS="1") as server,
    ):
        yield server


def _may_fail(method: str, target: str) -> bool:
    """Spare what cleans up: who cannot be reached any more cannot be asked to forget."""
    return method != "DELETE" and not (method == "GET" and ("uploads" in target or "uploadId" in target))


@settings(max_examples=60)
@given(selected_archives(damaged=False), st.lists(faults, max_size=25), st.booleans(), st.booleans())
def test_the_right_object_or_none(
    server: S3Server, chosen: tuple[Archive, list[str]], met: list[Fault | None], clobber: bool, packed: bool
) -> None:
    archive, platforms = chosen
    bucket = new_bucket(server)
    source, output = f"s3://{bucket}/in.tar", f"s3://{bucket}/out.tar{'.zst' if packed else ''}"
    server.put(bucket, "in.tar", archive.data)
    server.hit = _may_fail
    server.faults.clear()
    server.faults.extend(met)
    name = output.rpartition("/")[2]
    options = options_of(platforms)
    try:
        filter_archive(source, output, options, write_options=WriteOptions(clobber=clobber))
    except OcitoolError:
        assert any(met)
        assert_nothing(server, bucket, objects=("in.tar",))
    else:
        server.faults.clear()
        assert server.get(bucket, name) == _as_file(archive, platforms, name)
        assert_nothing(server, bucket, objects=("in.tar", name))


def _as_file(archive: Archive, platforms: list[str], name: str) -> bytes:
    if name.endswith(".tar"):
        return filtered(archive.data, platforms)
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder, "in.tar"), Path(folder, name)
        source.write_bytes(archive.data)
        filter_archive(source, output, options_of(platforms))
        return output.read_bytes()


@settings(max_examples=40)
@given(st.lists(st.integers(0, 3 * PART), max_size=8), st.booleans())
def test_pieces_of_any_size(server: S3Server, sizes: list[int], told: bool) -> None:
    bucket = new_bucket(server)
    server.hit = lambda _method, _target: False
    data = random_bytes(sum(sizes))
    for storage in (f"s3://{bucket}", f"memory://{bucket}"):
        opened = upload(f"{storage}/x.tar", data, told=told, piece=max(1, *sizes, 1))
        opened.close()
    from fsspec import filesystem

    assert server.get(bucket, "x.tar") == data == filesystem("memory").cat_file(f"/{bucket}/x.tar")
