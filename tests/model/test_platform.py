from __future__ import annotations

import platform as running
import re
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocitool.errors import DocumentError
from ocitool.model.platform import Platform, host_platform

if TYPE_CHECKING:
    from ocitool.model.json_text import JsonObject

WORDS = st.sampled_from(
    [
        "",
        "linux",
        "macos",
        "Windows",
        "i386",
        "x86_64",
        "amd64",
        "AArch64",
        "arm64",
        "arm",
        "armhf",
        "armel",
        "unknown",
        "v1",
        "v2",
        "5",
        "6",
        "7",
        "v7",
        "8",
        "v8",
        "8.0",
        "v8.0",
        "9",
        "9.0",
        "v9.2",
    ]
)
VERSIONS = st.sampled_from(["", "10.0.17763.1", "10.0.20348", "10.0.26100.9", "10.0.27000", "14.1", "10", "x"])
PLATFORMS = st.builds(
    Platform,
    WORDS | st.text(max_size=8),
    WORDS | st.text(max_size=8),
    WORDS | st.text(max_size=8),
    VERSIONS | st.text(max_size=8),
    st.lists(st.sampled_from(["erofs", "win32k", ""]) | st.text(max_size=4), max_size=3).map(tuple),
)


@pytest.mark.parametrize(
    ("architecture", "variant", "expected"),
    [
        ("i386", "v9", ("386", "")),
        ("386", "", ("386", "")),
        ("x86_64", "", ("amd64", "")),
        ("x86-64", "v1", ("amd64", "")),
        ("x86_64", "v2", ("amd64", "v2")),
        ("amd64", "V1", ("amd64", "")),
        ("amd64", "v3", ("amd64", "v3")),
        ("aarch64", "", ("arm64", "")),
        ("arm64", "8", ("arm64", "")),
        ("arm64", "V8", ("arm64", "")),
        ("arm64", "v8.0", ("arm64", "")),
        ("arm64", "8.0", ("arm64", "8.0")),
        ("arm64", "9", ("arm64", "v9")),
        ("arm64", "9.0", ("arm64", "v9")),
        ("arm64", "v9.0", ("arm64", "v9")),
        ("arm64", "v8.1", ("arm64", "v8.1")),
        ("arm64", "9.2", ("arm64", "9.2")),
        ("armhf", "v6", ("arm", "v7")),
        ("armel", "", ("arm", "v6")),
        ("arm", "", ("arm", "v7")),
        ("arm", "5", ("arm", "v5")),
        ("arm", "6", ("arm", "v6")),
        ("arm", "7", ("arm", "v7")),
        ("arm", "8", ("arm", "v8")),
        ("arm", "v6l", ("arm", "v6l")),
        ("S390X", "Z15", ("s390x", "z15")),
    ],
)
def test_normalises_architectures(architecture: str, variant: str, expected: tuple[str, str]) -> None:
    plain = Platform("linux", architecture, variant).normalized()
    assert (plain.architecture, plain.variant) == expected


@pytest.mark.parametrize(
    ("system", "expected"), [("", ""), ("macOS", "darwin"), ("LINUX", "linux"), ("unknown", "unknown")]
)
def test_normalises_systems(system: str, expected: str) -> None:
    assert Platform(system, "amd64").normalized().os == expected


def test_normalises_features() -> None:
    assert Platform("linux", "amd64", os_features=("b", "a", "b")).normalized().os_features == ("a", "b")


LINUX_ARM64 = Platform("linux", "arm64")
LINUX_AMD64 = Platform("linux", "amd64")


def windows(version: str, *features: str) -> Platform:
    return Platform("windows", "amd64", os_version=version, os_features=features)


