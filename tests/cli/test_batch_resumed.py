"""A folder that was finished while its line was lost: resuming makes up for the line, and writes nothing again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.builders import multi_platform
from tests.command import ocitool
from tests.crews import filtering, names, read_lines, statuses, write_jobs

if TYPE_CHECKING:
    from pathlib import Path


def test_a_lost_line_of_a_folder_is_made_up_for(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(multi_platform().pack())
    jobs = write_jobs(tmp_path / "jobs", [filtering("a", "a.tar", "a/")])
    first = read_lines(ocitool("batch", jobs, "-q", folder=tmp_path).stdout)
    inode = (tmp_path / "a").stat().st_ino
    assert statuses(read_lines(ocitool("batch", jobs, "-q", folder=tmp_path).stdout)) == {"a": "failed"}
    (tmp_path / "results").write_bytes(b"")
    again = ocitool("batch", jobs, "-q", "--resume", "results", folder=tmp_path)
    assert again.returncode == 0, again.stderr
    found = read_lines(again.stdout)
    assert statuses(found) == {"a": "done"}
    assert found["a"]["outputs"] == first["a"]["outputs"]
    assert (tmp_path / "a").stat().st_ino == inode
    assert names(tmp_path) == ["a", "a.tar", "jobs", "results"]
