"""The body of one HTTP answer in order, for what cannot be read by offset; gone on with where it breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ocitool.adapters.remote.answers import span_of
from ocitool.adapters.remote.http import connection_errors, is_encoded, reason
from ocitool.adapters.remote.remote_object import Broken, changed
from ocitool.adapters.remote.retrying import PROGRESS, given_up
from ocitool.errors import ArchiveError

if TYPE_CHECKING:
    from ocitool.adapters.remote.http import HttpSession
    from ocitool.adapters.remote.retrying import Patience

_PIECE: Final = 1024 * 1024


class HttpStream:
    """A `RawInput` over an answer that is open; a server that knows no ranges has to send its beginning again."""

    def __init__(self, session: HttpSession, answer: Any, patience: Patience) -> None:
        self._session = session
        self._answer = answer
        self._patience = patience
        self._was_encoded = is_encoded(answer)
        self._position = 0
        self._to_pass = 0
        self._rest = b""
        self._is_closed = False

    @property
    def object_version(self) -> str:
        """What tells the version that is read, "" if nothing does."""
        return self._session.version_text

    def read(self, length: int, /) -> bytes:
        """Return up to `length` bytes, none at the end; raises `ArchiveError`."""
        if not self._rest:
            self._rest = self._next()
        data, self._rest = self._rest[:length], self._rest[length:]
        return data

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill some of `buffer`, return 0 at the end; raises `ArchiveError`."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Let the connection go; who reads meanwhile gets an error."""
        self._is_closed = True
        self._session.loop.cancel()
        self._session.loop.run(self._close())

    async def _close(self) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.close()

    def _next(self) -> bytes:
        """Return the next bytes, in as many requests as it takes."""
        failed, since = 0, self._position
        while True:
            if self._is_closed:
                raise ArchiveError("was not read to its end", where=self._session.address.shown)
            try:
                if self._answer is None:
                    self._session.loop.run(self._resume())
                data = self._session.loop.run(self._receive())
            except Broken as broken:
                self._session.loop.run(self._close())
                failed = 1 if self._position - since >= PROGRESS else failed + 1
                if failed >= self._patience.tries:
                    raise given_up(broken, self._patience, self._session.address.shown) from broken
                self._patience.wait(failed, broken)
                continue
            if not data or not self._to_pass:
                self._position += len(data)
                return data
            passed = min(self._to_pass, len(data))
            self._to_pass -= passed
            if data[passed:]:
                self._position += len(data) - passed
                return data[passed:]

    async def _receive(self) -> bytes:
        try:
            data: bytes = await self._answer.content.read(_PIECE)
        except connection_errors() as error:
            self._session.go_back()
            raise Broken(reason(error)) from error
        if not data and self._to_pass:
            raise changed(self._session.address.shown)
        return data

    async def _resume(self) -> None:
        """Ask for what is still to come, or for all, of which the first bytes are passed over then."""
        name = self._session.address.shown
        if self._session.version is None or not self._session.version.is_known:
            raise changed(name)  # nobody could tell whether it is the same
        answer = await self._session.open(self._position, None)
        span = span_of(answer.headers) if answer.status == 206 else None
        if is_encoded(answer) != self._was_encoded or (answer.status == 206 and span is None):
            answer.close()
            raise changed(name)
        self._to_pass = self._position - (span.start if span else 0)
        self._answer = answer
