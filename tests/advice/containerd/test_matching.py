"""Platforms, as each containerd compares them."""

from __future__ import annotations

import pytest

from ocitool.advice.containerd.matching import (
    Spelling,
    read_specifier,
    take_all,
    take_host,
    take_strictly,
    take_with_fallbacks,
)
from ocitool.advice.importers import find_importer
from ocitool.advice.version import Version
from ocitool.model.platform import Platform

HOST = Platform("linux", "amd64")


def spelling(version: str, host: Platform = HOST) -> Spelling:
    return Spelling.of(find_importer("ctr").table.behaviour(Version.parse(version)).traits, host)


def platform(text: str) -> Platform:
    return Platform(*text.split("/"))  # type: ignore[arg-type]  # os, architecture, variant


@pytest.mark.parametrize(
    ("wanted", "candidate", "matches"),
    [
        ("linux/arm64", "linux/arm64/v8", True),
        ("linux/arm64", "linux/aarch64", True),
        ("linux/arm64", "linux/arm64/v8.1", False),
        ("linux/arm/v7", "linux/arm", True),
        ("linux/arm/v7", "linux/arm/7", True),
        ("linux/arm/v7", "linux/arm/v6", False),
        ("linux/armhf", "linux/arm/v7", True),
        ("linux/amd64", "linux/x86_64", True),
        ("linux/amd64", "linux/amd64/v1", True),
        ("linux/amd64", "linux/amd64/v2", False),
        ("linux/amd64", "linux/386", False),
        ("linux/amd64", "Linux/AMD64", True),
        ("linux/amd64", "/amd64", True),
        ("linux/amd64", "unknown/unknown", False),
    ],
)
def test_a_strict_match(wanted: str, candidate: str, *, matches: bool) -> None:
    assert take_strictly(spelling("2.1.9"), platform(wanted)).matches(platform(candidate)) is matches


def test_amd64_v1_is_amd64_from_1_6_on() -> None:
    for version, matches in {"1.5.0": False, "1.6.0": True, "2.3.4": True}.items():
        assert take_host(spelling(version)).matches(platform("linux/amd64/v1")) is matches


@pytest.mark.parametrize(
    ("host", "version", "taken"),
    [
        ("linux/amd64", "1.1.0", ["linux/amd64"]),
        ("linux/amd64", "1.4.0", ["linux/amd64"]),
        ("linux/amd64", "1.5.0", ["linux/amd64", "linux/386"]),
        ("linux/amd64/v3", "1.5.0", ["linux/amd64/v3", "linux/386"]),
        ("linux/amd64/v3", "1.6.0", ["linux/amd64/v3", "linux/amd64/v2", "linux/amd64", "linux/386"]),
        ("linux/arm64", "1.4.0", ["linux/arm64"]),
        ("linux/arm64", "1.5.0", ["linux/arm64", "linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5"]),
        ("linux/arm", "1.1.0", ["linux/arm/v7"]),
        ("linux/arm", "1.2.0", ["linux/arm/v7", "linux/arm/v6", "linux/arm/v5"]),
        ("linux/arm/v6", "2.0.0", ["linux/arm/v6", "linux/arm/v5"]),
        ("linux/s390x", "2.0.0", ["linux/s390x"]),
    ],
)
def test_a_host_falls_back_on_older_ones(host: str, version: str, taken: list[str]) -> None:
    matcher = take_host(spelling(version, platform(host)))
    assert [choice.display for choice in matcher.choices or ()] == taken


def test_later_arm64_falls_back_step_by_step() -> None:
    choices = take_with_fallbacks(spelling("2.0.0"), platform("linux/arm64/v9.1")).choices or ()
    texts = [choice.variant for choice in choices if choice.architecture == "arm64"]
    assert texts == ["v9.1", "v9", "v8.6", "v8.5", "v8.4", "v8.3", "v8.2", "v8.1", ""]


def test_the_best_is_first_and_what_has_no_platform_last() -> None:
    listed = [None, platform("linux/386"), platform("linux/s390x"), platform("linux/amd64")]
    ordered = take_host(spelling("1.7.24")).sorted(listed, lambda item: item)
    assert ordered == [listed[3], listed[1], listed[0]]
    assert take_all(spelling("1.7.24")).passes(platform("unknown/unknown"))


def test_versions_of_windows_count_from_2_0_2_on() -> None:
    wanted = Platform("windows", "amd64", os_version="10.0.20348")
    older = Platform("windows", "amd64", os_version="10.0.17763.1")
    assert take_strictly(spelling("1.7.24"), wanted).matches(older)
    assert not take_strictly(spelling("2.1.9"), wanted).matches(older)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("linux", "linux/amd64"),
        ("arm64", "linux/arm64"),
        ("x86_64", "linux/amd64"),
        ("linux/arm/v7", "linux/arm/v7"),
        ("macos/arm64", "darwin/arm64"),
        ("linux/*", None),
        ("", None),
        ("linux/", None),
        ("a/b/c/d", None),
        ("foo", None),
    ],
)
def test_a_specifier_is_read(text: str, wanted: str | None) -> None:
    found = read_specifier(text, HOST)
    assert (found and found.display) == wanted
