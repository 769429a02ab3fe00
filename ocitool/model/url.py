"""URLs of archives: told from paths, named, and shown without what is secret in them."""

from __future__ import annotations

import re
from typing import Final

from ocitool.errors import UsageError

_URL: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*)://")
_HOST: Final = re.compile(r"arn:.*|(\[[^]]*\]|[^:\[\]]*)(:[0-9]*)?([?#].*)?")
_LOCAL: Final = frozenset({"file", "local"})
_VERSIONS: Final = frozenset({"versionid", "generation", "versionsnapshot", "snapshot"})
"""Parameters of a URL that name a version of an object."""
_S3: Final = frozenset({"s3", "s3a"})
_S3_VERSION: Final = re.compile(r"(.*)\?versionId=([^?&#/=]+)", re.DOTALL)
_SAME: Final = {"s3a": "s3", "gcs": "gs", "ssh": "sftp"}
"""Schemes that are another name of one."""


def url_scheme(place: object) -> str:
    """Return the scheme of a URL in lower case, "" for what is none; ``./`` before it makes any name a path.

    Blanks before a URL, as pasting leaves them, make no path of it (https://url.spec.whatwg.org/#concept-basic-url-parser).
    """
    found = _URL.match(place) if isinstance(place, str) else None
    return found[1].lower() if found else ""


def shown_url(place: str) -> str:
    """Return a place as messages and reports show it: a URL without user, password and what its query says.

    Signed URLs carry their signature there; only the version of an object is shown. A path is shown as it is. In the
    key of an S3 object ``#`` is a letter like others, and so is ``?`` unless what follows reads like a query.
    """
    if not url_scheme(place):
        return place
    scheme, _, rest = place.lstrip().partition("://")
    # First, as a password may hold what ends a host in a URL.
    host, slash, rest = rest.partition("/")
    host = host.rpartition("@")[2]
    if not _HOST.fullmatch(host):
        return f"{scheme}://..."
    if scheme.lower() in _S3 and slash and "?" not in host and "#" not in host:
        path, query = _split_key(f"{host}/{rest}")
    else:
        path, _, query = f"{host}{slash}{rest}".partition("#")[0].partition("?")
    fields = [field.partition("=") for field in query.split("&") if field]
    shown = "&".join(
        f"{key}={value}" if key.lower() in _VERSIONS else f"{key if is_ else ''}{is_}..."
        for key, is_, value in fields
    )
    return f"{scheme}://{path}{shown and '?'}{shown}"


def url_file_name(url: str) -> str:
    """Return the last component of a URL's path, "" if it has none; never what is in its query."""
    place = url.partition("://")[2]
    if url_scheme(url) in _S3:
        return _split_key(place.partition("/")[2])[0].rstrip("/").rpartition("/")[2]
    path = place.partition("?")[0].partition("/")[2]
    if url_scheme(url) in {"http", "https"}:
        from urllib.parse import unquote

        path = unquote(path.partition("#")[0])
    return path.rstrip("/").rpartition("/")[2]


def copy_name(place: str) -> str:
    """Return what a copy of a remote object in this folder is called; any other place is what it is."""
    return (url_file_name(place) or "image.tar") if url_scheme(place) else place


def split_s3_version(place: str) -> tuple[str, str]:
    """Return an S3 URL without the version that ``?versionId=`` at its end names, and that version, "" if none.

    All else after a bucket is the key, to the letter.
    """
    found = _S3_VERSION.fullmatch(place) if url_scheme(place) in _S3 else None
    return (found[1], found[2]) if found else (place, "")


def require_no_version(url: str) -> None:
    """Raise `UsageError` if what is to be written is named with a version, which would not be the one written."""
    if url_scheme(url) in _S3 and "?versionid=" in url.lower():
        raise UsageError(
            "a version of an object cannot be written",
            where=shown_url(url),
            remedy="name the object without ?versionId=; the store gives what is written a version of its own",
        )


def object_of_url(url: str) -> str:
    """Return one spelling for all URLs of an object that differ only in how they are written."""
    scheme, rest = url_scheme(url), url.partition("://")[2]
    return f"{_SAME.get(scheme, scheme)}://{rest}"


def _split_key(place: str) -> tuple[str, str]:
    """Return the key of an S3 object and what reads like a query behind it: a version, or parameters with values."""
    found = _S3_VERSION.fullmatch(place)
    if found is not None:
        key, query = _split_key(found[1])
        return key, "&".join(filter(None, (query, f"versionId={found[2]}")))
    key, _, rest = place.partition("?")
    return (key, rest) if "=" in rest else (place, "")


def path_of_url(place: str) -> str:
    """Return the path that a ``file://`` URL means (RFC 8089), and any other place as it is.

    Of any other URL, only blanks before it go. Raises `UsageError` for a file of another machine.
    """
    if url_scheme(place) not in _LOCAL:
        return place.lstrip() if url_scheme(place) else place
    path = place.partition("://")[2].removeprefix("localhost")
    if not path.startswith("/"):
        raise UsageError(
            "names a file of another machine", where=place, remedy="write file:///PATH, or the path alone"
        )
    from urllib.parse import unquote

    return unquote(path)
