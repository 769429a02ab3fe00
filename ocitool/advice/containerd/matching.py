"""How containerd compares platforms, which has changed from version to version (containerd/platforms).

`Platform.matches` is the strict comparison of its newest version; here are the older spellings, and the fallbacks
to older variants that the default of a host has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ocitool.model.platform import KNOWN_ARCHITECTURES, KNOWN_OS, Platform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeVar

    Listed = TypeVar("Listed")
    _Key = tuple[str, str, str]

_COMPONENT: Final = re.compile(r"[A-Za-z0-9_.-]+")
_OS_COMPONENT: Final = re.compile(r"([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.-]*)\))?")
_LEVEL: Final = re.compile(r"v([89])(?:\.(\d))?")
_LATEST_V8: Final = 9


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a version reads platforms on a host: what an empty operating system means, which spellings are one.

    `fallbacks` is how far the default of a host reaches: ``none``, ``arm``, ``386`` (amd64 takes 386 too, arm64 arm),
    ``variants`` (of amd64 as well), ``later-variants`` (of arm64 as well).
    """

    host: Platform
    fallbacks: str = "later-variants"
    keeps_amd64_v1: bool = False
    knows_arm64_v9: bool = True
    compares_windows_versions: bool = True
    compares_features: bool = False

    @classmethod
    def of(cls, traits: Mapping[str, str], host: Platform) -> Spelling:
        """Return the spelling that the traits of a containerd say."""
        return cls(
            host,
            traits["fallbacks"],
            keeps_amd64_v1=traits["spelling"] == "keeps-amd64-v1",
            knows_arm64_v9=traits["spelling"] == "knows-arm64-v9",
            compares_windows_versions=traits["windows-versions"] == "compared",
            compares_features=traits["os-features"] == "compared",
        )

    def normalized(self, platform: Platform) -> Platform:
        """Return a platform as this version spells it."""
        return _normalized(self, platform)

    def match(self, wanted: Platform, candidate: Platform) -> bool:
        """Tell whether one platform is what another asks for, without any fallback."""
        one, other = self.normalized(wanted), self.normalized(candidate)
        if (one.os, one.architecture, one.variant) != (other.os, other.architecture, other.variant):
            return False
        if one.os == "windows" and self.compares_windows_versions:
            plain = (replace(one, variant="", os_features=()), replace(other, variant="", os_features=()))
            if not plain[0].matches(plain[1]):
                return False
        ignored = {"win32k"} if one.os == "windows" else set()
        return not self.compares_features or set(other.os_features) - ignored <= set(one.os_features)