@pytest.mark.parametrize(
    ("wanted", "candidate", "expected"),
    [
        (LINUX_ARM64, Platform("linux", "arm64", "v8"), True),
        (LINUX_ARM64, Platform("linux", "aarch64"), True),
        (LINUX_ARM64, Platform("linux", "arm64", "v8.1"), False),
        (Platform("linux", "arm", "v7"), Platform("linux", "arm"), True),
        (Platform("linux", "arm", "v7"), Platform("linux", "arm", "7"), True),
        (Platform("linux", "arm", "v7"), Platform("linux", "arm", "v6"), False),
        (Platform("linux", "armhf"), Platform("linux", "arm", "v7"), True),
        (LINUX_AMD64, Platform("linux", "x86_64"), True),
        (LINUX_AMD64, Platform("linux", "amd64", "v1"), True),
        (LINUX_AMD64, Platform("linux", "amd64", "v2"), False),
        (LINUX_AMD64, Platform("linux", "386"), False),
        (LINUX_AMD64, Platform("Linux", "AMD64"), True),
        (LINUX_AMD64, Platform("", "amd64"), False),
        (LINUX_AMD64, Platform("unknown", "unknown"), False),
        (Platform("", "amd64"), LINUX_AMD64, False),
        (Platform("", "amd64"), Platform("", "amd64"), True),
        (windows(""), windows("10.0.17763.1"), True),
        (windows("10.0.17763"), windows(""), True),
        (windows("10.0.17763.5"), windows("10.0.17763.1"), True),
        (windows("10.0.17763"), windows("10.0.18362"), False),
        (windows("10.0.20348"), windows("10.0.17763.1"), False),
        (windows("10.0.20348"), windows("10.0.20348.9"), True),
        (windows("10.0.20348"), windows("10.0.26100"), False),
        (windows("10.0.26100"), windows("10.0.20348.9"), True),
        (windows("10.0.26100"), windows("10.0.26101"), False),
        (windows("10.0.27000"), windows("10.0.26100"), True),
        (windows("10.0.27000"), windows("10.0.20348"), False),
        (windows("10.1.26100"), windows("10.0.26100"), False),
        (windows("ltsc"), windows("ltsc"), True),
        (windows("ltsc"), windows("10.0.20348"), False),
        (windows("10.0.20348"), windows(f"10.0.{'9' * 5000}"), False),
        (Platform("freebsd", "amd64", "", "14"), Platform("freebsd", "amd64", "", "13"), True),
        (windows("", "other"), windows("", "win32k", "other"), True),
        (windows(""), windows("", "win32k"), True),
        (LINUX_AMD64, Platform("linux", "amd64", os_features=("erofs",)), True),
        (
            Platform("linux", "amd64", os_features=("a", "b")),
            Platform("linux", "amd64", os_features=("b",)),
            True,
        ),
        (
            Platform("linux", "amd64", os_features=("a",)),
            Platform("linux", "amd64", os_features=("b",)),
            False,
        ),
        (Platform("linux", "amd64", os_features=("a",)), LINUX_AMD64, True),
    ],
)
def test_matches(wanted: Platform, candidate: Platform, expected: bool) -> None:
    assert wanted.matches(candidate) is expected


@pytest.mark.parametrize(
    ("platform", "text", "display", "slug"),
    [
        (Platform("linux", "aarch64", "v8"), "linux/aarch64/v8", "linux/arm64", "linux-arm64"),
        (Platform("linux", "arm"), "linux/arm", "linux/arm/v7", "linux-arm-v7"),
        (Platform("linux", "amd64", "v1"), "linux/amd64/v1", "linux/amd64", "linux-amd64"),
        (Platform("linux", "i386"), "linux/i386", "linux/386", "linux-386"),
        (Platform("unknown", "unknown"), "unknown/unknown", "unknown/unknown", "unknown-unknown"),
        (Platform("", ""), "unknown/unknown", "unknown/unknown", "unknown-unknown"),
        (
            windows("10.0.20348.1"),
            "windows(10.0.20348.1)/amd64",
            "windows(10.0.20348.1)/amd64",
            "windows-10.0.20348.1-amd64",
        ),
        (Platform("..", "a/b"), "../a/b", "../a/b", "_.-a_b"),
        (Platform("l\x1b[2J", "é"), "l\x1b[2J/é", "l\N{REPLACEMENT CHARACTER}[2j/é", "l__2j-_"),
    ],
)
def test_text_forms(platform: Platform, text: str, display: str, slug: str) -> None:
    assert (str(platform), platform.display, platform.slug) == (text, display, slug)


def test_unknown_is_either_component() -> None:
    assert Platform("unknown", "amd64").is_unknown
    assert Platform("linux", "Unknown").is_unknown
    assert not Platform("", "amd64").is_unknown


