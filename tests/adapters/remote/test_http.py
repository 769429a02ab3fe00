"""Plain HTTP servers of every kind, and what goes wrong with them: the right bytes or one clear error."""

from __future__ import annotations

import gzip
import logging
from typing import TYPE_CHECKING

import pytest

from ocitool.adapters.remote.address import Address
from ocitool.adapters.remote.http_opening import open_http
from ocitool.adapters.remote.http_stream import HttpStream
from ocitool.adapters.remote.retrying import Patience
from ocitool.adapters.remote.store import FsspecStore
from ocitool.archive.source import Incoming
from ocitool.errors import ArchiveError, ChangedSource, OcitoolError, UnsupportedArchive, UsageError
from tests.adapters.remote.reading import noise, open_far, patient
from tests.builders import multi_platform
from tests.remote_servers import Fault, RangeServer

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE = 700_000
PLAIN = multi_platform().pack()
DATA = PLAIN + noise(SIZE - len(PLAIN), "rest")


@pytest.fixture
def server() -> Iterator[RangeServer]:
    with RangeServer({"a.tar": DATA}) as started:
        yield started


def arrive(incoming: object) -> bytes:
    """Read all that comes in order."""
    assert isinstance(incoming, Incoming)
    parts = []
    while part := incoming.stream.read(100_000):
        parts.append(part)
    incoming.stream.close()
    return b"".join(parts)


def read_all(stream: HttpStream) -> None:
    """Read to the end."""
    while stream.read(100_000):
        pass


def open_stream(server: RangeServer) -> Incoming:
    opened = FsspecStore(patient()).open_source(server.url("a.tar"))
    assert isinstance(opened, Incoming)
    return opened


def test_opening_takes_one_request(server: RangeServer) -> None:
    source = open_far(server.url("a.tar"))
    assert source.size == SIZE
    assert source.read_at(0, 1000) == DATA[:1000]
    assert server.traffic.requests == 1


def test_what_is_not_there(server: RangeServer) -> None:
    with pytest.raises(ArchiveError, match="no such object"):
        open_far(server.url("b.tar"))
    assert server.traffic.requests == 1


@pytest.mark.parametrize("status", [401, 403])
def test_what_may_not_be_read_says_where_credentials_come_from(server: RangeServer, status: int) -> None:
    server.always = Fault(status=status)
    with pytest.raises(ArchiveError, match=rf"may not be read \(status {status}\).*FSSPEC_HTTPS"):
        open_far(server.url("a.tar"))
    assert server.traffic.requests == 1


def test_user_and_password_of_the_url_are_used_and_never_shown(server: RangeServer) -> None:
    server.password = "me:hunter2"  # noqa: S105 - of the test
    source = open_far(server.url("a.tar", user="me:hunter2") + "?signature=5ecret")
    assert source.read_at(300_000, 10) == DATA[300_000:300_010]
    assert "hunter2" not in source.name
    assert "5ecret" not in source.name
    with pytest.raises(ArchiveError) as raised:
        open_far(server.url("a.tar", user="me:wr0ng"))
    assert "wr0ng" not in str(raised.value)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_in_trouble_is_asked_again(server: RangeServer, status: int) -> None:
    server.faults.extend([Fault(status=status)] * 4)
    source = open_far(server.url("a.tar"))
    server.faults.extend([Fault(status=status)] * 4)
    assert source.read_at(200_000, 70_000) == DATA[200_000:270_000]


def test_trouble_that_stays_is_an_error(server: RangeServer) -> None:
    source = open_far(server.url("a.tar"))
    server.always = Fault(status=503)
    server.traffic.clear()
    with pytest.raises(ArchiveError, match=r"the server answers 503 \(5 tries\)"):
        source.read_at(200_000, 10)
    assert server.traffic.requests == 5


def test_other_statuses_are_not_asked_again(server: RangeServer) -> None:
    server.always = Fault(status=418)
    with pytest.raises(ArchiveError, match="the server answers 418"):
        open_far(server.url("a.tar"))
    assert server.traffic.requests == 1


