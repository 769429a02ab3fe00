"""Tries and pauses, without waiting for them."""

from __future__ import annotations

from email.utils import formatdate
from time import time

import pytest

from ocitool.adapters.remote.answers import Span, Version, refuse, span_of
from ocitool.adapters.remote.remote_object import Broken
from ocitool.adapters.remote.retrying import LONGEST_PAUSE, PROGRESS, Patience, fill, persist
from ocitool.errors import ArchiveError, ChangedSource


def pauses_of(failures: list[Broken], *, chance: float = 0.5) -> list[float]:
    pauses: list[float] = []
    left = list(failures)

    def attempt() -> str:
        if left:
            raise left.pop(0)
        return "done"

    assert persist(attempt, Patience(pause=pauses.append, chance=lambda: chance), "it") == "done"
    return pauses


def test_pauses_double_and_are_spread() -> None:
    failures = [Broken("x")] * 4
    assert pauses_of(failures) == pytest.approx([0.2, 0.4, 0.8, 1.6])
    assert pauses_of(failures, chance=0) == pytest.approx([0.1, 0.2, 0.4, 0.8])
    assert pauses_of(failures, chance=1) == pytest.approx([0.3, 0.6, 1.2, 2.4])


def test_a_server_may_ask_for_a_longer_pause_within_reason() -> None:
    assert pauses_of([Broken("x", wait=7)]) == [7]
    assert pauses_of([Broken("x", wait=7000)]) == [LONGEST_PAUSE]


def test_it_gives_up_with_the_reason() -> None:
    def attempt() -> None:
        raise Broken("no luck")

    with pytest.raises(ArchiveError, match=r"it: cannot be read: no luck \(3 tries\)"):
        persist(attempt, Patience(tries=3, pause=lambda _seconds: None), "it")


def test_what_came_before_a_break_is_not_asked_for_again() -> None:
    asked: list[tuple[int, int]] = []

    def read(offset: int, buffer: memoryview) -> int:
        asked.append((offset, len(buffer)))
        count = min(4, len(buffer))
        buffer[:count] = b"x" * count
        if len(asked) % 2:
            raise Broken("cut", count=count)
        return count

    buffer = bytearray(10)
    fill(read, 100, memoryview(buffer), Patience(pause=lambda _seconds: None), "it")
    assert buffer == b"x" * 10
    assert asked == [(100, 10), (104, 6), (108, 2)]


def test_breaks_with_progress_do_not_count_in_a_row() -> None:
    count = PROGRESS

    def read(_offset: int, buffer: memoryview) -> int:
        raise Broken("cut", count=min(count, len(buffer)))

    patience = Patience(tries=2, pause=lambda _seconds: None)
    fill(read, 0, memoryview(bytearray(10 * PROGRESS)), patience, "it")
    count = PROGRESS - 1
    with pytest.raises(ArchiveError, match="2 tries"):
        fill(read, 0, memoryview(bytearray(10 * PROGRESS)), patience, "it")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bytes 0-511/1000", Span(0, 512, 1000)),
        ("bytes 5-5/*", Span(5, 6, None)),
        ("Bytes 0-511/1000", Span(0, 512, 1000)),
        ("bytes */1000", None),
        ("items 0-5/6", None),
        ("", None),
    ],
)
def test_content_ranges(text: str, expected: Span | None) -> None:
    assert span_of({"Content-Range": text}) == expected


def test_versions() -> None:
    one, other = Version('"a"', "now"), Version('"b"', "now")
    assert one.may_be(Version('W/"a"', "then"))
    assert not one.may_be(other)
    assert not Version("", "now").may_be(Version("", "then"))
    assert Version("", "now").may_be(Version('"b"', ""))
    assert one.condition == {"If-Match": '"a"'}
    assert Version('W/"a"').condition == {}
    assert Version().condition == {}


def test_statuses_that_pass_ask_to_wait() -> None:
    with pytest.raises(Broken) as broken:
        refuse(503, {"Retry-After": "12"}, "it", "")
    assert broken.value.wait == 12
    with pytest.raises(Broken) as broken:
        refuse(429, {"Retry-After": formatdate(time() + 100)}, "it", "")
    assert 90 < broken.value.wait <= 100
    with pytest.raises(Broken) as broken:
        refuse(500, {"Retry-After": "soon"}, "it", "")
    assert broken.value.wait == 0


def test_statuses_that_do_not_pass() -> None:
    refuse(200, {}, "it", "")
    refuse(206, {}, "it", "")
    for status in (412, 416):
        with pytest.raises(ChangedSource):
            refuse(status, {}, "it", "")
    with pytest.raises(ArchiveError, match="the server answers 501"):
        refuse(501, {}, "it", "")