def test_json_order_and_omission() -> None:
    platform = Platform("windows", "arm64", "v8", "10.0.26100", ("win32k",))
    assert list(platform.to_json().items()) == [
        ("architecture", "arm64"),
        ("os", "windows"),
        ("os.version", "10.0.26100"),
        ("os.features", ["win32k"]),
        ("variant", "v8"),
    ]
    assert LINUX_AMD64.to_json() == {"architecture": "amd64", "os": "linux"}


def test_json_of_a_config_ignores_other_fields() -> None:
    config: JsonObject = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers"}}
    assert Platform.from_json(config) == LINUX_AMD64
    assert Platform.from_json({}) == Platform("", "")


def test_null_is_as_good_as_absent() -> None:
    value: JsonObject = {
        "os": "linux",
        "architecture": None,
        "variant": None,
        "os.version": None,
        "os.features": None,
    }
    assert Platform.from_json(value) == Platform("linux", "")


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"os": 1}, "os is a number"),
        ({"architecture": {}}, "architecture is an object"),
        ({"variant": ["v8"]}, "variant is an array"),
        ({"os.version": True}, "os.version is a boolean"),
        ({"os.features": "erofs"}, "os.features is a string"),
        ({"os.features": ["erofs", {}]}, "os.features holds an object"),
    ],
)
def test_json_of_the_wrong_type(value: JsonObject, field: str) -> None:
    with pytest.raises(DocumentError, match=re.escape(field)):
        Platform.from_json(value)


@pytest.mark.parametrize(
    ("system", "machine", "expected"),
    [
        ("Linux", "x86_64", "linux/amd64"),
        ("Linux", "i686", "linux/386"),
        ("Linux", "aarch64", "linux/arm64"),
        ("Linux", "armv5tel", "linux/arm/v5"),
        ("Linux", "armv6l", "linux/arm/v6"),
        ("Linux", "armv7l", "linux/arm/v7"),
        ("Linux", "armv8l", "linux/arm/v7"),
        ("Linux", "loongarch64", "linux/loong64"),
        ("Linux", "riscv64", "linux/riscv64"),
        ("Darwin", "arm64", "darwin/arm64"),
        ("Windows", "AMD64", "windows(10.0.20348)/amd64"),
        ("SunOS", "sparc64", "solaris/sparc64"),
    ],
)
def test_host_platform(monkeypatch: pytest.MonkeyPatch, system: str, machine: str, expected: str) -> None:
    monkeypatch.setattr(running, "system", lambda: system)
    monkeypatch.setattr(running, "machine", lambda: machine)
    monkeypatch.setattr(running, "version", lambda: "10.0.20348")
    assert str(host_platform()) == expected


@pytest.mark.parametrize(("order", "expected"), [("little", "linux/mips64le"), ("big", "linux/mips64")])
def test_host_platform_of_either_byte_order(monkeypatch: pytest.MonkeyPatch, order: str, expected: str) -> None:
    monkeypatch.setattr(running, "system", lambda: "Linux")
    monkeypatch.setattr(running, "machine", lambda: "mips64")
    monkeypatch.setattr(sys, "byteorder", order)
    assert str(host_platform()) == expected


@given(PLATFORMS)
def test_normalising_twice_changes_nothing(platform: Platform) -> None:
    assert platform.normalized().normalized() == platform.normalized()


@given(PLATFORMS)
def test_matches_itself_in_either_spelling(platform: Platform) -> None:
    plain = platform.normalized()
    assert plain.matches(plain)
    assert platform.matches(plain)
    assert plain.matches(platform)


@given(PLATFORMS, PLATFORMS)
def test_matching_sees_only_the_normalised_form(wanted: Platform, candidate: Platform) -> None:
    assert wanted.matches(candidate) == wanted.normalized().matches(candidate.normalized())


@given(PLATFORMS)
def test_json_gives_the_platform_back(platform: Platform) -> None:
    assert Platform.from_json(platform.to_json()) == platform


@given(PLATFORMS)
def test_slug_is_a_harmless_part_of_a_file_name(platform: Platform) -> None:
    assert re.fullmatch(r"[a-z0-9_][a-z0-9._-]*", platform.slug)
    assert platform.slug == platform.normalized().slug


@given(PLATFORMS)
def test_display_is_printable(platform: Platform) -> None:
    assert platform.display.isprintable()
