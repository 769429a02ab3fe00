"""Commands of remedies as values: what `filter` is told, in words to be typed and as the options that it gets."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ocitool.model.platform_selection import PlatformSelection
from ocitool.model.reference import ImageFilter
from ocitool.model.renaming import Renaming
from ocitool.plan.options import FilterOptions, Layers, Missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.plan.options import Followers

REPOSITORY: Final = "REPOSITORY"
"""What stands in a command for a repository that the reader has to choose."""

TAG: Final = "TAG"
"""What stands in a command for a tag that the reader has to choose."""

_STAND_IN: Final = "registry.local/image-"
_TAG_STAND_IN: Final = "tag-to-choose"
_STOOD_IN: Final = re.compile(rf"{re.escape(_STAND_IN)}\d+(:{_TAG_STAND_IN})?")


@dataclass(frozen=True, slots=True)
class Rewrite:
    """`ocitool filter` with some options; `advice` says what it is for, `otherwise` what else helps, if anything.

    `name` is for `--name`; `renames` are pairs of an old name and a new one. A new name may hold `REPOSITORY` and
    `TAG`. `images` are for `--image`. SRC and the output stay to be filled in.
    """

    advice: str
    platforms: tuple[str, ...] = ("all",)
    missing: Missing = Missing.ERROR
    fix_platforms: bool = False
    layers: Layers = Layers.KEEP
    attestations: Followers | None = None
    referrers: Followers | None = None
    name: str = ""
    renames: tuple[tuple[str, str], ...] = ()
    images: tuple[str, ...] = ()
    output: str = "OUT"
    otherwise: str = ""

    @property
    def command(self) -> str:
        """What can be typed."""
        return " ".join(shlex.quote(word) for word in self._words())

    def typed(self, source: str) -> str:
        """Return what is typed for the archive of a name."""
        return shlex.join(source if word == "SRC" else word for word in self._words())

    @property
    def is_special(self) -> bool:
        """Whether it does more than to write again all that is listed."""
        return replace(self, advice="", otherwise="", output="OUT") != Rewrite("")

    def __str__(self) -> str:
        """Return the remedy: what it does, the command, and what else helps."""
        otherwise = f"; or {self.otherwise}" if self.otherwise else ""
        return f"{self.advice}: {self.command}{otherwise}"

    @property
    def is_settled(self) -> bool:
        """Whether no name in it is left to the reader to choose."""
        names = (self.name, *(new for _, new in self.renames))
        return not any(word in name for name in names for word in (REPOSITORY, TAG))

    def options(self) -> FilterOptions:
        """Return what `filter` makes of the command, once names are chosen; raises `UsageError` as it does."""
        names = [chosen(self.name, 0)] if self.name else []
        rules = [f"{old}={chosen(new, number)}" for number, (old, new) in enumerate(self.renames)]
        return FilterOptions(
            PlatformSelection.parse(self.platforms),
            images=ImageFilter(self.images),
            missing=self.missing,
            fix_platforms=self.fix_platforms,
            layers=self.layers,
            attestations=self.attestations,
            referrers=self.referrers,
            renaming=Renaming.parse(names, rules),
        )

    def _words(self) -> Iterator[str]:
        yield from ("ocitool", "filter", "SRC", "-p", ",".join(self.platforms))
        for image in self.images:
            yield from ("--image", image)
        if self.missing is not Missing.ERROR:
            yield from ("--missing", self.missing.value)
        if self.fix_platforms:
            yield "--fix-platforms"
        if self.layers is not Layers.KEEP:
            yield from ("--layers", self.layers.value)
        if self.attestations is not None:
            yield from ("--attestations", self.attestations.value)
        if self.referrers is not None:
            yield from ("--referrers", self.referrers.value)
        if self.name:
            yield from ("--name", self.name)
        for old, new in self.renames:
            yield from ("--rename", f"{old}={new}")
        yield from ("-o", self.output)


def chosen(new: str, number: int) -> str:
    """Choose a name for one that stays to be chosen, another for each number; `as_told` takes it back."""
    return new.replace(REPOSITORY, f"{_STAND_IN}{number}").replace(TAG, _TAG_STAND_IN)


def as_told(text: str) -> str:
    """Return words about what was planned with names that stay to be chosen, as the reader has them."""
    return _STOOD_IN.sub(lambda found: REPOSITORY + (f":{TAG}" if found[1] else ""), text)
