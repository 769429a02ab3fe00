"""The blobs of an archive that arrives: each handed on when it comes, or set aside until its turn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ocitool.archive.arrivals import EXPECTED
from ocitool.archive.source import SpooledSource
from ocitool.engine.control import Control
from ocitool.engine.pump import pump_unverified, pump_verified
from ocitool.errors import ChangedSource, IntegrityError
from ocitool.plan.steps import Copy, Emit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ocitool.archive.arrivals import Arrival, Arrivals
    from ocitool.archive.sink import OrderedSink
    from ocitool.archive.source import ByteSource
    from ocitool.archive.spool import SpoolFile
    from ocitool.model.digest import Digest
    from ocitool.plan.steps import OutputPlan, Step


def receive(arrivals: Arrivals, deliver: Callable[[Arrival], None]) -> None:
    """Hand every wanted blob to `deliver` when it comes, up to the end of the archive, and hold the plan to that.

    After a blob that is not what its digest says nothing is delivered, but the rest is still read: what else is wrong
    may say more. Raises what scanning raises, what holding the plan to the archive raises, and `IntegrityError`.
    """
    for arrival in arrivals.blobs():
        try:
            deliver(arrival)
        except (IntegrityError, ChangedSource) as error:
            arrivals.fail(error)
    arrivals.conclude()


def as_copy(copy: Copy, arrival: Arrival) -> Copy:
    """Return a copy of what was expected from where it has arrived."""
    return replace(copy, offset=arrival.offset)


class ArrivingOutput:
    """One output written in order while its blobs arrive in another, which is why some are set aside."""

    def __init__(
        self,
        output: OutputPlan,
        sources: Sequence[ByteSource],
        sink: OrderedSink,
        control: Control,
        arrivals: Arrivals,
        *,
        verify: bool,
    ) -> None:
        self._sources = sources
        self._sink = sink
        self._control = control
        self._arrivals = arrivals
        self._pump = pump_verified if verify else pump_unverified
        self._steps = output.steps()
        self._step: Step = next(self._steps)
        self._end = output.size
        self._copies: Mapping[Digest, Copy] = {
            member.content.digest: member.content
            for member in output.members
            if isinstance(member.content, Copy) and member.content.source == EXPECTED
        }
        self._aside: SpoolFile | None = None
        self._places: dict[Digest, int] = {}

    def write(self) -> None:
        """Write all of it; raises what `receive` raises, before the end blocks, and `OutputError`."""
        try:
            self._go_on()
            receive(self._arrivals, self._deliver)
            for source in self._sources:
                source.check_unchanged()
            for step in (self._step, *self._steps):
                if isinstance(step.content, Emit):
                    self._sink.write(step.content.data)
        finally:
            if self._aside is not None:
                self._aside.close()

    def _deliver(self, arrival: Arrival) -> None:
        copy = as_copy(self._copies[arrival.digest], arrival)
        if self._step.content == self._copies[arrival.digest]:
            self._pump(copy, self._arrivals.source, self._consume, self._control)
            self._step = next(self._steps)
            self._go_on()
            return
        aside = self._aside = self._aside or self._arrivals.source.spool()
        self._places[arrival.digest] = aside.size
        self._pump(copy, self._arrivals.source, lambda _position, part: aside.write(part), self._control)

    def _go_on(self) -> None:
        """Write what is there already, up to a blob that has not come or the end blocks."""
        silent = Control(self._control.stop, lambda _count: None)
        for content in self._ready():
            if isinstance(content, Emit):
                self._sink.write(content.data)
            elif content.source != EXPECTED:
                self._pump(content, self._sources[content.source], self._consume, self._control)
            elif self._aside is not None:
                spool = SpooledSource(self._aside.file, "what was set aside")
                there = replace(content, offset=self._places[content.digest])
                pump_unverified(there, spool, self._consume, silent)

    def _ready(self) -> Iterator[Copy | Emit]:
        while True:
            content = self._step.content
            is_last = self._step.offset + content.size == self._end
            waits = isinstance(content, Copy) and content.source == EXPECTED and content.digest not in self._places
            if is_last or waits:
                return
            yield content
            self._step = next(self._steps)

    def _consume(self, _position: int, part: memoryview) -> None:
        self._sink.write(part)
