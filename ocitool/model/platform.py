"""Platforms of images: reading, normalising, matching and naming them.

The rules are those of containerd's platform library (v1.0.0-rc.4: database.go, compare.go and
platform_windows_compat.go), with two exceptions on purpose: nothing is filled in from the machine that runs,
so an archive gives the same result everywhere, and features of the OS count only where they are asked for.
"""

from __future__ import annotations

import platform as running
import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ocitool.errors import DocumentError
from ocitool.model.fields import PLATFORM_FIELDS, require_exact_names
from ocitool.model.json_text import json_kind

if TYPE_CHECKING:
    from typing import Self

    from ocitool.model.json_text import JsonObject

UNKNOWN: Final = "unknown"
"""What BuildKit writes as OS and architecture of an attestation, and what stands for an empty value."""

_OS_WORDS: Final = (
    "aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos"
)
_ARCHITECTURE_WORDS: Final = (
    "386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32 "
    "mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm"
)

KNOWN_OS: Final = frozenset(_OS_WORDS.split())
"""Operating systems that are recognised standing alone (`isKnownOS`)."""

KNOWN_ARCHITECTURES: Final = frozenset(_ARCHITECTURE_WORDS.split())
"""Architectures that are recognised standing alone (`isKnownArch`)."""

OS_ALIASES: Final = {"macos": "darwin"}

ARCHITECTURE_ALIASES: Final = {
    "i386": "386",
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "armhf": "arm",
    "armel": "arm",
}

_ALIAS_VARIANTS: Final = {"i386": "", "armhf": "v7", "armel": "v6"}
"""Aliases that fix the variant, whatever stands beside them."""

_VARIANT_ALIASES: Final = {
    ("amd64", "v1"): "",
    ("arm64", "8"): "",
    ("arm64", "v8"): "",
    ("arm64", "v8.0"): "",
    ("arm64", "9"): "v9",
    ("arm64", "9.0"): "v9",
    ("arm64", "v9.0"): "v9",
    ("arm", ""): "v7",
    ("arm", "5"): "v5",
    ("arm", "6"): "v6",
    ("arm", "7"): "v7",
    ("arm", "8"): "v8",
}

_MACHINES: Final = {
    "i486": "386",
    "i586": "386",
    "i686": "386",
    "loongarch64": "loong64",
}
"""Machine names of kernels that are no alias of an architecture."""

_SYSTEMS: Final = {"sunos": "solaris"}

_ARM_MACHINE: Final = re.compile(r"armv(\d)")

_WINDOWS_VERSION: Final = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,5})(?:\..*)?", re.ASCII)
_SERVER_2022: Final = 20348
_SERVER_2025: Final = 26100
"""Builds of the Windows releases whose container interface is stable for the releases after them."""

_KERNEL_FEATURE: Final = "win32k"
"""A feature of Windows base images that hosts do not list."""

_NOT_IN_SLUG: Final = re.compile(r"[^a-z0-9._-]")


@dataclass(frozen=True, slots=True)
class Platform:
    """An operating system and architecture, as written or normalised (image-index.md, "platform")."""

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""
    os_features: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, value: JsonObject) -> Self:
        """Read the `platform` of a descriptor, or the fields of the same names of an image's config.

        What is missing or null (config.md, "Properties") becomes empty; raises `DocumentError` naming a field of
        another type.
        """
        require_exact_names(value, PLATFORM_FIELDS)
        return cls(
            os=_text_field(value, "os"),
            architecture=_text_field(value, "architecture"),
            variant=_text_field(value, "variant"),
            os_version=_text_field(value, "os.version"),
            os_features=_features_field(value),
        )

    def to_json(self) -> JsonObject:
        """Return the object for a descriptor, keys in the order of the specification, empty ones left out."""
        fields: JsonObject = {
            "architecture": self.architecture,
            "os": self.os,
            "os.version": self.os_version,
            "os.features": list(self.os_features),
            "variant": self.variant,
        }
        return {key: value for key, value in fields.items() if value}

    def normalized(self) -> Platform:
        """Return the canonical spelling, the one that matching compares.

        The OS stays empty if it is: a reader's host would fill it in, and hosts differ.
        """
        return _normalize(self)

    def matches(self, candidate: Platform) -> bool:
        """Tell whether `candidate` is what this platform asks for, strictly: no fallback to older variants.

        A Windows version that is asked for is taken as the build of the host that will run the image.
        """
        wanted, found = self.normalized(), candidate.normalized()
        return (
            (wanted.os, wanted.architecture, wanted.variant) == (found.os, found.architecture, found.variant)
            and (wanted.os != "windows" or _windows_runs(wanted.os_version, found.os_version))
            and _has_features(wanted, found)
        )

    @property
    def is_unknown(self) -> bool:
        """Whether this marks something that is no image to run, such as an attestation."""
        return UNKNOWN in (self.os.lower(), self.architecture.lower())

    @property
    def display(self) -> str:
        """The familiar normalised form, such as `linux/arm64` or `linux/arm/v7`, safe for a terminal."""
        return _display(self)

    @property
    def slug(self) -> str:
        """The familiar form as a part of file names, such as `linux-arm64`.

        Odd characters become `_`, so two hostile platforms may share a slug: who creates files by it must
        refuse the second.
        """
        plain = self.normalized()
        parts = (plain.os or UNKNOWN, plain.os_version, plain.architecture or UNKNOWN, plain.variant)
        text = _NOT_IN_SLUG.sub("_", "-".join(part for part in parts if part).lower())
        return f"_{text[1:]}" if text[0] in ".-" else text

    def __str__(self) -> str:
        version = f"({self.os_version})" if self.os_version else ""
        variant = f"/{self.variant}" if self.variant else ""
        return f"{self.os or UNKNOWN}{version}/{self.architecture or UNKNOWN}{variant}"


