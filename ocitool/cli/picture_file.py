"""The file of `inspect --plot`: whole under its name, or not there at all."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ocitool.archive.new_file import NewFile
from ocitool.archive.sink import open_sink, publish_all
from ocitool.cli.signals import ignore_signals
from ocitool.errors import OutputError, UsageError
from ocitool.model.url import url_scheme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ocitool.archive.sink import StreamSink
    from ocitool.cli.chart import Chart
    from ocitool.graph.inventory import Inventory

FORMS: Final = {".svg": "svg", ".png": "png"}
"""What can be drawn, by suffix."""


class PictureFile:
    """A picture that is drawn in memory and written at the end."""

    def __init__(self, sink: NewFile | StreamSink, draw: Callable[[Chart], bytes]) -> None:
        self._sink = sink
        self._draw = draw
        self._data = b""

    def draw(self, inventory: Inventory) -> None:
        """Draw the picture of a report."""
        from ocitool.cli.chart import plan_chart

        self._data = self._draw(plan_chart(inventory))

    def publish(self) -> None:
        """Write it and give it its name; raises `OutputError`."""
        if not isinstance(self._sink, NewFile):
            self._sink.write(self._data)
            return
        self._sink.require_space(len(self._data))
        self._sink.write_at(0, self._data)
        self._sink.stage()
        ignore_signals()
        publish_all([self._sink])


@contextmanager
def opened_picture(path: Path, source: str) -> Iterator[PictureFile]:
    """Open the place of a picture before any work is done for it.

    Raises `UsageError` for another suffix, for the source itself or if the extra is not installed, `OutputError` if
    the place cannot be written.
    """
    form = FORMS.get(path.suffix.lower())
    if form is None:
        raise UsageError("pictures are SVG or PNG", where=str(path), remedy="end its name in .svg or .png")
    if source != "-" and not url_scheme(source) and os.path.realpath(path) == os.path.realpath(source):
        raise UsageError("--plot is the source itself", where=str(path), remedy="name another file")
    draw_chart = _load()
    if path.is_dir():
        raise OutputError("is a folder", where=str(path), remedy="name a file in it")
    sink = open_sink(path)
    try:
        yield PictureFile(sink, lambda chart: draw_chart(chart, form))
    finally:
        sink.close()


def _load() -> Callable[[Chart, str], bytes]:
    # What a user's environment or settings say of windows and fonts must neither be heard nor cause a warning.
    os.environ["MPLBACKEND"] = "agg"
    logging.getLogger("matplotlib").setLevel(logging.CRITICAL)
    try:
        from ocitool.cli.picture import draw_chart
    except ImportError:
        raise UsageError("--plot needs matplotlib", remedy="pip install 'ocitool[plot]'") from None
    return draw_chart
