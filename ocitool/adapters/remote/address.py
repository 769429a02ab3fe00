"""URLs: what they lead to, and how they are shown without what is secret in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ocitool.errors import UsageError
from ocitool.model.url import shown_url, url_scheme

if TYPE_CHECKING:
    from typing import Self


@dataclass(frozen=True, slots=True)
class Address:
    """The URL of an object with its scheme in lower case, and as messages and reports show it."""

    url: str
    scheme: str
    shown: str

    @classmethod
    def parse(cls, url: str) -> Self:
        """Parse a URL; raises `UsageError` if it is none."""
        try:
            _ = urlsplit(url).port  # told apart only when it is asked for
        except ValueError:
            raise UsageError(
                "not a URL", where=shown_url(url), remedy="check its host and port; a file of that name is ./NAME"
            ) from None
        scheme = url_scheme(url)
        # Fsspec knows schemes in lower case only (RFC 3986, 3.1: in either case they are the same).
        return cls(scheme + url.lstrip()[len(scheme) :], scheme, shown_url(url))
