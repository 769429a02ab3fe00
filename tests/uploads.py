"""What tests of uploads share: an S3 server that this process finds by itself, and what is left on it."""

from __future__ import annotations

import itertools
import os
import random
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

from ocitool.adapters.remote.s3_object import S3Object
from ocitool.adapters.remote.upload import open_upload
from tests.remote_servers import S3Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ocitool.archive.remote import Upload

_BUCKETS = itertools.count()


@contextmanager
def s3_server(**environment: str) -> Iterator[S3Server]:
    """Start a server that botocore finds in the environment; it tries what fails twice, not five times."""
    from s3fs import S3FileSystem

    with S3Server() as server:
        found = {"AWS_MAX_ATTEMPTS": "2"} | server.environment | environment
        S3FileSystem.clear_instance_cache()
        with mock.patch.dict(os.environ, found):
            yield server
        S3FileSystem.clear_instance_cache()


def new_bucket(server: S3Server) -> str:
    """Make a bucket that no other test has."""
    name = f"uploads-{os.getpid()}-{next(_BUCKETS)}"
    server.make_bucket(name)
    server.traffic.clear()
    return name


def random_bytes(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def upload(
    url: str, data: bytes, *, clobber: bool = True, told: bool = True, piece: int = 1 << 20, publish: bool = True
) -> Upload:
    """Upload as the engine does and return what was published, still open."""
    opened = open_upload(url, clobber=clobber)
    try:
        opened.begin(len(data) if told else None)
        for start in range(0, len(data), piece):
            opened.write(memoryview(data)[start : start + piece])
        if publish:
            opened.stage()
            opened.publish()
    except BaseException:
        opened.close()
        raise
    return opened


@contextmanager
def meddling(change: Callable[[str, dict[str, Any]], None]) -> Iterator[None]:
    """Have `change` see and alter the parameters of every request about an object before it is sent."""
    request = S3Object._request

    async def changed(self: S3Object, method: str, **parameters: Any) -> dict[str, Any]:
        change(method, parameters)
        return await request(self, method, **parameters)

    with mock.patch.object(S3Object, "_request", changed):
        yield


def assert_nothing(server: S3Server, bucket: str, *, objects: tuple[str, ...] = ()) -> None:
    """Hold a bucket to having these objects alone, and no upload that was begun."""
    assert tuple(server.keys(bucket)) == objects
    assert server.uploads(bucket) == []
