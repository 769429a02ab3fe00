"""Uploads to S3: there when they are published, whole, or not at all."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from ocitool.adapters.remote import parts, s3_upload
from ocitool.adapters.remote.address import Address
from ocitool.adapters.remote.checksums import Checksums
from ocitool.adapters.remote.s3_object import S3Object
from ocitool.adapters.remote.upload import open_upload
from ocitool.errors import OutputError, UsageError
from tests.remote_servers import Fault
from tests.uploads import assert_nothing, meddling, new_bucket, random_bytes, s3_server, upload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.remote_servers import S3Server

BASE = 5 * 1024 * 1024
"""The smallest parts that S3 takes."""

LARGE = random_bytes(2 * BASE + 5)
SMALL = random_bytes(1000)
BOTH = pytest.mark.parametrize("data", [SMALL, LARGE], ids=["small", "large"])


@pytest.fixture(scope="module")
def shared() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture
def server(shared: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """The server, without what the test before had it do."""
    monkeypatch.setattr(parts, "BASE", BASE)
    yield shared
    shared.faults.clear()
    shared.always = None
    shared.before = None
    shared.hit = lambda _method, _target: False


@pytest.fixture
def bucket(server: S3Server) -> str:
    return new_bucket(server)


def only(server: S3Server, method: str, word: str = "") -> None:
    """Have faults meet these requests alone."""
    server.hit = lambda asked, target: asked == method and word in target


@pytest.mark.parametrize("size", [0, 1, BASE - 1, BASE, BASE + 1, 2 * BASE, 2 * BASE + 5])
@pytest.mark.parametrize("told", [True, False])
def test_what_is_written_is_stored(server: S3Server, bucket: str, size: int, told: bool) -> None:
    data = LARGE[:size]
    opened = upload(f"s3://{bucket}/a/b.tar", data, told=told, piece=700_001)
    assert opened.written == size
    opened.close()
    assert server.get(bucket, "a/b.tar") == data
    assert_nothing(server, bucket, objects=("a/b.tar",))


@pytest.mark.parametrize("key", ["a#b.tar", "a?b.tar", "a::b.tar"])
@pytest.mark.parametrize("scheme", ["s3", "S3", "s3a"])
def test_keys_are_written_to_the_letter(server: S3Server, bucket: str, key: str, scheme: str) -> None:
    upload(f"{scheme}://{bucket}/{key}", SMALL).close()
    assert server.get(bucket, key) == SMALL


def test_a_version_is_not_written(server: S3Server, bucket: str) -> None:
    server.put(bucket, "x.tar", b"old")
    with pytest.raises(UsageError, match="a version of an object cannot be written"):
        open_upload(f"s3://{bucket}/x.tar?versionId=1", clobber=True)
    assert server.get(bucket, "x.tar") == b"old"


def test_small_ones_take_one_request(server: S3Server, bucket: str) -> None:
    upload(f"s3://{bucket}/x.tar", SMALL).close()
    assert [asked.method for asked in server.traffic.log if asked.method != "HEAD"] == ["PUT"]


def test_large_ones_take_one_for_each_part(server: S3Server, bucket: str) -> None:
    upload(f"s3://{bucket}/x.tar", LARGE).close()
    methods = [asked.method for asked in server.traffic.log if asked.method != "HEAD"]
    assert methods == ["GET", "POST", "PUT", "PUT", "PUT", "POST"]


@BOTH
def test_nothing_is_seen_before_it_is_published(server: S3Server, bucket: str, data: bytes) -> None:
    server.put(bucket, "x.tar", b"old")
    opened = upload(f"s3://{bucket}/x.tar", data, publish=False)
    opened.stage()
    assert server.get(bucket, "x.tar") == b"old"
    opened.publish()
    assert server.get(bucket, "x.tar") == data
    opened.close()


@BOTH
def test_what_is_closed_before_leaves_nothing(server: S3Server, bucket: str, data: bytes) -> None:
    server.put(bucket, "x.tar", b"old")
    upload(f"s3://{bucket}/x.tar", data, publish=False).close()
    assert server.get(bucket, "x.tar") == b"old"
    assert_nothing(server, bucket, objects=("x.tar",))


def test_parts_on_their_way_are_given_up_too(server: S3Server, bucket: str) -> None:
    only(server, "PUT")
    server.always = Fault(delay=0.3)
    upload(f"s3://{bucket}/x.tar", LARGE, publish=False).close()
    assert_nothing(server, bucket)


def test_existing_objects_are_refused_at_once(server: S3Server, bucket: str) -> None:
    server.put(bucket, "x.tar", b"old")
    with pytest.raises(OutputError, match="exists already"):
        open_upload(f"s3://{bucket}/x.tar", clobber=False)


@BOTH
def test_objects_that_appear_meanwhile_are_left_alone(server: S3Server, bucket: str, data: bytes) -> None:
    opened = upload(f"s3://{bucket}/x.tar", data, clobber=False, publish=False)
    opened.stage()
    server.put(bucket, "x.tar", b"other")
    with pytest.raises(OutputError, match="exists already"):
        opened.publish()
    opened.close()
    assert server.get(bucket, "x.tar") == b"other"
    assert_nothing(server, bucket, objects=("x.tar",))


@pytest.mark.parametrize("status", [403, 500])
@pytest.mark.parametrize(("method", "word"), [("POST", "uploads"), ("PUT", "partNumber=2"), ("POST", "uploadId")])
def test_failing_requests_leave_nothing(server: S3Server, bucket: str, status: int, method: str, word: str) -> None:
    only(server, method, word)
    server.always = Fault(status=status)
    with pytest.raises(OutputError, match="access is denied" if status == 403 else f"the server failed .{status}"):
        upload(f"s3://{bucket}/x.tar", LARGE)
    assert_nothing(server, bucket)


@pytest.mark.parametrize("status", [403, 500])
def test_a_failing_single_request_leaves_what_was_there(server: S3Server, bucket: str, status: int) -> None:
    server.put(bucket, "x.tar", b"old")
    only(server, "PUT")
    server.always = Fault(status=status)
    with pytest.raises(OutputError):
        upload(f"s3://{bucket}/x.tar", SMALL)
    assert server.get(bucket, "x.tar") == b"old"


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize("fault", [Fault(status=503), Fault(reset_after=0)], ids=["refused", "lost"])
@BOTH
@pytest.mark.parametrize("clobber", [True, False])
def test_failures_that_pass_are_tried_again(
    server: S3Server, bucket: str, data: bytes, fault: Fault, method: str, clobber: bool
) -> None:
    """Answers that are lost, too: the request was carried out, and the next one may hear that there is no upload."""
    only(server, method)
    server.faults.extend([fault, None, fault])
    upload(f"s3://{bucket}/x.tar", data, clobber=clobber).close()
    assert server.get(bucket, "x.tar") == data
    assert_nothing(server, bucket, objects=("x.tar",))


def test_every_answer_to_a_completion_lost(server: S3Server, bucket: str) -> None:
    only(server, "POST", "uploadId")
    server.always = Fault(reset_after=0)
    upload(f"s3://{bucket}/x.tar", LARGE).close()
    assert server.get(bucket, "x.tar") == LARGE
    assert_nothing(server, bucket, objects=("x.tar",))


def test_a_completion_that_takes_long(server: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer comes, and the object only some time after that was known."""
    looks: list[float] = []

    def pause(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            server.put(bucket, "x.tar", LARGE)

    def meddle(method: str, _parameters: dict[str, Any]) -> None:
        if method == "complete_multipart_upload":
            raise TimeoutError

    monkeypatch.setattr(s3_upload, "sleep", pause)
    monkeypatch.setattr(s3_upload, "etag_of_parts", lambda _sent: Checksums.of(LARGE).etag)
    with meddling(meddle):
        upload(f"s3://{bucket}/x.tar", LARGE).close()
    assert looks == [0, 1, 2]
    assert_nothing(server, bucket, objects=("x.tar",))


def test_a_completion_that_never_comes(server: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def meddle(method: str, _parameters: dict[str, Any]) -> None:
        if method == "complete_multipart_upload":
            raise TimeoutError

    monkeypatch.setattr(s3_upload, "PAUSES", (0.0,))
    with meddling(meddle), pytest.raises(OutputError, match=r"was not reached .TimeoutError."):
        upload(f"s3://{bucket}/x.tar", LARGE)
    assert_nothing(server, bucket)


def flipped(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


@pytest.mark.parametrize("times", [1, 100])
@BOTH
def test_bytes_that_change_on_their_way(server: S3Server, bucket: str, data: bytes, times: int) -> None:
    left = [times]

    def change(method: str, parameters: dict[str, Any]) -> None:
        if method in {"upload_part", "put_object"} and left[0]:
            left[0] -= 1
            parameters["Body"] = flipped(parameters["Body"])
            parameters.pop("ChecksumCRC32")  # as if it had been right: this server does not look at it

    with meddling(change):
        if times == 1 and data is LARGE:
            upload(f"s3://{bucket}/x.tar", data).close()
            assert server.get(bucket, "x.tar") == data
            return
        with pytest.raises(OutputError, match="is not what was sent"):
            upload(f"s3://{bucket}/x.tar", data)
    assert_nothing(server, bucket)


@pytest.mark.parametrize("change", [lambda sent: sent.pop(), lambda sent: sent.reverse()], ids=["less", "order"])
def test_what_is_put_together_wrongly_is_removed(server: S3Server, bucket: str, change: Any) -> None:
    def meddle(method: str, parameters: dict[str, Any]) -> None:
        if method == "complete_multipart_upload":
            change(parameters["MultipartUpload"]["Parts"])

    with meddling(meddle), pytest.raises(OutputError):
        upload(f"s3://{bucket}/x.tar", LARGE)
    assert_nothing(server, bucket)


def test_checksums_go_along(server: S3Server, bucket: str) -> None:
    said: dict[str, dict[str, Any]] = {}
    with meddling(lambda method, parameters: said.update({method: parameters})):
        upload(f"s3://{bucket}/x.tar", LARGE).close()
        upload(f"s3://{bucket}/y.tar", SMALL).close()
    assert {"ContentMD5", "ChecksumCRC32"} <= said["upload_part"].keys()
    assert {"ContentMD5", "ChecksumCRC32"} <= said["put_object"].keys()
    assert said["complete_multipart_upload"]["MpuObjectSize"] == len(LARGE)


def test_who_wants_no_checksums_sends_only_what_all_servers_know(server: S3Server, bucket: str) -> None:
    said: dict[str, dict[str, Any]] = {}
    with (
        s3_server(AWS_REQUEST_CHECKSUM_CALCULATION="when_required"),
        meddling(lambda method, parameters: said.update({method: parameters})),
    ):
        upload(f"s3://{bucket}/y.tar", SMALL).close()
    assert "ContentMD5" in said["put_object"]
    assert "ChecksumCRC32" not in said["put_object"]


def test_another_object_in_its_place_is_not_removed(server: S3Server, bucket: str) -> None:
    def meddle(method: str, _parameters: dict[str, Any]) -> None:
        if method == "head_object" and server.keys(bucket):
            server.put(bucket, "x.tar", b"other")

    with meddling(meddle), pytest.raises(OutputError, match="another object took its place"):
        upload(f"s3://{bucket}/x.tar", SMALL)
    assert server.get(bucket, "x.tar") == b"other"


@pytest.mark.parametrize("old", [b"old", None], ids=["replaced", "new"])
@pytest.mark.parametrize("status", [403, 404, 500])
@BOTH
def test_what_the_answer_proved_needs_no_look(
    server: S3Server, bucket: str, data: bytes, status: int, old: bytes | None
) -> None:
    if old is not None:
        server.put(bucket, "x.tar", old)
    opened = upload(f"s3://{bucket}/x.tar", data, publish=False)
    only(server, "HEAD")
    server.always = Fault(status=status)
    opened.stage()
    opened.publish()
    opened.close()
    assert server.get(bucket, "x.tar") == data
    assert_nothing(server, bucket, objects=("x.tar",))


def unproven(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no ETag prove anything, as where keys of KMS encrypt."""
    monkeypatch.setattr(s3_upload, "confirms", lambda _answer, _expected: False)


@pytest.mark.parametrize("status", [404, 500])
@BOTH
def test_what_nothing_proved_is_removed(
    server: S3Server, bucket: str, data: bytes, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    unproven(monkeypatch)
    opened = upload(f"s3://{bucket}/x.tar", data, publish=False)
    only(server, "HEAD")
    server.always = Fault(status=status)
    opened.stage()
    with pytest.raises(OutputError):
        opened.publish()
    opened.close()
    assert_nothing(server, bucket)


@pytest.mark.parametrize("status", [404, 500])
@BOTH
def test_nothing_is_removed_where_something_stood(
    server: S3Server, bucket: str, data: bytes, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    unproven(monkeypatch)
    server.put(bucket, "x.tar", b"old")
    opened = upload(f"s3://{bucket}/x.tar", data, publish=False)
    only(server, "HEAD")
    server.always = Fault(status=status)
    opened.stage()
    with pytest.raises(OutputError):
        opened.publish()
    opened.withdraw()
    opened.close()
    assert server.get(bucket, "x.tar") == data


def test_nothing_is_removed_where_nobody_could_look(server: S3Server, bucket: str) -> None:
    server.put(bucket, "x.tar", b"old")
    only(server, "HEAD")
    server.faults.extend([Fault(status=403)])
    opened = upload(f"s3://{bucket}/x.tar", SMALL)
    opened.withdraw()
    opened.close()
    assert server.get(bucket, "x.tar") == SMALL


class TestWithdrawing:
    def test_nothing_was_there(self, server: S3Server, bucket: str) -> None:
        opened = upload(f"s3://{bucket}/x.tar", SMALL)
        opened.withdraw()
        opened.close()
        assert_nothing(server, bucket)

    def test_what_was_replaced_cannot_come_back(self, server: S3Server, bucket: str) -> None:
        server.put(bucket, "x.tar", b"old")
        opened = upload(f"s3://{bucket}/x.tar", SMALL)
        opened.withdraw()
        opened.close()
        assert server.get(bucket, "x.tar") == SMALL

    def test_versions_bring_it_back(self, server: S3Server, bucket: str) -> None:
        target = S3Object(open_filesystem(), Address.parse(f"s3://{bucket}/x.tar"))
        target.call("put_bucket_versioning", VersioningConfiguration={"Status": "Enabled"})
        server.put(bucket, "x.tar", b"old")
        opened = upload(f"s3://{bucket}/x.tar", LARGE)
        assert server.get(bucket, "x.tar") == LARGE
        opened.withdraw()
        opened.close()
        assert server.get(bucket, "x.tar") == b"old"


def open_filesystem() -> Any:
    from s3fs import S3FileSystem

    return S3FileSystem()


def test_who_may_not_look_may_write(server: S3Server, bucket: str) -> None:
    only(server, "HEAD")
    server.always = Fault(status=403)
    for data in (SMALL, LARGE):
        upload(f"s3://{bucket}/x.tar", data).close()
        assert server.get(bucket, "x.tar") == data


def test_no_bucket(server: S3Server) -> None:
    with pytest.raises(OutputError, match="there is no bucket nowhere-at-all") as caught:
        open_upload("s3://nowhere-at-all/x.tar", clobber=True)
    assert caught.value.remedy


@pytest.mark.parametrize("url", ["s3://bucket", "s3://bucket/", "s3://bucket/folder/"])
def test_buckets_are_no_objects(server: S3Server, url: str) -> None:
    with pytest.raises(UsageError, match="names no object"):
        open_upload(url, clobber=True)


def test_no_server(bucket: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with (
        s3_server(AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}", AWS_MAX_ATTEMPTS="1"),
        pytest.raises(OutputError, match="the server was not reached"),
    ):
        open_upload(f"s3://{bucket}/x.tar", clobber=True)


def test_no_credentials(bucket: str) -> None:
    with (
        s3_server(AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY=""),
        pytest.raises(OutputError, match="no credentials were found"),
    ):
        open_upload(f"s3://{bucket}/x.tar", clobber=True)
