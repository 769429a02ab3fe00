"""What runs on a worker of a Dask cluster: JSON text in, JSON text out."""

from __future__ import annotations

import signal
from contextlib import suppress
from typing import Final

from ocitool import __version__
from ocitool.adapters.crew.counting import Counting
from ocitool.api.jobs.request import UNKNOWN, Runner, answer
from ocitool.errors import Interrupted

INTERVAL: Final = 0.5
"""Seconds between two looks at whether the job is still wanted."""

_GONE: Final = frozenset({"cancelled", "released", "forgotten"})


def run_on_worker(text: str, topic: str, number: int) -> str:
    """Run the job of a request on this worker, and tell those who listen to `topic` that it began, and of bytes."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def check() -> None:
        # Nobody can end a thread; it has to see for itself that its batch is gone.
        state = worker.state.tasks.get(key)
        if state is None or state.state in _GONE:
            raise Interrupted(signal.SIGTERM)

    def tell(count: int) -> None:
        check()
        worker.log_event(topic, {"bytes": count})

    worker.log_event(topic, {"began": number})
    counting = Counting(tell, INTERVAL)
    text = answer(text, Runner(str(worker.address), counting, UNKNOWN, check))
    with suppress(Interrupted):
        counting.close()
    return text


def version_here() -> str:
    """Return the version of ocitool that is installed here."""
    return __version__
