from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from ocitool.check.layers.path_set import PathSet


@given(st.lists(st.binary(max_size=3)))
def test_it_is_a_set(paths: list[bytes]) -> None:
    made, expected = PathSet(), set[bytes]()
    for path in paths:
        assert made.add(path) == (path not in expected)
        expected.add(path)
        assert path in made
    assert len(made) == len(expected)


def test_it_stays_one_as_it_grows_and_takes_little_room() -> None:
    paths = PathSet()
    assert all(paths.add(b"%d" % number) for number in range(100_000))
    assert not any(paths.add(b"%d" % number) for number in range(100_000))
    assert b"100000" not in paths
    assert sys.getsizeof(paths._slots) <= 64 * 100_000
