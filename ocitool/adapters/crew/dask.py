"""A crew of the workers of a Dask cluster, wherever they are; its scheduler gives a lost worker's job to another."""

from __future__ import annotations

import logging
import os
from collections import deque
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from ocitool.adapters.crew.dask_task import run_on_worker, version_here
from ocitool.api.jobs.crew import Completion
from ocitool.errors import ClusterError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from distributed import Future

    from ocitool.api.jobs.crew import CrewWatch

CONNECT_SECONDS: Final = 5
"""How long a scheduler has to answer."""

_START: Final = "start one with: dask worker"


class DaskCrew:
    """The workers at a scheduler; `address` is such as ``tcp://host:8786``, or ``tls://`` (set up in Dask's own way).

    `on_waiting` is called if there is no worker yet; one is waited for `timeout` seconds (None: as long as it takes).
    Raises `ClusterError` if the scheduler cannot be reached, no worker comes, or one has another version of ocitool
    or none; `UsageError` if Dask is not installed or the address is none.
    """

    threads: Final = 1
    """Dask runs as many jobs on a worker as that has threads."""

    def __init__(
        self, address: str, *, timeout: float | None = None, on_waiting: Callable[[], None] = lambda: None
    ) -> None:
        self._address = address
        self._client = _connect(address)
        self._name = os.urandom(6).hex()
        self._waiting: deque[tuple[int, str]] = deque()
        self._futures: dict[str, Future[str]] = {}
        self._numbers: dict[str, int] = {}
        self._starts: dict[int, int] = {}
        self._watch: CrewWatch | None = None
        try:
            self.size = self._wait_for_workers(timeout, on_waiting)
            self._require_versions()
            self._client.subscribe_topic(self._topic, self._hear)
        except BaseException:
            self.close()
            raise

    @property
    def _topic(self) -> str:
        return f"ocitool-{self._name}"

    def submit(self, number: int, text: str) -> None:
        """Take a request."""
        self._waiting.append((number, text))

    def completed(self, watch: CrewWatch, at_once: int | None = None) -> Iterator[Completion]:
        """Yield what became of each request, as they end; the cluster has at most `at_once` of them at a time."""
        import distributed

        ending: Any = distributed.as_completed
        self._watch = watch
        ended = ending(loop=self._client.loop)
        ended.update(self._hand_out(at_once))
        for future in ended:
            completion = self._completion(future)
            # Nothing of what is told has to stay in the memory of the cluster.
            del self._futures[str(future.key)]
            ended.update(self._hand_out(at_once))
            yield completion
        self.close()

    def _hand_out(self, at_once: int | None) -> list[Future[str]]:
        """Give the cluster as much as it may have; return what that is now in addition."""
        handed_out = []
        while self._waiting and (at_once is None or len(self._futures) < at_once):
            number, text = self._waiting.popleft()
            key = f"{self._topic}-{number}"
            self._numbers[key] = number
            # A job is no pure function: one that is asked for again has to be looked at again.
            future = self._client.submit(run_on_worker, text, self._topic, number, key=key, pure=False)
            self._futures[key] = future
            handed_out.append(future)
        return handed_out

    def cancel(self) -> list[Completion]:
        """Have the cluster forget what waits; what runs sees that within a second and ends without an output."""
        try:
            if self._client.status != "running":
                return []
            ended = [self._completion(future) for future in self._futures.values() if future.status == "finished"]
            self._client.cancel(list(self._futures.values()), force=True)
            return ended
        finally:
            self.close()

    def close(self) -> None:
        """Leave the cluster, which goes on."""
        self._waiting.clear()
        self._futures.clear()
        self._client.close(timeout=CONNECT_SECONDS)

    def _completion(self, future: Future[str]) -> Completion:
        from distributed import KilledWorker

        number = self._numbers[str(future.key)]
        starts = max(1, self._starts.get(number, 1))
        try:
            text = future.result()
        except KilledWorker as error:
            tries = error.allowed_failures + 1
            lost = f"the worker that ran it was lost {tries} times; the last one was {error.last_worker.address}"
            return Completion(number, None, str(error.last_worker.address), tries, lost)
        except CancelledError:
            raise ClusterError(
                "the scheduler was lost, or forgot the batch",
                where=self._address,
                remedy="run it again with --resume",
            ) from None
        except Exception as error:  # noqa: BLE001 - of the cluster, since jobs answer for theirs
            return Completion(number, None, "", starts, f"its worker cannot run it: {type(error).__name__}: {error}")
        return Completion(number, text, "", starts)

    def _hear(self, event: tuple[float, Mapping[str, Any]]) -> None:
        """Hear from a worker, in the thread of the client."""
        _, message = event
        if "began" in message:
            number = message["began"]
            self._starts[number] = self._starts.get(number, 0) + 1
            if self._watch is not None:
                self._watch.started(number)
        elif self._watch is not None:
            self._watch.advance(message["bytes"])

    def _wait_for_workers(self, timeout: float | None, on_waiting: Callable[[], None]) -> int:
        if not self._client.nthreads():
            on_waiting()
            try:
                self._client.wait_for_workers(1, timeout=timeout)
            except TimeoutError:
                raise ClusterError(
                    f"no worker came within {timeout:g} seconds",
                    where=self._address,
                    remedy=f"{_START} {self._address}",
                ) from None
        threads: dict[str, int] = self._client.nthreads()
        return max(1, sum(threads.values()))

    def _require_versions(self) -> None:
        """Raise `ClusterError` if the workers that are there have another version of ocitool, or none."""
        try:
            versions: dict[str, str] = self._client.run(version_here)
        except Exception as error:  # noqa: BLE001 - whatever loading it there raises
            raise ClusterError(
                f"a worker cannot load ocitool {version_here()}: {error}",
                where=self._address,
                remedy="install it wherever workers run: pip install 'ocitool[cluster]'",
            ) from None
        for worker, version in versions.items():
            if version != version_here():
                raise ClusterError(
                    f"has ocitool {version}, and this is {version_here()}",
                    where=worker,
                    remedy="install the same version everywhere",
                )