@pytest.mark.parametrize("fault", [Fault(reset_after=150_000), Fault(short_after=150_000)], ids=["reset", "short"])
def test_a_broken_range_goes_on_where_it_broke(server: RangeServer, fault: Fault) -> None:
    source = open_far(server.url("a.tar"))
    server.traffic.clear()
    server.faults.append(fault)
    source.will_read([(100_000, 500_000)])
    assert source.read_at(100_000, 500_000) == DATA[100_000:600_000]
    # What the kernel had not handed on when the connection was reset is lost.
    first, second = server.traffic.log
    assert first.range == "bytes=100000-599999"
    assert second.range.endswith("-599999")
    assert second.range >= "bytes=100001-"
    assert server.traffic.sent <= 650_000
    if fault.short_after:
        assert second.range == "bytes=250000-599999"


def test_a_range_that_breaks_after_nothing_each_time_is_given_up(server: RangeServer) -> None:
    source = open_far(server.url("a.tar"))
    server.always = Fault(reset_after=0)
    with pytest.raises(ArchiveError, match=r"\(5 tries\)"):
        source.read_at(200_000, 10)


def test_a_range_that_breaks_often_but_goes_on_comes_to_its_end(server: RangeServer) -> None:
    source = open_far(server.url("a.tar"))
    server.always = Fault(short_after=70_000)
    assert source.read_at(100_000, 600_000) == DATA[100_000:]


@pytest.mark.parametrize("etag", ["strong", "weak", "none"])
def test_an_object_that_is_replaced_is_an_error(server: RangeServer, etag: str) -> None:
    server.etag = etag
    source = open_far(server.url("a.tar"))
    assert source.read_at(200_000, 10) == DATA[200_000:200_010]
    server.replace("a.tar", DATA[::-1])
    with pytest.raises(ChangedSource, match="changed while it was read"):
        source.read_at(400_000, 10)


def test_an_object_without_any_version_is_held_to_its_size(server: RangeServer) -> None:
    server.etag, server.dated = "none", False
    source = open_far(server.url("a.tar"))
    server.replace("a.tar", DATA + b"more")
    with pytest.raises(ChangedSource):
        source.read_at(400_000, 10)


def test_an_object_that_is_shorter_now_is_an_error(server: RangeServer) -> None:
    server.etag, server.dated = "none", False
    source = open_far(server.url("a.tar"))
    server.replace("a.tar", DATA[:1000])
    with pytest.raises(ChangedSource):
        source.read_at(400_000, 10)


def test_a_server_that_takes_no_notice_of_conditions_is_seen_through(server: RangeServer) -> None:
    server.ignores_match = True
    source = open_far(server.url("a.tar"))
    server.replace("a.tar", DATA[::-1])
    with pytest.raises(ChangedSource):
        source.read_at(400_000, 10)


def test_only_a_strong_etag_is_a_condition(server: RangeServer) -> None:
    open_far(server.url("a.tar")).read_at(400_000, 10)
    server.etag = "weak"
    open_far(server.url("a.tar")).read_at(400_000, 10)
    assert ["if-match" in headers for headers in server.headers] == [False, True, False, False]
    assert {headers["accept-encoding"] for headers in server.headers} == {"identity"}


def test_another_range_than_was_asked_for_is_not_taken(server: RangeServer) -> None:
    source = open_far(server.url("a.tar"))
    server.shifted = 512
    with pytest.raises(ArchiveError, match="another range"):
        source.read_at(400_000, 10)


def test_a_server_that_ceases_to_know_ranges_is_not_read_as_if_it_did(server: RangeServer) -> None:
    source = open_far(server.url("a.tar"))
    server.ignores_range = True
    with pytest.raises(ArchiveError, match="not a range of it"):
        source.read_at(400_000, 10)


def test_where_it_is_forwarded_to_is_asked_directly(server: RangeServer) -> None:
    server.redirects["old.tar"] = server.url("a.tar")
    source = open_far(server.url("old.tar"))
    assert source.read_at(400_000, 10) == DATA[400_000:400_010]
    assert [request.path for request in server.traffic.log] == ["/old.tar", "/a.tar", "/a.tar"]


