"""Servers of archives that tests start: plain HTTP with ranges, and S3. They count, and fail when they are told to.

Both listen on 127.0.0.1 on a free port and end with their context. What is counted is what left the server: requests,
and bytes of bodies, those of responses that were broken off too.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote, urlsplit
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path
    from types import TracebackType
    from typing import Self
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

PIECE: Final = 64 * 1024
"""Bytes that are sent at a time."""

MOST: Final = 64 * 1024 * 1024
"""Bytes after which an endless body ends after all, so that a test that fails does so soon."""

_SIGNED: Final = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=TEST/20240101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=0"
}
"""Moto asks who it is and believes it."""

_RANGE: Final = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one response.

    `status`: this one is sent instead. `reset_after`: the connection is reset after that many bytes of the body.
    `short_after`: it is closed in good order after them. `delay`: seconds before the response. `flip`: the byte at
    that position of the body is another one.
    """

    status: int = 0
    reset_after: int | None = None
    short_after: int | None = None
    delay: float = 0.0
    flip: int | None = None

    @property
    def limit(self) -> int | None:
        """Bytes of the body after which it ends, None for all."""
        return self.short_after if self.reset_after is None else self.reset_after


@dataclass
class Request:
    """One request as it is answered: `sent` is the bytes of its body that left the server.

    Both are known before the bytes leave, so that whoever has them finds them counted.
    """

    method: str
    path: str
    query: str
    range: str
    status: int
    sent: int


@dataclass
class Traffic:
    """What a server was asked and what it sent."""

    log: list[Request] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, request: Request) -> None:
        with self.lock:
            self.log.append(request)

    def clear(self) -> None:
        with self.lock:
            self.log.clear()

    @property
    def requests(self) -> int:
        return len(self.log)

    @property
    def sent(self) -> int:
        """Bytes of bodies."""
        return sum(request.sent for request in self.log)


class Faulty:
    """What both servers have: a count of the traffic, and faults for the responses to come."""

    def __init__(self) -> None:
        self.traffic = Traffic()
        self.faults: deque[Fault | None] = deque()
        """Taken one by one by the requests that are `hit`, in the order in which they come; None spares one."""
        self.hit: Callable[[str, str], bool] = lambda method, _target: method == "GET"
        """Which requests, by method and path with query, take from `faults`."""
        self.always: Fault | None = None
        """What goes wrong when `faults` has run out."""
        self.before: Callable[[int], None] | None = None
        """Called before each request that is `hit`, with how many such requests there were before."""
        self._hits = 0
        self._lock = threading.Lock()

    def next_fault(self, method: str, target: str) -> Fault:
        """Return what is to go wrong with this request."""
        if not self.hit(method, target):
            return Fault()
        with self._lock:
            number = self._hits
            self._hits += 1
            fault = self.faults.popleft() if self.faults else self.always
        if self.before is not None:
            self.before(number)
        return fault or Fault()


class RangeServer(Faulty):
    """Plain HTTP over bytes or files by name, with ranges, ETags and conditions.

    `ignores_range` sends everything always; `etag` is ``strong``, ``weak`` or ``none``; `dated` sends Last-Modified;
    `encoding` "gzip" compresses every body; `tells_length` False sends neither a length nor ranges; `ignores_match`
    takes no notice of conditions; `password` ("user:password") is asked for; `shifted` moves Content-Range by so
    many bytes; `tells_total` False has ``*`` as the length in Content-Range. `longest` is the most bytes of a range;
    `endless` sends more after each one, for as long as anybody takes it. `told` replaces headers by name.
    """

    def __init__(self, objects: Mapping[str, bytes | Path]) -> None:
        super().__init__()
        self.objects: dict[str, bytes | Path] = dict(objects)
        self.ignores_range = False
        self.ignores_match = False
        self.etag = "strong"
        self.dated = True
        self.encoding = ""
        self.tells_length = True
        self.tells_total = True
        self.password = ""
        self.shifted = 0
        self.longest: int | None = None
        self.endless = False
        self.told: dict[str, str] = {}
        self.redirects: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.headers: list[dict[str, str]] = []
        self._server = _HttpServer(("127.0.0.1", 0), _RangeHandler)
        self._server.range_server = self
        self._scheme = "http"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def url(self, name: str, *, user: str = "") -> str:
        """Return the URL of an object."""
        return f"{self._scheme}://{user}{'@' if user else ''}127.0.0.1:{self._server.server_address[1]}/{quote(name)}"

    def speak_tls(self, context: ssl.SSLContext) -> None:
        """Have it speak https with the certificate of a context; before it is started."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "https"

    def replace(self, name: str, data: bytes) -> None:
        """Put another object in the place of one, with another ETag and another time."""
        self.versions[name] = self.versions.get(name, 0) + 1
        self.objects[name] = data

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    range_server: RangeServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients go away, and connections are reset on purpose."""


