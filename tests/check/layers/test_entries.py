"""What the entries of one layer are told, and what real layers are not."""

from __future__ import annotations

import tarfile
import time
from typing import TYPE_CHECKING, Final

import pytest

from ocitool.check.layers import entries, record
from ocitool.check.layers.record import Link
from ocitool.model.limits import NAME_LIMIT
from tests.check.layers.images import FOLDER, hard, member, symbolic, tar_of
from tests.check.layers.test_watcher import seen, watch

if TYPE_CHECKING:
    Made = tuple[tarfile.TarInfo, bytes]

BUSYBOX: Final = (
    member("./", kind=FOLDER),
    member("bin/", kind=FOLDER),
    member("bin/busybox", b"x", mode=0o755),
    *(hard(f"bin/{name}", "bin/busybox") for name in ("[", "cat", "ls", "sh")),
    member("dev/", kind=FOLDER),
    member("etc/", kind=FOLDER),
    symbolic("etc/mtab", "/proc/mounts"),
    symbolic("lib64", "usr/lib64"),
    symbolic("var/run", "/run"),
    symbolic("usr/bin/env", "../../bin/env"),
    member("tmp/", kind=FOLDER, mode=0o1777),
    member("tmp/.hidden", b"x"),
    member("tmp/..data", b"x"),
)
"""As docker's busybox is made: hard links, absolute and relative symbolic ones, names with dots."""


def counts(*made: Made) -> dict[str, int]:
    return seen(watch(tar_of(*made)))


def test_a_busybox_is_clean() -> None:
    assert counts(*BUSYBOX) == {}


def test_docker_style_whiteouts_are_clean() -> None:
    assert (
        counts(
            member("etc/", kind=FOLDER),
            member("etc/.wh.gone"),
            member("etc/new", b"x"),
            member("var/cache/.wh..wh..opq"),
            member("var/cache/apt/", kind=FOLDER),
            member(".wh..wh.aufs"),
            member(".wh..wh.plnk/", kind=FOLDER),
            member("name.wh.not-at-the-start"),
        )
        == {}
    )


def _words(value: tuple[Made, ...] | dict[str, int]) -> str:
    return str(value) if isinstance(value, dict) else " ".join(info.name for info, _ in value)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ((member("a/b"), member("a//b"), member("./a/./b")), {"Y2": 2}),
        ((member("a", kind=FOLDER), member("a/", kind=FOLDER)), {"Y2": 1}),
        ((member("a/.wh.b"), member("a/.wh.b")), {"Y2": 1}),
        ((member("./", kind=FOLDER), member("b"), member(".wh.a")), {"Y7": 1}),
        ((member("./", kind=FOLDER), member(".wh.a"), member("b")), {}),
        ((member("/", kind=FOLDER), member("/.wh.a"), member("/.wh.b")), {}),
        ((member("a/.wh.b"), member("a/c"), member("a/.wh.d")), {"Y7": 1}),
        ((member("a/b/c"), member("a/.wh.d")), {}),  # c is no sibling of the whiteout, and nothing says there is b
        ((member("a/b"), member("c/d"), member("a/.wh.e"), member("c/.wh.f")), {"Y7": 2}),
        ((member(".wh."), member("a/.wh.."), member("a/.wh...")), {"Y5": 3}),
        ((member("/a"), member("../b"), member("a/../c"), member("d/.."), member("e/../../f")), {"Y9": 2}),
        ((member("b"), hard("a", "/b"), hard("c", "../b"), hard("e", "f/../../b"), hard("h", "f/../b")), {"Y9": 2}),
        ((symbolic("a", "/"), member("a/b"), member("a/c/d")), {"Y9": 2}),
        ((member("a/b"), symbolic("a", "/")), {}),
        ((symbolic("a/b", "../c"), member("a/b/d")), {}),
        ((symbolic("a/b", "../../c"), member("a/b/d")), {"Y9": 1}),
        ((symbolic("a", "a"), symbolic("out", "/"), member("a/b")), {"Y12": 1}),  # never ends, so never leads out
    ],
    ids=_words,
)
def test_paths(made: tuple[Made, ...], expected: dict[str, int]) -> None:
    assert counts(*made) == expected


def test_a_path_through_a_link_that_came_into_the_folder_meanwhile() -> None:
    assert counts(member("a/b/c"), symbolic("a/b", "/"), member("a/b/d")) == {"Y9": 1}


def test_the_first_few_names_are_kept() -> None:
    tar = watch(tar_of(*(member(f"../{number}") for number in range(50))))
    assert tar.sightings["Y9"].count == 50
    assert tar.sightings["Y9"].examples == [b"../0", b"../1", b"../2"]


