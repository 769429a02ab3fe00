"""Rules of platforms: the words of Go, and the variants of the specification (X12, X13, X14; C3, C4 in configs)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ocitool.check.document import Breach, Path, brief
from ocitool.model.platform import KNOWN_ARCHITECTURES, KNOWN_OS, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.model.json_text import JsonObject, JsonValue

_SYSTEMS: Final = KNOWN_OS | {"wasip1"}

_VARIANTS: Final = {
    "arm": re.compile(r"v[5-8]"),
    "arm64": re.compile(r"v8(?:\.[0-9])?|v9(?:\.[0-5])?"),
    "amd64": re.compile(r"v[1-4]"),
    "ppc64le": re.compile(r"power(?:8|9|10|11)"),
    "riscv64": re.compile(r"rva(?:20|22|23)u64"),
}
"""Variants by architecture (image-index.md, "Platform Variants"; Go's GOARM and so on); others are free."""

_WINDOWS_FEATURES: Final = frozenset({"win32k"})


def platform_breaches(value: JsonValue, path: Path) -> Iterator[Breach]:
    """Yield what a platform of a descriptor says that importers do not know."""
    if not isinstance(value, dict):
        return
    if value.get("os") != UNKNOWN or value.get("architecture") != UNKNOWN:  # so attestations are listed
        yield from _words(value, path, "X12")
        yield from _variant(value, path, "X14")
        yield from _features(value, path, "X13")


def config_platform_breaches(value: JsonObject) -> Iterator[Breach]:
    """Yield the same of a config, unless it is that of an attestation or names no platform, as cosign's do."""
    if (value.get("os"), value.get("architecture")) not in [(UNKNOWN, UNKNOWN), ("", "")]:
        yield from _words(value, (), "C3", empty=True)
        yield from _variant(value, (), "C3")
        yield from _features(value, (), "C4")


def _words(value: JsonObject, path: Path, rule: str, *, empty: bool = False) -> Iterator[Breach]:
    for key, known in (("os", _SYSTEMS), ("architecture", KNOWN_ARCHITECTURES)):
        word = value.get(key)
        if isinstance(word, str) and word not in known and (word or empty):
            name = "GOOS" if key == "os" else "GOARCH"
            yield Breach(rule, f"{key} is {brief(word)}, which is no {name}", (*path, key))


def _variant(value: JsonObject, path: Path, rule: str) -> Iterator[Breach]:
    architecture, variant = value.get("architecture"), value.get("variant")
    if isinstance(architecture, str) and isinstance(variant, str) and variant:
        variants = _VARIANTS.get(architecture)
        if variants is not None and variants.fullmatch(variant) is None:
            yield Breach(rule, f"variant is {brief(variant)}, which {architecture} does not have", (*path, "variant"))


def _features(value: JsonObject, path: Path, rule: str) -> Iterator[Breach]:
    features = value.get("os.features")
    if value.get("os") != "windows" or not isinstance(features, list):
        return
    for position, feature in enumerate(features):
        if isinstance(feature, str) and feature not in _WINDOWS_FEATURES:
            yield Breach(rule, f"{brief(feature)} is no feature of windows", (*path, "os.features", position))