@dataclass(frozen=True, slots=True)
class Matcher:
    """Platforms that are taken, the best first; None takes every one, without an order.

    With a `system` every platform of that operating system is taken.
    """

    spelling: Spelling
    choices: tuple[Platform, ...] | None
    system: str = ""
    _places: dict[tuple[str, str, str], list[int]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )
    _ranks: dict[Platform, int] = field(default_factory=dict, init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Sort the choices by what has to be the same."""
        for place, choice in enumerate(self.choices or ()):
            self._places.setdefault(self._key(choice), []).append(place)

    def matches(self, platform: Platform) -> bool:
        """Tell whether a platform is taken."""
        if self.system:
            return self.spelling.normalized(platform).os == self.system
        return self.choices is None or self.rank(platform) < len(self.choices)

    def passes(self, platform: Platform | None) -> bool:
        """Tell whether a filter lets a descriptor pass; one without a platform always does."""
        return platform is None or self.matches(platform)

    def rank(self, platform: Platform | None) -> int:
        """Return the place of a platform among the choices; what has none or is not taken is last."""
        choices = self.choices or ()
        if platform is None:
            return len(choices) + 1
        known = self._ranks.get(platform)
        if known is None:
            alike = self._places.get(self._key(platform), ())
            matching = (place for place in alike if self.spelling.match(choices[place], platform))
            known = self._ranks[platform] = next(matching, len(choices))
        return known

    def _key(self, platform: Platform) -> _Key:
        spelled = self.spelling.normalized(platform)
        return spelled.os, spelled.architecture, spelled.variant

    def sorted(self, items: Sequence[Listed], platform: Callable[[Listed], Platform | None]) -> list[Listed]:
        """Return what passes, the best first; equals stay in their order."""
        return sorted(
            (item for item in items if self.passes(platform(item))), key=lambda item: self.rank(platform(item))
        )


@lru_cache(maxsize=4096)
def _normalized(spelling: Spelling, platform: Platform) -> Platform:
    """Spell a platform; an archive has few of them and asks of each many times."""
    found = replace(platform, os=platform.os or spelling.host.os).normalized()
    variant = platform.variant.lower()
    if spelling.keeps_amd64_v1 and platform.architecture.lower() == "amd64" and variant == "v1":
        return replace(found, variant=variant)
    if not spelling.knows_arm64_v9 and found.architecture == "arm64" and variant not in {"", "8", "v8"}:
        return replace(found, variant=variant)
    return found


def take_all(spelling: Spelling) -> Matcher:
    """Return the matcher that takes every platform."""
    return Matcher(spelling, None)


def take_strictly(spelling: Spelling, *platforms: Platform) -> Matcher:
    """Return the matcher that takes some platforms and nothing else."""
    return Matcher(spelling, tuple(spelling.normalized(platform) for platform in platforms))


def take_system(spelling: Spelling) -> Matcher:
    """Return the matcher that takes all of the host's operating system."""
    return Matcher(spelling, None, spelling.normalized(spelling.host).os)


def take_with_fallbacks(spelling: Spelling, platform: Platform) -> Matcher:
    """Return the matcher that takes a platform, or what a host of it runs as well (compare.go, `platformVector`)."""
    first = spelling.normalized(platform)
    return Matcher(spelling, (first, *_fallbacks(first, spelling.fallbacks)))


def take_host(spelling: Spelling) -> Matcher:
    """Return the default matcher of a host."""
    return take_with_fallbacks(spelling, spelling.host)


def read_specifier(text: str, host: Platform) -> Platform | None:
    """Read what stands after ``--platform``, as containerd does on a host; None if it does not."""
    parts = text.split("/")
    first = _OS_COMPONENT.fullmatch(parts[0])
    if len(parts) > 3 or first is None or not all(_COMPONENT.fullmatch(part) for part in parts[1:]):
        return None
    if len(parts) > 1:
        variant = parts[2] if len(parts) == 3 else ""
        return Platform(first[1].lower(), parts[1], variant, os_version=first[2] or "")
    alone = Platform(first[1], host.architecture, host.variant, os_version=first[2] or "").normalized()
    if alone.os in KNOWN_OS:
        return alone
    machine = Platform(host.os, first[1]).normalized()
    return machine if machine.architecture in KNOWN_ARCHITECTURES else None


def _fallbacks(first: Platform, reach: str) -> list[Platform]:
    if reach == "none":
        return []
    match first.architecture:
        case "arm":
            return _older_arm(first, _number(first.variant) - 1)
        case "amd64" if reach != "arm":
            levels = range(_number(first.variant) - 1, 0, -1) if reach != "386" else ()
            older = [replace(first, variant=f"v{level}" if level > 1 else "") for level in levels]
            return [*older, Platform(first.os, "386")]
        case "arm64" if reach != "arm":
            return [*_older_arm64(first, reach), *_older_arm(replace(first, architecture="arm"), 8)]
        case _:
            return []


def _older_arm64(first: Platform, reach: str) -> list[Platform]:
    level = _LEVEL.fullmatch(first.variant)
    if level is None or reach != "later-variants":
        return []
    major, minor = int(level[1]), int(level[2] or 0)
    texts = [f"v{major}.{number}" for number in range(minor - 1, 0, -1)]
    if major == 9:
        texts += ["v9"] if minor else []
        texts += [f"v8.{number}" for number in range(min(minor + 5, _LATEST_V8), 0, -1)]
    return [replace(first, variant=text) for text in (*texts, "")]


def _older_arm(first: Platform, newest: int) -> list[Platform]:
    return [replace(first, variant=f"v{number}") for number in range(newest, 4, -1)]


def _number(variant: str) -> int:
    digits = variant.removeprefix("v")
    return int(digits) if digits.isdecimal() and len(digits) < 3 else 0
