"""URLs of archives: told from paths, named, and shown without what is secret in them."""

from __future__ import annotations

import re
from typing import Final

_VERSION: Final = "versionId="
_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def url_scheme(place: object) -> str:
    """Return the scheme of a URL in lower case, "" for what is none; ``./`` before it makes any name a path."""
    found = _URL.match(place) if isinstance(place, str) else None
    return found[1].lower() if found else ""


def shown_url(url: str) -> str:
    """Return a URL without what may be secret in it: the password and, but for a version of S3's, the query."""
    scheme, _, rest = url.partition("://")
    place, mark, query = rest.partition("?")
    host, slash, path = place.partition("/")
    user, at, host = host.rpartition("@")
    kept = "&".join(part for part in query.split("&") if part.startswith(_VERSION))
    hidden = "..." if query and not kept else kept
    return f"{scheme}://{user.partition(':')[0]}{at}{host}{slash}{path}{mark}{hidden}"


def url_file_name(url: str) -> str:
    """Return the last component of a URL's path, "" if it has none; never what is in its query."""
    place = url.partition("://")[2].partition("?")[0]
    path = place.partition("/")[2]
    if url_scheme(url) in {"http", "https"}:
        from urllib.parse import unquote

        path = unquote(path.partition("#")[0])
    return path.rstrip("/").rpartition("/")[2]
