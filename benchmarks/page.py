"""The recorded results in benchmarks/README.md: tables and pictures between two marks.

``python -m benchmarks --page`` writes them anew from benchmarks/results/, without measuring anything.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.plots import LIMITS
from benchmarks.tables import limits_table, machine_text, result_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.results import Result

FOLDER: Final = Path(__file__).resolve().parent
PAGE: Final = FOLDER / "README.md"
RESULTS: Final = FOLDER / "results"
PLOTS: Final = FOLDER / "plots"

_BEGIN: Final = "<!-- results -->\n"
_END: Final = "<!-- /results -->\n"


def with_results(page: str, results: Mapping[str, Result]) -> str:
    """Return a page with what is between its marks replaced; raises `ValueError` if it has no marks."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise ValueError("the page has no marks for the results")
    return f"{before}{begin}\n{results_text(results)}\n{end}{after}"


def results_text(results: Mapping[str, Result]) -> str:
    """Return all results as Markdown: the machine, every limit, then each measurement with its picture."""
    parts = []
    for machine in dict.fromkeys(machine_text(result) for result in results.values()):
        names = [name for name, result in results.items() if machine_text(result) == machine]
        which = "" if len(names) == len(results) else f" ({', '.join(names)})"
        parts.append(f"Machine{which}: {machine}.\n")
    parts += [f"![every limit](plots/{LIMITS}.svg)\n", limits_table(results) + "\n"]
    parts += [f"{result_text(result)}\n![{result.title}](plots/{name}.svg)\n" for name, result in results.items()]
    return "\n".join(parts)
