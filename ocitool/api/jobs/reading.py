"""The options of a job as values of the types that verbs take; they were held to their types before."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ocitool.api.opening import SourceOptions
from ocitool.model.limits import RATIO_LIMIT

if TYPE_CHECKING:
    from ocitool.engine.rate import Rate
    from ocitool.plan.batch.job import Job

Word = TypeVar("Word", bound=Enum)


def text(job: Job, name: str) -> str | None:
    """Return an option that is a text, None where it is left out."""
    value = job.options.get(name)
    return value if isinstance(value, str) else None


def texts(job: Job, name: str) -> tuple[str, ...]:
    """Return an option that may be repeated."""
    value = job.options.get(name)
    return tuple(map(str, value)) if isinstance(value, list) else ()


def flag(job: Job, name: str, *, default: bool = False) -> bool:
    """Return an option that is set or not."""
    value = job.options.get(name, default)
    return value is True


def path(job: Job, name: str) -> Path | None:
    """Return an option that is a path."""
    value = text(job, name)
    return None if value is None else Path(value)


def word(job: Job, name: str, default: Word) -> Word:
    """Return an option that is one of some words."""
    value = text(job, name)
    return default if value is None else type(default)(value)


def source_options(job: Job, rate: Rate | None) -> SourceOptions:
    """Return how sources are read."""
    ratio = job.options.get("max-ratio")
    return SourceOptions(
        spool_directory=path(job, "tmp-dir"),
        ratio_limit=ratio if isinstance(ratio, int) else RATIO_LIMIT,
        rate=rate,
    )
