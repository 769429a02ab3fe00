from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocitool.errors import UsageError
from ocitool.model import platform_selection
from ocitool.model.platform import KNOWN_ARCHITECTURES, KNOWN_OS, Platform
from ocitool.model.platform_selection import PlatformSelection, PlatformSpecifier

AMD64 = Platform("linux", "amd64")
AMD64_V2 = Platform("linux", "amd64", "v2")
ARM64 = Platform("linux", "arm64", "v8")
ARM64_V9 = Platform("linux", "arm64", "v9")
ARM_V5 = Platform("linux", "arm", "v5")
ARM_V6 = Platform("linux", "arm", "v6")
ARM_V7 = Platform("linux", "arm")
X86 = Platform("linux", "386")
DARWIN = Platform("darwin", "arm64")
WINDOWS = Platform("windows", "amd64", os_version="10.0.17763.1")
WINDOWS_2022 = Platform("windows", "amd64", os_version="10.0.20348.9")
WINDOWS_2025 = Platform("windows", "amd64", os_version="10.0.26100.1")
UNKNOWN = Platform("unknown", "unknown")
LINUXES = [AMD64, AMD64_V2, ARM64, ARM64_V9, ARM_V5, ARM_V6, ARM_V7, X86]
WINDOWSES = [WINDOWS, WINDOWS_2022, WINDOWS_2025]
IMAGES = [*LINUXES, DARWIN, *WINDOWSES]
EVERYTHING = [*IMAGES, UNKNOWN]

SPECIFIERS = st.sampled_from(
    [
        "all",
        "available",
        "local",
        "linux",
        "arm64",
        "linux/*",
        "linux/arm*",
        "*/amd64",
        "linux/arm/*",
        "*/*/v8",
        "unknown/unknown",
        "linux/amd64/v2",
        "windows(10.0.*)/amd64",
        "windows(10.0.26100)/amd64",
        "armhf",
        "*",
        "!linux/amd64",
        "!windows",
        "!*/arm64",
        "!windows(10.0.20348)/amd64",
        "!local",
        "!unknown/unknown",
    ]
)
NAMES = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,7}", fullmatch=True)
SYSTEMS = st.sampled_from(sorted(KNOWN_OS)) | NAMES.filter(
    lambda name: Platform("", name).normalized().architecture not in KNOWN_ARCHITECTURES
)
NORMALISED = st.builds(
    lambda *fields: Platform(*fields).normalized(),
    SYSTEMS,
    st.sampled_from(sorted(KNOWN_ARCHITECTURES)) | NAMES,
    st.sampled_from(["", "v1", "v5", "v7", "v8", "v9"]) | NAMES,
    st.just("") | st.from_regex(r"[0-9]{1,2}(\.[0-9]{1,5}){0,3}", fullmatch=True),
)


