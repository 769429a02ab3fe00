"""How a long operation tells how far it is."""

from __future__ import annotations

from typing import Protocol


class Listener(Protocol):
    """Hears of phases and bytes; `advance` is called from several threads."""

    def start(self, phase: str, total: int | None) -> None:
        """Begin a phase of `total` bytes (None: not known)."""

    def advance(self, count: int) -> None:
        """Count `count` more bytes done."""

    def finish(self) -> None:
        """End the phase."""


class Silence:
    """A listener that hears nothing."""

    def start(self, phase: str, total: int | None) -> None:
        """Ignore the phase."""

    def advance(self, count: int) -> None:
        """Ignore the bytes."""

    def finish(self) -> None:
        """Ignore the end."""
