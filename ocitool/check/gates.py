"""What was asked for: platforms, nothing but them, and images of a list (G1, G2, G3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocitool.check.report import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.check.checked import CheckedArchive


@dataclass(frozen=True, slots=True)
class Gates:
    """What an archive has to hold: `platforms` as specifiers, nothing else with `only`, images as references."""

    platforms: tuple[str, ...] = ()
    only: bool = False
    images: tuple[str, ...] = ()


def gate_problems(archive: CheckedArchive, gates: Gates) -> Iterator[Problem]:
    """Yield what was asked for and is not there, or there and must not be."""
    names = {image.name for image in archive.graph.images}
    for reference in gates.images:
        if reference not in names:
            yield Problem("G3", f"{reference} is not in the archive")
