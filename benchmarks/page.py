"""The recorded results where people read them: tables and pictures between two marks of a page.

benchmarks/README.md has all of them, README.md those that say most. ``python -m benchmarks --page`` writes both anew
from benchmarks/results/, without measuring anything.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.plots import LIMITS
from benchmarks.tables import cost_table, limits_table, machine_text, result_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.results import Result

FOLDER: Final = Path(__file__).resolve().parent
PAGE: Final = FOLDER / "README.md"
FRONT_PAGE: Final = FOLDER.parent / "README.md"
RESULTS: Final = FOLDER / "results"
PLOTS: Final = FOLDER / "plots"

FRONT_TABLES: Final = ("one_layer", "peers")
FRONT_PLOTS: Final = ("peers", "growth_bytes")

_BEGIN: Final = "<!-- results -->\n"
_END: Final = "<!-- /results -->\n"


def write_pages(results: Mapping[str, Result]) -> None:
    """Put recorded results into both pages; without any they stay as they are."""
    for page, made in pages(results).items():
        page.write_text(made)


def pages(results: Mapping[str, Result]) -> dict[Path, str]:
    """Return both pages with what is recorded; raises `ValueError` if one has no marks."""
    texts = {PAGE: results_text(results), FRONT_PAGE: front_text(results)}
    return {page: with_text(page.read_text(), text) if text else page.read_text() for page, text in texts.items()}


def with_text(page: str, text: str) -> str:
    """Return a page with what is between its marks replaced; raises `ValueError` if it has no marks."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise ValueError("the page has no marks for the results")
    return f"{before}{begin}\n{text}\n{end}{after}"


def results_text(results: Mapping[str, Result]) -> str:
    """Return all results as Markdown: the machine, every limit, then each measurement with its picture."""
    if not results:
        return ""
    parts = []
    for machine in dict.fromkeys(machine_text(result) for result in results.values()):
        names = [name for name, result in results.items() if machine_text(result) == machine]
        which = "" if len(names) == len(results) else f" ({', '.join(names)})"
        parts.append(f"Machine{which}: {machine}.\n")
    if any(ratio.has_limit for result in results.values() for ratio in result.findings.ratios):
        parts += [f"![every limit](plots/{LIMITS}.svg)\n", limits_table(results) + "\n"]
    parts += [f"{result_text(result)}\n![{result.title}](plots/{name}.svg)\n" for name, result in results.items()]
    return "\n".join(parts)


def front_text(results: Mapping[str, Result]) -> str:
    """Return what of the results says most as Markdown."""
    parts = []
    for result in (results[name] for name in FRONT_TABLES if name in results):
        run = f"{result.date}, {machine_text(result)}, `{result.command}`"
        parts.append(f"{result.title} ({run}):\n\n{cost_table(result.findings)}\n")
    parts += [f"![{results[name].title}](benchmarks/plots/{name}.svg)\n" for name in FRONT_PLOTS if name in results]
    return "\n".join(parts)