def test_entries_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "LAYER_ENTRY_LIMIT", 3)
    data = tar_of(*(member("a") for _ in range(5)))
    assert (watch(data).full, watch(data).entries, seen(watch(data))) == (True, 5, {"Y2": 2})
    assert not watch(tar_of(*(member("a") for _ in range(3)))).full


def test_what_paths_cost_to_follow_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "LAYER_WORK_RATIO", 0)
    monkeypatch.setattr(entries, "MIB", 2000)
    deep = "a/" * 40
    data = tar_of(symbolic("out", "/"), *(member(f"{deep}{number}/file") for number in range(9)))
    assert watch(data).full
    assert not watch(tar_of(symbolic("out", "/"), *(member(f"{number}/file") for number in range(9)))).full


def test_names_that_no_system_takes() -> None:
    long = "n" * (NAME_LIMIT + 1)
    tar = watch(tar_of(member(long), symbolic("a", long), member(long[1:]), symbolic("b", long[1:])))
    assert {rule: sightings.count for rule, sightings in tar.sightings.items()} == {"Y11": 2, "Y12": 1}
    assert all(len(name) <= 200 for name in tar.sightings["Y11"].examples)
    assert tar.record.get(b"b") is not None


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "RECORD_LIMIT", 1000)
    kept = watch(tar_of(symbolic("a", "b"), *(symbolic(str(number), "t" * 200) for number in range(9)))).record
    assert not kept.whole
    assert kept.get(b"a") == Link(b"b", symbolic=True)
    assert len(kept.things) < 10


@pytest.mark.parametrize(
    ("made", "count"),
    [
        ((member("e", b"x"), member("e/f")), 1),
        ((member("e", b"x"), member("e/f/g"), member("e/h"), member("e/")), 2),
        ((member("e", b"x"), member("e/f", kind=FOLDER)), 1),
        ((member("e", b"x"), member("e/.wh.f")), 1),
        ((member("o", b"x"), hard("e", "o"), member("e/f")), 1),
        ((member("e", b"x"), member("e/", kind=FOLDER), member("e/f")), 0),
        ((member("e", b"x"), member(".wh.e"), member("e/f")), 0),
        ((member("e/f"), member("e", b"x")), 0),
        ((member("a", b"x"), hard("a", "a")), 1),
        ((hard("a", "./a"),), 1),
        ((member("d/", kind=FOLDER), hard("a", "d")), 1),
        ((hard("a", "b"),), 1),  # not even if it is in the layer below: each is unpacked into a folder of its own
        ((hard("a", "b"), member("b", b"x")), 1),
        ((member("b", b"x"), hard("a", "/b"), hard("c", "d/../b"), hard("e", "../b"), hard("f", "a")), 0),
        ((member("u/f", b"x"), symbolic("b", "u"), hard("a", "b/f")), 0),
        ((symbolic("b", "u"), member("b/f", b"x"), hard("a", "u/f")), 0),
        ((symbolic("b", "u"), hard("a", "c/f")), 1),
        ((symbolic("b", "u"), hard("a", "f")), 1),
        ((symbolic("a", ""),), 1),
        ((member("a", kind=b"7"), member("b", kind=b"X"), member("c", kind=b"3"), member("d", kind=b"6")), 2),
        ((member("n" * 256), member("n" * 255), member("n" * 256 + "/a")), 2),
        ((member(".wh." + "n" * 255), member("a/" * 200 + "b")), 0),
        ((*(symbolic(f"l{n}", f"l{n + 1}") for n in range(100)), member("l0/x")), 0),
        ((*(symbolic(f"l{n}", f"l{n + 1}") for n in range(300)), member("l0/x")), 1),
    ],
)
def test_what_cannot_be_unpacked(made: tuple[Made, ...], count: int) -> None:
    """Each as containerd 1.6, 1.7 and 2 did it at the time of writing."""
    assert counts(*made).get("Y12", 0) == count


def test_deep_folders_behind_a_link_that_leads_out_cost_little() -> None:
    """Two folders of 1,500 parts in turn, of which none may be remembered."""
    folders = ["a/" * 1500, "b/" * 1500]
    data = tar_of(
        symbolic("x", "/"),
        *(member(f"{folders[number % 2]}{number}") for number in range(400)),
        tar_format=tarfile.GNU_FORMAT,
    )
    before = time.process_time()
    assert watch(data).full
    assert time.process_time() - before < 2


def test_nothing_is_said_of_links_where_not_all_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    made = (symbolic("b", "u"), hard("a", "c/f"))
    assert counts(*made) == {"Y12": 1}
    monkeypatch.setattr(record, "RECORD_LIMIT", 10)
    assert counts(*made) == {}
