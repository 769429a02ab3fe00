"""S3: the same faults as those of plain HTTP, credentials by its own conventions, nothing secret in messages."""

from __future__ import annotations

import gzip
import threading
from typing import TYPE_CHECKING, Any

import pytest

from ocitool.adapters.remote.store import FsspecStore
from ocitool.adapters.remote.upload import open_upload
from ocitool.archive.source import Incoming
from ocitool.errors import ArchiveError, ChangedSource, OutputError, UsageError
from tests.adapters.remote.reading import noise, open_far, patient, s3_server
from tests.builders import multi_platform
from tests.remote_servers import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.remote_servers import S3Server

SIZE = 700_000
PLAIN = multi_platform().pack()
DATA = PLAIN + noise(SIZE - len(PLAIN), "rest")
URL = "s3://reading/dir/a%20b.tar"


@pytest.fixture(scope="module")
def module_server() -> Iterator[S3Server]:
    with s3_server() as started:
        started.make_bucket("reading")
        yield started


@pytest.fixture
def server(module_server: S3Server) -> S3Server:
    module_server.faults.clear()
    module_server.always = None
    module_server.put("reading", "dir/a%20b.tar", DATA)
    module_server.traffic.clear()
    return module_server


def test_opening_takes_one_request(server: S3Server) -> None:
    source = open_far(URL)
    assert (source.size, source.name) == (SIZE, URL)
    assert source.read_at(300_000, 1000) == DATA[300_000:301_000]
    assert [request.method for request in server.traffic.log] == ["GET", "GET"]
    source.check_unchanged()
    assert server.traffic.requests == 2


def test_what_is_not_there(server: S3Server) -> None:
    with pytest.raises(ArchiveError, match=r"s3://reading/b\.tar: no such object"):
        open_far("s3://reading/b.tar")
    with pytest.raises(ArchiveError, match="no such object"):
        open_far("s3://no-such-bucket/b.tar")
    assert server.traffic.requests == 2


@pytest.mark.parametrize("url", ["s3://reading", "s3://reading/"])
def test_a_bucket_is_no_object(server: S3Server, url: str) -> None:
    with pytest.raises(UsageError, match="names no object"):
        open_far(url)


def test_what_may_not_be_read_says_where_credentials_come_from(server: S3Server) -> None:
    server.always = Fault(status=403)
    with pytest.raises(ArchiveError, match=r"may not be read \(status 403\).*AWS_ACCESS_KEY_ID") as raised:
        open_far(URL)
    assert "secret-of-the-test" not in str(raised.value)
    assert server.traffic.requests == 1


