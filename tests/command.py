"""Run the real program as its users do: another process, its own pipes."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def ocitool(
    *arguments: str | Path, stdin: bytes | None = None, folder: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run ocitool to its end."""
    return subprocess.run(
        [sys.executable, "-m", "ocitool", *map(str, arguments)],
        input=stdin if stdin is not None else b"",
        capture_output=True,
        check=False,
        timeout=120,
        cwd=folder,
    )


def ocitool_here(capture: pytest.CaptureFixture[bytes], *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    """Run a command in this process, which is faster; none that writes: it would have signals ignored ever after."""
    import typer

    from ocitool.cli.app import app

    capture.readouterr()
    try:
        code = app([*map(str, arguments)], standalone_mode=False) or 0
    except typer.Exit as end:
        code = end.exit_code
    told = capture.readouterr()
    return subprocess.CompletedProcess(["ocitool", *map(str, arguments)], code, told.out, told.err)
