"""What `verify` prints on a terminal: lines that fit, colours unless they are not wanted."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.builders import multi_platform

if TYPE_CHECKING:
    from pathlib import Path


def on_terminal(*arguments: str, folder: Path, **environment: str) -> tuple[int, str]:
    """Run verify with a terminal of 80 columns as its standard output; return its exit code and what it printed."""
    master, slave = os.openpty()
    clean = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "TERM"}}
    command = [sys.executable, "-m", "ocitool", "verify", *arguments]
    values = {**clean, "TERM": "xterm", "COLUMNS": "80", **environment}
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=slave, env=values) as process:
        os.close(slave)
        printed = b""
        try:
            while chunk := os.read(master, 65536):
                printed += chunk
        except OSError:  # Linux' way to say that the other end is closed
            pass
        os.close(master)
    return process.returncode, printed.decode().replace("\r\n", "\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    layout = multi_platform()
    layout.drop(layout.read(layout.roots[0])["manifests"][2])
    layout.files["manifest.json"] = b"no json"
    (tmp_path / "sparse.tar").write_bytes(layout.pack())
    return tmp_path


def test_colours_and_lines_that_fit(folder: Path) -> None:
    status, text = on_terminal("sparse.tar", "-p", "linux/arm/v7", folder=folder)
    assert status == 1
    assert "\x1b[1;31merror G1:\x1b[0m" in text
    plain = text
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[1;31m", "\x1b[33m", "\x1b[36m"):
        plain = plain.replace(code, "")
    assert plain.replace("\n", "").isprintable()
    assert max(map(len, plain.splitlines())) <= 80


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["NO_COLOR", "dumb"])
def test_no_colours_where_none_are_wanted(folder: Path, environment: dict[str, str]) -> None:
    _, text = on_terminal("sparse.tar", folder=folder, **environment)
    assert "error L12:" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("form", ["json", "junit", "sarif"])
def test_forms_for_programs_have_no_colours(folder: Path, form: str) -> None:
    _, text = on_terminal("sparse.tar", "--format", form, folder=folder)
    assert "\x1b" not in text


def test_rules_fit(folder: Path) -> None:
    status, text = on_terminal("--list-rules", "-v", folder=folder)
    assert status == 0
    assert max(map(len, text.splitlines())) <= 80
