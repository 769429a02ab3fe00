"""The requests about one S3 object that is being written, through the client of s3fs.

Credentials, endpoint, region, encryption and retries are what s3fs and botocore are set to. A failed request was
tried again several times by both of them.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from ocitool.adapters.remote.checksums import Checksums, contradicts, told_etag
from ocitool.adapters.remote.s3_client import locate
from ocitool.adapters.remote.write_failures import is_absent, is_undecided, s3_failure
from ocitool.errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future

    from fsspec.spec import AbstractFileSystem

    from ocitool.adapters.remote.address import Address

TRIES: Final = 3
"""How often a part is sent whose ETag comes back as another one."""

PAUSE: Final = 0.1
"""Seconds that s3fs waits at least before it tries again, which it does not tell; botocore tells how often it did."""

_DIRECTORY_BUCKET: Final = "--x-s3"
"""Buckets of S3 Express, whose ETags are no hashes, and which refuse Content-MD5."""


@dataclass(frozen=True, slots=True)
class SentPart:
    """A part as the server has it: what it said of it, to be said again when the upload is completed."""

    size: int
    checksums: Checksums
    told: Mapping[str, Any]


class S3Object:
    """One object by bucket and key; all requests run on the event loop of fsspec."""

    def __init__(self, filesystem: AbstractFileSystem, address: Address) -> None:
        self._filesystem = filesystem
        self.bucket, self.key, _ = locate(filesystem, address)
        self.name = address.shown
        if self.key.endswith("/"):
            raise UsageError("names no object", where=self.name, remedy="name one: s3://BUCKET/NAME.tar")

    @property
    def wants_equal_parts(self) -> bool:
        """Whether s3fs is set to send parts of one size."""
        return bool(getattr(self._filesystem, "fixed_upload_size", False))

    def start(self, method: str, **parameters: object) -> Future[dict[str, Any]]:
        """Begin a request of the client of boto; what does not fit it of bucket and key is left out."""
        return asyncio.run_coroutine_threadsafe(self._request(method, **parameters), self._filesystem.loop)

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Make a request and wait for its answer; raises what botocore and s3fs raise."""
        return self.start(method, **parameters).result()

    def head(self) -> dict[str, Any] | None:
        """Return what the server tells of the object, None if there is none; raises what `call` raises."""
        try:
            return self.call("head_object")
        except Exception as error:
            if is_absent(error):
                return None
            raise

    def start_upload(self) -> Future[str]:
        """Begin an upload in parts; its identifier is what comes."""
        return asyncio.run_coroutine_threadsafe(self._create(), self._filesystem.loop)

    def start_part(self, upload: str, number: int, data: bytes) -> Future[SentPart]:
        """Begin to send a part."""
        return asyncio.run_coroutine_threadsafe(self._send_part(upload, number, data), self._filesystem.loop)

    def put(self, data: bytes, checksums: Checksums, **conditions: str) -> dict[str, Any]:
        """Store the whole object with one request; raises what `call` raises."""
        return self.call("put_object", Body=data, **self._said(checksums), **conditions)

    def failure(self, error: BaseException) -> OutputError:
        """Return the error for a request that failed."""
        return error if isinstance(error, OutputError) else s3_failure(error, self.name, self.bucket)

    def forget(self) -> None:
        """Have s3fs forget what it remembers of folders."""
        self._filesystem.invalidate_cache()

    async def _request(self, method: str, **parameters: object) -> dict[str, Any]:
        answer: dict[str, Any] = await self._filesystem._call_s3(  # noqa: SLF001 - the name in fsspec of what is awaited
            method, Bucket=self.bucket, Key=self.key, **parameters
        )
        return answer

    async def _create(self) -> str:
        known = await self._uploads()
        begun = monotonic()
        own = ""
        try:
            answer = await self._request("create_multipart_upload")
            own = str(answer["UploadId"])
            retried = answer.get("ResponseMetadata", {}).get("RetryAttempts") or monotonic() - begun >= PAUSE
        except Exception as error:
            retried = is_undecided(error)
            raise
        finally:
            if retried and known is not None:
                await self._abort_lost(known | {own})
        return own

    async def _abort_lost(self, known: frozenset[str]) -> None:
        """Give up what earlier tries may have begun whose answers were lost; nobody else would.

        Whoever else begins an upload of the same key in these seconds loses it, and would have lost the object to
        this one, or the other way round.
        """
        for upload in (await self._uploads() or frozenset()) - known:
            with contextlib.suppress(Exception):
                await self._request("abort_multipart_upload", UploadId=upload)

    async def _uploads(self) -> frozenset[str] | None:
        """Return the uploads of this key that were begun, None if that may not be known."""
        try:
            answer = await self._request("list_multipart_uploads", Prefix=self.key)
        except Exception:  # noqa: BLE001 - what matters fails again
            return None
        return frozenset(found["UploadId"] for found in answer.get("Uploads") or () if found["Key"] == self.key)

    async def _send_part(self, upload: str, number: int, data: bytes) -> SentPart:
        checksums = await asyncio.to_thread(Checksums.of, data)
        said = self._said(checksums)
        for _ in range(TRIES):
            # Bytes, and no file of them: a file would be at its end when s3fs tries again.
            answer = await self._request("upload_part", UploadId=upload, PartNumber=number, Body=data, **said)
            if not contradicts(answer, checksums.etag):
                told = {key: value for key, value in answer.items() if key.startswith("Checksum")}
                told.pop("ChecksumType", None)
                told.update(ETag=answer.get("ETag"), PartNumber=number)
                return SentPart(len(data), checksums, told)
        raise OutputError(
            f"what the server has of part {number} is not what was sent: {told_etag(answer)}", where=self.name
        )

    def _said(self, checksums: Checksums) -> dict[str, str]:
        """Return the checksums that go with the bytes; none where s3fs is set to send one of its own."""
        extra = self._filesystem.s3_additional_kwargs
        if any(key.startswith("Checksum") for key in extra):
            return {}
        setting = self._filesystem.s3.meta.config.request_checksum_calculation
        return checksums.parameters(
            flexible=setting == "when_supported", md5=not self.bucket.endswith(_DIRECTORY_BUCKET)
        )
