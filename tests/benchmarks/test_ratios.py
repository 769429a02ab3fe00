"""Ratios are made of the right costs, and know whether their limit holds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from benchmarks import setting
from benchmarks.measure import CommandFailed, Role, run_once
from benchmarks.measurement import Ratio, Row, times
from benchmarks.measurements import (
    compressed_sources,
    growth,
    growth_entries,
    growth_holes,
    many_layers,
    on_disk,
    one_layer,
    peers,
    pipes,
    reflink,
    split_and_merge,
    start_up,
    verifying,
)
from tests.benchmarks.findings import cost

if TYPE_CHECKING:
    from pathlib import Path

MIB = 2**20


def values(ratios: tuple[Ratio, ...]) -> dict[str, float]:
    return {ratio.name: round(ratio.value, 6) for ratio in ratios}


def judged(ratio: Ratio) -> tuple[float, bool | None]:
    return round(ratio.value, 6), ratio.is_met


@pytest.mark.parametrize(
    ("ratio", "is_met", "share"),
    [
        (Ratio("x", 1.1, at_most=1.1), True, 1.0),
        (Ratio("x", 2.2, at_most=1.1), False, 2.0),
        (Ratio("x", 10, at_least=10), True, 1.0),
        (Ratio("x", 5, at_least=10), False, 2.0),
        (Ratio("x", 5), None, None),
        (Ratio("x", -0.1, at_most=1.1), None, None),
        (Ratio("x", 0.0, at_most=1.1), None, None),
        (Ratio("x", 0.0, at_least=10), None, None),
        (Ratio("x", 0, at_most=1, is_counted=True), True, 0.0),
        (Ratio("x", 0, at_least=1, is_counted=True), False, math.inf),
        (Ratio("x", 0, at_most=0, is_counted=True), True, 0.0),
        (Ratio("x", 1, at_most=0, is_counted=True), False, math.inf),
    ],
)
def test_a_limit_holds_up_to_itself(ratio: Ratio, *, is_met: bool | None, share: float | None) -> None:
    assert ratio.is_met is is_met
    assert ratio.share_of_limit == (None if share is None else pytest.approx(share))


def test_nothing_is_divided_by_nothing() -> None:
    assert times(3.0, 2.0) == 1.5
    assert times(3.0, 0.0) == times(3.0, -1.0) == 0.0
    assert Ratio("x", times(3.0, 0.0), at_most=1).is_noise


def test_start_up() -> None:
    (ratio,) = start_up.ratios({"python": cost(0.02), "ocitool --version": cost(0.15)})
    assert ratio.at_most == 0.120
    assert judged(ratio) == (0.13, False)


def test_one_layer() -> None:
    costs = {
        "python with typer": cost(0.1, 20 * MIB),
        "filter of next to nothing": cost(0.2, processor=0.2),
        "openssl dgst -sha256": cost(0.8),
        "cp": cost(0.5),
        "filter": cost(1.0, 30 * MIB, processor=1.2, disk=0),
        "filter --no-verify": cost(0.6),
        "skopeo copy": cost(10.0, processor=4.0),
    }
    assert values(one_layer.ratios(costs)) == {
        "filter / slower of hash and copy": 1.0,
        "filter --no-verify / copy": 0.8,
        "peak memory beyond python with typer": 10.0,
        "temporary disk of filter": 0.0,
        "skopeo copy / filter": 10.0,
        "processor time, filter / skopeo copy": 0.3,
    }
    assert all(ratio.is_met for ratio in one_layer.ratios(costs))
    costs["filter"] = cost(1.2, 80 * MIB, processor=5, disk=5 * MIB)
    assert [ratio.is_met for ratio in one_layer.ratios(costs)] == [False, True, False, False, False, False]


def test_many_layers() -> None:
    costs = {
        "filter of next to nothing": cost(0.1),
        "openssl dgst -sha256": cost(0.8),
        "cp": cost(0.5),
        "filter": cost(0.5),
        "filter --no-verify": cost(0.7),
    }
    assert values(many_layers.ratios(costs)) == {"filter / hash on one core": 0.5, "filter --no-verify / copy": 1.2}


def test_split_and_merge() -> None:
    costs = {
        "filter of next to nothing": cost(0.1),
        "openssl dgst -sha256 of all": cost(2.0),
        "cp of all": cost(1.0),
        "split": cost(2.1),
        "split --no-verify": cost(1.1),
        "split --format json": cost(3.1),
        "merge": cost(2.5),
        "merge --no-verify": cost(0.6),
    }
    assert values(split_and_merge.ratios(costs)) == {
        "split / slower of hash and copy": 1.0,
        "merge / slower of hash and copy": 1.2,
        "split --no-verify / copy": 1.0,
        "merge --no-verify / copy": 0.5,
        "sha256 of the parts": 1.0,
    }
    assert [ratio.is_met for ratio in split_and_merge.ratios(costs)][:2] == [True, False]


def test_verifying() -> None:
    costs = {
        "python": cost(0.1),
        verifying.VERIFY_START: cost(0.3),
        verifying.DEEP_START: cost(0.4),
        verifying.HASH: cost(1.0),
        verifying.VERIFY: cost(1.3),
    }
    assert values(verifying.ratios(costs)) == {
        "verify / parallel hashing": 1.0,
        "verify of next to nothing beyond python": 0.2,
    }
    costs |= {
        verifying.INFLATE: cost(1.1),
        verifying.INFLATE_AND_HASH: cost(1.6, processor=3.0),
        verifying.DEEP: cost(1.9, processor=3.4),
    }
    assert values(verifying.ratios(costs)[2:]) == {
        "verify --deep / inflating": 1.5,
        "verify --deep / inflating and hashing": 1.0,
        "inflating and hashing / inflating": 1.5,
        "verify --deep / inflating and hashing, processor time": 1.0,
    }


def test_parallel_work_fails_if_any_of_it_does(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a", "b", "c", "d e")]
    for file in files:
        file.write_bytes(b"x")
    assert run_once(verifying.parallel("cat", files, "cat")).seconds > 0
    for file in files:
        file.rename(tmp_path / "away")
        with pytest.raises(CommandFailed, match=file.name):
            run_once(verifying.parallel("cat", files, "cat"))
        (tmp_path / "away").rename(file)


def test_compressed_sources_are_held_to_the_fastest_inflater_and_the_hash() -> None:
    (zstd, gzip) = compressed_sources.PACKINGS
    costs = {
        "filter of next to nothing": cost(0.1),
        "cp": cost(0.1),
        compressed_sources.HASH: cost(1.0),
        "zstd -dc": cost(0.5),
        **{name: cost(2.0 + number) for number, (name, _) in enumerate(gzip.unpack)},
        "filter .zst": cost(1.2),
        "filter - of .zst": cost(1.7),
        "filter .gz": cost(2.2),
        "filter - of .gz": cost(4.2),
    }
    found = compressed_sources.ratios(costs, (zstd, gzip))
    assert [ratio.value for ratio in found] == [pytest.approx(value) for value in (1.0, 1.5, 1.0, 2.0)]
    assert [ratio.is_met for ratio in found] == [True, False, True, False]


def test_pipes() -> None:
    costs = {
        "filter of next to nothing": cost(0.1),
        pipes.HASH: cost(1.0),
        **{name: cost(1.1) for name in (pipes.INDEX_FIRST, pipes.INDEX_LAST, pipes.INTO_PIPE)},
    }
    assert [ratio.value for ratio in pipes.ratios(costs)] == [pytest.approx(1.0)] * 3


def test_peers_are_held_to_the_filter_with_its_start() -> None:
    costs = {"filter": cost(0.5), "filter --no-verify": cost(0.4), "oras 1.3": cost(1.0), "skopeo 1.9": cost(4.0)}
    oras, skopeo = peers.ratios(costs)
    assert (oras.value, oras.is_met) == (2.0, None)
    assert (skopeo.value, skopeo.is_met) == (8.0, None)


def test_on_disk() -> None:
    costs = {
        "filter of next to nothing": cost(0.1),
        "openssl dgst -sha256": cost(0.8),
        "cp": cost(0.5),
        "filter": cost(0.9),
        "filter --no-verify": cost(0.6),
    }
    made = {
        "cold: filter / cp && sync": 1.6,
        "cold: filter / slower of hash and cp && sync": 1.0,
        "cold: filter --no-verify / cp && sync": 1.0,
    }
    assert values(on_disk.ratios(costs, "cold")) == made
    costs["skopeo --tmpdir copy"] = cost(9.0)
    assert values(on_disk.ratios(costs, "cold")) == {**made, "cold: skopeo --tmpdir copy / filter": 10.0}


def test_reflink() -> None:
    costs = {setting.START: cost(0.2), reflink.CLONED: cost(0.24), reflink.COPIED: cost(2.2)}
    cloned, copied = reflink.ratios(costs)
    assert judged(cloned) == (0.04, True)
    assert copied.value == pytest.approx(2.0)


def test_growth_of_memory() -> None:
    held = {1.0: 30, 10.0: 40, 1000.0: 76}
    entries = {1.0: 15, 10.0: 1_000, 1000.0: 13_000}
    rows = [
        Row(name, Role.TOOL, cost(0.1, memory * MIB), place)
        for place, most in held.items()
        for name, memory in (("python with typer", 20), ("filter", most), ("filter --no-verify", 25))
    ]
    few, each = growth.ratios(rows, entries)
    assert judged(few) == (20.0, True)
    assert judged(each) == (3.072, True)
    assert len(growth.ratios(rows, {1.0: 15})) == 1


def test_growth_of_memory_by_entries() -> None:
    rows = [
        Row("inspect", Role.TOOL, cost(1, memory), place)
        for place, memory in ((100.0, 5 * MIB), (1_000.0, 30 * MIB), (50_000.0, 300 * MIB))
    ]
    (ratio,) = growth_entries.ratios(rows)
    assert judged(ratio) == (5.642449, False)


def test_growth_holes() -> None:
    rows = [
        Row("python with typer", Role.START, cost(0.1, 16 * MIB), 0.1),
        Row("filter", Role.TOOL, cost(0.2, 30 * MIB), 0.1),
        Row("verify", Role.TOOL, cost(0.2, 40 * MIB), 0.1),
        Row("python with typer", Role.START, cost(0.1, 17 * MIB), 100.0),
        Row("filter", Role.TOOL, cost(9.0, 65 * MIB), 100.0),
        Row("verify", Role.TOOL, cost(9.0, 39 * MIB), 100.0),
    ]
    filtering, verifying = growth_holes.ratios(rows)
    assert judged(filtering) == (49.0, False)
    assert judged(verifying) == (24.0, True)
