"""Two outcomes of one archive, compared: what a new version makes worse."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from ocitool.advice.outcome import Ending

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocitool.advice.outcome import Outcome, RecordedImage


_DIGEST: Final = re.compile(r"@sha256:[0-9a-f]{64}")


class Level(IntEnum):
    """How one outcome differs from another, the worst last.

    `FAILING`: it fails as it did. `CHANGED`: a failure became a silent one, what was unpacked is only stored, or a
    platform is not there that was not asked for. `WORSE`: it fails, or something is not there. `OTHER`: it works, but
    does not do what was asked for.
    """

    SAME = 0
    BETTER = 1
    FAILING = 2
    CHANGED = 3
    WORSE = 4
    OTHER = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """A level, and what it is in words; `old_failure` is what the old version printed if it failed.

    The words hold `{old}` and `{new}` for the names of the two versions.
    """

    level: Level
    words: str = ""
    old_failure: str = ""


def difference(
    before: Outcome, after: Outcome, *, asked: frozenset[str] | None = None, with_digests: bool = True
) -> Difference:
    """Compare the outcome of an old version with that of a new one.

    `asked` are the platforms that were asked for, None for all. Without `with_digests`, records that are named by a
    digest do not count.
    """
    failed, fails = before.ending is Ending.ERROR, after.ending is Ending.ERROR
    old_failure = _message(before) if failed else ""
    if fails:
        return Difference(
            Level.FAILING if failed else Level.WORSE, "{new} fails: " + _escaped(_message(after)), old_failure
        )
    if not failed:
        return _recorded(before, after, asked, with_digests=with_digests)
    if after.ending is Ending.NOTHING:
        return Difference(Level.CHANGED, "{old} fails, and {new} exits 0 without an image", old_failure)
    lost = _listed(platform for image in after.images for platform in image.lost)
    if lost and not any(image.ready or image.kept for image in after.images):
        words = f"{{old}} fails, and {{new}} exits 0 though nothing holds the layers of {lost}"
        return Difference(Level.CHANGED, words, old_failure)
    return Difference(Level.BETTER, "{old} fails, and {new} works", old_failure)


def _recorded(before: Outcome, after: Outcome, asked: frozenset[str] | None, *, with_digests: bool) -> Difference:
    if after.ending is Ending.NOTHING and before.ending is not Ending.NOTHING:
        return Difference(Level.WORSE, "{new} exits 0 but stores no image")
    found = {image.name: image for image in after.images}
    images = [image for image in before.images if with_digests or "@" not in image.name]
    missing = [image.name for image in images if image.name not in found]
    if missing:
        return Difference(Level.WORSE, f"{{new}} records no {_DIGEST.sub('@sha256:…', _escaped(missing[0]))}")
    pairs = [(image, found[image.name]) for image in images]
    losses = [(_held(old) - _held(new), _is_enough(_held(old), _held(new), asked)) for old, new in pairs]
    gone = _listed(name for lost, is_enough in losses if not is_enough for name in sorted(lost))
    if gone:
        return Difference(Level.WORSE, f"{{new}} exits 0 but does not keep {gone}")
    stored = _listed(name for old, new in pairs for name in sorted({*old.ready} - {*new.ready}))
    if stored:
        return Difference(Level.CHANGED, f"{{new}} stores {stored} without unpacking it")
    extra = _listed(name for lost, _ in losses for name in sorted(lost))
    if extra:
        return Difference(Level.CHANGED, f"{{new}} does not keep {extra}, which was not asked for")
    return _other(before, after, any({*new.ready} > {*old.ready} for old, new in pairs))


def _held(image: RecordedImage) -> frozenset[str]:
    return frozenset((*image.ready, *image.kept))


def _is_enough(old: frozenset[str], new: frozenset[str], asked: frozenset[str] | None) -> bool:
    """Whether what is held is all that was asked for and held before; where nothing was, all that was held counts."""
    wanted = old if asked is None else (old & asked or old)
    return wanted <= new


def _other(before: Outcome, after: Outcome, is_more: bool) -> Difference:
    if before.is_stable and not after.is_stable:
        return Difference(Level.CHANGED, "{new} ends differently from run to run")
    if is_more or len(after.images) > len(before.images):
        return Difference(Level.BETTER, "{new} does more than {old}")
    return Difference(Level.SAME)


def _message(outcome: Outcome) -> str:
    return (outcome.message or outcome.failure).removeprefix("ctr: ")


def _escaped(text: str) -> str:
    """Return a text that stands for itself in `str.format`."""
    return text.replace("{", "{{").replace("}", "}}")


def _listed(found: Iterable[str]) -> str:
    return _escaped(", ".join(dict.fromkeys(found)))
