"""Progress on standard error: bars on a terminal, lines or JSON on request."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ocitool.api.listener import Listener, Silence
from ocitool.cli.options import ProgressMode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

    from ocitool.cli.pace import JobStanding


@contextmanager
def showing_progress(
    mode: ProgressMode, *, quiet: bool, jobs: Callable[[], JobStanding] | None = None
) -> Iterator[Listener]:
    """Yield the listener for a mode, and clear what it drew whatever happens; a batch tells of its `jobs`."""
    listener = _make_listener(mode, sys.stderr, jobs, quiet=quiet)
    try:
        yield listener
    finally:
        listener.finish()


def _make_listener(
    mode: ProgressMode, stream: TextIO | None, jobs: Callable[[], JobStanding] | None = None, *, quiet: bool
) -> Listener:
    """Return the listener for a mode; `auto` is silent unless standard error is a terminal."""
    if stream is None or mode is ProgressMode.NONE or (quiet and mode is ProgressMode.AUTO):
        return Silence()
    if mode is ProgressMode.AUTO and not stream.isatty():
        return Silence()
    # Imported here, since most runs show nothing.
    from ocitool.cli.progress_display import Bar, CountingListener, Lines
    from ocitool.cli.progress_forms import as_json, as_words

    if mode is ProgressMode.PLAIN:
        return CountingListener(Lines(stream, as_words), jobs=jobs)
    if mode is ProgressMode.JSON:
        return CountingListener(Lines(stream, as_json), jobs=jobs)
    if os.environ.get("TERM") in {"dumb", "unknown"}:
        return CountingListener(Lines(stream, as_words), jobs=jobs)
    return CountingListener(Bar(stream, coloured=not os.environ.get("NO_COLOR")), jobs=jobs)
