"""What processes that this program did not start took: servers that do the work for a client."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_TICK: Final = os.sysconf("SC_CLK_TCK")
_RESET_PEAK: Final = "5"  # proc(5), /proc/pid/clear_refs


def processes_of(folder: Path) -> tuple[int, ...]:
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


def processor_seconds(processes: Iterable[int]) -> float:
    """Return the processor time that processes, and children that they waited for, have taken so far, in seconds."""
    ticks = 0
    for process in processes:
        # The name, in brackets, may hold anything; utime, stime, cutime and cstime are fields 14 to 17.
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))
    return ticks / _TICK


def reset_peak_memory(processes: Iterable[int]) -> None:
    """Have the peak memory of processes start from what they hold now."""
    for process in processes:
        Path(f"/proc/{process}/clear_refs").write_text(_RESET_PEAK)


def total_peak_memory(processes: Iterable[int]) -> int:
    """Return the sum of the peak resident memory of processes, in bytes."""
    total = 0
    for process in processes:
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                total += int(line.split()[1]) * 1024
    return total
