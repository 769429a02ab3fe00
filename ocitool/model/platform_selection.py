"""What `-p` asks for: specifiers of platforms, and the selection that several of them make.

A specifier means the same on every machine (only `local` looks at the host), which is where it differs from
containerd's: its shorthand takes what is left out from the host.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from ocitool.errors import UsageError
from ocitool.model.platform import (
    ARCHITECTURE_ALIASES,
    KNOWN_ARCHITECTURES,
    KNOWN_OS,
    OS_ALIASES,
    Platform,
    host_platform,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

ANY: Final = "*"
EVERY_PLATFORM: Final = Platform(ANY, ANY, ANY)

ALL: Final = "all"
AVAILABLE: Final = "available"
LOCAL: Final = "local"

_SYSTEM_WORDS: Final = KNOWN_OS | OS_ALIASES.keys()
_ARCHITECTURE_WORDS: Final = KNOWN_ARCHITECTURES | ARCHITECTURE_ALIASES.keys()

_BASE_VARIANTS: Final = {"amd64": "v1", "arm64": "v8"}
"""Variants that normalising leaves unwritten, which a wildcard such as `v*` is still meant to cover."""

_COMPONENT: Final = re.compile(r"[A-Za-z0-9_.*-]+")
_SYSTEM: Final = re.compile(r"([A-Za-z0-9_.*-]+)(?:\(([A-Za-z0-9_.*-]+)\))?")
_EXAMPLE: Final = "write os/arch[/variant], such as linux/amd64"


@dataclass(frozen=True, slots=True)
class PlatformSpecifier:
    """One platform, or a pattern of them, to include or to exclude.

    `pattern` is normalised and may hold `*` in any component but the features; `text` is what was written,
    without the `!` of an exclusion.
    """

    text: str
    exclude: bool
    pattern: Platform
    only_complete: bool = False

    @classmethod
    def parse(cls, text: str, *, host: Platform | None = None) -> Self:
        """Parse a single specifier; raises `UsageError` with the text and a remedy."""
        exclude = text.startswith("!")
        name = text.removeprefix("!").strip()
        match name.lower():
            case "all" | "available" as word:
                specifier = cls(name, exclude, EVERY_PLATFORM, only_complete=word == AVAILABLE)
            case "local":
                specifier = cls(name, exclude, (host or host_platform()).normalized())
            case _:
                specifier = cls(name, exclude, _parse_pattern(name, text))
        if exclude and specifier.pattern == EVERY_PLATFORM:
            raise _refusal(text, "excludes every platform", "name the ones to leave out, such as !linux/386")
        return specifier

    @property
    def is_literal(self) -> bool:
        """Whether this names one platform, so that finding none is a mistake about that platform."""
        return ANY not in str(self.pattern)

    def matches(self, platform: Platform) -> bool:
        """Tell whether `platform` is among those named, whatever is then done with them.

        `unknown/unknown` is never meant by a pattern, only by its name. An exclusion with a version leaves
        out that version alone, not all that a host of that version could run.
        """
        found = platform.normalized()
        if found.is_unknown and not self.is_literal:
            return False
        wanted = self._resolve(found)
        return wanted.matches(found) and not (self.exclude and not _is_version(wanted, found))

    def _resolve(self, found: Platform) -> Platform:
        """Put the values of `found` where a wildcard of the pattern covers them."""
        if self.is_literal:
            return self.pattern
        pattern = self.pattern
        variants = [found.variant or _BASE_VARIANTS.get(found.architecture, ""), found.variant]
        return replace(
            pattern,
            os=_cover(pattern.os, found.os),
            architecture=_cover(pattern.architecture, found.architecture),
            variant=found.variant if _covers(pattern.variant, *variants) else pattern.variant,
            os_version=_cover(pattern.os_version, found.os_version),
        )

    def __str__(self) -> str:
        return f"!{self.text}" if self.exclude else self.text


@dataclass(frozen=True, slots=True)
class PlatformSelection:
    """All specifiers of a command: included by one and excluded by none, in whatever order they came.

    `includes` are those that ask for platforms, none if the rest only excludes; `excludes` those that leave some out.
    """

    specifiers: tuple[PlatformSpecifier, ...]
    only_complete: bool
    includes: tuple[PlatformSpecifier, ...] = field(init=False, repr=False, compare=False)
    excludes: tuple[PlatformSpecifier, ...] = field(init=False, repr=False, compare=False)
    _literal: dict[tuple[str, str, str], tuple[PlatformSpecifier, ...]] = field(init=False, repr=False, compare=False)
    _patterns: tuple[PlatformSpecifier, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Sort the specifiers: of hundreds that each name a platform few can match one."""
        literal: dict[tuple[str, str, str], tuple[PlatformSpecifier, ...]] = {}
        for one in self.specifiers:
            if one.is_literal:
                key = _key(one.pattern)
                literal[key] = (*literal.get(key, ()), one)
        object.__setattr__(self, "includes", tuple(one for one in self.specifiers if not one.exclude))
        object.__setattr__(self, "excludes", tuple(one for one in self.specifiers if one.exclude))
        object.__setattr__(self, "_literal", literal)
        object.__setattr__(self, "_patterns", tuple(one for one in self.specifiers if not one.is_literal))

    @classmethod
    def parse(cls, texts: str | Sequence[str], *, host: Platform | None = None) -> Self:
        """Parse a comma list of specifiers such as ``linux/arm64,linux/arm/v7``, or several; raises `UsageError`.

        `host` is what ``local`` means, by default the platform of this machine.
        """
        lists = [texts] if isinstance(texts, str) else texts
        specifiers = tuple(
            PlatformSpecifier.parse(text.strip(), host=host) for each in lists for text in each.split(",")
        )
        if not specifiers:
            raise UsageError("no platform given", remedy=f"{_EXAMPLE}, or all")
        return cls(specifiers, any(specifier.only_complete for specifier in specifiers))

    def matching(self, platform: Platform) -> tuple[PlatformSpecifier, ...]:
        """Return the specifiers that name `platform`, to ask for it or to leave it out."""
        found = platform.normalized()
        candidates = (*self._literal.get(_key(found), ()), *self._patterns)
        return tuple(one for one in candidates if one.matches(found))

    def wants(self, platform: Platform) -> bool:
        """Tell whether `platform` is selected; only exclusions select all but those."""
        matching = self.matching(platform)
        if any(one.exclude for one in matching):
            return False
        return bool(matching) if self.includes else not platform.is_unknown

    def __str__(self) -> str:
        return ",".join(map(str, self.specifiers))