def test_no_credentials_at_all_are_told(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    import s3fs

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(ArchiveError, match=r"no credentials found.*FSSPEC_S3_ANON"):
        open_far(URL)
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_in_trouble_is_asked_again(server: S3Server, status: int) -> None:
    server.faults.extend([Fault(status=status)] * 2)
    source = open_far(URL)
    server.faults.extend([Fault(status=status)] * 2)
    assert source.read_at(200_000, 70_000) == DATA[200_000:270_000]
    assert server.traffic.requests == 6


def test_trouble_that_stays_is_an_error(server: S3Server) -> None:
    source = open_far(URL)
    server.always = Fault(status=500)
    server.traffic.clear()
    with pytest.raises(ArchiveError, match=r"the server answers 500 \(5 tries\)"):
        source.read_at(200_000, 10)
    assert server.traffic.requests == 5


@pytest.mark.parametrize("fault", [Fault(reset_after=150_000), Fault(short_after=150_000)], ids=["reset", "short"])
def test_a_broken_range_goes_on_where_it_broke(server: S3Server, fault: Fault) -> None:
    source = open_far(URL)
    server.traffic.clear()
    server.faults.append(fault)
    assert source.read_at(100_000, 500_000) == DATA[100_000:600_000]
    assert 2 <= server.traffic.requests <= 3
    assert server.traffic.sent <= 700_000


def test_an_object_that_is_replaced_is_an_error(server: S3Server) -> None:
    source = open_far(URL)
    server.put("reading", "dir/a%20b.tar", DATA[::-1])
    with pytest.raises(ChangedSource, match="changed while it was read"):
        source.read_at(400_000, 10)


def test_an_object_that_is_removed_is_an_error(server: S3Server) -> None:
    source = open_far(URL)
    server.delete("reading", "dir/a%20b.tar")
    with pytest.raises(ArchiveError, match="no such object"):
        source.read_at(400_000, 10)


def test_an_empty_object_is_empty(server: S3Server) -> None:
    server.put("reading", "empty.tar", b"")
    assert open_far("s3://reading/empty.tar").size == 0


def test_a_compressed_object_is_read_in_order_in_parts(server: S3Server) -> None:
    packed = gzip.compress(DATA, 1, mtime=0)
    server.put("reading", "a.tar.gz", packed)
    opened = FsspecStore(patient()).open_source("s3://reading/a.tar.gz")
    assert isinstance(opened, Incoming)
    assert opened.compression == "gzip"
    server.faults.append(Fault(reset_after=100_000))
    assert b"".join(iter(lambda: opened.stream.read(50_000), b"")) == packed
    opened.stream.close()


def test_no_store_is_an_error(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    import s3fs

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(ArchiveError, match=r"cannot be read: the connection .* \(2 tries\)"):
        FsspecStore(patient(2)).open_source(URL)
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.mark.parametrize("key", ["a#b.tar", "a?b.tar", "a?b=c.tar", "a::b.tar", "x/", "/x//y.tar", "a%23?b#c::d"])
@pytest.mark.parametrize("scheme", ["s3", "S3", "s3a"])
def test_keys_are_read_to_the_letter(server: S3Server, key: str, scheme: str) -> None:
    server.put("reading", key, DATA)
    assert open_far(f"{scheme}://reading/{key}").read_at(300_000, 1000) == DATA[300_000:301_000]
    assert server.traffic.log[0].path == f"/reading/{key}"


def test_a_version_of_a_key_that_reads_like_a_url(server: S3Server) -> None:
    from s3fs import S3FileSystem

    server.make_bucket("versions")
    S3FileSystem().call_s3("put_bucket_versioning", Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    server.put("versions", "a#b.tar", DATA)
    old = S3FileSystem().call_s3("head_object", Bucket="versions", Key="a#b.tar")["VersionId"]
    server.put("versions", "a#b.tar", DATA[::-1])
    source = open_far(f"s3://versions/a#b.tar?versionId={old}")
    assert source.read_at(300_000, 1000) == DATA[300_000:301_000]


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What `FSSPEC_S3` would say."""
    import s3fs
    from fsspec.config import conf

    options: dict[str, Any] = {}
    monkeypatch.setitem(conf, "s3", options)
    s3fs.S3FileSystem.clear_instance_cache()
    yield options
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.mark.parametrize(
    "options",
    [
        {"nothing_known": 1},
        {"config_kwargs": {"nothing_known": 1}},
        {"config_kwargs": 1},
        {"client_kwargs": {"nothing_known": 1}},
        {"client_kwargs": "x"},
        {"key": 1, "secret": 2},
        {"endpoint_url": "no url"},
        {"s3_additional_kwargs": 1},
    ],
    ids=str,
)
def test_options_that_do_not_fit_are_one_line(
    server: S3Server, configured: dict[str, Any], options: dict[str, Any]
) -> None:
    configured.update(options)
    with pytest.raises(ArchiveError, match="FSSPEC_S3"):
        open_far(URL)
    with pytest.raises(OutputError, match=r"cannot write: .*FSSPEC_S3"):
        open_upload(URL, clobber=True)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://minio:EPSECRET@my_host:9000",
        "http://minio:EP SECRET@my_host:9000",
        "http://minio:9 EPSECRET@my_host:9000",
        "minio:EPSECRET@my_host:9000",
        "minio:EP SECRET@my_host",
    ],
)
def test_what_is_secret_in_an_endpoint_is_not_told(
    server: S3Server, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import s3fs

    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(ArchiveError) as reading:
        FsspecStore(patient(2)).open_source(URL)
    with pytest.raises(OutputError) as writing:
        open_upload(URL, clobber=True)
    s3fs.S3FileSystem.clear_instance_cache()
    for error in (reading.value, writing.value):
        assert "SECRET" not in str(error)
        assert "AWS_ENDPOINT_URL" in str(error)


def test_interrupted_reads_end_at_once(server: S3Server) -> None:
    source = open_far(URL)
    server.always = Fault(delay=3)
    source.will_read([(100_000, 500_000)])
    ended: list[BaseException] = []

    def read() -> None:
        try:
            source.read_at(100_000, 500_000)
        except ArchiveError as error:
            ended.append(error)

    asked = threading.Event()
    server.before = lambda _number: asked.set()
    thread = threading.Thread(target=read)
    thread.start()
    assert asked.wait(60)
    source.interrupt()
    thread.join(2)
    assert not thread.is_alive()
    assert [type(error) for error in ended] == [ArchiveError]
    server.before = None
