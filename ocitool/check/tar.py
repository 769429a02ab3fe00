"""Rules of the tar file: its end, repeats, what else is in it (links and twins are faults of the scan)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.check.report import Place, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.check.checked import CheckedArchive


def tar_problems(archive: CheckedArchive) -> Iterator[Problem]:
    """Yield what is wrong with the file as a tar, whatever is in it."""
    for name in archive.graph.repeats:
        yield Problem(
            "T4", "occurs more than once, each time with the same bytes; ctr 1.0 and 1.1 refuse that", Place(name)
        )
    if not archive.scan.has_end:
        yield Problem("T5", "ends without the two blocks of zeros that end a tar, though all it lists is there")