def selected(*texts: str, host: Platform = AMD64) -> list[Platform]:
    selection = PlatformSelection.parse(texts, host=host)
    return [platform for platform in EVERYTHING if selection.wants(platform)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("linux", LINUXES),
        ("Linux", LINUXES),
        ("linux/*", LINUXES),
        ("linux/*/*", LINUXES),
        ("windows", WINDOWSES),
        ("macos", [DARWIN]),
        ("macos/arm64", [DARWIN]),
        ("arm64", [ARM64]),
        ("aarch64", [ARM64]),
        ("x86_64", [AMD64]),
        ("x86-64", [AMD64]),
        ("i386", [X86]),
        ("386", [X86]),
        ("arm", [ARM_V7]),
        ("armhf", [ARM_V7]),
        ("armel", [ARM_V6]),
        ("linux/arm", [ARM_V7]),
        ("linux/armhf", [ARM_V7]),
        ("linux/armel", [ARM_V6]),
        ("linux/arm/v7", [ARM_V7]),
        ("linux/arm/7", [ARM_V7]),
        ("linux/arm/6", [ARM_V6]),
        ("linux/arm/*", [ARM_V5, ARM_V6, ARM_V7]),
        ("linux/arm*", [ARM64, ARM64_V9, ARM_V5, ARM_V6, ARM_V7]),
        ("linux/arm*/v8", [ARM64]),
        ("linux/arm*/7", [ARM_V7]),
        ("linux/arm64", [ARM64]),
        ("linux/arm64/v8", [ARM64]),
        ("linux/arm64/8", [ARM64]),
        ("Linux/AARCH64", [ARM64]),
        ("linux/arm64/*", [ARM64, ARM64_V9]),
        ("linux/arm64/v*", [ARM64, ARM64_V9]),
        ("linux/amd64", [AMD64]),
        ("linux/amd64/v1", [AMD64]),
        ("linux/amd64/v2", [AMD64_V2]),
        ("linux/amd64/v3", []),
        ("*/amd64", [AMD64, *WINDOWSES]),
        ("*/arm64", [ARM64, DARWIN]),
        ("*/*/v7", [ARM_V7]),
        ("*", IMAGES),
        ("*/*", IMAGES),
        ("all", IMAGES),
        ("ALL", IMAGES),
        ("available", IMAGES),
        ("local", [AMD64]),
        ("unknown/unknown", [UNKNOWN]),
        ("unknown/*", []),
        ("*/unknown", []),
        ("windows/amd64", WINDOWSES),
        ("windows(10.0.17763)/amd64", [WINDOWS]),
        ("windows(10.0.20348)/amd64", [WINDOWS_2022]),
        ("windows(10.0.26100)/amd64", [WINDOWS_2022, WINDOWS_2025]),
        ("windows(10.0.26100)", [WINDOWS_2022, WINDOWS_2025]),
        ("windows(10.0.*)/amd64", WINDOWSES),
        ("windows(10.0.2*)/amd64", [WINDOWS_2022, WINDOWS_2025]),
        ("windows(10.0.17763)/*", [WINDOWS]),
        ("!windows", [*LINUXES, DARWIN]),
        ("!windows(10.0.26100)/amd64", [*LINUXES, DARWIN, WINDOWS, WINDOWS_2022]),
        ("!unknown/unknown", IMAGES),
        ("!linux/*,!*/arm64", WINDOWSES),
        ("linux, !linux/arm*", [AMD64, AMD64_V2, X86]),
        ("all,!local", [platform for platform in IMAGES if platform != AMD64]),
        ("linux/amd64,arm64", [AMD64, ARM64]),
        ("linux/amd64,!linux/amd64", []),
        ("all,unknown/unknown", EVERYTHING),
    ],
)
def test_selects(text: str, expected: list[Platform]) -> None:
    assert selected(text) == expected


def test_a_comma_list_need_be_in_no_list() -> None:
    text = "linux/arm64, !linux/386"
    assert PlatformSelection.parse(text) == PlatformSelection.parse([text])


def test_options_repeat() -> None:
    assert selected(" linux/amd64 ,! linux/386\n") == [AMD64]
    assert selected("linux/amd64", "arm64,armhf") == [AMD64, ARM64, ARM_V7]


def test_local_asks_for_the_host_only_when_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform_selection, "host_platform", lambda: Platform("linux", "armv"))
    assert PlatformSelection.parse(["local"]).wants(Platform("linux", "armv"))
    monkeypatch.setattr(platform_selection, "host_platform", None)
    assert PlatformSelection.parse(["linux"]).wants(AMD64)


def test_a_platform_of_empty_fields_is_matched_by_wildcards_only() -> None:
    nameless = Platform("", "amd64")
    assert PlatformSelection.parse(["all"]).wants(nameless)
    assert not PlatformSelection.parse(["linux/amd64"]).wants(nameless)


def test_features_do_not_matter() -> None:
    assert PlatformSelection.parse(["linux/amd64"]).wants(Platform("linux", "amd64", os_features=("erofs",)))


def test_available_is_remembered() -> None:
    selection = PlatformSelection.parse(["linux/amd64,available", "!linux/386"])
    assert selection.only_complete
    assert [specifier.only_complete for specifier in selection.specifiers] == [False, True, False]
    assert [specifier.text for specifier in selection.includes] == ["linux/amd64", "available"]
    assert [specifier.text for specifier in selection.excludes] == ["linux/386"]
    assert str(selection) == "linux/amd64,available,!linux/386"
    assert not PlatformSelection.parse(["all"]).only_complete


