"""What processes that this program did not start took: servers that do the work for a client."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_TICK: Final = os.sysconf("SC_CLK_TCK")
_RESET_PEAK: Final = "5"  # proc(5), /proc/pid/clear_refs


def processes_of(folder: Path | str) -> tuple[int, ...]:
    """Return the processes whose command line names a folder or something in it."""
    needle = str(folder)
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_text(errors="replace")
        except OSError:
            continue
        if needle in command:
            found.append(int(entry.name))
    return tuple(sorted(found))


class ServerWatch:
    """Follow what processes take from now on; one that ends meanwhile is left out."""

    def __init__(self, processes: Iterable[int]) -> None:
        self._before = {process: _processor_seconds(process) for process in processes}
        for process in self._before:
            with suppress(OSError):
                Path(f"/proc/{process}/clear_refs").write_text(_RESET_PEAK)

    def processor(self) -> float:
        """Return the processor time taken since, by them and by children that they waited for, in seconds."""
        return sum(max(0.0, _processor_seconds(process) - before) for process, before in self._before.items())

    def peak_memory(self) -> int:
        """Return the sum of the peak resident memory of each since, in bytes."""
        return sum(map(_peak_memory, self._before))


def _processor_seconds(process: int) -> float:
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return 0.0
    # The name, in brackets, may hold anything; utime, stime, cutime and cstime are fields 14 to 17.
    return sum(map(int, text.rpartition(")")[2].split()[11:15])) / _TICK


def _peak_memory(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