class _RangeHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _HttpServer
    disable_nagle_algorithm = True

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the name is that of the base class
        pass

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        server = self.server.range_server
        parts = urlsplit(self.path)
        name = unquote(parts.path.lstrip("/"))
        server.headers.append({key.lower(): value for key, value in self.headers.items()})
        fault = server.next_fault(self.command, self.path)
        if fault.delay:
            time.sleep(fault.delay)
        request = Request(self.command, parts.path, parts.query, self.headers.get("Range", ""), fault.status, 0)
        server.traffic.add(request)
        if name in server.redirects:
            request.status = 302
            self.send_response(302)
            self.send_header("Location", server.redirects[name])
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif status := (fault.status or self._refusal(server, name)):
            request.status = status
            self._refuse(status, with_body=with_body)
        else:
            self._send(server, name, fault, request, with_body=with_body)

    def _refusal(self, server: RangeServer, name: str) -> int:
        if server.password:
            import base64

            expected = "Basic " + base64.b64encode(server.password.encode()).decode()
            if self.headers.get("Authorization") != expected:
                return 401
        if name not in server.objects:
            return 404
        wanted = self.headers.get("If-Match")
        if wanted and not server.ignores_match and wanted != self._etag(server, name):
            return 412
        return 0

    def _refuse(self, status: int, *, with_body: bool) -> None:
        body = b"<html>no</html>"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def _etag(self, server: RangeServer, name: str) -> str:
        content = server.objects[name]
        what = _fingerprint(content) if isinstance(content, bytes) else "file"
        mark = f'"{what}-{server.versions.get(name, 0)}"'
        return server.told.get("ETag") or {"strong": mark, "weak": "W/" + mark, "none": ""}[server.etag]

    def _send(self, server: RangeServer, name: str, fault: Fault, request: Request, *, with_body: bool) -> None:
        """Send an object or a range of it."""
        content = server.objects[name]
        if server.encoding == "gzip":
            content = gzip.compress(content if isinstance(content, bytes) else content.read_bytes(), mtime=0)
        size = len(content) if isinstance(content, bytes) else content.stat().st_size
        start, end, status = 0, size, 200
        asked = _RANGE.fullmatch(self.headers.get("Range", ""))
        held = self.headers.get("If-Range")
        if held and held != self._etag(server, name):
            asked = None
        if asked and not server.ignores_range and server.tells_length:
            start, end, status = int(asked[1]), min(size, int(asked[2] or size) + 1), 206
            if start >= size:
                request.status = 416
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{size}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            end = min(end, start + (server.longest or size))
        request.status = status
        self.send_response(status)
        if etag := self._etag(server, name):
            self.send_header("ETag", etag)
        if server.dated:
            self.send_header("Last-Modified", f"Mon, 01 Jan 2024 00:00:{server.versions.get(name, 0):02d} GMT")
        if server.encoding:
            self.send_header("Content-Encoding", server.encoding)
        if status == 206:
            total = size if server.tells_total else "*"
            first = start + server.shifted
            span = f"bytes {first}-{end - 1 + server.shifted}/{total}"
            self.send_header("Content-Range", server.told.get("Content-Range", span))
        if server.tells_length and not server.endless:
            self.send_header("Content-Length", str(end - start))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        if with_body:
            self._send_body(content, start, end, fault, request)
            while server.endless and not self._is_left(request):
                pass

    def _is_left(self, request: Request) -> bool:
        """Send some more of what nobody asked for; tell whether nobody takes it any longer."""
        try:
            self.wfile.write(bytes(PIECE))
        except OSError:
            self.close_connection = True
            return True
        request.sent += PIECE
        return request.sent > MOST

    def _send_body(self, content: bytes | Path, start: int, end: int, fault: Fault, request: Request) -> None:
        stop = end if fault.limit is None else min(end, start + fault.limit)
        try:
            for piece in _pieces(content, start, stop):
                data = piece
                if fault.flip is not None and request.sent <= fault.flip < request.sent + len(piece):
                    changed = bytearray(piece)
                    changed[fault.flip - request.sent] ^= 1
                    data = bytes(changed)
                request.sent += len(data)
                self.wfile.write(data)
        except OSError:
            self.close_connection = True
            return
        if fault.limit is not None:
            if fault.reset_after is not None:
                reset(self.connection)
            self.close_connection = True