def _key(platform: Platform) -> tuple[str, str, str]:
    """Return what a platform and a specifier that names it alone have in common, both normalised."""
    return platform.os, platform.architecture, platform.variant


def _parse_pattern(name: str, text: str) -> Platform:
    """Parse the component form; `text` is the specifier as given, for messages."""
    if not name:
        raise _refusal(text, "is empty, perhaps after a stray comma", _EXAMPLE)
    first, *rest = name.split("/")
    if not first or "" in rest:
        raise _refusal(text, "has an empty component", _EXAMPLE)
    system_part = _SYSTEM.fullmatch(first)
    if system_part is None or not all(map(_COMPONENT.fullmatch, rest)):
        raise _refusal(text, "has characters that no platform has", f"{_EXAMPLE}, or windows(10.0.20348)/amd64")
    system, version = system_part[1], system_part[2] or ""
    match rest:
        case []:
            return _parse_word(system, version, text)
        case [architecture]:
            variant = ANY if ANY in architecture else ""
        case [architecture, variant]:
            pass
        case _:
            raise _refusal(text, "has more than three components", _EXAMPLE)
    _check_order(system, rest, text)
    return Platform(system, architecture, variant, version).normalized()


def _parse_word(word: str, version: str, text: str) -> Platform:
    """Parse a specifier of one component: an OS of any architecture, or an architecture of Linux."""
    known = word.lower()
    if word == ANY and not version:
        return EVERY_PLATFORM
    if known in _SYSTEM_WORDS:
        return Platform(word, ANY, ANY, version).normalized()
    if known in _ARCHITECTURE_WORDS:
        if version:
            raise _refusal(text, "has a version behind an architecture", f"write os({version})/{word}")
        return Platform("linux", word).normalized()
    if ANY in word:
        raise _refusal(text, "is a wildcard alone", f"write os/arch, such as linux/{word} or {word}/amd64")
    words = sorted(_SYSTEM_WORDS | _ARCHITECTURE_WORDS | {ALL, AVAILABLE, LOCAL})
    import difflib  # only a refusal needs it

    close = difflib.get_close_matches(known, words, n=1)
    raise _refusal(
        text,
        "is no known operating system or architecture",
        f"did you mean {close[0]}?" if close else _EXAMPLE,
    )


def _check_order(system: str, rest: Sequence[str], text: str) -> None:
    """Refuse an architecture in the place of the OS, which would match nothing without a word."""
    if system.lower() not in _ARCHITECTURE_WORDS:
        return
    behind = [system, *rest[1:]] if rest[0].lower() in _SYSTEM_WORDS else [system, *rest]
    before = rest[0] if rest[0].lower() in _SYSTEM_WORDS else "linux"
    remedy = f"write {'/'.join([before, *behind])}" if len(behind) <= 2 else _EXAMPLE
    raise _refusal(text, f"has the architecture {system} where the operating system belongs", remedy)


def _covers(pattern: str, *values: str) -> bool:
    return ANY in pattern and any(fnmatchcase(value, pattern) for value in values)


def _cover(pattern: str, value: str) -> str:
    return value if _covers(pattern, value) else pattern


def _is_version(wanted: Platform, found: Platform) -> bool:
    """Tell whether `found` is of the very version that `wanted` names, to as many numbers as it names."""
    version = wanted.os_version
    return not version or f"{found.os_version}.".startswith(f"{version}.")


def _refusal(text: str, problem: str, remedy: str) -> UsageError:
    return UsageError(f"platform {text!r} {problem}", remedy=remedy)