def test_where_it_was_forwarded_to_may_end(server: RangeServer) -> None:
    server.redirects["old.tar"] = server.url("a.tar") + "?expires=soon"
    source = open_far(server.url("old.tar"))
    server.faults.append(Fault(status=403))
    assert source.read_at(400_000, 10) == DATA[400_000:400_010]


def test_an_empty_object_is_empty(server: RangeServer) -> None:
    server.objects["a.tar"] = b""
    assert open_far(server.url("a.tar")).size == 0


def test_a_server_that_ignores_ranges_is_read_in_order_and_told(
    server: RangeServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.ignores_range = True
    with caplog.at_level(logging.WARNING, "ocitool"):
        assert arrive(open_stream(server)) == DATA
    assert server.traffic.requests == 1
    assert "cannot be read by ranges" in caplog.text
    assert f"all of its {SIZE} bytes" in caplog.text


def test_a_server_that_tells_no_length_is_read_in_order(server: RangeServer) -> None:
    server.tells_length = False
    assert arrive(open_stream(server)) == DATA


def test_a_server_that_tells_no_total_is_read_in_order(server: RangeServer) -> None:
    server.tells_total = False
    assert arrive(open_stream(server)) == DATA
    assert server.traffic.requests == 2


@pytest.mark.parametrize("fault", [Fault(reset_after=300_000), Fault(short_after=300_000)], ids=["reset", "short"])
def test_what_comes_in_order_goes_on_after_a_break(server: RangeServer, fault: Fault) -> None:
    server.ignores_range = True
    server.faults.extend([fault, fault, Fault(status=503)])
    assert arrive(open_stream(server)) == DATA
    assert server.traffic.requests == 4


def test_what_comes_in_order_is_held_to_its_version(server: RangeServer) -> None:
    server.ignores_range = True
    server.faults.append(Fault(short_after=300_000))
    server.before = lambda number: server.replace("a.tar", DATA[::-1]) if number == 1 else None
    with pytest.raises(ChangedSource):
        arrive(open_stream(server))


def test_what_comes_in_order_without_a_version_is_not_gone_on_with(server: RangeServer) -> None:
    server.ignores_range, server.etag, server.dated = True, "none", False
    server.faults.append(Fault(short_after=300_000))
    with pytest.raises(ChangedSource):
        arrive(open_stream(server))


def test_a_compressed_object_is_read_in_order_in_parts(server: RangeServer) -> None:
    packed = gzip.compress(DATA, 1, mtime=0)
    server.objects["a.tar"] = packed
    opened = open_stream(server)
    assert opened.compression == "gzip"
    server.faults.append(Fault(reset_after=100_000))
    assert arrive(opened) == packed
    assert server.traffic.sent < len(packed) * 1.2


def test_encoded_bytes_never_shift_offsets(server: RangeServer) -> None:
    server.encoding = "gzip"
    opened = open_stream(server)
    assert opened.compression == "gzip"
    assert gzip.decompress(arrive(opened)) == DATA


def test_an_encoding_that_is_no_format_of_files_is_refused(server: RangeServer) -> None:
    server.encoding = "br"
    with pytest.raises(UnsupportedArchive, match=r"encoded \(br\)"):
        open_stream(server)


def test_no_server_is_an_error_with_its_reason() -> None:
    with RangeServer({}) as server:
        url = server.url("a.tar")
    with pytest.raises(OcitoolError, match=r"the connection failed \(.*\) \(5 tries\)|the connection broke"):
        open_far(url)


def test_what_follows_a_range_is_not_read(server: RangeServer) -> None:
    server.endless = True
    source = open_far(server.url("a.tar"))
    assert source.read_at(100_000, 500_000) == DATA[100_000:600_000]
    assert server.traffic.requests == 2
    assert server.traffic.sent < 20_000_000  # what sockets hold, and no more


@pytest.mark.parametrize("longest", [512, 10_000, 65_535])
def test_a_server_that_sends_short_ranges_is_asked_for_the_rest(server: RangeServer, longest: int) -> None:
    server.longest = longest
    source = open_far(server.url("a.tar"))
    assert source.read_at(0, 100_000) == DATA[:100_000]
    assert source.read_at(200_000, 100_000) == DATA[200_000:300_000]
    server.faults.extend([None, Fault(short_after=100), Fault(status=503)])
    assert source.read_at(400_000, 100_000) == DATA[400_000:500_000]


def test_ranges_of_next_to_nothing_are_not_gone_on_with(server: RangeServer) -> None:
    source = open_far(server.url("a.tar"))
    server.longest = 100
    server.traffic.clear()
    with pytest.raises(ArchiveError, match=r"cut short \(5 tries\)"):
        source.read_at(200_000, 100_000)
    assert server.traffic.requests == 5


@pytest.mark.parametrize("told", ["bytes 0-1/" + "9" * 5000, "bytes 5-3/700000", "bytes 0-65535/65535"], ids=range(3))
def test_a_range_that_can_be_none_is_not_believed(server: RangeServer, told: str) -> None:
    source = open_far(server.url("a.tar"))
    server.told["Content-Range"] = told
    with pytest.raises(ArchiveError, match="another range"):
        source.read_at(400_000, 10)
    assert arrive(open_stream(server)) == DATA


@pytest.mark.parametrize("etag", ['"\x01"', '"\x1b[31m"', '"\x7f"'], ids=ascii)
def test_an_etag_that_no_header_can_hold_is_compared_and_not_sent(server: RangeServer, etag: str) -> None:
    server.told["ETag"] = etag
    source = open_far(server.url("a.tar"))
    assert source.read_at(400_000, 10) == DATA[400_000:400_010]
    assert not any("if-match" in headers for headers in server.headers)
    server.told["ETag"] = '"other"'
    with pytest.raises(ChangedSource):
        source.read_at(200_000, 10)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"headers": "X: y"}, "headers that are no object"),
        ({"headers": {"X": 5}}, "a header that is no text"),
        ({"headers": {"X": "S3CRET\r\nY: z"}}, "a header with a line break"),
        ({"headers": {"X": "S3CRET\0"}}, "another control character"),
        ({"headers": {"X Y": "S3CRET"}}, "a header whose name is none"),
        ({"headers": {"": "S3CRET"}}, "a header whose name is none"),
        ({"client_kwargs": "S3CRET"}, "client_kwargs that are no object"),
        ({"client_kwargs": {"unknown": "S3CRET"}}, "cannot be used"),
        ({"client_kwargs": {"headers": {"X": "S3CRET\n"}}}, "cannot be used"),
        ({"unknown": "S3CRET"}, "cannot be used"),
        ({"proxy": 5}, "cannot be used"),
    ],
    ids=range(11),
)
def test_options_of_fsspec_that_do_not_do_are_one_error(
    server: RangeServer, monkeypatch: pytest.MonkeyPatch, options: dict[str, object], why: str
) -> None:
    from fsspec.config import conf

    monkeypatch.setitem(conf, "https", options)
    with pytest.raises(UsageError, match=f"{why}.*FSSPEC_HTTPS") as raised:
        open_far(server.url("a.tar"))
    assert "S3CRET" not in str(raised.value)


def test_options_that_are_ours_to_set_change_nothing(server: RangeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from fsspec.config import conf

    ours = {"timeout": 1, "auto_decompress": True, "raise_for_status": True}
    monkeypatch.setitem(conf, "https", ours | {"headers": {"accept-encoding": "gzip", "RANGE": "bytes=0-1"}})
    server.faults.append(Fault(status=503))
    assert open_far(server.url("a.tar")).read_at(400_000, 10) == DATA[400_000:400_010]
    assert {headers["accept-encoding"] for headers in server.headers} == {"identity"}
    with pytest.raises(ArchiveError, match="no such object"):
        open_far(server.url("b.tar"))


def test_what_is_closed_after_a_break_is_not_asked_for_again(server: RangeServer) -> None:
    server.ignores_range = True
    server.faults.append(Fault(short_after=300_000))
    opened: list[HttpStream] = []
    patience = Patience(pause=lambda _seconds: opened[0].close())
    stream = open_http(Address.parse(server.url("a.tar")), patience)
    assert isinstance(stream, HttpStream)
    opened.append(stream)
    with pytest.raises(ArchiveError, match="was not read to its end"):
        read_all(stream)
    assert server.traffic.requests == 1
