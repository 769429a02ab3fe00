"""Results as pictures: SVG, the same bytes for the same results."""

from __future__ import annotations

import io
import itertools
import textwrap
from typing import TYPE_CHECKING, Any, Final, TypeVar

from benchmarks.measure import Role
from benchmarks.setting import MIB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from benchmarks.measurement import Ratio, Row
    from benchmarks.results import Result

_T = TypeVar("_T")

LIMITS: Final = "limits"
"""Name of the picture of all limits."""

_COLOURS: Final = {Role.TOOL: "#1668b8", Role.YARDSTICK: "#8a8f98", Role.PEER: "#d9822b", Role.START: "#c9cdd3"}
_LINE_COLOURS: Final = ("#1668b8", "#62a8e5", "#2a9d6f", "#8e5ea2", "#d9822b", "#b0413e", "#16324f", "#7a7a1f")
_BROKEN: Final = "#c23b3b"
_UNJUDGED: Final = "#a9c8e8"
_SETTINGS: Final[dict[Any, Any]] = {
    "svg.hashsalt": "ocitool",
    "svg.fonttype": "path",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "white",
}
_BACKGROUND: Final = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
_WIDTH: Final = 8.5
_BAR: Final = 0.27  # inches for each bar
_FRAME: Final = 0.9
_WIDEST_SHARE: Final = 2.0
"""Longer bars of the picture of limits are broken here; their figure stands beside them."""

_LONGEST_LABEL: Final = 62  # characters beside a bar, so that the bar has room