@lru_cache(maxsize=4096)
def _normalize(platform: Platform) -> Platform:
    """Spell a platform canonically; an archive has few platforms and asks of each many times."""
    system, alias, variant = platform.os.lower(), platform.architecture.lower(), platform.variant.lower()
    architecture = ARCHITECTURE_ALIASES.get(alias, alias)
    variant = _ALIAS_VARIANTS.get(alias, variant)
    return Platform(
        os=OS_ALIASES.get(system, system),
        architecture=architecture,
        variant=_VARIANT_ALIASES.get((architecture, variant), variant),
        os_version=platform.os_version,
        os_features=tuple(sorted(set(platform.os_features))),
    )


@lru_cache(maxsize=4096)
def _display(platform: Platform) -> str:
    text = str(platform.normalized())
    return "".join(mark if mark.isprintable() else "\N{REPLACEMENT CHARACTER}" for mark in text)


def host_platform() -> Platform:
    """Return the platform of the machine that runs, as its kernel names it."""
    system, machine = running.system().lower(), running.machine().lower()
    architecture, variant = _machine_architecture(machine)
    return Platform(
        os=_SYSTEMS.get(system, system),
        architecture=architecture,
        variant=variant,
        os_version=running.version() if system == "windows" else "",
    ).normalized()


def _machine_architecture(machine: str) -> tuple[str, str]:
    if arm := _ARM_MACHINE.match(machine):
        # A 64-bit core in 32-bit mode calls itself armv8; images for that mode are made for v7.
        return "arm", f"v{min(int(arm[1]), 7)}"
    if machine in ("mips", "mips64") and sys.byteorder == "little":
        return f"{machine}le", ""
    return _MACHINES.get(machine, machine), ""


def _text_field(value: JsonObject, key: str) -> str:
    field = value.get(key)
    if field is None:
        return ""
    if not isinstance(field, str):
        raise DocumentError(f"platform field {key} is {json_kind(field)}, not a string")
    return field


def _features_field(value: JsonObject) -> tuple[str, ...]:
    field = value.get("os.features")
    if field is None:
        return ()
    if not isinstance(field, list):
        raise DocumentError(f"platform field os.features is {json_kind(field)}, not an array")
    features: list[str] = []
    for item in field:
        if not isinstance(item, str):
            raise DocumentError(f"platform field os.features holds {json_kind(item)}, not only strings")
        features.append(item)
    return tuple(features)


def _windows_runs(host: str, image: str) -> bool:
    """Tell whether a Windows host of version `host` runs an image of version `image` (revision ignored)."""
    if not host or not image or host == image:
        return True
    host_numbers, image_numbers = _windows_numbers(host), _windows_numbers(image)
    if host_numbers is None or image_numbers is None or host_numbers[:2] != image_numbers[:2]:
        return False
    build = host_numbers[2]
    if build < _SERVER_2022:
        return build == image_numbers[2]
    oldest = _SERVER_2022 if build <= _SERVER_2025 else _SERVER_2025
    return oldest <= image_numbers[2] <= build


def _windows_numbers(version: str) -> tuple[int, int, int] | None:
    numbers = _WINDOWS_VERSION.fullmatch(version)
    return (int(numbers[1]), int(numbers[2]), int(numbers[3])) if numbers else None


def _has_features(wanted: Platform, found: Platform) -> bool:
    """Tell whether `found` needs no more features of the OS than `wanted` names, if it names any."""
    if not wanted.os_features:
        return True
    ignored = {_KERNEL_FEATURE} if wanted.os == "windows" else set()
    return set(found.os_features) - ignored <= set(wanted.os_features)
