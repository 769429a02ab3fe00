"""Platforms in the arguments of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.errors import UsageError
from ocitool.model.platform_selection import PlatformSpecifier

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocitool.model.platform import Platform


def read_platform(text: str) -> Platform:
    """Read the one platform that a flag names; raises `UsageError` for a pattern or what is none."""
    specifier = PlatformSpecifier.parse(text)
    if specifier.exclude or not specifier.is_literal:
        raise UsageError(f"{text!r} is not one platform", remedy="name one, such as linux/arm64")
    return specifier.pattern


def can_be_typed(platform: Platform) -> bool:
    """Tell whether a flag can name a platform: an archive may call one by any text."""
    try:
        specifier = PlatformSpecifier.parse(platform.display)
    except UsageError:
        return False
    return specifier.is_literal and not specifier.exclude and not platform.display.startswith("-")


def wanted_words(wanted: Iterable[Platform]) -> tuple[str, ...]:
    """Return platforms as flags take them, each once."""
    return tuple(dict.fromkeys(platform.display for platform in wanted))
