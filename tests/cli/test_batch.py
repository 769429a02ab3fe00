"""The command `batch`: lines as jobs end, exit codes, what is resumed, and who reads the results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import zstandard
from jsonschema import Draft202012Validator

from ocitool.api import Contents, read_schema
from tests.builders import multi_platform
from tests.command import ocitool
from tests.crews import filtering, names, read_lines, statuses, write_jobs
from tests.deltas import EMPTY
from tests.laws.filtering import delta_of, filtered

if TYPE_CHECKING:
    from pathlib import Path

NEW = multi_platform(own="rebuilt {}".format).pack()
ALL: list[dict[str, object]] = [
    filtering("tar", "a.tar", "out/a.tar"),
    filtering("packed", "a.tar", "out/a.tar.zst"),
    filtering("folder", "a.tar", "out/a/", digest_map="out/map.json"),
    {"id": "parts", "verb": "split", "source": "a.tar", "output": "out/parts", "options": {"by": "platform"}},
    {"id": "both", "verb": "merge", "source": ["a.tar", "b.tar"], "output": "out/both.tar"},
    {"id": "delta", "verb": "delta", "source": ["a.tar", "c.tar"], "output": "out/d.tar.zst"},
    {"id": "whole", "verb": "apply", "source": ["a.tar", "d.tar"], "output": "out/c.tar"},
    {"id": "wrong base", "verb": "apply", "source": ["e.tar", "d.tar"], "output": "out/wrong.tar"},
    {"id": "check", "verb": "verify", "source": "a.tar", "options": {"platform": "linux/arm64"}},
    {"id": "bad check", "verb": "verify", "source": "a.tar", "options": {"platform": "linux/s390x"}},
    filtering("bad", "a.tar", "out/bad.tar", platform="linux/s390x"),
    filtering("absent", "absent.tar", "out/absent.tar"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.tar").write_bytes(multi_platform().pack())
    (tmp_path / "b.tar").write_bytes(multi_platform(("linux/386",), name="docker.io/library/b:1").pack())
    (tmp_path / "c.tar").write_bytes(NEW)
    (tmp_path / "e.tar").write_bytes(EMPTY.pack())
    (tmp_path / "d.tar").write_bytes(delta_of((tmp_path / "a.tar").read_bytes(), NEW))
    (tmp_path / "out").mkdir()
    return tmp_path


def test_every_verb_ends_in_a_line_of_its_own(folder: Path) -> None:
    done = ocitool("batch", write_jobs(folder / "jobs", ALL), folder=folder)
    lines = read_lines(done.stdout)
    validator = Draft202012Validator(read_schema("output/batch-result"))
    for line in lines.values():
        validator.validate(line)
    bad = {"bad", "bad check", "absent", "wrong base"}
    assert done.returncode == 1
    assert statuses(lines) == {job["id"]: "failed" if job["id"] in bad else "done" for job in ALL}
    assert {lines[name]["error"]["exitCode"] for name in bad} == {1, 3, 4, 5}
    assert done.stderr.endswith(b"12 jobs: 8 done, 4 failed\n")
    assert names(folder / "out") == [
        *("a", "a.tar", "a.tar.zst", "both.tar", "c.tar", "d.tar.zst", "map.json", "parts")
    ]
    assert {output["contents"] for name in ("tar", "packed", "folder") for output in lines[name]["outputs"]} == {
        lines["tar"]["outputs"][0]["contents"]
    }
    assert len(lines["parts"]["outputs"]) == 3
    assert lines["tar"]["outputs"][0]["size"] == (folder / "out" / "a.tar").stat().st_size
    assert (folder / "out" / "c.tar").read_bytes() == filtered(NEW, ["all"])
    delta = zstandard.ZstdDecompressor().decompressobj().decompress((folder / "out" / "d.tar.zst").read_bytes())
    assert delta == (folder / "d.tar").read_bytes()
    alone = ocitool("merge", "a.tar", "b.tar", "-o", "alone.tar", folder=folder)
    assert alone.returncode == 0
    assert (folder / "alone.tar").read_bytes() == (folder / "out" / "both.tar").read_bytes()


def test_contents_as_on_the_command_line(folder: Path) -> None:
    jobs = [
        filtering("plain", "a.tar", "out/plain.tar", contents="never"),
        filtering("usual", "a.tar", "out/usual.tar"),
    ]
    assert ocitool("batch", write_jobs(folder / "jobs", jobs), folder=folder).returncode == 0
    data = (folder / "a.tar").read_bytes()
    assert (folder / "out" / "plain.tar").read_bytes() == filtered(data, ["linux/arm64"], contents=Contents.NEVER)
    assert (folder / "out" / "usual.tar").read_bytes() == filtered(data, ["linux/arm64"])


def test_what_is_done_is_kept_and_the_rest_run_again(folder: Path) -> None:
    jobs = write_jobs(folder / "jobs", ALL)
    first = ocitool("batch", jobs, "-q", folder=folder)
    (folder / "out" / "both.tar").unlink()
    (folder / "results").write_bytes(first.stdout + first.stdout[:100])
    again = ocitool("batch", jobs, "--resume", folder / "results", folder=folder)
    found = statuses(read_lines(again.stdout))
    kept = {name for name, status in found.items() if status == "kept"}
    assert kept == {"tar", "packed", "folder", "parts", "delta", "whole", "check"}
    assert found["both"] == "done"
    assert again.stderr.splitlines()[0].endswith(b"passed over 1 line that no result is, the first at 13")
    both = read_lines(first.stdout)["both"], read_lines(again.stdout)["both"]
    assert both[0]["outputs"] == both[1]["outputs"]


def test_results_that_are_being_replaced_are_not_resumed_from(folder: Path) -> None:
    jobs = write_jobs(folder / "jobs", ALL[:1])
    command = [sys.executable, "-m", "ocitool", "batch", str(jobs), "-q", "--resume", "results"]
    for mode, code in (("wb", 2), ("ab", 0), ("ab", 0)):
        with (folder / "results").open(mode) as results:
            done = subprocess.run(command, cwd=folder, stdout=results, stderr=subprocess.PIPE, check=False)
        assert done.returncode == code, done.stderr
    lines = [json.loads(line) for line in (folder / "results").read_text().splitlines()]
    assert [line["status"] for line in lines] == ["done", "kept"]


def test_a_wrong_list_runs_nothing(folder: Path) -> None:
    jobs = write_jobs(folder / "jobs", [ALL[0], ALL[0], filtering("x", "a.tar", "x.tar", index="round")])
    done = ocitool("batch", jobs, folder=folder)
    assert (done.returncode, done.stdout) == (2, b"")
    first, second = done.stderr.decode().splitlines()
    assert first.startswith(f"ocitool: {jobs}:2: id 'tar' is that of line 1 too; ")
    assert second.startswith(f"ocitool: {jobs}:3: option index is 'round'; ")
    assert names(folder / "out") == []


def test_jobs_come_through_a_pipe(folder: Path) -> None:
    done = ocitool("batch", "-", "-q", stdin=json.dumps(ALL[0]).encode(), folder=folder)
    assert (done.returncode, done.stderr) == (0, b"")
    assert statuses(read_lines(done.stdout)) == {"tar": "done"}


def test_a_dry_run_writes_nothing(folder: Path) -> None:
    done = ocitool("batch", write_jobs(folder / "jobs", ALL[:7]), "--dry-run", folder=folder)
    lines = read_lines(done.stdout)
    assert done.returncode == 0
    assert set(statuses(lines).values()) == {"planned"}
    assert names(folder / "out") == []
    assert lines["tar"]["outputs"][0]["contents"] == lines["folder"]["outputs"][0]["contents"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--workers", "2", "--scheduler", "tcp://x:1"), "--workers and --scheduler contradict each other"),
        (("--timeout", "2"), "--timeout is for a cluster"),
        (("--max-bytes-per-second", "fast"), "no size 'fast'"),
        (("--resume", "absent"), "cannot read the results"),
        (("--resume", "jobs"), "holds no result of a batch"),
    ],
)
def test_wrong_options_are_told(folder: Path, arguments: tuple[str, ...], words: str) -> None:
    done = ocitool("batch", write_jobs(folder / "jobs", ALL[:1]), *arguments, folder=folder)
    assert (done.returncode, done.stdout) == (2, b"")
    assert words in done.stderr.decode()
    assert names(folder / "out") == []


def test_nobody_reads_the_results_any_more(folder: Path) -> None:
    """A batch is more than its report: it was not carried out, and says so; what was not begun by then is not."""
    reader, writer = os.pipe()
    os.close(reader)
    jobs = [filtering(f"{number}", "a.tar", f"out/{number}.tar") for number in range(50)]
    command = [sys.executable, "-m", "ocitool", "batch", str(write_jobs(folder / "jobs", jobs)), "--workers", "1"]
    done = subprocess.run(command, cwd=folder, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr.splitlines()) == (
        6,
        [b"ocitool: nobody reads the results any more, so the batch ended; write them to a file, for --resume"],
    )
    assert len(names(folder / "out")) < 50


def test_a_dry_run_is_a_report_that_nobody_has_to_read(folder: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "ocitool", "batch", str(write_jobs(folder / "jobs", ALL[:3])), "--dry-run"]
    done = subprocess.run(command, cwd=folder, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_batch_without_standard_output_runs_nothing(folder: Path) -> None:
    jobs = write_jobs(folder / "jobs", ALL[:1])
    command = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-m", "ocitool", "batch", str(jobs)]
    done = subprocess.run(command, cwd=folder, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 6
    assert done.stderr.startswith(b"ocitool: there is no standard output for the results; ")
    assert names(folder / "out") == []


@pytest.mark.parametrize("field", ["output", "digest-map"])
@pytest.mark.parametrize("place", ["/dev/stdout", "/dev/fd/1", "/dev/null", "pipe"])
def test_what_is_no_file_is_no_output(folder: Path, place: str, field: str) -> None:
    os.mkfifo(folder / "pipe")
    job = filtering("a", "a.tar", "out/a.tar", digest_map=place)
    if field == "output":
        job = filtering("a", "a.tar", place)
    done = ocitool("batch", write_jobs(folder / "jobs", [job]), folder=folder)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"is neither a file nor a folder, and a job writes nothing else; " in done.stderr
    assert names(folder / "out") == []


def test_results_that_do_not_fit_end_it(folder: Path) -> None:
    command = [sys.executable, "-m", "ocitool", "batch", str(write_jobs(folder / "jobs", ALL[:1]))]
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = subprocess.run(command, cwd=folder, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 6
    assert done.stderr == b"ocitool: cannot write the results: No space left on device\n"


@pytest.mark.parametrize("form", ["plain", "json"])
def test_progress_tells_of_jobs(folder: Path, form: str) -> None:
    done = ocitool("batch", write_jobs(folder / "jobs", ALL), "--progress", form, "-q", folder=folder)
    first, *_, last = done.stderr.decode().splitlines()
    if form == "plain":
        assert first == "batch: 0 of 12 jobs done, 0 running"
        assert last.startswith("batch: 8 of 12 jobs done, 4 failed, 0 running, ")
    else:
        document = json.loads(last)
        Draft202012Validator(read_schema("output/progress")).validate(document)
        assert document["jobs"] == {"done": 8, "failed": 4, "running": 0, "total": 12}
