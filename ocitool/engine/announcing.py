"""What far sources are told before bytes move: what is read next, and that nothing is wanted any more."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ocitool.archive.remote import FarSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ocitool.archive.source import ByteSource
    from ocitool.plan.steps import Copy


def announce(copies: Iterable[Copy], sources: Sequence[ByteSource]) -> None:
    """Have far sources fetch ahead what `copies` take of them, which are going to be read in this order."""
    if not any(isinstance(source, FarSource) for source in sources):
        return
    ranges: dict[int, list[tuple[int, int]]] = {}
    for copy in copies:
        ranges.setdefault(id(sources[copy.source]), []).append((copy.offset, copy.size))
    for source in sources:
        wanted = ranges.pop(id(source), None)  # one source may be there twice
        if wanted is not None and isinstance(source, FarSource):
            source.will_read(wanted)


class StopSignal(threading.Event):
    """A stop that far sources hear of, so that no thread goes on to wait for bytes that nobody is going to use."""

    def __init__(self, sources: Iterable[ByteSource]) -> None:
        super().__init__()
        self._far = [source for source in sources if isinstance(source, FarSource)]

    def set(self) -> None:
        """Set the event and interrupt the sources."""
        super().set()
        for source in self._far:
            source.interrupt()
