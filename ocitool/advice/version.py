"""Versions of importers, and ranges of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.errors import UsageError

if TYPE_CHECKING:
    from typing import Self

_VERSION: Final = re.compile(r"v?(\d{1,6})(?:\.(\d{1,6}))?(?:\.(\d{1,6}))?(?:[-+~.][0-9A-Za-z][0-9A-Za-z.~+-]*)?")


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A release: what follows the third number (a pre-release, a distribution's mark) does not count.

    What is left out is 0, so that `2` is 2.0.0.
    """

    major: int
    minor: int = 0
    patch: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``2``, ``1.7``, ``v2.1.9`` or ``1.6.20~ds1``; raises `UsageError` for what is no version."""
        found = _VERSION.fullmatch(text.strip())
        if found is None:
            raise UsageError(f"{text!r} is no version", remedy="give numbers, such as 1.7 or 2.0.2")
        return cls(*(int(number or 0) for number in found.groups()))

    @property
    def line(self) -> str:
        """The release line, such as ``1.7``."""
        return f"{self.major}.{self.minor}"

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


@dataclass(frozen=True, slots=True)
class VersionRange:
    """All versions from `start` on and, unless it is None, before `end`."""

    start: Version
    end: Version | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read one version (``2.0.1``), or all of a line (``1.7``, ``28``); raises `UsageError` for neither."""
        start = Version.parse(text)
        match len(re.split(r"[-+~]", text)[0].split(".")):
            case 1:
                return cls(start, Version(start.major + 1))
            case 2:
                return cls(start, Version(start.major, start.minor + 1))
            case _:
                return cls(start, Version(start.major, start.minor, start.patch + 1))

    def overlaps(self, other: VersionRange) -> bool:
        """Tell whether any version is of both."""
        return (other.end is None or self.start < other.end) and (self.end is None or other.start < self.end)

    def __contains__(self, version: Version) -> bool:
        return self.start <= version and (self.end is None or version < self.end)
