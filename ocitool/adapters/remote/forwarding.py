"""Where an HTTP server forwards to (RFC 9110, 15.4), and whether what is configured for it may go there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.errors import ArchiveError

if TYPE_CHECKING:
    from yarl import URL

FORWARDING: Final = frozenset({301, 302, 303, 307, 308})
MOST: Final = 10
"""How often one request is forwarded."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked for; `is_own` is whether nothing led away from the origin of the URL that was given."""

    url: URL
    is_own: bool = True


def forwarded(target: Target, location: str, name: str, *, encoded: bool) -> Target:
    """Return where the answer of a target leads.

    User and password stay with the origin (scheme, host and port) that they were given for, and so does whatever
    `is_own` stands for, also where a second answer leads back. Raises `ArchiveError` for what is no URL of HTTP, and
    for http:// after https://: anybody on the way could read and change what comes from there.
    """
    from yarl import URL

    try:
        url = target.url.join(URL(location, encoded=encoded))
        is_http = url.scheme in {"http", "https"} and bool(url.raw_host)
    except (ValueError, TypeError):
        is_http = False
    if not is_http:
        raise ArchiveError(
            "the server forwards to what is no http:// or https:// URL", where=name, remedy="check the URL"
        )
    if target.url.scheme == "https" and url.scheme == "http":
        raise ArchiveError(
            "the server forwards from https:// to http://, which is not followed",
            where=name,
            remedy="name the http:// URL itself if you trust the network",
        )
    stays = url.origin() == target.url.origin()
    if stays and url.raw_user is None and target.url.raw_user is not None:
        url = url.with_user(target.url.user).with_password(target.url.password)
    return Target(url, target.is_own and stays)
