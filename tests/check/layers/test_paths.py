from __future__ import annotations

import os.path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocitool.check.layers.paths import LINKS_IN_A_ROW, clean, climbs, follow

PATHS = st.text("ab./", max_size=12).map(str.encode)


@given(PATHS)
def test_cleaned_as_from_the_root(raw: bytes) -> None:
    assert clean(raw).path == os.path.normpath(b"//" + raw).lstrip(b"/")


@given(PATHS, st.sampled_from([b"", b"a", b"a/b"]))
def test_a_path_climbs_if_it_ends_or_passes_above_the_root(raw: bytes, folder: bytes) -> None:
    depth, lowest = len(folder.split(b"/")) if folder else 0, 0
    for part in raw.split(b"/"):
        depth += {b"": 0, b".": 0, b"..": -1}.get(part, 1)
        lowest = min(lowest, depth)
    assert climbs(raw, folder) == (raw.startswith(b"/") or lowest < 0)


@pytest.mark.parametrize(
    ("path", "links", "expected", "leaves"),
    [
        (b"a/b", {}, b"a/b", False),
        (b"/a/./b/", {}, b"a/b", False),
        (b"a/../../b", {}, b"b", True),
        (b"bin/sh", {b"bin": b"usr/bin"}, b"usr/bin/sh", False),
        (b"bin/sh", {b"bin": b"/usr/bin", b"usr/bin/sh": b"dash"}, b"usr/bin/dash", True),
        (b"a/b/c", {b"a/b": b"../d"}, b"d/c", False),
        (b"a/b/c", {b"a/b": b"../../d"}, b"d/c", True),
        (b"a", {b"a": b"b", b"b": b"a"}, None, False),
        (b"a", {b"a": b"/a"}, None, True),
    ],
)
def test_links_are_followed_below_the_root(
    path: bytes, links: dict[bytes, bytes], expected: bytes | None, leaves: bool
) -> None:
    assert follow(path, links.get)[:2] == (expected, leaves)


def test_as_many_links_in_a_row_as_linux_takes() -> None:
    links = {b"%d" % number: b"%d" % (number + 1) for number in range(LINKS_IN_A_ROW + 1)}
    assert follow(b"1", links.get).path == b"%d" % (LINKS_IN_A_ROW + 1)
    assert follow(b"0", links.get).path is None


def test_a_link_that_grows_ends() -> None:
    followed = follow(b"a/" * 100, {b"a": b"x/" * 2000 + b"../" * 2000 + b"b/../a"}.get, 10_000)
    assert followed.path is None
    assert not followed.loops
    assert followed.cost <= 20_000
    assert follow(b"a", {b"a": b"a"}.get).loops
    assert follow(b"a", {b"a": b"a/a/a/a"}.get).path is None