@lru_cache(maxsize=64)
def _fingerprint(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _pieces(content: bytes | Path, start: int, stop: int) -> Iterator[bytes]:
    if isinstance(content, bytes):
        for position in range(start, stop, PIECE):
            yield content[position : min(stop, position + PIECE)]
        return
    with content.open("rb") as file:
        file.seek(start)
        while start < stop and (data := file.read(min(PIECE, stop - start))):
            yield data
            start += len(data)


def reset(connection: socket.socket) -> None:
    """Have the peer see that a connection was reset, once it is closed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class S3Server(Faulty):
    """Moto's S3 behind a count of what it is asked and sends, and faults.

    Its objects live in this process for all servers in it together: every test makes buckets of its own names.
    """

    def __init__(self) -> None:
        super().__init__()
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server
        from werkzeug.test import Client

        application = DomainDispatcherApplication(create_backend_app)
        self._client = Client(application)
        self._server = make_server(
            "127.0.0.1", 0, _counted(application, self), threaded=True, request_handler=_quiet_handler()
        )
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def endpoint(self) -> str:
        """The URL of the server."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a program finds the server by, and credentials that it takes."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "AKIATESTKEY",
            "AWS_SECRET_ACCESS_KEY": "secret-of-the-test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/nonexistent",
            "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        }

    def make_bucket(self, bucket: str) -> None:
        """Make a bucket; not counted, as nothing that this object does itself is."""
        self._require(self._client.put(f"/{bucket}", headers=_SIGNED))

    def put(self, bucket: str, key: str, data: bytes) -> None:
        """Store an object."""
        self._require(self._client.put(f"/{bucket}/{quote(key)}", data=data, headers=_SIGNED))

    def get(self, bucket: str, key: str) -> bytes | None:
        """Return the bytes of an object, None if there is none."""
        answer = self._client.get(f"/{bucket}/{quote(key)}", headers=_SIGNED)
        return None if answer.status_code == 404 else self._require(answer)

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object."""
        self._require(self._client.delete(f"/{bucket}/{quote(key)}", headers=_SIGNED))

    def keys(self, bucket: str) -> list[str]:
        """Return the names of all objects in a bucket."""
        return self._texts(f"/{bucket}?list-type=2", "Key")

    def uploads(self, bucket: str) -> list[str]:
        """Return the keys of the multipart uploads that were begun and neither completed nor aborted."""
        return self._texts(f"/{bucket}?uploads", "Key")

    def _texts(self, target: str, tag: str) -> list[str]:
        tree = ET.fromstring(self._require(self._client.get(target, headers=_SIGNED)))  # noqa: S314 - of our own server
        return [found.text or "" for found in tree.iter() if found.tag.rpartition("}")[2] == tag]

    def _require(self, answer: Any) -> bytes:
        body: bytes = answer.get_data()
        if answer.status_code >= 300:
            raise AssertionError(f"S3 answered {answer.status_code}: {body[:300]!r}")
        return body

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _quiet_handler() -> Any:
    from werkzeug.serving import WSGIRequestHandler

    class Quiet(WSGIRequestHandler):
        def log(self, type: str, message: str, *arguments: Any) -> None:  # noqa: A002 - as in the base class
            pass

    return Quiet


def _counted(application: WSGIApplication, server: S3Server) -> WSGIApplication:
    """Put a count and faults before an application."""

    def answer(environment: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method, path = environment["REQUEST_METHOD"], environment["PATH_INFO"]
        query = environment.get("QUERY_STRING", "")
        fault = server.next_fault(method, f"{path}?{query}" if query else path)
        if fault.delay:
            time.sleep(fault.delay)
        request = Request(method, path, query, environment.get("HTTP_RANGE", ""), fault.status, 0)
        server.traffic.add(request)

        def started(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            request.status = int(status.partition(" ")[0])
            return start_response(status, headers, *more)

        if fault.status:
            _drain(environment)
            # What follows the headers of an answer to HEAD would be taken for the next answer.
            body: Iterable[bytes] = [] if method == "HEAD" else [_error_document(fault.status)]
            start_response(f"{fault.status} Fault", [("Content-Type", "application/xml")])
        else:
            body = application(environment, started)
        return _sent(body, environment, fault, request)

    return answer


def _drain(environment: WSGIEnvironment) -> None:
    """Read what a client sends, that it hears of the fault and not of a broken pipe."""
    left = int(environment.get("CONTENT_LENGTH") or 0)
    while left > 0 and (data := environment["wsgi.input"].read(min(PIECE, left))):
        left -= len(data)


def _error_document(status: int) -> bytes:
    code = {403: "AccessDenied", 404: "NoSuchKey", 412: "PreconditionFailed", 503: "SlowDown"}
    return f"<Error><Code>{code.get(status, 'InternalError')}</Code><Message>asked for</Message></Error>".encode()


def _sent(body: Iterable[bytes], environment: WSGIEnvironment, fault: Fault, request: Request) -> Iterator[bytes]:
    """Yield a body as far as a fault lets it, and count it."""
    try:
        for whole in body:
            for position in range(0, len(whole), PIECE):
                piece = whole[position : position + PIECE]
                if fault.limit is not None:
                    piece = piece[: fault.limit - request.sent]
                if fault.flip is not None and request.sent <= fault.flip < request.sent + len(piece):
                    changed = bytearray(piece)
                    changed[fault.flip - request.sent] ^= 1
                    piece = bytes(changed)
                request.sent += len(piece)
                if piece:
                    yield piece
                if fault.limit is not None and request.sent >= fault.limit:
                    break
        if fault.limit is not None and fault.reset_after is not None:
            reset(environment["werkzeug.socket"])
    finally:
        close = getattr(body, "close", None)
        if close is not None:
            close()
