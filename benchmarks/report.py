"""What every benchmark says of its run: machine, command, costs and ratios, as a table and as JSON."""

from __future__ import annotations

import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.measure import Cost

_TABLES = ("seconds", "processorSeconds", "peakMemoryMiB", "ratios")


def make_report(
    module: str, costs: Mapping[str, Cost], ratios: Mapping[str, float], facts: Mapping[str, object]
) -> dict[str, object]:
    """Return all there is to say of a run as one JSON object; `facts` tell what was measured."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{_processor()}, {os.cpu_count()} processors, Linux {platform.release()}",
        "load": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "python": platform.python_version(),
        "command": f"python -m {module} " + " ".join(sys.argv[1:]),
        **facts,
        "seconds": {name: round(cost.seconds, 4) for name, cost in costs.items()},
        "processorSeconds": {name: round(cost.processor, 4) for name, cost in costs.items()},
        "peakMemoryMiB": {name: round(cost.memory / 2**20, 1) for name, cost in costs.items()},
        "ratios": {name: round(value, 3) for name, value in ratios.items()},
    }


def print_report(report: Mapping[str, object], target: Path | None) -> None:
    """Print a report as a table and, if `target` is given, write it there as JSON."""
    for key, value in report.items():
        if key not in _TABLES:
            print(f"{key}: {value}")
    for key in _TABLES:
        values = report[key]
        assert isinstance(values, dict)
        print(f"{key}:")
        for name, value in values.items():
            print(f"  {name:<40} {value:>9}")
    if target is not None:
        target.write_text(json.dumps(report, indent=2) + "\n")


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