def _connect(address: str) -> Any:  # noqa: ANN401 - its methods are not typed
    try:
        from distributed import Client
        from distributed.comm.addressing import parse_address
        from distributed.comm.registry import get_backend
    except ImportError:
        raise UsageError("Dask is not installed", remedy="install it: pip install 'ocitool[cluster]'") from None
    # They log, with traces, what is told here in one line.
    for name in [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "distributed"]:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        # Before a client is made, which would go on trying by itself.
        scheme, _ = parse_address(address)
        get_backend(scheme)
        return _connected(Client, address)
    except (OSError, TimeoutError) as error:
        raise ClusterError(
            f"the scheduler cannot be reached: {_reason(error)}",
            where=address,
            remedy="name the address that it prints as it starts, such as tcp://host:8786",
        ) from None
    except (ValueError, TypeError, RuntimeError) as error:
        raise UsageError(
            f"no address of a scheduler: {error}", where=address, remedy="name such as tcp://host:8786"
        ) from None


def _connected(make: Any, address: str) -> Any:  # noqa: ANN401 - its methods are not typed
    """Return a client; one that is not connected is closed here, as it would print a trace when it is collected."""
    client = make.__new__(make)
    try:
        client.__init__(address, timeout=CONNECT_SECONDS, set_as_default=False, name="ocitool")
    except BaseException:
        with suppress(Exception):
            client.close(timeout=CONNECT_SECONDS)
        client.status = "closed"
        raise
    return client


def _reason(error: BaseException) -> str:
    """Return the innermost cause in words."""
    while error.__cause__ is not None:
        error = error.__cause__
    return getattr(error, "strerror", None) or str(error) or "it does not answer"
