"""What a verb of a batch is: its shape, what holds its options to each other, and what runs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from ocitool.api.listener import Listener, Silence

if TYPE_CHECKING:
    from collections.abc import Callable

    from ocitool.engine.rate import Rate
    from ocitool.model.digest import Digest
    from ocitool.plan.batch.job import Job
    from ocitool.plan.batch.result import JobOutput
    from ocitool.plan.batch.shape import Shape


def _go_on() -> None:
    pass


@dataclass(frozen=True, slots=True)
class JobSetting:
    """What a job is run with: who hears of its bytes, how many may move in a second, whether anything is written.

    With `may_replace` it is known that what stands where it writes may be replaced, whatever its options say.
    `before_naming` is called when all bytes are on the disk; what it raises ends the job without an output.
    """

    listener: Listener = field(default_factory=Silence)
    rate: Rate | None = None
    dry_run: bool = False
    before_naming: Callable[[], None] = _go_on
    may_replace: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a verb wrote, or would, the bytes that it read for it, and the sha256 of the digest map, if any.

    `names` are those of the files in each output.
    """

    outputs: tuple[JobOutput, ...] = ()
    read: int = 0
    digest_map: Digest | None = None
    names: tuple[frozenset[str], ...] = ()


Run: TypeAlias = "Callable[[Job, JobSetting], Outcome]"


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb of jobs. `check` raises `UsageError` for options that contradict each other or mean nothing."""

    shape: Shape
    check: Callable[[Job], object]
    run: Run
