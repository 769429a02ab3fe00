"""Windows: small after long hops, as large as was of use, growing while reads follow on."""

from __future__ import annotations

from ocitool.adapters.remote.read_ahead import BASE, LARGEST, SHARE, SMALLEST, TOGETHER, ReadAhead, with_documents

FAR = 100 * 1024 * 1024


def test_a_hop_lands_with_what_was_of_use_before() -> None:
    ahead = ReadAhead(BASE)
    ahead.note(0, 512)
    start, end = ahead.choose(FAR, 512)
    assert (start, end - start) == (FAR, 1024)
    ahead.note(FAR, 10_000)
    start, end = ahead.choose(2 * FAR, 512)
    assert (start, end - start) == (2 * FAR, 20_000)


def test_what_hops_fetch_is_a_small_share_of_what_they_pass() -> None:
    ahead = ReadAhead(BASE)
    ahead.note(0, BASE)
    fetched = 0
    for number in range(1, 200):
        start, end = ahead.choose(number * 300_000, 512)
        ahead.note(start, 40_000)
        fetched += end - start
    assert fetched <= 200 * 300_000 / SHARE + 200 * SMALLEST


def test_windows_grow_without_a_gap_while_reads_follow_on() -> None:
    ahead, end, sizes = ReadAhead(BASE), BASE, []
    for _ in range(6):
        start, following = ahead.choose(end + 1000, 512)
        assert start == end
        sizes.append(following - start - 1000)
        end = following
    assert sizes == [2 * BASE, 4 * BASE, 8 * BASE, LARGEST, LARGEST, LARGEST]


def test_a_read_is_always_covered() -> None:
    ahead = ReadAhead(BASE)
    assert ahead.choose(FAR, 500_000) == (FAR, FAR + 500_000)
    start, end = ahead.choose(10, 1_000_000)
    assert start <= 10
    assert end >= 1_000_010


def test_documents_come_together_and_nothing_behind_them() -> None:
    assert with_documents(5000, 6000, 2048, 90_000) == (2048, 90_000)
    assert with_documents(5000, 6000, 7000, 90_000) == (5000, 90_000)
    assert with_documents(5000, 95_000, 5000, 90_000) == (5000, 95_000)
    assert with_documents(FAR, FAR + 10, 2048, 2 * FAR) == (FAR, FAR + TOGETHER)
    assert with_documents(5000, 6000, 2048, 2 * FAR) == (2048, 2048 + TOGETHER)
