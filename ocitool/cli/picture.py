"""Draw a chart with matplotlib: no display, no settings of the user, the same bytes for the same chart.

The page is one plane measured in inches from its upper left corner; every rectangle and word has its place there.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, get_font
from matplotlib.patches import Rectangle

from ocitool.cli.chart import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.cli.chart import Bar, Chart, Segment

_COLOURS: Final = ("#4477AA", "#EE8866", "#44AA99", "#DDB033", "#AA4499", "#77BBDD", "#8C6D31")
"""After Paul Tol, told apart by colour-blind readers too; as many as `chart.SWATCHES`."""

_OTHER: Final = "#7B8794"
_UNIQUE: Final = "#D3D9E0"
_INK: Final = "#1F2933"
_MUTED: Final = "#66727F"
_GRID: Final = "#E4E8EC"
_PAPER: Final = "#FFFFFF"

_WIDTH: Final = 11.0
_MARGIN: Final = 0.4
_TITLE: Final = 0.78
_HEADING: Final = 0.36
_ROW: Final = 0.27
_BAR: Final = 0.19
_AXIS: Final = 0.26
_LEGEND_ROW: Final = 0.23
_LEGEND_COLUMNS: Final = 3
_LINE: Final = 0.26
_LABEL: Final = 2.2
_NUMBER: Final = 0.80
_STATE: Final = 0.90
_DPI: Final = 144
_PIXEL: Final = 1 / _DPI
"""Bars start and end on these, so that all gaps look the same; a layer below one is drawn with the next."""

_GAP: Final = 2 * _PIXEL

_TWO_AXES: Final = 25
"""Rows from which the scale stands above them too."""

_UNITS: Final = (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024))
"""The scale is in the largest of which the longest row has at least one."""


@dataclass(frozen=True, slots=True)
class _Style:
    """Size in points, weight and colour of a text."""

    size: float = 9
    weight: str = ""
    colour: str = _INK

    @property
    def path(self) -> str:
        """The font file that comes with matplotlib, wherever the fonts of this machine are from."""
        return str(Path(mpl.get_data_path()) / "fonts" / "ttf" / f"DejaVuSans{self.weight}.ttf")

    @property
    def font(self) -> FontProperties:
        """The font at its size."""
        return FontProperties(fname=self.path, size=self.size)


_SMALL: Final = _Style(8, colour=_MUTED)


def draw_chart(chart: Chart, form: str) -> bytes:
    """Return the picture as `form`: svg or png."""
    with mpl.rc_context():
        mpl.rcdefaults()
        # Names are no formulas; equal charts have equal ids in SVG; letters are shapes that need no font to be seen.
        mpl.rcParams["text.parse_math"] = False
        mpl.rcParams["svg.hashsalt"] = "ocitool"
        mpl.rcParams["svg.fonttype"] = "path"
        mpl.rcParams["hatch.linewidth"] = 0.7
        figure = _Page(chart).draw()
        buffer = io.BytesIO()
        if form == "svg":
            FigureCanvasSVG(figure)
            figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
        else:
            FigureCanvasAgg(figure)
            figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
        return buffer.getvalue()


class _Page:
    def __init__(self, chart: Chart) -> None:
        self._chart = chart
        self._bars = [bar for group in chart.groups for bar in group.bars]
        self._legend = list(self._legend_items())
        widths = [_width(_fit(bar.label, _LABEL), _Style()) for bar in self._bars]
        self._left = _MARGIN + max(widths, default=0) + 0.15
        self._states = _STATE if any(bar.mark for bar in self._bars) else 0.0
        self._right = _WIDTH - _MARGIN - self._states - 2 * _NUMBER - 0.1
        self._scale = (self._right - self._left) / chart.width if chart.width else 0.0
        self._two_axes = bool(self._scale) and len(self._bars) >= _TWO_AXES
        self._height = self._measure()

    def _measure(self) -> float:
        rows = len(self._bars) * _ROW + len(self._chart.groups) * _HEADING
        legend = math.ceil(len(self._legend) / _LEGEND_COLUMNS) * _LEGEND_ROW
        axes = _AXIS * (2 if self._two_axes else 1) if self._scale else 0.0
        footnote = _LINE if self._chart.footnote else 0.0
        return _TITLE + axes + max(rows, _LINE) + (0.15 + legend if legend else 0.0) + footnote + 0.3

    def draw(self) -> Figure:
        """Draw everything from the top down."""
        figure = Figure(figsize=(_WIDTH, self._height), facecolor=_PAPER)
        self._axes = figure.add_axes((0, 0, 1, 1))
        self._axes.set_xlim(0, _WIDTH)
        self._axes.set_ylim(self._height, 0)
        self._axes.set_axis_off()
        title, bold = _Style(14, "-Bold"), _Style(weight="-Bold")
        self._write(_MARGIN, 0.42, _fit(self._chart.title, _WIDTH - 2 * _MARGIN, title), title)
        self._write(_MARGIN, 0.68, self._chart.subtitle, _Style(9.5, colour=_MUTED))
        y = _TITLE
        if self._two_axes:
            y = self._ticks(y + _AXIS)
        self._headings(y + _HEADING - 0.10)
        for group in self._chart.groups:
            y += _HEADING
            self._write(_MARGIN, y - 0.10, _fit(group.name, self._right - _MARGIN, bold), bold)
            self._grid(y, y + len(group.bars) * _ROW)
            for bar in group.bars:
                self._bar(bar, y)
                y += _ROW
        if not self._bars:
            y += _LINE
            self._write(_MARGIN, y, "The archive lists no image.", _Style(colour=_MUTED))
        y = self._ticks(y + 0.17) if self._scale else y
        y = self._draw_legend(y + 0.24)
        if self._chart.footnote:
            self._write(_MARGIN, y + 0.16, self._chart.footnote, _SMALL)
        return figure

    def _headings(self, y: float) -> None:
        if self._bars:
            for number, word in enumerate(("SIZE", "UNIQUE"), start=1):
                self._write(self._column(number), y, word, _Style(7.5, colour=_MUTED), align="right")

    def _column(self, number: int) -> float:
        return self._right + 0.1 + number * _NUMBER

    def _bar(self, bar: Bar, y: float) -> None:
        base = y + _ROW / 2 + 0.045
        self._write(self._left - 0.12, base, _fit(bar.label, _LABEL), align="right")
        self._write(self._column(1), base, bar.size, align="right")
        self._write(self._column(2), base, bar.unique, _Style(colour=_MUTED), align="right")
        self._write(self._column(2) + 0.15, base, bar.mark, _SMALL)
        for start, width, segment in self._visible(bar):
            self._layer(self._left + start, y + (_ROW - _BAR) / 2, width, segment)

    def _visible(self, bar: Bar) -> Iterator[tuple[float, float, Segment]]:
        """Yield what can be seen of a row: start and width in inches; slivers go into the layer after them."""
        start = 0.0
        last = len(bar.segments) - 1
        for position, segment in enumerate(bar.segments):
            end = round((segment.start + segment.size) * self._scale / _PIXEL) * _PIXEL
            if end - start > _PIXEL / 2 or (position == last and start == 0.0):
                yield start, end - start, segment
                start = end

    def _layer(self, x: float, y: float, width: float, segment: Segment) -> None:
        colour = _colour(segment.swatch)
        # Neighbours are parted by a gap; a layer that is hardly wider than one keeps all it has.
        self._rectangle(x, y, width - _GAP if width > 3 * _GAP else width, colour, present=segment.present)

    def _rectangle(self, x: float, y: float, width: float, colour: str, *, present: bool) -> None:
        if present:
            patch = Rectangle((x, y), width, _BAR, facecolor=colour, edgecolor="none", linewidth=0)
        else:
            edge = _MUTED if colour == _UNIQUE else colour
            patch = Rectangle((x, y), width, _BAR, facecolor=_PAPER, edgecolor=edge, linewidth=0.6, hatch="/////")
        self._axes.add_patch(patch)

    def _tick_values(self) -> tuple[list[tuple[float, str]], str]:
        """Return the places of the scale's ticks in bytes with their words, and the unit."""
        width = self._chart.width
        unit, factor = next((pair for pair in _UNITS if width >= pair[1]), ("B", 1))
        rough = width / factor / 6
        power = 10 ** math.floor(math.log10(rough))
        step = next(power * digit for digit in (1, 2, 5, 10) if power * digit >= rough)
        count = math.floor(width / factor / step * (1 + 1e-9))
        return [(number * step * factor, f"{number * step:.12g}") for number in range(count + 1)], unit

    def _grid(self, top: float, bottom: float) -> None:
        if self._scale:
            places = [self._left + place * self._scale for place, _ in self._tick_values()[0]]
            self._axes.vlines(places, top, bottom, color=_GRID, linewidth=0.8, zorder=0)

    def _ticks(self, y: float) -> float:
        values, unit = self._tick_values()
        for position, (place, word) in enumerate(values):
            text = f"{word} {unit}" if position == len(values) - 1 else word
            x = self._left + place * self._scale
            # The number is centred on its line, the unit stands behind it.
            self._write(x - _width(word, _SMALL) / 2, y, text, _SMALL)
        return y

    def _legend_items(self) -> Iterator[tuple[str, bool, str]]:
        segments = self._chart.segments
        swatches = {segment.swatch for segment in segments if segment.size}
        for number, words in enumerate(self._chart.swatches):
            yield _colour(number), True, words
        if -1 in swatches:
            yield _OTHER, True, "other shared layers"
        if None in swatches:
            yield _UNIQUE, True, "layers of one manifest alone"
        if not all(segment.present for segment in segments):
            yield _UNIQUE, False, "not in the archive"

    def _draw_legend(self, y: float) -> float:
        column_width = (_WIDTH - 2 * _MARGIN) / _LEGEND_COLUMNS
        for number, (colour, present, words) in enumerate(self._legend):
            row, column = divmod(number, _LEGEND_COLUMNS)
            x, top = _MARGIN + column * column_width, y + row * _LEGEND_ROW
            self._axes.add_patch(_swatch(x, top, colour, present=present))
            self._write(x + 0.30, top + 0.115, words, _Style(8))
        return y + math.ceil(len(self._legend) / _LEGEND_COLUMNS) * _LEGEND_ROW

    def _write(self, x: float, y: float, text: str, style: _Style | None = None, *, align: str = "left") -> None:
        """Write text with its base line at `y`."""
        style = style or _Style()
        if text:
            self._axes.text(
                x, y, _drawable(text, style), color=style.colour, ha=align, va="baseline", fontproperties=style.font
            )


