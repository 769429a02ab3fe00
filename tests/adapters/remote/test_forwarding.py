"""Servers that forward: who gets the credentials, what is not followed, and mirrors that go away."""

from __future__ import annotations

import ssl
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from ocitool.adapters.remote.forwarding import Target, forwarded
from ocitool.errors import ArchiveError
from tests.adapters.remote.reading import noise, open_far
from tests.remote_servers import Fault, RangeServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRETS = {"Authorization": "Bearer S3CRET", "X-Api-Key": "S3CRET", "Cookie": "session=S3CRET"}
DATA = noise(700_000, "forwarded")


@pytest.fixture
def server() -> Iterator[RangeServer]:
    with RangeServer({"own.tar": DATA}) as started:
        yield started


@pytest.fixture
def mirror() -> Iterator[RangeServer]:
    with RangeServer({"a.tar": DATA}) as started:
        yield started


def configure(patch: pytest.MonkeyPatch, **options: object) -> None:
    """Set what FSSPEC_HTTPS sets."""
    from fsspec.config import conf

    patch.setitem(conf, "https", options)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Make a certificate of 127.0.0.1 that nobody trusts, with its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[RangeServer]:
    """Start a server that speaks TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = RangeServer({"own.tar": DATA})
    server.speak_tls(context)
    with server:
        yield server


def secrets_of(server: RangeServer) -> list[int]:
    """Tell how many of the secret headers each request to a server had."""
    return [sum("S3CRET" in value for value in headers.values()) for headers in server.headers]


@pytest.mark.parametrize("of_session", [False, True], ids=["request", "session"])
def test_configured_headers_go_to_no_other_server(
    server: RangeServer, mirror: RangeServer, monkeypatch: pytest.MonkeyPatch, of_session: bool
) -> None:
    configure(monkeypatch, **({"client_kwargs": {"headers": SECRETS}} if of_session else {"headers": SECRETS}))
    server.redirects["a.tar"] = mirror.url("a.tar")
    source = open_far(server.url("a.tar"))
    assert source.read_at(400_000, 10) == DATA[400_000:400_010]
    assert secrets_of(server) == [3]
    assert secrets_of(mirror) == [0, 0]
    assert all("authorization" not in headers for headers in mirror.headers)


def test_cookies_and_parameters_that_are_configured_go_to_no_other_server(
    server: RangeServer, mirror: RangeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(
        monkeypatch, cookies={"a": "S3CRET"}, params={"key": "S3CRET"}, client_kwargs={"cookies": {"b": "S3CRET"}}
    )
    server.redirects["a.tar"] = mirror.url("a.tar")
    open_far(server.url("a.tar")).read_at(400_000, 10)
    assert secrets_of(mirror) == [0, 0]
    assert {request.query for request in mirror.traffic.log} == {""}
    assert {request.query for request in server.traffic.log} == {"key=S3CRET"}


def test_user_and_password_of_the_url_go_to_no_other_server(server: RangeServer, mirror: RangeServer) -> None:
    server.redirects["a.tar"] = mirror.url("a.tar")
    open_far(server.url("a.tar", user="me:hunter2")).read_at(400_000, 10)
    assert ["authorization" in headers for headers in server.headers] == [True]
    assert not any("authorization" in headers for headers in mirror.headers)


def test_credentials_stay_within_the_server_they_are_for(
    server: RangeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, headers={"X-Api-Key": "S3CRET"})
    server.password = "me:hunter2"  # noqa: S105 - of the test
    server.redirects["a.tar"] = server.url("own.tar")
    open_far(server.url("a.tar", user="me:hunter2")).read_at(400_000, 10)
    assert secrets_of(server) == [1, 1, 1]
    assert [request.status for request in server.traffic.log] == [302, 206, 206]


def test_what_leads_back_gets_no_credentials_either(
    server: RangeServer, mirror: RangeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, headers=SECRETS)
    server.redirects["a.tar"] = mirror.url("b.tar")
    mirror.redirects["b.tar"] = server.url("own.tar")
    open_far(server.url("a.tar")).read_at(400_000, 10)
    assert secrets_of(server) == [3, 0, 0]


def test_a_server_that_asks_for_credentials_after_forwarding_is_told_why_it_has_none(
    server: RangeServer, mirror: RangeServer
) -> None:
    server.redirects["a.tar"] = mirror.url("a.tar")
    mirror.password = "me:hunter2"  # noqa: S105 - of the test
    with pytest.raises(ArchiveError, match=r"status 401.*forwards to another one, which gets no user, password"):
        open_far(server.url("a.tar", user="me:hunter2"))


def test_credentials_that_a_server_forwards_with_are_used(server: RangeServer, mirror: RangeServer) -> None:
    server.redirects["a.tar"] = mirror.url("a.tar", user="it:there")
    mirror.password = "it:there"  # noqa: S105 - of the test
    assert open_far(server.url("a.tar")).read_at(400_000, 10) == DATA[400_000:400_010]


def test_https_is_never_left_for_http(
    secure: RangeServer, mirror: RangeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, ssl=False)
    secure.redirects["a.tar"] = mirror.url("a.tar")
    assert open_far(secure.url("own.tar")).read_at(400_000, 10) == DATA[400_000:400_010]
    with pytest.raises(ArchiveError, match="forwards from https:// to http://, which is not followed"):
        open_far(secure.url("a.tar"))
    assert not mirror.traffic.log


@pytest.mark.parametrize("options", [{}, {"headers": SECRETS}], ids=["plain", "configured"])
def test_a_certificate_that_does_not_hold_is_called_that(
    secure: RangeServer, monkeypatch: pytest.MonkeyPatch, options: dict[str, object]
) -> None:
    configure(monkeypatch, **options)
    with pytest.raises(ArchiveError, match="its certificate does not hold"):
        open_far(secure.url("own.tar"))


def test_a_server_without_tls_is_called_that(server: RangeServer) -> None:
    with pytest.raises(ArchiveError, match=r"no TLS .*http://") as raised:
        open_far(server.url("own.tar").replace("http://", "https://"))
    assert "certificate" not in str(raised.value)


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://h/x", "http://[::1", "data:,x"], ids=str)
def test_what_is_no_url_of_http_is_not_followed_and_not_asked_for_again(server: RangeServer, location: str) -> None:
    server.redirects["a.tar"] = location
    with pytest.raises(ArchiveError, match="forwards to what is no http"):
        open_far(server.url("a.tar"))
    assert server.traffic.requests == 1


def test_a_circle_is_an_error(server: RangeServer) -> None:
    server.redirects["a.tar"] = "/a.tar"
    with pytest.raises(ArchiveError, match="in a circle"):
        open_far(server.url("a.tar"))
    assert server.traffic.requests == 10


@pytest.mark.parametrize("location", ["/own.tar", "own.tar", "?again"])
def test_relative_locations(location: str) -> None:
    from yarl import URL

    target = forwarded(Target(URL("http://me:pw@h:81/a.tar")), location, "name", encoded=False)
    assert target.is_own
    assert (target.url.host, target.url.port, target.url.user, target.url.password) == ("h", 81, "me", "pw")


@pytest.mark.parametrize("location", ["https://h/a", "http://h:81/a", "http://g/a", "//g/a"])
def test_scheme_host_and_port_are_what_an_origin_is(location: str) -> None:
    from yarl import URL

    target = forwarded(Target(URL("http://me:pw@h/a.tar")), location, "name", encoded=False)
    assert not target.is_own
    assert target.url.user is None


def test_a_mirror_that_dies_is_left(server: RangeServer, mirror: RangeServer) -> None:
    with RangeServer({"a.tar": DATA}) as first:
        first.always = Fault(short_after=len(DATA))  # all of it, and the connection ends
        server.redirects["a.tar"] = first.url("a.tar")
        source = open_far(server.url("a.tar"))
        assert source.read_at(200_000, 10) == DATA[200_000:200_010]
    server.redirects["a.tar"] = mirror.url("a.tar")
    assert source.read_at(400_000, 10) == DATA[400_000:400_010]
    assert mirror.traffic.requests == 1


@pytest.mark.parametrize(
    "fault", [Fault(status=500), Fault(status=503), Fault(reset_after=0), Fault(short_after=0)], ids=str
)
def test_a_mirror_in_trouble_is_left(server: RangeServer, mirror: RangeServer, fault: Fault) -> None:
    with RangeServer({"a.tar": DATA}) as first:
        server.redirects["a.tar"] = first.url("a.tar")
        source = open_far(server.url("a.tar"))
        first.traffic.clear()
        first.always = fault
        server.redirects["a.tar"] = mirror.url("a.tar")
        assert source.read_at(400_000, 10) == DATA[400_000:400_010]
        assert first.traffic.requests <= 2  # the HTTP library itself asks once more after a reset
    assert mirror.traffic.requests == 1


def test_threads_that_meet_the_end_of_a_mirror_together_all_leave_it(
    server: RangeServer, mirror: RangeServer
) -> None:
    together = Barrier(4, timeout=30)

    def meet(_number: int) -> None:
        together.wait()

    with RangeServer({"a.tar": DATA}) as first, ThreadPoolExecutor(4) as threads:
        server.redirects["a.tar"] = first.url("a.tar")
        source = open_far(server.url("a.tar"))
        first.always = Fault(status=403)
        first.before = meet
        server.redirects["a.tar"] = mirror.url("a.tar")
        offsets = [100_000, 250_000, 400_000, 550_000]
        read = list(threads.map(lambda offset: bytes(source.read_at(offset, 70_000)), offsets))
    assert read == [DATA[offset : offset + 70_000] for offset in offsets]
    assert together.n_waiting == 0
