"""Objects of plain HTTP servers, read by `Range` (RFC 9110, 14) through the session of fsspec."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from ocitool.adapters.remote.answers import Version, refuse, span_of, version_of
from ocitool.adapters.remote.http_client import HttpClient
from ocitool.adapters.remote.loop import Loop
from ocitool.adapters.remote.remote_object import Broken, changed
from ocitool.errors import ArchiveError, OcitoolError, UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator

    from ocitool.adapters.remote.address import Address
    from ocitool.adapters.remote.forwarding import Target

CREDENTIALS: Final = "give user and password in the URL, a signed URL, or headers by FSSPEC_HTTPS (see fsspec)"
NO_CREDENTIALS: Final = (
    "the server forwards to another one, which gets no user, password or headers of yours; name the URL there"
)

_ALIKE: Final = frozenset({"", "identity"})
_SEVERAL: Final = 4
_LEAST: Final = 512
"""Bytes that a range has to have at least, if it is shorter than was asked for, for the rest to be asked for."""


class HttpSession:
    """Asks one server for one object, and keeps to the version that the first answer had."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.version: Version | None = None
        self.total: int | None = None
        self.loop = Loop()
        self._client = HttpClient(address)
        self._target = self._client.given

    @property
    def version_text(self) -> str:
        """What tells the version that is read, "" if nothing does."""
        return self.version.text if self.version else ""

    @asynccontextmanager
    async def ask(self, start: int, end: int) -> AsyncIterator[Any]:
        """Ask for bytes from `start` to before `end` and yield the answer; raises as `RemoteObject.read_range`."""
        answer = await self.open(start, end)
        try:
            with _failures(self.address):
                yield answer
        except Broken:
            self.go_back()
            raise
        finally:
            answer.close()

    async def open_whole(self) -> Any:
        """Return the answer to a request for all of it."""
        return await self.open(None, None)

    async def open(self, start: int | None, end: int | None) -> Any:
        """Return the answer to a request, held to the version that is read; the caller closes it.

        It asks for no range if `start` is None, for all that follows if `end` is.
        """
        headers = {"Accept-Encoding": "identity"}
        if start is not None:
            headers["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
        if self.version is not None:
            headers |= self.version.condition
        target = self._target  # another request may leave it meanwhile
        try:
            with _failures(self.address):
                answer, reached = await self._client.get(target, headers)
            try:
                self._require(answer, reached, is_known=target == reached != self._client.given)
            except BaseException:
                answer.close()
                raise
        except Broken:
            self.go_back()
            raise
        self._target = reached
        return answer

    def go_back(self) -> None:
        """Ask the server that was named again: it may forward to another one than the one that failed."""
        self._target = self._client.given

    def _require(self, answer: Any, reached: Target, *, is_known: bool) -> None:
        """Refuse an answer without content, or of another version than the first.

        `is_known` is whether an earlier request was forwarded there.
        """
        name = self.address.shown
        if answer.status in {401, 403, 404, 410} and is_known:
            raise Broken(f"where it was forwarded to, the server answers {answer.status}")
        if answer.status == 416 and self.version is None:
            return  # an empty object has no range at all
        refuse(answer.status, answer.headers, name, CREDENTIALS if reached.is_own else NO_CREDENTIALS)
        version = version_of(answer.headers)
        if self.version is None:
            self.version = version
        elif not self.version.may_be(version):
            raise changed(name)


class HttpObject:
    """An object whose size is known and whose server knows ranges."""

    concurrency = _SEVERAL

    def __init__(self, session: HttpSession, size: int) -> None:
        self.size = size
        self._session = session

    @property
    def version(self) -> str:
        """The ETag of the first answer, or when it says that the object was modified."""
        return self._session.version_text

    def read_range(self, offset: int, buffer: memoryview) -> int:
        """Ask once for a range; raises as `RemoteObject.read_range`."""
        return self._session.loop.run(self._read(offset, buffer))

    def check_unchanged(self) -> None:
        """Do nothing: every answer was held to the version of the first."""

    def interrupt(self) -> None:
        """Cancel all requests."""
        self._session.loop.cancel()

    async def _read(self, offset: int, buffer: memoryview) -> int:
        """Ask for a range, and for the rest of it where the server sends less at a time."""
        done = 0
        while done < len(buffer):
            try:
                count, is_whole = await self._read_once(offset + done, buffer[done:])
            except Broken as broken:
                broken.count += done
                raise
            done += count
            if not is_whole or count < _LEAST:
                break
        return done

    async def _read_once(self, offset: int, buffer: memoryview) -> tuple[int, bool]:
        """Return how many bytes came, and whether these are all that the answer said it held."""
        name = self._session.address.shown
        async with self._session.ask(offset, offset + len(buffer)) as answer:
            if answer.status != 206:
                raise Broken("the server sent the whole object and not a range of it")
            span = span_of(answer.headers)
            if is_encoded(answer) or (span and span.total not in {None, self.size}):
                raise changed(name)
            if span is None or span.start != offset or span.end > offset + len(buffer):
                raise ArchiveError(
                    "the server sent another range than it was asked for",
                    where=name,
                    remedy="fetch the file first, then name the file",
                )
            told = buffer[: span.end - span.start]
            count = await receive(answer.content.iter_any(), told, connection_errors())
            if count < len(told):
                self._session.go_back()
            return count, count == len(told)


async def receive(parts: AsyncIterable[bytes], buffer: memoryview, errors: tuple[type[Exception], ...]) -> int:
    """Put a body into `buffer`, and read none of what does not fit; return how many bytes came.

    Raises `Broken` with what had come for one of `errors`.
    """
    count = 0
    try:
        async for part in parts:
            length = min(len(part), len(buffer) - count)
            buffer[count : count + length] = part[:length]
            count += length
            if count == len(buffer):
                break
    except errors as error:
        raise Broken(reason(error), count=count) from error
    return count


def is_encoded(answer: Any) -> bool:
    """Tell whether the bytes of an answer are those of the object in some other form."""
    return answer.headers.get("Content-Encoding", "").strip().lower() not in _ALIKE


def connection_errors() -> tuple[type[Exception], ...]:
    """Return what the HTTP library raises where a connection fails."""
    import aiohttp

    return (aiohttp.ClientError, asyncio.TimeoutError, OSError)


def reason(error: BaseException) -> str:
    """Say in a few words why a connection failed, without the URL."""
    if isinstance(error, asyncio.TimeoutError):
        return "no answer in time"
    cause = getattr(error, "os_error", None) or (error if isinstance(error, OSError) else None)
    text = getattr(cause, "strerror", None)
    return f"the connection failed ({text})" if text else "the connection broke"


class _failures:  # noqa: N801 - it reads as a clause
    """Turns what the HTTP library raises into what a reader understands."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, OcitoolError | Broken):
            return
        import aiohttp

        name = self._address.shown
        if isinstance(error, aiohttp.InvalidURL):
            raise UsageError(
                "not a URL that can be asked for", where=name, remedy="check its host and port"
            ) from None
        if isinstance(error, aiohttp.ClientConnectorSSLError):
            told = getattr(error.os_error, "reason", None) or "no answer that is TLS"
            raise ArchiveError(
                f"no TLS connection ({str(told).replace('_', ' ').lower()})",
                where=name,
                remedy="check host and port; the URL of a server without TLS begins with http://",
            ) from None
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            raise ArchiveError(
                "the server is not who it says it is: its certificate does not hold",
                where=name,
                remedy="check the URL, or have SSL_CERT_FILE name the authority",
            ) from None
        if isinstance(error, connection_errors()):
            raise Broken(reason(error)) from error
