"""Two outcomes of one archive, compared: what a new version makes worse."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from ocitool.advice.outcome import Ending

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocitool.advice.outcome import Outcome, RecordedImage


class Level(IntEnum):
    """How one outcome differs from another, the worst last.

    `CHANGED`: a failure became a silent one, or what was unpacked is only stored. `WORSE`: it fails, or something is
    not there. `FAILING`: it fails as it did.
    """

    SAME = 0
    BETTER = 1
    FAILING = 2
    CHANGED = 3
    WORSE = 4


@dataclass(frozen=True, slots=True)
class Difference:
    """A level, and in words what the new outcome is."""

    level: Level
    words: str = ""


def difference(before: Outcome, after: Outcome) -> Difference:
    """Compare the outcome of an old version with that of a new one."""
    failed, fails = before.ending is Ending.ERROR, after.ending is Ending.ERROR
    if fails:
        words = f"fails: {after.message or after.failure}"
        return Difference(Level.FAILING if failed else Level.WORSE, words)
    if failed:
        lost = _lost(after)
        if after.ending is Ending.NOTHING:
            return Difference(Level.CHANGED, "failed, and now exits 0 without storing an image")
        if lost:
            return Difference(Level.CHANGED, f"failed, and now exits 0 though layers of {lost} do not stay")
        return Difference(Level.BETTER, "failed, and now works")
    if after.ending is Ending.NOTHING and before.ending is not Ending.NOTHING:
        return Difference(Level.WORSE, "exits 0 but stores no image")
    return _recorded(before, after)


def _recorded(before: Outcome, after: Outcome) -> Difference:
    found = {image.name: image for image in after.images}
    missing = [image.name for image in before.images if image.name not in found]
    if missing:
        return Difference(Level.WORSE, f"records no image {missing[0]}")
    pairs = [(image, found[image.name]) for image in before.images]
    gone = _platforms(platform for old, new in pairs for platform in sorted({*old.ready, *old.kept} - {*new.ready, *new.kept}))
    if gone:
        return Difference(Level.WORSE, f"exits 0 but does not keep {gone}")
    stored = _platforms(platform for old, new in pairs for platform in sorted({*old.ready} - {*new.ready}))
    if stored:
        return Difference(Level.CHANGED, f"stores {stored} without unpacking it; its first use does that")
    if before.is_stable and not after.is_stable:
        return Difference(Level.CHANGED, "ends differently from run to run")
    if len(found) > len(before.images) or any({*new.ready} > {*old.ready} for old, new in pairs):
        return Difference(Level.BETTER, "does more than before")
    return Difference(Level.SAME)


def _lost(outcome: Outcome) -> str:
    return _platforms(platform for image in outcome.images for platform in image.lost if not _has(image, platform))


def _has(image: RecordedImage, platform: str) -> bool:
    return platform in image.ready or platform in image.kept


def _platforms(found: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(found))
