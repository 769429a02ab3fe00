"""Coroutines on the event loop of fsspec, waited for by threads that can be told to stop."""

from __future__ import annotations

import asyncio
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, TypeVar

from ocitool.adapters.remote.remote_object import Broken

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from concurrent.futures import Future

Result = TypeVar("Result")


class Loop:
    """Runs what one object asks; the loop has a thread of its own, which all objects share."""

    def __init__(self) -> None:
        from fsspec.asyn import get_loop

        self._loop: asyncio.AbstractEventLoop = get_loop()
        self._waiting: set[Future[Any]] = set()

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Wait for a coroutine; raises what it raises, `Broken` if it was cancelled. An interrupt cancels it, too."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        self._waiting.add(future)
        try:
            return future.result()
        except CancelledError:
            raise Broken("stopped") from None
        finally:
            future.cancel()
            self._waiting.discard(future)

    def cancel(self) -> None:
        """Cancel all that is waited for."""
        for future in tuple(self._waiting):
            future.cancel()
