"""Whatever an archive is made to do: a documented exit code, one clear line, nothing left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.builders import multi_platform
from tests.command import ocitool
from tests.failure.hostile import HOSTILE, Hostile, entry

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name)
def test_hostile_archive(hostile: Hostile, tmp_path: Path) -> None:
    source = tmp_path / "hostile.tar"
    source.write_bytes(hostile.make())
    old = tmp_path / "old.tar"
    old.write_bytes(b"what stood here before")
    done = ocitool("filter", source, "-p", "all", "-o", old if hostile.code else tmp_path / "new.tar")
    _assert_told(done.stderr, done.returncode, hostile)
    assert old.read_bytes() == b"what stood here before"
    (tmp_path / "new.tar").unlink(missing_ok=True)
    assert {path.name for path in tmp_path.iterdir()} == {"hostile.tar", "old.tar"}
    for command, codes in (("inspect", {0, 3}), ("verify", {0, 3} if hostile.code == 0 else {1, 3})):
        done = ocitool(command, source)
        assert done.returncode in codes, (command, done)
        assert b"Traceback" not in done.stderr
        assert len(done.stdout + done.stderr) < 20_000


def _assert_told(stderr: bytes, code: int, hostile: Hostile) -> None:
    text = stderr.decode()
    assert code == hostile.code, text
    assert "Traceback" not in text
    if hostile.code:
        assert text.startswith("ocitool: ")
        assert text.count("\n") == 1
        assert len(text) < 1000
    for word in hostile.words:
        assert word in text


def test_entries_that_repeat_are_noted(tmp_path: Path) -> None:
    source = tmp_path / "twice.tar"
    data = multi_platform().pack()
    source.write_bytes(entry("oci-layout", b'{"imageLayoutVersion":"1.0.0"}') + data)
    done = ocitool("filter", source, "-p", "all", "-o", tmp_path / "once.tar")
    assert done.returncode == 0
    assert b"1 entries occur more than once in the source, such as oci-layout" in done.stderr
    verified = ocitool("verify", source)
    assert verified.returncode == 0
    assert b"note T4" in verified.stdout
    assert b"T4" not in ocitool("verify", tmp_path / "once.tar").stdout
