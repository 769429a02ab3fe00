"""Requests through the session of fsspec, with what is configured there for the server that the user named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from ocitool.adapters.remote.forwarding import FORWARDING, MOST, Target, forwarded
from ocitool.errors import ArchiveError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ocitool.adapters.remote.address import Address

CONNECT_TIMEOUT: Final = 30.0
READ_TIMEOUT: Final = 60.0
"""Seconds without a byte after which a request is made again."""

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OF_THE_WAY: Final = frozenset({"ssl", "verify_ssl", "proxy", "proxy_auth", "proxy_headers"})
"""Options of a request that say how to get anywhere; all others are for the server that the user named."""
_OF_EVERY_WAY: Final = frozenset({"trust_env", "proxy", "proxy_auth"})
"""The same of a session."""


class HttpClient:
    """Sends requests for one object; raises `UsageError` for what fsspec is configured to and cannot be sent."""

    def __init__(self, address: Address) -> None:
        import fsspec

        self._name = address.shown
        self._files = fsspec.filesystem("http")
        options = dict(self._files.kwargs)
        self._headers = _headers(options.pop("headers", {}), self._name)
        self._follows = options.pop("allow_redirects", True)
        self._options = options
        self._cookies: Any = None
        try:
            self.given = Target(self._files.encode_url(address.url))
        except ValueError:
            raise _no_url(self._name) from None

    async def get(self, target: Target, headers: Mapping[str, str]) -> tuple[Any, Target]:
        """Return an answer and what it is the answer of, which is another target where the server forwards.

        Raises what the HTTP library raises, and `ArchiveError` for a forwarding that is not followed.
        """
        requoted = self._client_options.get("requote_redirect_url", True)
        for _ in range(MOST):
            answer = await self._send(target, headers)
            location = answer.headers.get("Location", "")
            if answer.status not in FORWARDING or not location or not self._follows:
                return answer, target
            answer.release()
            target = forwarded(target, location, self._name, encoded=not requoted)
        raise ArchiveError("the server forwards in a circle", where=self._name, remedy="check the URL")

    async def _send(self, target: Target, headers: Mapping[str, str]) -> Any:
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT, sock_read=READ_TIMEOUT)
        # Bytes as they are sent: decoding would move the offsets of all that follows.
        ours = {
            "timeout": timeout,
            "auto_decompress": False,
            "allow_redirects": False,
            "raise_for_status": False,
        }
        try:
            session = await self._files.set_session()
            if not target.is_own:
                return await self._send_elsewhere(session, target, headers, ours)
            asked = {key.lower() for key in headers}
            configured = {key: value for key, value in self._headers.items() if key.lower() not in asked}
            return await session.get(target.url, **self._options | ours, headers={**configured, **headers})
        except (aiohttp.ClientError, OSError):
            raise  # some of these are a ValueError, too
        except (TypeError, ValueError, AttributeError) as error:
            if not self._files.storage_options:
                raise _no_url(self._name) from error
            # Not what the error says: it may quote a header, which may be secret.
            raise _useless(self._name, "cannot be used for this URL") from error

    async def _send_elsewhere(
        self, session: Any, target: Target, headers: Mapping[str, str], ours: dict[str, Any]
    ) -> Any:
        """Send a request with nothing that was meant for the server that the user named.

        Headers, cookies, user and password may be set for a session as well, and a session sends them everywhere.
        """
        import aiohttp

        if self._cookies is None:
            self._cookies = aiohttp.CookieJar()
        every = {key: value for key, value in self._client_options.items() if key in _OF_EVERY_WAY}
        options = {key: value for key, value in self._options.items() if key in _OF_THE_WAY}
        bare = aiohttp.ClientSession(
            connector=session.connector, connector_owner=False, cookie_jar=self._cookies, **every
        )
        try:
            return await bare.get(target.url, **options | ours, headers=headers)
        finally:
            bare.detach()

    @property
    def _client_options(self) -> dict[str, Any]:
        found = self._files.client_kwargs
        if not isinstance(found, dict):
            raise _useless(self._name, "has client_kwargs that are no object")
        return found


def _headers(found: object, name: str) -> dict[str, str]:
    """Return the headers that are configured; raises `UsageError` if they are none (RFC 9110, 5.1 and 5.5)."""
    if not isinstance(found, dict):
        raise _useless(name, "has headers that are no object")
    for key, value in found.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise _useless(name, "has a header that is no text")
        if not _NAME.fullmatch(key):
            raise _useless(name, "has a header whose name is none")
        if _CONTROL.search(value):
            raise _useless(name, "has a header with a line break or another control character")
    return dict(found)


def _no_url(name: str) -> UsageError:
    return UsageError("not a URL that can be asked for", where=name, remedy="check its host and port")


def _useless(name: str, why: str) -> UsageError:
    return UsageError(
        f"what fsspec is configured to for HTTP {why}",
        where=name,
        remedy="check FSSPEC_HTTPS, FSSPEC_HTTP and the files in ~/.config/fsspec",
    )
