"""What an earlier run did from and to URLs is kept while every object is what it was."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from ocitool.api import Job, JobResult, JobStatus, make_jobs, run_job
from tests.builders import multi_platform
from tests.laws.filtering import filtered
from tests.remote_servers import RangeServer
from tests.uploads import new_bucket, s3_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.remote_servers import S3Server

DATA = multi_platform().pack()
OTHER = multi_platform(own="other {}".format).pack()
WANTED = ["linux/arm64"]


@pytest.fixture(scope="module")
def store() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture
def bucket(store: S3Server) -> str:
    name = new_bucket(store)
    store.put(name, "in.tar", DATA)
    return name


@pytest.fixture
def web() -> Iterator[RangeServer]:
    with RangeServer({"in.tar": DATA, "in.tar.gz": gzip.compress(DATA, mtime=0)}) as server:
        yield server


def make_job(source: str, output: str) -> Job:
    (job,) = make_jobs(
        [{"id": "a", "verb": "filter", "source": source, "output": output, "options": {"platform": [*WANTED]}}]
    )
    return job


def done(job: Job, earlier: JobResult | None = None) -> JobResult:
    """Run a job that succeeds, by what an earlier line says of it."""
    if earlier is not None:
        earlier = JobResult.from_json(json.loads(json.dumps(earlier.to_json())))
    result = run_job(job, earlier=earlier)
    assert result.error is None
    return result


@pytest.mark.parametrize("suffix", ["tar", "tar.zst"])
def test_from_s3_to_s3_is_kept(store: S3Server, bucket: str, suffix: str) -> None:
    job = make_job(f"s3://{bucket}/in.tar", f"s3://{bucket}/out.{suffix}")
    first = done(job)
    assert first.status is JobStatus.DONE
    assert all(source.version for source in first.sources)
    kept = done(job, first)
    assert kept.status is JobStatus.KEPT
    assert (kept.sources, kept.outputs) == (first.sources, first.outputs)
    assert done(job, kept).status is JobStatus.KEPT


@pytest.mark.parametrize("change", ["source", "output", "damaged", "gone"])
def test_what_was_replaced_on_s3_is_run_again(store: S3Server, bucket: str, change: str) -> None:
    job = make_job(f"s3://{bucket}/in.tar", f"s3://{bucket}/out.tar")
    first = done(job)
    expected = filtered(DATA, WANTED)
    assert store.get(bucket, "out.tar") == expected
    if change == "source":
        store.put(bucket, "in.tar", OTHER)
        expected = filtered(OTHER, WANTED)
    elif change == "output":
        store.put(bucket, "out.tar", filtered(DATA, ["linux/amd64"]))
    elif change == "damaged":
        place = expected.index(b"imageLayoutVersion")
        store.put(bucket, "out.tar", expected[:place] + b"I" + expected[place + 1 :])
    else:
        store.delete(bucket, "out.tar")
    again = done(job, first)
    assert again.status is JobStatus.DONE
    assert store.get(bucket, "out.tar") == expected
    assert done(job, again).status is JobStatus.KEPT


def test_a_source_that_is_gone_is_no_longer_what_it_was(store: S3Server, bucket: str) -> None:
    job = make_job(f"s3://{bucket}/in.tar", f"s3://{bucket}/out.tar")
    first = done(job)
    store.delete(bucket, "in.tar")
    failed = run_job(job, earlier=first)
    assert failed.error is not None
    assert failed.error.exit_code == 3


@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no ranges"])
@pytest.mark.parametrize("name", ["in.tar", "in.tar.gz"])
@pytest.mark.parametrize(("etag", "dated"), [("strong", True), ("weak", True), ("none", True), ("strong", False)])
def test_what_tells_a_version_over_http(
    web: RangeServer, tmp_path: Path, name: str, ranges: bool, etag: str, dated: bool
) -> None:
    web.etag, web.dated, web.ignores_range = etag, dated, not ranges
    job = make_job(web.url(name), f"{tmp_path}/out.tar")
    first = done(job)
    assert done(job, first).status is JobStatus.KEPT
    # The same length, so that the version alone tells.
    data = web.objects[name]
    assert isinstance(data, bytes)
    web.replace(name, data)
    if etag == "strong":
        assert done(job, first).status is JobStatus.DONE
        return
    web.objects[name] = gzip.compress(OTHER, mtime=0) if name.endswith("gz") else OTHER
    assert done(job, first).status is JobStatus.DONE
    assert (tmp_path / "out.tar").read_bytes() == filtered(OTHER, WANTED)


def test_what_no_answer_tells_a_version_of_is_run_again(web: RangeServer, tmp_path: Path) -> None:
    web.etag, web.dated = "none", False
    job = make_job(web.url("in.tar"), f"{tmp_path}/out.tar")
    first = done(job)
    assert [source.version for source in first.sources] == [""]
    assert done(job, first).status is JobStatus.DONE
