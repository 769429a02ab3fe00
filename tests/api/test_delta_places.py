"""diff, delta and apply from and to URLs and open files: the same bytes and reports as of paths."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING, Any

import pytest

from ocitool.api import WriteOptions, apply_delta, diff_archives, make_delta
from ocitool.errors import ChangedSource, IntegrityError, NotAnArchive, OcitoolError, UsageError
from tests.adapters.remote.reading import archive_with_layers
from tests.deltas import EMPTY, NEW, OLD
from tests.file_objects import KINDS
from tests.laws.filtering import applied, delta_of, filtered
from tests.remote_servers import Fault, RangeServer
from tests.uploads import assert_nothing, new_bucket, s3_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.remote_servers import S3Server

ONE, OTHER = OLD.pack(), NEW.pack()
DELTA = delta_of(ONE, OTHER)
WHOLE = filtered(OTHER, ["all"])
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


@pytest.fixture(scope="module")
def store() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture
def bucket(store: S3Server) -> str:
    return new_bucket(store)


@pytest.fixture
def web() -> Iterator[RangeServer]:
    objects = {"old.tar": ONE, "new.tar": OTHER, "d.tar": DELTA, "empty.tar": EMPTY.pack()}
    packed = {f"{name}.gz": gzip.compress(data, mtime=0) for name, data in objects.items()}
    with RangeServer({**objects, **packed}) as server:
        yield server


@each_kind
def test_open_files(kind: Any, tmp_path: Path) -> None:
    with kind(ONE, tmp_path) as old, kind(OTHER, tmp_path) as new:
        output = io.BytesIO()
        made = make_delta(old, new, output)
        assert output.getvalue() == DELTA
    with kind(ONE, tmp_path) as old, kind(DELTA, tmp_path) as delta:
        output = io.BytesIO()
        result = apply_delta(old, delta, output)
        assert output.getvalue() == WHOLE
        assert not output.closed
    assert made.digest == result.digest
    assert result.output.path == "<BytesIO>"
    with kind(ONE, tmp_path) as old, kind(OTHER, tmp_path) as new:
        found = diff_archives(old, new)
    assert found.to_json()["added"] == diff_archives(io.BytesIO(ONE), io.BytesIO(OTHER)).to_json()["added"]


@pytest.mark.parametrize("suffix", ["", ".gz"], ids=["plain", "gzip"])
@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no ranges"])
def test_from_urls(web: RangeServer, tmp_path: Path, suffix: str, ranges: bool) -> None:
    web.ignores_range = not ranges
    old, new, delta = (web.url(f"{name}.tar{suffix}") for name in ("old", "new", "d"))
    make_delta(old, new, tmp_path / "d.tar")
    assert (tmp_path / "d.tar").read_bytes() == DELTA
    apply_delta(old, delta, tmp_path / "whole.tar")
    assert (tmp_path / "whole.tar").read_bytes() == WHOLE
    apply_delta(io.BytesIO(ONE), delta, tmp_path / "again.tar")
    assert (tmp_path / "again.tar").read_bytes() == WHOLE
    far = diff_archives(old, new).to_json()
    near = diff_archives(io.BytesIO(ONE), io.BytesIO(OTHER)).to_json()
    assert {**far, "old": 0, "new": 0} == {**near, "old": 0, "new": 0}


def test_from_s3_to_s3(store: S3Server, bucket: str) -> None:
    at = f"s3://{bucket}"
    store.put(bucket, "old.tar", ONE)
    store.put(bucket, "new.tar", OTHER)
    result = make_delta(f"{at}/old.tar", f"{at}/new.tar", f"{at}/d.tar")
    assert result.output.path == f"{at}/d.tar"
    assert store.get(bucket, "d.tar") == DELTA
    apply_delta(f"{at}/old.tar", f"{at}/d.tar", f"{at}/whole.tar")
    assert store.get(bucket, "whole.tar") == WHOLE
    make_delta(f"{at}/old.tar", f"{at}/new.tar", f"{at}/d.tar.zst")
    apply_delta(f"{at}/old.tar", f"{at}/d.tar.zst", f"{at}/whole.tar")
    assert store.get(bucket, "whole.tar") == WHOLE
    assert_nothing(store, bucket, objects=("d.tar", "d.tar.zst", "new.tar", "old.tar", "whole.tar"))


def test_no_more_is_transferred_than_is_needed(web: RangeServer, tmp_path: Path) -> None:
    old, sizes = archive_with_layers(1_000_000, 2, ("linux/amd64", "linux/arm64"))
    new, _ = archive_with_layers(1_000_000, 2, ("linux/amd64", "linux/arm64", "linux/s390x"))
    base = filtered(old, ["all"])
    web.objects["old.tar"], web.objects["new.tar"] = base, filtered(new, ["all"])
    make_delta(web.url("old.tar"), web.url("new.tar"), tmp_path / "d.tar")
    # Of the base its headers and documents alone; of the new one what is new.
    assert 2_000_000 < web.traffic.sent < 2_000_000 + 3 * 64 * 1024
    web.traffic.clear()
    web.objects["d.tar"] = delta = (tmp_path / "d.tar").read_bytes()
    apply_delta(web.url("old.tar"), web.url("d.tar"), tmp_path / "whole.tar")
    assert (tmp_path / "whole.tar").read_bytes() == filtered(new, ["all"])
    assert web.traffic.sent < 1.01 * (2_000_000 + sum(sizes.values())) + 2 * 64 * 1024
    assert applied(base, delta) == filtered(new, ["all"])


def test_a_base_that_lacks_blobs_leaves_no_object(
    web: RangeServer, store: S3Server, bucket: str, tmp_path: Path
) -> None:
    for output in (f"s3://{bucket}/x.tar", tmp_path / "x.tar"):
        with pytest.raises(IntegrityError) as caught:
            apply_delta(web.url("empty.tar", user="me:hunter2"), web.url("d.tar", user="me:hunter2"), output)
        assert web.url("empty.tar") in str(caught.value)
        assert "hunter2" not in str(caught.value)
        with pytest.raises(NotAnArchive, match=r"new\.tar"):
            apply_delta(web.url("old.tar"), web.url("new.tar"), output)
    assert list(tmp_path.iterdir()) == []
    assert_nothing(store, bucket)


@pytest.mark.parametrize("source", ["old.tar", "d.tar"])
@pytest.mark.parametrize("verify", [True, False])
def test_what_is_wrong_far_away_leaves_nothing(web: RangeServer, tmp_path: Path, source: str, verify: bool) -> None:
    content = web.objects[source]
    assert isinstance(content, bytes)
    blob = next(iter(set(OLD.blobs) & set(NEW.blobs) if source == "old.tar" else set(NEW.blobs) - set(OLD.blobs)))
    data = OLD.blobs[blob] if source == "old.tar" else NEW.blobs[blob]
    place = content.index(data)
    web.objects[source] = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
    with pytest.raises(OcitoolError) as caught:
        apply_delta(
            web.url("old.tar"),
            web.url("d.tar"),
            tmp_path / "whole.tar",
            write_options=WriteOptions(verify=verify),
        )
    assert caught.value.exit_code in {3, 5}
    assert list(tmp_path.iterdir()) == []


def test_an_object_that_is_replaced_meanwhile_is_an_error(web: RangeServer, tmp_path: Path) -> None:
    web.objects["old.tar"], _ = archive_with_layers(500_000, 2, ("linux/amd64", "linux/arm64"))
    new, _ = archive_with_layers(500_000, 2, ("linux/arm64", "linux/s390x"))
    web.objects["new.tar"] = new
    web.hit = lambda _method, target: "new" in target
    web.before = lambda number: web.replace("new.tar", new[::-1]) if number == 3 else None
    with pytest.raises(ChangedSource):
        make_delta(web.url("old.tar"), web.url("new.tar"), tmp_path / "d.tar")
    assert list(tmp_path.iterdir()) == []


def test_faults_that_pass_change_nothing(web: RangeServer, tmp_path: Path) -> None:
    web.faults.extend([Fault(status=503), None, Fault(reset_after=100), Fault(short_after=50)])
    make_delta(web.url("old.tar"), web.url("new.tar"), tmp_path / "d.tar")
    assert (tmp_path / "d.tar").read_bytes() == DELTA


@pytest.mark.parametrize("role", ["base", "new archive"])
@pytest.mark.parametrize("way", ["same", "link", "file URL"])
def test_a_delta_does_not_take_the_place_of_what_it_is_made_of(tmp_path: Path, role: str, way: str) -> None:
    old, new = tmp_path / "old.tar", tmp_path / "new.tar"
    old.write_bytes(ONE)
    new.write_bytes(OTHER)
    place = old if role == "base" else new
    output = {"same": str(place), "file URL": f"file://{place}"}.get(way, str(tmp_path / "other.tar"))
    if way == "link":
        (tmp_path / "other.tar").symlink_to(place)
    for dry_run in (True, False):
        with pytest.raises(UsageError, match=f"take the place of the {role}; name another output"):
            make_delta(old, new, output, dry_run=dry_run)
    assert (old.read_bytes(), new.read_bytes()) == (ONE, OTHER)


def test_a_delta_does_not_take_the_place_of_objects_and_open_files(web: RangeServer) -> None:
    url = web.url("old.tar")
    with pytest.raises(UsageError, match="take the place of the base"):
        make_delta(url, web.url("new.tar"), url)
    old = io.BytesIO(ONE)
    with pytest.raises(UsageError, match="take the place of the base"):
        make_delta(old, io.BytesIO(OTHER), old)
    assert old.getvalue() == ONE
