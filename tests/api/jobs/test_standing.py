"""What stands already where a job writes: finished by a try that was lost, ours to replace, or somebody else's."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ocitool.api import JobStatus, run_job
from ocitool.api.jobs.request import Request, Runner, answer
from ocitool.engine.workers import use_processors
from ocitool.plan.batch.result import JobResult
from tests.api.jobs.test_freshness import make_job
from tests.builders import multi_platform
from tests.folders import files_of

if TYPE_CHECKING:
    from pathlib import Path

    from ocitool.api import Job

CASES = [
    ("out/", "filter", {}),
    ("out/", "merge", {}),
    ("out.tar", "filter", {"no-clobber": True}),
    ("out.tar.zst", "filter", {"no-clobber": True}),
    ("parts", "split", {"no-clobber": True}),
]
NO_CLOBBER: dict[str, Any] = {"no-clobber": True}
JOBS = pytest.mark.parametrize(("output", "verb", "options"), CASES, ids=[f"{case[1]} {case[0]}" for case in CASES])


def stood(folder: Path) -> dict[str, bytes]:
    """Return all files but the source, by name."""
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: data for name, data in files.items() if name != "image.tar"}


@JOBS
def test_what_a_lost_try_had_finished_is_done(
    tmp_path: Path, output: str, verb: str, options: dict[str, bool]
) -> None:
    job = make_job(tmp_path, output, verb, **options, **{"digest-map": f"{tmp_path}/map.json"})
    first = run_job(job)
    before = stood(tmp_path)
    refused = run_job(job)
    assert refused.error is not None
    assert refused.error.exit_code == 6
    again = run_job(job, was_lost=True)
    assert again.status is JobStatus.DONE, again.error
    assert (again.outputs, again.digest_map) == (first.outputs, first.digest_map)
    assert again.read == 0
    assert stood(tmp_path) == before
    assert run_job(job, earlier=again).status is JobStatus.KEPT


@JOBS
def test_what_was_written_of_another_source_is_replaced(
    tmp_path: Path, output: str, verb: str, options: dict[str, bool]
) -> None:
    job = make_job(tmp_path, output, verb, **options)
    first = run_job(job)
    (tmp_path / "image.tar").write_bytes(multi_platform(own="other {}".format).pack())
    for earlier in (None, replace(first, status=JobStatus.FAILED)):
        refused = run_job(job, earlier=earlier, was_lost=True)
        assert refused.error is not None
        assert "exists already" in refused.error.message
    again = run_job(job, earlier=first)
    assert again.status is JobStatus.DONE, again.error
    assert again.outputs != first.outputs
    assert run_job(job, earlier=again).status is JobStatus.KEPT


@pytest.mark.parametrize("change", ["byte", "gone", "more"])
def test_a_damaged_folder_is_mended_but_one_that_holds_more_is_left_alone(tmp_path: Path, change: str) -> None:
    job = make_job(tmp_path, "out/")
    first = run_job(job)
    before = stood(tmp_path)
    blobs = sorted((tmp_path / "out" / "blobs" / "sha256").iterdir())
    if change == "byte":
        blobs[0].write_bytes(b"x" + blobs[0].read_bytes()[1:])
    elif change == "gone":
        blobs[0].unlink()
    else:
        (blobs[0].parent / ("0" * 64)).write_bytes(b"mine")
        before = stood(tmp_path)
    again = run_job(job, earlier=first)
    assert (again.status is JobStatus.FAILED) == (change == "more")
    assert stood(tmp_path) == before


@pytest.mark.parametrize("output", ["out/", "out.tar", "out.tar.zst"])
def test_what_somebody_else_put_there_is_left_alone(tmp_path: Path, output: str) -> None:
    no_clobber = not output.endswith("/")
    options: dict[str, Any] = {"no-clobber": no_clobber}
    job = make_job(tmp_path, output, **options)
    first = run_job(job)
    other = make_job(tmp_path, output, platform=["linux/amd64"], force=True)
    assert run_job(other).status is JobStatus.DONE
    before = stood(tmp_path)
    failed = run_job(job, earlier=first, was_lost=True)
    assert failed.error is not None
    assert "exists already" in failed.error.message
    assert stood(tmp_path) == before


def test_a_split_of_which_a_part_is_missing_is_completed(tmp_path: Path) -> None:
    job = make_job(tmp_path, "parts", "split", platform=["all"], **{"no-clobber": True})
    first = run_job(job)
    before = stood(tmp_path)
    (tmp_path / "parts" / "image-linux-arm64.tar").unlink()
    assert run_job(job, was_lost=True).outputs == first.outputs
    assert stood(tmp_path) == before


def test_a_file_of_another_form_is_not_what_was_to_be_written(tmp_path: Path) -> None:
    plain, packed = (make_job(tmp_path, "out.tar", compress=form, **NO_CLOBBER) for form in ("none", "zstd"))
    assert run_job(plain).status is JobStatus.DONE
    assert run_job(packed, was_lost=True).status is JobStatus.FAILED


def resumed(job: Job, *, is_resumed: bool = False, attempt: int = 1) -> JobResult:

    try:
        text = answer(Request(job, is_resumed=is_resumed).to_text(), Runner(attempt=attempt))
    finally:
        use_processors(None)
    return JobResult.from_json(json.loads(text))


def test_a_line_that_was_lost_is_made_up_for(tmp_path: Path) -> None:
    job = make_job(tmp_path, "out/")
    run_job(job)
    before = files_of(tmp_path / "out")
    assert resumed(job).status is JobStatus.FAILED
    assert resumed(job, attempt=2).status is JobStatus.DONE
    assert resumed(job, is_resumed=True).status is JobStatus.DONE
    assert files_of(tmp_path / "out") == before
