"""Run a registry of one's own, which crane brings along, for what writes archives of a registry's images alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Self

from .daemon import Daemon

if TYPE_CHECKING:
    from types import TracebackType

    from .engines import Engine

PORT = re.compile(r"serving on port (\d+)")


class Registry:
    """Serve as a context manager around a registry that forgets all when it stops."""

    def __init__(self, crane: Engine) -> None:
        """Remember which crane to run; nothing starts before ``with``."""
        self._crane = crane
        self._daemon: Daemon | None = None

    def __enter__(self) -> Self:
        """Start the registry on a free port."""
        self._daemon = daemon = Daemon("registry")
        program = self._crane.program("crane", "registry", "serve", "--address", "127.0.0.1:0")
        try:
            daemon.start(program, lambda: PORT.search(daemon.log_tail()) is not None)
        except BaseException:
            daemon.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the registry."""
        if self._daemon is not None:
            self._daemon.stop()
            self._daemon = None

    @property
    def address(self) -> str:
        """Return the host and port to give to clients, which take localhost without TLS."""
        if self._daemon is None or (found := PORT.search(self._daemon.log_tail())) is None:
            raise RuntimeError("the registry is not running")
        return f"localhost:{found[1]}"
