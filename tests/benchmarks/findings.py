"""Results that nobody measured."""

from __future__ import annotations

from benchmarks.measure import Cost, Role
from benchmarks.measurement import Axis, Findings, Ratio, Row, Skip
from benchmarks.results import Result

MACHINE = {
    "processor": "Paper 1",
    "features": ["sha_ni"],
    "cores": 2,
    "kernel": "6.1",
    "python": "3.11.0",
    "pythonOpenssl": "OpenSSL 3",
}


def cost(seconds: float, memory: int = 0, processor: float = 0.0, disk: int | None = None) -> Cost:
    return Cost(seconds, processor or seconds, memory, disk)


def result(name: str = "paper", findings: Findings | None = None, *, shrink: int = 1) -> Result:
    return Result(
        name,
        f"On {name}",
        "2026-01-02",
        f"python -m benchmarks --only {name}",
        3,
        shrink,
        (0.5, 0.4, 0.3),
        (1.5, 0.4, 0.3),
        MACHINE,
        findings or bars(),
    )


def bars() -> Findings:
    return Findings(
        (
            Row("openssl", Role.YARDSTICK, cost(0.5, 8 << 20)),
            Row("filter", Role.TOOL, cost(0.4, 30 << 20, disk=4096)),
            Row("skopeo", Role.PEER, cost(5.0, 40 << 20, disk=3 << 30)),
        ),
        (
            Ratio("filter / openssl", 0.8, at_most=1.1),
            Ratio("skopeo / filter", 8.0, at_least=10.0),
            Ratio("start", 0.1, unit="s"),
        ),
        {"archiveBytes": 1234, "lines": ["one", "two"]},
        (Skip("docker", "no docker here"),),
    )


def lines() -> Findings:
    rows = tuple(
        Row(name, role, cost(round(place * factor, 3), 1 << 20), place)
        for place in (0.1, 8.0)
        for name, role, factor in (("openssl", Role.YARDSTICK, 1.0), ("filter", Role.TOOL, 0.9))
    )
    return Findings(rows, (), axis=Axis("archive", "GiB"))
