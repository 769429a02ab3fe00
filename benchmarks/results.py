"""Results as files: one JSON object for each measurement, from which tables and plots are made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.measure import Cost, Role
from benchmarks.measurement import Axis, Findings, Ratio, Row, Skip

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Result:
    """A measurement that was taken: what it found, when, where, and the command that takes it again."""

    name: str
    title: str
    date: str
    command: str
    runs: int
    shrink: int
    load_before: tuple[float, ...]
    load_after: tuple[float, ...]
    machine: Mapping[str, Any]
    findings: Findings

    @property
    def is_judged(self) -> bool:
        """Whether archives had their usual size: only then do figures say whether limits hold."""
        return self.shrink == 1

    @property
    def full_title(self) -> str:
        """What was measured, and how much smaller than the title says."""
        return self.title if self.is_judged else f"{self.title} (archives {self.shrink} times smaller)"


def write_result(result: Result, folder: Path) -> Path:
    """Write a result as `NAME.json` into a folder, made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result.name}.json"
    path.write_text(json.dumps(to_json(result), indent=2) + "\n")
    return path


def read_results(folder: Path) -> dict[str, Result]:
    """Return the results that are in a folder, by name; raises `ValueError` if a file is none."""
    return {path.stem: read_result(path) for path in sorted(folder.glob("*.json"))}


def read_result(path: Path) -> Result:
    """Return the result in a file; raises `ValueError` if it holds none."""
    try:
        return from_json(json.loads(path.read_text()))
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{path} holds no result: {error!r}") from error


def to_json(result: Result) -> dict[str, Any]:
    """Return a result as JSON: seconds, bytes and factors; the limits stand beside what they limit."""
    findings = result.findings
    return {
        "name": result.name,
        "title": result.title,
        "date": result.date,
        "command": result.command,
        "runs": result.runs,
        "shrink": result.shrink,
        "loadBefore": list(result.load_before),
        "loadAfter": list(result.load_after),
        "machine": dict(result.machine),
        "facts": dict(findings.facts),
        **({"axis": {"name": findings.axis.name, "unit": findings.axis.unit}} if findings.axis else {}),
        "costs": [_row_to_json(row) for row in findings.rows],
        "ratios": [_ratio_to_json(ratio) for ratio in findings.ratios],
        "skipped": [{"name": skip.name, "reason": skip.reason} for skip in findings.skips],
    }


def from_json(value: Mapping[str, Any]) -> Result:
    """Return what `to_json` was given; raises some lookup or type error if it is something else."""
    axis = value.get("axis")
    findings = Findings(
        tuple(_row_from_json(row) for row in value["costs"]),
        tuple(
            Ratio(
                ratio["name"],
                ratio["value"],
                ratio.get("atMost"),
                ratio.get("atLeast"),
                ratio.get("unit", ""),
                ratio.get("isCounted", False),
            )
            for ratio in value["ratios"]
        ),
        value["facts"],
        tuple(Skip(skip["name"], skip["reason"]) for skip in value["skipped"]),
        None if axis is None else Axis(axis["name"], axis["unit"]),
    )
    return Result(
        value["name"],
        value["title"],
        value["date"],
        value["command"],
        value["runs"],
        value["shrink"],
        tuple(value["loadBefore"]),
        tuple(value["loadAfter"]),
        value["machine"],
        findings,
    )


def _row_to_json(row: Row) -> dict[str, Any]:
    cost = row.cost
    return {
        "name": row.name,
        "role": str(row.role),
        **({} if row.place is None else {"place": row.place}),
        "seconds": round(cost.seconds, 4),
        "processorSeconds": round(cost.processor, 4),
        "peakMemoryBytes": cost.memory,
        **({} if cost.disk is None else {"temporaryDiskBytes": cost.disk}),
    }


def _row_from_json(value: Mapping[str, Any]) -> Row:
    cost = Cost(
        value["seconds"], value["processorSeconds"], value["peakMemoryBytes"], value.get("temporaryDiskBytes")
    )
    return Row(value["name"], Role(value["role"]), cost, value.get("place"))


def _ratio_to_json(ratio: Ratio) -> dict[str, Any]:
    return {
        "name": ratio.name,
        "value": round(ratio.value, 4),
        **({} if ratio.at_most is None else {"atMost": ratio.at_most}),
        **({} if ratio.at_least is None else {"atLeast": ratio.at_least}),
        **({"unit": ratio.unit} if ratio.unit else {}),
        **({"isCounted": True} if ratio.is_counted else {}),
    }
