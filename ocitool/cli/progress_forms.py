"""How far a phase is, in words, as JSON and as a bar."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from ocitool.cli.text import format_size

if TYPE_CHECKING:
    from ocitool.cli.pace import Standing

BAR: Final = 30
"""Columns of a bar where there is room for it."""

_WIDEST: Final = 100
_LEAST_BAR: Final = 6
_CYAN: Final = "\x1b[36m"
_DIM: Final = "\x1b[2m"
_PLAIN: Final = "\x1b[0m"


def as_words(standing: Standing) -> str:
    """Return such as ``filtering: 512.0 MiB of 1.0 GiB (50 %), 1.3 GiB/s, 0:00:01 left``."""
    parts = [part for part in (_jobs(standing), _amount(standing, share=True), _speed(standing)) if part]
    if standing.left:
        parts.append(f"{format_duration(standing.left)} left")
    return f"{standing.phase}: {', '.join(parts)}" if parts else standing.phase


def as_json(standing: Standing) -> str:
    """Return one line of JSON (schema ``output/progress``)."""
    jobs = standing.jobs
    return json.dumps(
        {
            "schemaVersion": 1,
            "kind": "progress",
            "phase": standing.phase,
            "done": standing.done,
            "total": standing.total,
            "bytesPerSecond": None if standing.speed is None else round(standing.speed),
            "secondsLeft": standing.left,
            **({} if jobs is None else {"jobs": asdict(jobs)}),
        }
    )


def as_bar(standing: Standing, columns: int, *, encoding: str = "utf-8", coloured: bool = False) -> str:
    """Return one line of fewer than `columns` characters: a bar, then as much in words as there is room for."""
    room = min(columns - 1, _WIDEST)
    words = [
        *filter(None, (_jobs(standing), _amount(standing, share=False), _speed(standing))),
        *([format_duration(standing.left)] if standing.left else []),
    ]
    while words and len("  ".join([standing.phase, *words])) > room:
        words.pop()
    text = "  ".join([standing.phase, *words])
    width = min(BAR, room - len(text) - 2)
    share = _share(standing)
    if share is None or width < _LEAST_BAR:
        return text[: max(room, 0)]
    bar = _bar(share, width, encoding, coloured=coloured)
    return "  ".join([standing.phase, bar, *words])


def format_duration(seconds: int) -> str:
    """Write whole seconds as hours, minutes and seconds: `0:01:30`."""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"


def _bar(share: float, width: int, encoding: str, *, coloured: bool) -> str:
    filled = int(share * width)
    try:
        "━".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return "#" * filled + "-" * (width - filled)
    if coloured:
        return f"{_CYAN}{'━' * filled}{_PLAIN}{_DIM}{'━' * (width - filled)}{_PLAIN}"
    return "━" * filled + "─" * (width - filled)


def _share(standing: Standing) -> float | None:
    """Return how much is done, of jobs where there are some; None where that is not known."""
    jobs = standing.jobs
    if jobs is not None:
        return (jobs.done + jobs.failed) / max(jobs.total, 1)
    return min(standing.done / standing.total, 1) if standing.total else None


def _jobs(standing: Standing) -> str:
    jobs = standing.jobs
    if jobs is None:
        return ""
    failed = f", {jobs.failed} failed" if jobs.failed else ""
    return f"{jobs.done} of {jobs.total} jobs done{failed}, {jobs.running} running"


def _amount(standing: Standing, *, share: bool) -> str:
    if standing.total is None:
        return format_size(standing.done) if standing.done else ""
    amount = f"{format_size(standing.done)} of {format_size(standing.total)}"
    return f"{amount} ({100 * standing.done // standing.total} %)" if share and standing.total else amount


def _speed(standing: Standing) -> str:
    return "" if standing.speed is None else f"{format_size(int(standing.speed))}/s"
