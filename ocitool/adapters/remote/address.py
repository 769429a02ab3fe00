"""URLs: what they lead to, and how they are shown without what is secret in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

from ocitool.archive.remote import url_scheme
from ocitool.errors import UsageError

if TYPE_CHECKING:
    from typing import Self

_OPEN: Final = frozenset({"versionid", "generation", "versionsnapshot", "snapshot"})
"""Parameters that name a version of an object; others may be signatures or tokens."""


@dataclass(frozen=True, slots=True)
class Address:
    """The URL of an object as it was given, and as messages and reports show it."""

    url: str
    scheme: str
    shown: str

    @classmethod
    def parse(cls, url: str) -> Self:
        """Parse a URL; raises `UsageError` if it is none."""
        return cls(url, url_scheme(url), shown(url))


def shown(url: str) -> str:
    """Return a URL without user, password, fragment and the values of parameters that may be secret."""
    try:
        parts = urlsplit(url)
        place = parts.netloc.rpartition("@")[2]
        queried = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError as error:
        raise UsageError(
            f"not a URL: {error}", remedy="check its host and port; a file of that name is ./NAME"
        ) from None
    query = "&".join(f"{key}={value if key.lower() in _OPEN else '...'}" for key, value in queried)
    if parts.query and not queried:
        query = "..."
    return f"{parts.scheme}://{place}{parts.path}{'?' if query else ''}{query}"
