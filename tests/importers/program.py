"""Run one external program with a fixed environment.

Every engine is asked the same way: no exception on a non-zero exit (a refusal is a
result that tests look at), text output, and always a time limit.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEFAULT_TIMEOUT = 60.0
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TIMED_OUT = 124


@dataclass(frozen=True, slots=True)
class Program:
    """Name an executable, the arguments that always come first, and its environment."""

    path: Path
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(
        self,
        *arguments: str,
        timeout: float = DEFAULT_TIMEOUT,
        folder: Path | None = None,
        input_text: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run the program to its end and return what it said.

        A program that outlives ``timeout`` is killed and reported as exit code 124, as
        timeout(1) does, so callers have one shape of answer to judge.
        """
        command = [str(self.path), *self.arguments, *arguments]
        try:
            return subprocess.run(
                command,
                check=False,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                env={"PATH": SYSTEM_PATH, **self.environment},
                timeout=timeout,
                cwd=folder,
                input=input_text if input_text is not None else "",
            )
        except subprocess.TimeoutExpired as expired:
            return subprocess.CompletedProcess(
                command,
                TIMED_OUT,
                stdout=_text(expired.stdout),
                stderr=f"{_text(expired.stderr)}\ntimed out after {timeout} s",
            )


def _text(output: bytes | str | None) -> str:
    """Decode what a killed program had said so far."""
    if isinstance(output, bytes):
        return output.decode("utf-8", "replace")
    return output or ""
