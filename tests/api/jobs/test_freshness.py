"""What an earlier run did is kept where it is still true, and only there."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from ocitool.api import Job, JobStatus, make_jobs, read_results, run_job
from ocitool.errors import UsageError
from ocitool.model.digest import Digest
from tests.builders import Json, multi_platform


def make_job(folder: Path, output: str = "out.tar", verb: str = "filter", **options: object) -> Job:
    source = folder / "image.tar"
    if not source.exists():
        source.write_bytes(multi_platform().pack())
    given = {"platform": ["linux/arm64"], **options}
    (job,) = make_jobs(
        [{"id": "a", "verb": verb, "source": f"{source}", "output": f"{folder}/{output}", "options": given}]  # type: ignore[dict-item]
    )
    return job


@pytest.mark.parametrize("output", ["out.tar", "out.tar.zst", "out/"])
def test_what_is_still_true_is_kept(tmp_path: Path, output: str) -> None:
    job = make_job(tmp_path, output)
    done = run_job(job)
    assert done.status is JobStatus.DONE, done.error
    kept = run_job(job, earlier=done)
    assert kept.status is JobStatus.KEPT
    assert (kept.outputs, kept.sources) == (done.outputs, done.sources)
    assert run_job(job, earlier=kept).status is JobStatus.KEPT


def test_a_split_is_kept_as_long_as_every_part_is_there(tmp_path: Path) -> None:
    job = make_job(tmp_path, "parts", "split", platform=["all"])
    done = run_job(job)
    assert len(done.outputs) == 3
    assert run_job(job, earlier=done).status is JobStatus.KEPT
    (tmp_path / "parts" / "image-linux-arm64.tar").unlink()
    assert run_job(job, earlier=done).status is JobStatus.DONE
    assert run_job(job, earlier=done).status is JobStatus.KEPT


@pytest.mark.parametrize("change", ["missing", "byte", "longer", "source", "time", "job", "failed"])
def test_what_is_not_true_any_more_is_done_again(tmp_path: Path, change: str) -> None:
    job = make_job(tmp_path)
    done = run_job(job)
    output, source = tmp_path / "out.tar", tmp_path / "image.tar"
    right = data = output.read_bytes()
    if change == "missing":
        output.unlink()
    elif change == "byte":
        place = data.index(b"imageLayoutVersion")
        output.write_bytes(data[:place] + b"I" + data[place + 1 :])
    elif change == "longer":
        output.write_bytes(data + bytes(512))
    elif change == "source":
        source.write_bytes(multi_platform(own="other {}".format).pack())
    elif change == "time":
        os.utime(source, ns=(1, 1))
    elif change == "job":
        job = make_job(tmp_path, index="nested")
    else:
        text = json.dumps(done.to_json() | {"status": "failed"})
        (tmp_path / "results").write_text(text)
        done = read_results(tmp_path / "results").results[str(job.digest)]
    again = run_job(job, earlier=done)
    assert again.status is JobStatus.DONE
    assert (output.read_bytes() == right) == (change not in {"source", "job"})


@pytest.mark.parametrize(("output", "verb"), [("out.tar", "filter"), ("parts", "split"), ("out/", "filter")])
def test_a_line_that_names_no_output_of_the_job_keeps_nothing(tmp_path: Path, output: str, verb: str) -> None:
    job = make_job(tmp_path, output, verb, **({"force": True} if output.endswith("/") else {}))
    done = run_job(job)
    assert run_job(job, earlier=done).status is JobStatus.KEPT
    elsewhere = tmp_path / "elsewhere" / Path(done.outputs[0].path).name
    assert run_job(job, earlier=replace(done, outputs=())).status is JobStatus.DONE
    other = run_job(make_job(tmp_path, "other.tar"))
    for outputs in (other.outputs, (replace(done.outputs[0], path=str(elsewhere)),)):
        assert run_job(job, earlier=replace(done, outputs=outputs)).status is JobStatus.DONE


@pytest.mark.parametrize(("output", "verb"), [("out.tar", "filter"), ("out", "split"), ("out.tar", "merge")])
@pytest.mark.parametrize("change", ["byte", "gone", "line"])
def test_a_digest_map_is_compared(tmp_path: Path, output: str, verb: str, change: str) -> None:
    place = tmp_path / "map.json"
    job = make_job(tmp_path, output, verb, **{"digest-map": f"{place}"})
    done = run_job(job)
    right = place.read_bytes()
    assert done.digest_map == Digest.of(right)
    assert run_job(job, earlier=done).status is JobStatus.KEPT
    if change == "byte":
        place.write_bytes(right[:-1] + b" ")
    elif change == "gone":
        place.unlink()
    else:
        done = replace(done, digest_map=None)
    assert run_job(job, earlier=done).status is JobStatus.DONE
    assert place.read_bytes() == right


def test_what_a_file_url_names_is_kept_by_its_time(tmp_path: Path) -> None:
    source = tmp_path / "image.tar"
    source.write_bytes(multi_platform().pack())
    options: Json = {"platform": ["linux/arm64"]}
    values: Json = {
        "id": "a",
        "verb": "filter",
        "source": source.as_uri(),
        "output": f"{tmp_path}/o.tar",
        "options": options,
    }
    (job,) = make_jobs([values])
    done = run_job(job)
    assert done.sources[0].version
    assert run_job(job, earlier=done).status is JobStatus.KEPT
    os.utime(source, ns=(1, 1))
    assert run_job(job, earlier=done).status is JobStatus.DONE


def test_a_verification_is_kept_while_its_source_is_the_same(tmp_path: Path) -> None:
    source = tmp_path / "image.tar"
    source.write_bytes(multi_platform().pack())
    images = tmp_path / "images.txt"
    images.write_text("lab:1.0\n")
    (job,) = make_jobs([{"id": "v", "verb": "verify", "source": f"{source}", "options": {"require": f"{images}"}}])
    done = run_job(job)
    assert done.status is JobStatus.DONE
    assert run_job(job, earlier=done).status is JobStatus.KEPT
    images.write_text("other:1.0\n")
    failed = run_job(job, earlier=done)
    assert failed.status is JobStatus.FAILED
    assert failed.error is not None
    assert (failed.error.code, failed.error.exit_code) == ("findings", 1)
    assert failed.error.message.startswith("G3: ")


def test_the_last_line_of_a_job_counts_and_damage_is_passed_over(tmp_path: Path) -> None:
    job = make_job(tmp_path)
    done, failed = run_job(job).to_json(), run_job(make_job(tmp_path, "none/out.tar")).to_json()
    results = tmp_path / "results.jsonl"
    later = done | {"worker": "later"}
    planned = done | {"status": "planned"}
    lines = [json.dumps(line) for line in (done, failed, later, planned)]
    damaged = json.dumps(done | {"seconds": "nan"})
    results.write_text("\n".join([*lines, "", lines[0][:50], damaged]))
    found = read_results(results)
    assert found.damaged == (6, 7)
    assert found.results[str(job.digest)].worker == "later"
    assert {result.status for result in found.results.values()} == {JobStatus.DONE, JobStatus.FAILED}


def test_what_holds_no_result_is_refused(tmp_path: Path) -> None:
    (tmp_path / "jobs.jsonl").write_text('{"id": "a"}\n')
    with pytest.raises(UsageError, match="holds no result of a batch"):
        read_results(tmp_path / "jobs.jsonl")
    with pytest.raises(UsageError, match="cannot read the results"):
        read_results(tmp_path / "absent")
    (tmp_path / "empty").write_text("")
    assert not read_results(tmp_path / "empty").results


def test_what_a_try_left_is_removed_but_not_what_it_had_moved_aside(tmp_path: Path) -> None:
    job = make_job(tmp_path, "lab/", force=True)
    owner = job.digest.hex[:24]
    begun, left = (tmp_path / f".{name}.{owner}.00.part" for name in ("lab", "lab.old"))
    begun.mkdir()
    left.mkdir()
    (tmp_path / "image.tar").write_bytes(b"no archive")
    assert run_job(job, was_lost=True).status is JobStatus.FAILED
    assert not begun.exists()
    assert left.exists()  # it may be all that is left of what stood there
    (tmp_path / "image.tar").write_bytes(multi_platform().pack())
    assert run_job(job, was_lost=True).status is JobStatus.DONE
    assert not left.exists()


def test_hidden_names_tell_whose_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a file must have a name while it is written, what a killed try leaves is found by the next."""
    monkeypatch.delattr(os, "O_TMPFILE")
    job = make_job(tmp_path)
    seen: list[str] = []
    original = os.fsync

    def look(descriptor: int) -> None:
        seen.extend(path.name for path in tmp_path.iterdir() if path.name.endswith(".part"))
        original(descriptor)

    monkeypatch.setattr(os, "fsync", look)
    assert run_job(job).status is JobStatus.DONE
    assert {name.split(".")[-3] for name in seen} == {job.digest.hex[:24]}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image.tar", "out.tar"]
