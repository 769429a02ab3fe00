"""HTTP answers: what a status means for whoever reads, and what tells one version of an object from another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import time
from typing import TYPE_CHECKING, Final

from ocitool.adapters.remote.remote_object import Broken, changed, missing, refused
from ocitool.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONTENT_RANGE: Final = re.compile(r"\s*bytes\s+([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)\s*", re.IGNORECASE)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_PASSING: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
"""Statuses that another try may not meet (RFC 9110, 15.5.9 and 15.6; RFC 6585, 4; RFC 8470, 5.2)."""


@dataclass(frozen=True, slots=True)
class Version:
    """What tells that an object is still the same: its ETag or, without one, when it was modified."""

    etag: str = ""
    modified: str = ""

    @property
    def condition(self) -> dict[str, str]:
        """Headers that have the server refuse another version; a weak ETag never holds there (RFC 9110, 13.1.1).

        One with control characters (RFC 9110, 8.8.3) may come, but no header that is sent can hold it.
        """
        is_sent = self.etag and not self.etag.startswith("W/") and not _CONTROL.search(self.etag)
        return {"If-Match": self.etag} if is_sent else {}

    def may_be(self, other: Version) -> bool:
        """Tell whether two answers may be of one version."""
        if self.etag and other.etag:
            return self.etag.removeprefix("W/") == other.etag.removeprefix("W/")
        return not (self.modified and other.modified) or self.modified == other.modified

    @property
    def text(self) -> str:
        """What tells it, "" if nothing does; a weak ETag goes with the time, as other bytes may have it too."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return " ".join(filter(None, (self.etag, self.modified)))

    @property
    def is_known(self) -> bool:
        """Whether there is anything to tell it by."""
        return bool(self.etag or self.modified)


def version_of(headers: Mapping[str, str]) -> Version:
    """Return the version that the headers of an answer tell."""
    return Version(headers.get("ETag", ""), headers.get("Last-Modified", ""))


@dataclass(frozen=True, slots=True)
class Span:
    """What an answer says that it holds: bytes from `start` to before `end`, of `total` (None: not told)."""

    start: int
    end: int
    total: int | None


def span_of(headers: Mapping[str, str]) -> Span | None:
    """Return the range that a partial answer holds, None if it says none or one that cannot be (RFC 9110, 14.4)."""
    found = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", ""))
    if found is None:
        return None
    span = Span(int(found[1]), int(found[2]) + 1, None if found[3] == "*" else int(found[3]))
    return span if span.start < span.end and (span.total is None or span.end <= span.total) else None


def refuse(status: int, headers: Mapping[str, str], name: str, credentials: str) -> None:
    """Raise what a status means unless it is an answer with content; `credentials` says where those come from."""
    if status in {200, 206}:
        return
    if status in {401, 403, 407}:
        raise refused(name, f"status {status}", credentials)
    if status in {404, 410}:
        raise missing(name)
    if status in {412, 416}:
        raise changed(name)
    if status in _PASSING:
        raise Broken(f"the server answers {status}", wait=_retry_after(headers))
    raise ArchiveError(f"cannot be read: the server answers {status}", where=name, remedy="check the URL")


def _retry_after(headers: Mapping[str, str]) -> float:
    """Return how many seconds a server asks to wait: a number or a date (RFC 9110, 10.2.3)."""
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time())
    except (ValueError, OverflowError):
        return 0.0