@pytest.mark.parametrize("text", ["linux/amd64", "arm64", "local", "unknown/unknown", "windows(10.0.1)/amd64"])
def test_literal(text: str) -> None:
    assert PlatformSpecifier.parse(text, host=AMD64).is_literal


@pytest.mark.parametrize(
    "text", ["linux", "all", "available", "*", "linux/*", "linux/arm/*", "linux/arm*", "windows(10.*)/amd64"]
)
def test_not_literal(text: str) -> None:
    assert not PlatformSpecifier.parse(text).is_literal


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("", "linux/amd64"),
        ("!", "linux/amd64"),
        ("linux/amd64,", "linux/amd64"),
        ("linux/", "linux/amd64"),
        ("/amd64", "linux/amd64"),
        ("linux//v7", "linux/amd64"),
        ("a/b/c/d", "linux/amd64"),
        ("foo", "linux/amd64"),
        ("lnux", "did you mean linux?"),
        ("amd46", "did you mean amd64?"),
        ("avail", "did you mean available?"),
        ("unknown", "linux/amd64"),
        ("arm*", "linux/arm*"),
        ("*(10.0)", "such as"),
        ("arm64/v8", "write linux/arm64/v8"),
        ("AArch64/v8", "write linux/AArch64/v8"),
        ("amd64/linux", "write linux/amd64"),
        ("arm/linux/v7", "write linux/arm/v7"),
        ("arm/v7/x", "linux/amd64"),
        ("linux/amd 64", "os/arch"),
        ("linux/a?", "os/arch"),
        ("linux/amd64@x", "os/arch"),
        ("linux(+erofs)/amd64", "windows(10.0.20348)/amd64"),
        ("windows()/amd64", "windows(10.0.20348)/amd64"),
        ("windows(10.0/amd64", "windows(10.0.20348)/amd64"),
        ("!!linux/amd64", "os/arch"),
        ("arm64(8)", "write os(8)/arm64"),
        ("!all", "!linux/386"),
        ("!available", "!linux/386"),
        ("!*/*", "!linux/386"),
        ("linux/ärm", "os/arch"),
    ],
)
def test_refuses(text: str, remedy: str) -> None:
    with pytest.raises(UsageError) as caught:
        PlatformSelection.parse([text])
    assert remedy in caught.value.remedy
    assert repr(text.rpartition(",")[2]) in caught.value.message


def test_refuses_an_empty_list() -> None:
    with pytest.raises(UsageError, match="no platform given"):
        PlatformSelection.parse([])


@given(NORMALISED)
def test_a_normalised_platform_is_its_own_specifier(platform: Platform) -> None:
    specifier = PlatformSpecifier.parse(str(platform))
    assert specifier.pattern == platform
    assert specifier.is_literal
    assert str(specifier) == str(platform)
    assert specifier.matches(platform)
    assert PlatformSpecifier.parse(platform.display) == specifier


LISTS = st.lists(SPECIFIERS, min_size=1, max_size=6)
REORDERED = LISTS.flatmap(lambda texts: st.tuples(st.just(texts), st.permutations(texts)))


@given(REORDERED, st.sampled_from(EVERYTHING))
def test_order_does_not_matter(orders: tuple[list[str], list[str]], platform: Platform) -> None:
    texts, shuffled = orders
    wanted = PlatformSelection.parse(texts, host=ARM64).wants(platform)
    for same in (shuffled, [",".join(shuffled)], texts + shuffled):
        assert PlatformSelection.parse(same, host=ARM64).wants(platform) == wanted


@given(LISTS, st.sampled_from(EVERYTHING))
def test_spelling_does_not_matter(texts: list[str], platform: Platform) -> None:
    selection = PlatformSelection.parse(texts, host=ARM64)
    assert selection.wants(platform) == selection.wants(platform.normalized())


@given(st.text(alphabet="linuxarmd64*!()/,._-v78 ", max_size=16))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        selection = PlatformSelection.parse([text], host=AMD64)
    except UsageError:
        return
    assert PlatformSelection.parse([str(selection)], host=AMD64) == selection
