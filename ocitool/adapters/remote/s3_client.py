"""What an S3 URL names, and the client of s3fs for it.

Fsspec's own way from a URL to these takes ``::`` in a key for a chain of file systems, ``#`` for the end of what may
name a version, and slashes off the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ocitool.errors import UsageError
from ocitool.model.url import split_s3_version

if TYPE_CHECKING:
    from ocitool.adapters.remote.address import Address


class S3Location(NamedTuple):
    """A bucket, a key in it and a version of the object, "" for the newest."""

    bucket: str
    key: str
    version: str


def open_client(address: Address, **settings: object) -> Any:
    """Return the file system of s3fs, set as fsspec is configured; raises `ImportError` and what s3fs raises."""
    from fsspec import filesystem

    return filesystem(address.scheme, **settings)


def locate(files: Any, address: Address) -> S3Location:
    """Return what a URL names; raises `UsageError` if that is no object."""
    url, version = split_s3_version(address.url)
    # S3fs knows the ARNs that may stand for a bucket.
    bucket, key = files._find_bucket_key(url.partition("://")[2])  # noqa: SLF001 - what `split_path` asks
    if not bucket or not key:
        raise UsageError("names no object", where=address.shown, remedy="give it as s3://BUCKET/KEY")
    return S3Location(bucket, key, version)
