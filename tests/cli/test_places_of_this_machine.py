"""Options that name a file of this machine: a URL is told to be one, without what is secret in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.builders import multi_platform
from tests.command import ocitool, ocitool_here
from tests.crews import filtering, write_jobs

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = (b"hunter2", b"hush-hush")
URL = "https://me:hunter2@127.0.0.1:9/x.svg?sig=hush-hush"
SHOWN = b"https://127.0.0.1:9/x.svg?sig=..."


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.tar").write_bytes(multi_platform().pack())
    write_jobs(tmp_path / "jobs", [filtering("a", "a.tar", "b.tar")])
    return tmp_path


@pytest.mark.parametrize("blank", ["", " "])
@pytest.mark.parametrize(
    "arguments",
    [
        ("inspect", "a.tar", "--plot"),
        ("inspect", "a.tar", "--tmp-dir"),
        ("filter", "a.tar", "-p", "all", "-o", "b.tar", "--tmp-dir"),
        ("filter", "a.tar", "-p", "all", "-o", "b.tar", "--digest-map"),
        ("verify", "a.tar", "--require"),
        ("advise", "--script"),
        ("batch",),
        ("batch", "jobs", "--resume"),
    ],
    ids=" ".join,
)
def test_a_url_is_told_to_be_one(folder: Path, arguments: tuple[str, ...], blank: str) -> None:
    done = ocitool(*arguments, f"{blank}{URL}", folder=folder)
    assert (done.returncode, done.stdout) == (2, b"")
    assert SHOWN in done.stderr
    assert b"this machine" in b" ".join(done.stderr.split())
    assert not any(secret in done.stderr for secret in SECRETS)
    assert sorted(path.name for path in folder.iterdir()) == ["a.tar", "jobs"]


@pytest.mark.parametrize("command", [("inspect",), ("verify",), ("filter", "-p", "all", "-o", "b.tar")], ids=" ".join)
def test_a_blank_before_a_url_hides_nothing(
    folder: Path, command: tuple[str, ...], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    done = ocitool_here(capfdbinary, command[0], " nothing://me:hunter2@h/x?sig=hush-hush", *command[1:])
    assert done.returncode == 2
    assert b"nothing://" in done.stderr
    assert not any(secret in done.stderr for secret in SECRETS)
    assert not (folder / "b.tar").exists()


def test_a_file_by_its_url(folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    (folder / "images.txt").write_text("docker.io/library/absent:1\n")
    url = (folder / "images.txt").as_uri()
    by_path = ocitool_here(capfdbinary, "verify", "a.tar", "--require", "images.txt")
    by_url = ocitool_here(capfdbinary, "verify", "a.tar", "--require", url)
    assert (by_url.returncode, by_url.stdout) == (by_path.returncode, by_path.stdout)
    jobs = (folder / "jobs").as_uri()
    assert ocitool_here(capfdbinary, "batch", jobs, "--dry-run").returncode == 0
