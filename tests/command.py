"""Run the real program as its users do: another process, its own pipes."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


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
