"""The first request to an HTTP server: it tells whether the object can be read by offset, and how long it is."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from ocitool.adapters.remote.answers import span_of
from ocitool.adapters.remote.http import HttpObject, HttpSession, connection_errors, is_encoded, receive
from ocitool.adapters.remote.http_stream import HttpStream
from ocitool.adapters.remote.read_ahead import BASE
from ocitool.adapters.remote.remote_object import Broken
from ocitool.adapters.remote.retrying import fill, persist
from ocitool.errors import UnsupportedArchive

if TYPE_CHECKING:
    from typing import Any

    from ocitool.adapters.remote.address import Address
    from ocitool.adapters.remote.retrying import Patience

_READABLE: Final = frozenset({"gzip", "x-gzip", "zstd"})
"""Encodings that are formats of whole files, too, so that such a body is an archive that is compressed."""


def open_http(address: Address, patience: Patience) -> tuple[HttpObject, bytes] | HttpStream:
    """Ask for the beginning of an object; return it with the object or, if it knows no ranges, its bytes in order."""
    session = HttpSession(address)
    return persist(lambda: _open(session, patience), patience, address.shown)


def _open(session: HttpSession, patience: Patience) -> tuple[HttpObject, bytes] | HttpStream:
    loop, name = session.loop, session.address.shown
    session.version = None
    answer = loop.run(session.open(0, BASE))
    if answer.status == 416:
        answer.close()
        return HttpObject(session, 0), b""
    encoding = answer.headers.get("Content-Encoding", "").strip().lower()
    span = span_of(answer.headers) if answer.status == 206 else None
    if is_encoded(answer) and encoding not in _READABLE:
        answer.close()
        raise UnsupportedArchive(
            f"the server sends it encoded ({encoding}), though it was asked not to",
            where=name,
            remedy="fetch the file first, then name the file",
        )
    if span is not None and span.start == 0 and span.total is not None and not is_encoded(answer):
        start = memoryview(bytearray(min(BASE, span.total)))
        try:
            count = loop.run(receive(answer.content.iter_any(), start[: span.end], connection_errors()))
        finally:
            answer.close()
        if count < min(span.end, len(start)):
            raise Broken("the answer was cut short")
        opened = HttpObject(session, span.total)
        fill(opened.read_range, count, start[count:], patience, name)
        return opened, bytes(start)
    if answer.status == 206:  # a range of what cannot be read by ranges: all of it, then
        answer.close()
        answer = loop.run(session.open_whole())
    _tell_cost(answer, name)
    return HttpStream(session, answer, patience)


def _tell_cost(answer: Any, name: str) -> None:
    length = answer.headers.get("Content-Length", "")
    amount = f"all of its {length} bytes" if length.isdecimal() else "all of it"
    logging.getLogger("ocitool").warning(
        "%s: cannot be read by ranges, as its server answers: %s may have to be transferred", name, amount
    )