def draw_all(results: Mapping[str, Result], folder: Path) -> list[Path]:
    """Draw a picture of each result, and one of all limits, into a folder; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, result in results.items():
        written.append(folder / f"{name}.svg")
        written[-1].write_bytes(draw(result))
    if any(_held(result) for result in results.values()):
        written.append(folder / f"{LIMITS}.svg")
        written[-1].write_bytes(draw_limits(results))
    return written


def draw(result: Result) -> bytes:
    """Return the picture of a result: lines where something grows, else bars."""
    return _svg(_lines if result.findings.axis is not None else _bars, result)


def draw_limits(results: Mapping[str, Result]) -> bytes:
    """Return a picture of how much of each limit is used."""
    return _svg(_limits, results)


def _panel(title: str, value: Callable[[Row], float]) -> tuple[str, Callable[[Row], float]]:
    return title, value


_SECONDS: Final = _panel("seconds", lambda row: row.cost.seconds)
_PROCESSOR: Final = _panel("processor seconds", lambda row: row.cost.processor)
_MEMORY: Final = _panel("peak memory, MiB", lambda row: row.cost.memory / MIB)
_DISK: Final = _panel("temporary disk, MiB", lambda row: (row.cost.disk or 0) / MIB)


def _bars(result: Result) -> Figure:
    rows = result.findings.rows
    panels = [_SECONDS, _PROCESSOR, _MEMORY]
    if all(row.cost.disk is not None for row in rows):
        panels.insert(2, _DISK)
    figure, places = _figure(_FRAME + _BAR * len(rows), len(panels))
    for place, (title, value) in zip(places, panels, strict=True):
        _bar_panel(place, title, rows, [value(row) for row in rows])
    places[0].set_yticks(range(len(rows)), [row.name for row in rows])
    figure.suptitle(result.full_title, fontsize=10)
    return figure


def _bar_panel(place: Axes, title: str, rows: Sequence[Row], values: Sequence[float]) -> None:
    bars = place.barh(range(len(rows)), values, color=[_COLOURS[row.role] for row in rows], height=0.7)
    place.bar_label(bars, labels=[_short(value) for value in values], padding=2, fontsize=8)
    place.set_title(title, fontsize=9)
    place.set_xlim(0, 1.28 * max(*values, 1e-9))
    place.set_ylim(len(rows) - 0.5, -0.5)
    place.locator_params(axis="x", nbins=3)
    place.tick_params(axis="x", labelsize=7)
    place.tick_params(axis="y", length=0)


def _lines(result: Result) -> Figure:
    from matplotlib.ticker import FuncFormatter, LogLocator

    axis = result.findings.axis
    assert axis is not None
    rows = [row for row in result.findings.rows if row.place is not None]
    figure, places = _figure(3.3, 2)
    for place, (title, value) in zip(places, (_SECONDS, _MEMORY), strict=True):
        for name, colour in zip(dict.fromkeys(row.name for row in rows), _line_colours(rows), strict=True):
            points = sorted((row.place or 0.0, value(row)) for row in rows if row.name == name)
            place.plot(*zip(*points, strict=True), marker="o", markersize=3, color=colour, label=name)
        place.set_xscale("log")
        place.set_yscale("log")
        place.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        place.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        marks = sorted({row.place or 0.0 for row in rows})
        place.set_xticks(marks, [_mark(mark) for mark in marks], fontsize=7.5)
        place.minorticks_off()
        place.set_xlabel(f"{axis.name}{f', {axis.unit}' if axis.unit else ''}")
        place.set_title(title, fontsize=9)
        place.grid(visible=True, axis="y", color="#e6e8eb", linewidth=0.6)
        place.tick_params(axis="y", labelleft=True)
    names, labels = places[0].get_legend_handles_labels()
    figure.legend(names, labels, loc="outside lower center", ncols=min(len(labels), 5), fontsize=7.5, frameon=False)
    figure.suptitle(f"{result.full_title}; all axes are logarithmic", fontsize=10)
    return figure


def _mark(value: float) -> str:
    """Return a place on an axis in few characters, so that neighbours do not touch."""
    return f"{value / 1000:.3g}k" if value >= 1000 else f"{value:.3g}"


def _line_colours(rows: Iterable[Row]) -> list[str]:
    """Return a colour for each name: strong ones for the tool, grey for what it is held against."""
    roles = {row.name: row.role for row in rows}
    strong = itertools.cycle(_LINE_COLOURS)
    return [next(strong) if role is Role.TOOL else _COLOURS[role] for role in roles.values()]


def _limits(results: Mapping[str, Result]) -> Figure:
    held = [(result, ratio) for result in results.values() for ratio in _held(result)]
    shares = [ratio.share_of_limit or 0.0 for _, ratio in held]
    figure, (place,) = _figure(_FRAME + _BAR * len(held), 1)
    colours = [
        _UNJUDGED if not result.is_judged else _COLOURS[Role.TOOL] if share <= 1 else _BROKEN
        for (result, _), share in zip(held, shares, strict=True)
    ]
    place.barh(range(len(held)), [min(share, _WIDEST_SHARE) for share in shares], color=colours, height=0.7)
    for row, ((_, ratio), share) in enumerate(zip(held, shares, strict=True)):
        told = "within noise" if ratio.is_noise else f"{share:.2f}"
        place.text(min(share, _WIDEST_SHARE) + 0.02, row, told, va="center", fontsize=8, bbox=_BACKGROUND)
        if share > _WIDEST_SHARE:
            place.plot(*_break_mark(row), color="white", linewidth=2.0)
    place.axvline(1.0, color="#3a3f46", linewidth=1.0, linestyle="--")
    place.set_yticks(range(len(held)), [_label(*each) for each in held], fontsize=7)
    place.tick_params(axis="y", length=0)
    place.set_ylim(len(held) - 0.5, -0.5)
    place.set_xlim(0, 1.15 * _WIDEST_SHARE)
    judged = all(result.is_judged for result, _ in held)
    told = "left of the line it holds" if judged else "pale: not judged, archives were smaller than usual"
    figure.suptitle(f"How much of each limit is used: {told}", fontsize=10)
    return figure


def _break_mark(row: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return a slanted gap near the end of a bar that is longer than it is drawn."""
    end = 0.93 * _WIDEST_SHARE
    return (end, end + 0.04), (row + 0.45, row - 0.45)


def _label(result: Result, ratio: Ratio) -> str:
    return textwrap.shorten(f"{result.name.replace('_', ' ')}: {ratio.name}", _LONGEST_LABEL, placeholder=" ...")


def _held(result: Result) -> list[Ratio]:
    return [ratio for ratio in result.findings.ratios if ratio.has_limit]


def _short(value: float) -> str:
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _figure(height: float, columns: int) -> tuple[Figure, list[Axes]]:
    """Return a figure without a window or any state outside it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    return figure, list(figure.subplots(1, columns, sharey="row" if columns > 2 else False, squeeze=False)[0])


def _svg(make: Callable[[_T], Figure], value: _T) -> bytes:
    from matplotlib import rc_context

    with rc_context(_SETTINGS):
        written = io.BytesIO()
        make(value).savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    return b"\n".join(line.rstrip() for line in written.getvalue().splitlines()) + b"\n"
