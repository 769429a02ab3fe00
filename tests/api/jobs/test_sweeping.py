"""Two runs of one job at a time: neither takes from the other, and what appears is whole."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from ocitool.api import JobStatus, run_job
from ocitool.api.jobs.freshness import read_contents
from ocitool.api.jobs.sweeping import owner_of, sweep
from ocitool.api.jobs.verb import JobSetting
from ocitool.api.opening import SourceOptions
from ocitool.archive.leftovers import hold_named
from tests.api.jobs.test_freshness import make_job

if TYPE_CHECKING:
    from pathlib import Path

    from ocitool.api import Job, JobResult


def require_whole(result: JobResult) -> None:
    assert result.error is None, result.error
    (output,) = result.outputs
    assert read_contents(output.path, SourceOptions(), JobSetting()) == output.contents


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.endswith(".part"))


def sweeping(job: Job) -> JobSetting:
    return JobSetting(before_naming=lambda: sweep(job))


@pytest.mark.parametrize("unnamed", [True, False], ids=["unnamed", "hidden"])
@pytest.mark.parametrize("output", ["out/", "out.tar"])
def test_what_is_being_written_is_not_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str, unnamed: bool
) -> None:
    if not unnamed:
        monkeypatch.delattr(os, "O_TMPFILE")
    job = make_job(tmp_path, output)
    require_whole(run_job(job, sweeping(job)))
    assert hidden(tmp_path) == []


@pytest.mark.parametrize("output", ["out/", "out.tar"])
def test_a_second_run_of_a_job_leaves_the_first_one_alone(tmp_path: Path, output: str) -> None:
    job = make_job(tmp_path, output)
    seconds: list[JobResult] = []
    first = run_job(job, JobSetting(before_naming=lambda: seconds.append(run_job(job, was_lost=True))))
    (second,) = seconds
    require_whole(second)
    assert {first.status, second.status} <= {JobStatus.DONE, JobStatus.FAILED}
    if first.error is not None:
        assert first.error.message == "exists already and is not empty"
    assert hidden(tmp_path) == []


def test_what_was_moved_aside_is_held_until_the_new_one_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(tmp_path, "out/", force=True)
    require_whole(run_job(job))
    rename, seen = os.rename, []

    def look(old: str, new: str, **fields: int) -> None:
        rename(old, new, **fields)
        if old == "out":
            sweep(job)
            seen.append(hidden(tmp_path))

    monkeypatch.setattr(os, "rename", look)
    require_whole(run_job(job))
    assert [len(names) for names in seen] == [2]  # the old one and the new one
    assert hidden(tmp_path) == []


def test_what_nobody_holds_is_swept(tmp_path: Path) -> None:
    job = make_job(tmp_path, "out/")
    left = tmp_path / f".out.{owner_of(job)}.00.part"
    (left / "blobs").mkdir(parents=True)
    file = tmp_path / f".out.{owner_of(job)}.01.part"
    file.write_bytes(b"x")
    descriptor = hold_named(left)
    sweep(job)
    assert hidden(tmp_path) == [left.name]
    os.close(descriptor)
    sweep(job)
    assert hidden(tmp_path) == []


@pytest.mark.parametrize("what", ["blob", "folder", "all"])
def test_what_somebody_else_clears_away_is_missed_before_it_is_named(tmp_path: Path, what: str) -> None:
    job = make_job(tmp_path, "out/")

    def clear() -> None:
        (name,) = hidden(tmp_path)
        folder = tmp_path / name
        if what == "blob":
            min((folder / "blobs" / "sha256").iterdir()).unlink()
        else:
            shutil.rmtree(folder / "blobs" if what == "folder" else folder)

    failed = run_job(job, JobSetting(before_naming=clear))
    assert failed.error is not None
    assert failed.error.exit_code == 6
    assert "was removed while the folder was written" in failed.error.message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image.tar"]
