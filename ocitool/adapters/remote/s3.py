"""Objects in S3 and stores that speak like it, through the client of s3fs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ocitool.adapters.remote.answers import Version, refuse, span_of
from ocitool.adapters.remote.http import connection_errors, reason, receive
from ocitool.adapters.remote.loop import Loop
from ocitool.adapters.remote.remote_object import Broken, changed, refused
from ocitool.adapters.remote.s3_client import locate, open_client
from ocitool.adapters.remote.write_failures import told_by
from ocitool.errors import ArchiveError, OcitoolError

if TYPE_CHECKING:
    from ocitool.adapters.remote.address import Address

CREDENTIALS: Final = (
    "credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE or the machine's role; "
    "FSSPEC_S3_ANON=true reads what is public"
)
_SEVERAL: Final = 4
_PIECE: Final = 256 * 1024


class S3Object:
    """One object, of the version that the first answer had."""

    concurrency = _SEVERAL

    def __init__(self, address: Address) -> None:
        from fsspec.config import conf

        self.size = -1
        self._name = address.shown
        self.version = ""
        self._etag = ""
        self._version = Version()
        self._loop = Loop()
        # Tries and pauses are ours, the same for all backends.
        tried_once = {"retries": {"total_max_attempts": 1}}
        try:
            configured = {**conf.get("s3", {}), **conf.get("s3a", {})}.get("config_kwargs", {})
            self._files = open_client(address, config_kwargs={**tried_once, **configured})
        except (ImportError, OcitoolError):
            raise
        except Exception as error:
            raise _failure_without_answer(error, self._name) from error
        self._files.retries = 1
        bucket, key, version = locate(self._files, address)
        self._asked = {"Bucket": bucket, "Key": key, **({"VersionId": version} if version else {})}

    def open(self, length: int) -> bytes:
        """Return the first `length` bytes, and know size and version from then on; raises as `read_range`."""
        buffer = memoryview(bytearray(length))
        count = self._loop.run(self._read(0, buffer))
        if count < min(length, self.size):
            raise Broken("the answer was cut short")
        return bytes(buffer[:count])

    def read_range(self, offset: int, buffer: memoryview) -> int:
        """Ask once for a range; raises as `RemoteObject.read_range`."""
        return self._loop.run(self._read(offset, buffer))

    def check_unchanged(self) -> None:
        """Do nothing: every answer was held to the version of the first."""

    def interrupt(self) -> None:
        """Cancel all requests."""
        self._loop.cancel()

    async def _read(self, offset: int, buffer: memoryview) -> int:
        asked = {**self._asked, "Range": f"bytes={offset}-{offset + len(buffer) - 1}"}
        if self._etag:
            asked["IfMatch"] = self._etag
        try:
            answer = await self._files._call_s3("get_object", **asked)  # noqa: SLF001 - the coroutine of call_s3
        except Exception as error:
            if self.size < 0 and _status(error) == 416:
                self.size = 0  # an empty object has no range at all
                return 0
            raise self._failure(error) from error
        body = answer["Body"]
        try:
            return await self._receive(answer, offset, buffer)
        finally:
            body.close()

    async def _receive(self, answer: Any, offset: int, buffer: memoryview) -> int:
        from botocore.exceptions import BotoCoreError

        span = span_of({"Content-Range": answer.get("ContentRange", "")})
        total = answer["ContentLength"] if span is None else span.total
        if span is None and (offset or answer.get("ContentRange")):
            raise Broken("the server sent the whole object and not a range of it")
        if span is not None and (span.start != offset or span.end > offset + len(buffer) or total is None):
            raise ArchiveError(
                "the server sent another range than it was asked for",
                where=self._name,
                remedy="fetch the file first, then name the file",
            )
        etag, modified = answer.get("ETag", ""), str(answer.get("LastModified", ""))
        if self.size < 0:
            self.size, self._etag, self._version = total or 0, etag, Version(etag, modified)
            self.version = self._version.text or answer.get("VersionId", "")
        elif total != self.size or not self._version.may_be(Version(etag, modified)):
            raise changed(self._name)
        errors = (*connection_errors(), BotoCoreError)
        return await receive(answer["Body"].iter_chunks(_PIECE), buffer, errors)

    def _failure(self, error: Exception) -> Exception:
        """Return what an error of s3fs or of what is below it means."""
        status = _status(error)
        if not status:
            return _failure_without_answer(error, self._name)
        headers = _metadata(error).get("HTTPHeaders", {})
        try:
            refuse(status, {"Retry-After": headers.get("retry-after", "")}, self._name, CREDENTIALS)
        except (ArchiveError, Broken) as meaning:
            return meaning
        return error


def _failure_without_answer(error: Exception, name: str) -> Exception:
    """Return what it means that there was no answer of the store."""
    from botocore import exceptions

    lacking = (exceptions.NoCredentialsError, exceptions.PartialCredentialsError)
    useless = (exceptions.CredentialRetrievalError, exceptions.ProfileNotFound, PermissionError)
    if isinstance(error, lacking):
        return refused(name, "no credentials found", CREDENTIALS)
    if isinstance(error, useless):
        return refused(name, "the credentials do not do", CREDENTIALS)
    if isinstance(error, (*connection_errors(), exceptions.HTTPClientError, exceptions.ConnectionError)):
        return Broken(reason(error))
    if isinstance(error, OcitoolError | Broken):
        return error
    # Whatever else there is comes of what the client was set to, and is of no certain kind.
    remedy = "check bucket, key and endpoint (AWS_ENDPOINT_URL), and FSSPEC_S3"
    return ArchiveError(f"cannot be read: {told_by(error)}", where=name, remedy=remedy)


def _metadata(error: BaseException) -> dict[str, Any]:
    """Return what botocore knows of the answer that an error, or what caused it, came with."""
    found: BaseException | None = error
    while found is not None:
        answer = getattr(found, "response", None)
        if isinstance(answer, dict):
            metadata: dict[str, Any] = answer.get("ResponseMetadata", {})
            return metadata
        found = found.__cause__
    return {}


def _status(error: BaseException) -> int:
    return int(_metadata(error).get("HTTPStatusCode", 0))
