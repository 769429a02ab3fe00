"""Results as tables: Markdown that reads well on a terminal too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.machine import describe
from benchmarks.setting import MIB

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.measurement import Axis, Findings, Ratio, Row
    from benchmarks.results import Result


def result_text(result: Result) -> str:
    """Return all there is to say of a result: title, run, costs, ratios with their limits, what was left out."""
    sizes = ", ".join(f"{key} {value}" for key, value in result.findings.facts.items() if not isinstance(value, list))
    runs = "one run" if result.runs == 1 else f"median of {result.runs} runs"
    run = (
        f"{result.date}, `{result.command}`, {runs}, load {result.load_before[0]:.2f} before "
        f"and {result.load_after[0]:.2f} after" + (f"; {sizes}" if sizes else "") + "."
    )
    parts = [f"### {result.full_title}", run, cost_table(result.findings)]
    if result.shrink > 1:
        parts.insert(1, f"Archives are {result.shrink} times smaller than usual: this says nothing of the limits.")
    if result.findings.ratios:
        parts.append(ratio_table(result.findings.ratios, is_judged=result.is_judged))
    parts += [f"Left out: {skip.name}: {skip.reason}." for skip in result.findings.skips]
    parts += [
        "\n".join(["```text", *map(str, value), "```"])
        for value in result.findings.facts.values()
        if isinstance(value, list)
    ]
    return "\n\n".join(parts) + "\n"


def cost_table(findings: Findings) -> str:
    """Return what each command cost; with an axis, a column for each place."""
    if findings.axis is not None:
        return _axis_table(findings, findings.axis)
    has_disk = any(row.cost.disk is not None for row in findings.rows)
    head = ["", "seconds", "processor", "peak memory, MiB", *(["temporary disk, MiB"] if has_disk else [])]
    body = [
        [
            f"`{row.name}`",
            _seconds(row.cost.seconds),
            _seconds(row.cost.processor),
            f"{row.cost.memory / MIB:.0f}",
            *([] if not has_disk else ["" if row.cost.disk is None else f"{row.cost.disk / MIB:.0f}"]),
        ]
        for row in findings.rows
    ]
    return table(head, body)


def ratio_table(ratios: Iterable[Ratio], *, is_judged: bool = True) -> str:
    """Return figures beside their limits, and whether those hold."""
    return table(["", "limit", "measured", ""], [ratio_cells(ratio, is_judged=is_judged) for ratio in ratios])


def ratio_cells(ratio: Ratio, *, is_judged: bool = True) -> list[str]:
    """Return name, limit, value and verdict of a figure."""
    limit = ""
    if ratio.at_most is not None:
        limit = f"at most {_figure(ratio.at_most, ratio.unit)}"
    elif ratio.at_least is not None:
        limit = f"at least {_figure(ratio.at_least, ratio.unit)}"
    verdict = {True: "ok", False: "**not met**", None: ""}[ratio.is_met]
    if ratio.is_noise:
        verdict = "within noise"
    elif ratio.has_limit and not is_judged:
        verdict = "not judged"
    return [ratio.name, limit, _figure(ratio.value, ratio.unit), verdict]


def limits_table(results: Mapping[str, Result]) -> str:
    """Return every figure that has a limit, of all results."""
    rows = [
        [f"{result.full_title}: {name}", *rest]
        for result in results.values()
        for ratio in result.findings.ratios
        if ratio.has_limit
        for name, *rest in [ratio_cells(ratio, is_judged=result.is_judged)]
    ]
    return table(["", "limit", "measured", ""], rows)


def machine_text(result: Result) -> str:
    """Return the machine of a result as one line."""
    return describe(dict(result.machine))


def table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table whose columns are as wide as what they hold."""
    widths = [max(3, *(len(row[column]) for row in (head, *body))) for column in range(len(head))]
    lines = [_line(head, widths), "|" + "|".join("-" * (width + 2) for width in widths) + "|"]
    return "\n".join([*lines, *(_line(row, widths) for row in body)])


def _axis_table(findings: Findings, axis: Axis) -> str:
    places = sorted({row.place for row in findings.rows if row.place is not None})
    unit = f" {axis.unit}" if axis.unit else ""
    head = [axis.name, *(f"{place:g}{unit}" for place in places)]
    seconds, memory = {}, {}
    for name in dict.fromkeys(row.name for row in findings.rows):
        cells = _by_place(findings.rows, name)
        seconds[name] = [
            f"`{name}`, seconds",
            *(_seconds(cells[place].cost.seconds) if place in cells else "" for place in places),
        ]
        memory[name] = [
            f"`{name}`, MiB",
            *(f"{cells[place].cost.memory / MIB:.0f}" if place in cells else "" for place in places),
        ]
    return table(head, [*seconds.values(), *memory.values()])


def _by_place(rows: Iterable[Row], name: str) -> dict[float, Row]:
    return {row.place: row for row in rows if row.name == name and row.place is not None}


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join([first, *rest])} |"


def _seconds(value: float) -> str:
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"


def _figure(value: float, unit: str) -> str:
    digits = 0 if isinstance(value, int) else 3 if unit == "s" else 2
    return f"{value:.{digits}f}" + (f" {unit}" if unit else "")