def _fit(text: str, width: float, style: _Style | None = None) -> str:
    """Return what can be drawn of `text`, its middle cut out if it is wider than `width` inches."""
    style = style or _Style()
    text = _drawable(text, style)
    count = len(text)
    fitting = text
    while count > 1 and (now := _width(fitting, style)) > width:
        count = min(count - 1, int(count * width / now))
        fitting = shorten(text, max(count, 1))
    return fitting


def _width(text: str, style: _Style) -> float:
    """Return the width of a text in inches."""
    return sum(_advance(character, style) for character in text)


@lru_cache(maxsize=4096)
def _advance(character: str, style: _Style) -> float:
    face = get_font(style.path)
    face.set_size(style.size, 72)
    # In 65536ths of a point.
    return face.load_char(ord(character)).linearHoriAdvance / 65536 / 72


def _drawable(text: str, style: _Style) -> str:
    """Return `text` with an escape in the place of every character that the font lacks."""
    face = get_font(style.path)
    return "".join(
        character if face.get_char_index(ord(character)) else character.encode("unicode_escape").decode()
        for character in text
    )


def _colour(swatch: int | None) -> str:
    if swatch is None:
        return _UNIQUE
    return _OTHER if swatch < 0 else _COLOURS[swatch]


def _swatch(x: float, y: float, colour: str, *, present: bool) -> Rectangle:
    if present:
        return Rectangle((x, y), 0.2, 0.13, facecolor=colour, edgecolor="none", linewidth=0)
    return Rectangle((x, y), 0.2, 0.13, facecolor=_PAPER, edgecolor=_MUTED, linewidth=0.6, hatch="/////")
