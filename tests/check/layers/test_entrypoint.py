"""What an image starts is found as an engine finds it: PATH, links, scripts, whiteouts, the topmost layer."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING, Any, Final

import pytest

from ocitool.check.layers.entrypoint import find_program, read_start
from tests.builders import as_json
from tests.check.layers.images import EM_AARCH64, EM_X86_64, FOLDER, elf, hard, member, symbolic, tar_of
from tests.check.layers.test_watcher import watch

if TYPE_CHECKING:
    Made = tuple[tarfile.TarInfo, bytes]

ARM: Final = elf(EM_AARCH64)
INTEL: Final = elf(EM_X86_64)


def run(name: str, data: bytes = ARM) -> Made:
    return member(name, data, mode=0o755)


def found(config: dict[str, Any], *layers: tuple[Made, ...]) -> tuple[str, int] | None:
    """Return the path and the machine of what is started, None if that cannot be told."""
    start = read_start(as_json({"config": config}))
    assert start is not None
    records = [watch(tar_of(*made)).record for made in layers]
    if not all(record.whole for record in records):
        return None
    program = find_program(start, records, strict=True)
    return None if program is None else (program.path.decode(), program.machine.number)


@pytest.mark.parametrize(
    ("config", "paths"),
    [
        ({"Entrypoint": ["/a"], "Cmd": ["b"]}, [b"/a"]),
        ({"Entrypoint": None, "Cmd": ["/b"]}, [b"/b"]),
        ({"Entrypoint": [], "Cmd": ["./b"], "WorkingDir": "/w"}, [b"/w/./b"]),
        ({"Cmd": ["b/c"]}, [b"/b/c"]),
        ({"Cmd": ["b"], "Env": ["A=1", "PATH=/x:/y"]}, [b"/x/b", b"/y/b"]),
        ({"Cmd": ["b"], "Env": ["PATH=/x", "PATH=/z:"]}, [b"/z/b"]),
        (
            {"Cmd": ["b"], "Env": [1, None]},
            [
                b"/usr/local/sbin/b",
                b"/usr/local/bin/b",
                *(b"/%s/b" % p for p in (b"usr/sbin", b"usr/bin", b"sbin", b"bin")),
            ],
        ),
    ],
)
def test_where_the_first_word_may_lie(config: dict[str, Any], paths: list[bytes]) -> None:
    start = read_start(as_json({"config": config}))
    assert start is not None
    assert list(start.paths) == paths


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"{}", b'{"config":[]}', b'{"config":{}}', b'{"config":{"Cmd":"/b"}}', b'{"config":{"Cmd":[""]}}'],
)
def test_configs_that_start_nothing(raw: bytes) -> None:
    assert read_start(raw) is None


def test_links_are_followed_across_layers() -> None:
    base = (symbolic("bin", "usr/bin"), run("usr/bin/busybox"), hard("usr/bin/ash", "usr/bin/busybox"))
    assert found({"Cmd": ["sh"]}, base, (symbolic("usr/bin/sh", "/bin/ash"),)) == ("usr/bin/ash", EM_AARCH64)


def test_the_topmost_layer_wins() -> None:
    assert found({"Cmd": ["/a"]}, (run("a"),), (run("a", INTEL),)) == ("a", EM_X86_64)
    assert found({"Cmd": ["/a"]}, (run("a", INTEL),), (run("a"),)) == ("a", EM_AARCH64)
    assert found({"Cmd": ["/a"]}, (run("a"), run("a", INTEL))) == ("a", EM_X86_64)


@pytest.mark.parametrize(
    ("whiteout", "seen"),
    [("d/.wh.a", False), (".wh.d", False), ("d/.wh..wh..opq", False), (".wh..wh..opq", False), ("d/.wh.b", True)],
)
def test_whiteouts_hide_what_is_below(whiteout: str, *, seen: bool) -> None:
    config = {"Cmd": ["/d/a"]}
    assert (found(config, (run("d/a"),), (member(whiteout),)) is not None) == seen
    assert found(config, (member(whiteout),), (run("d/a"),)) is not None
    assert found(config, (run("d/a", INTEL),), (member(whiteout), run("d/a"))) == ("d/a", EM_AARCH64)


def test_a_folder_in_the_place_of_a_link_counts() -> None:
    base = (symbolic("bin", "usr/bin"), run("usr/bin/a", INTEL))
    assert found({"Cmd": ["/bin/a"]}, base, (member("bin/", kind=FOLDER), run("bin/a"))) == ("bin/a", EM_AARCH64)
    assert found({"Cmd": ["/bin/a"]}, base, (member("bin/", kind=FOLDER),)) is None


def test_scripts_lead_to_their_interpreters() -> None:
    script = run("start", b"#!/bin/env python3\n")
    assert found({"Cmd": ["/start"]}, (script, run("bin/env"))) == ("bin/env", EM_AARCH64)
    assert found({"Cmd": ["/start"]}, (script,)) is None
    assert found({"Cmd": ["/a"]}, (run("a", b"#!/a\n"),)) is None


def test_what_cannot_be_told() -> None:
    assert found({"Cmd": ["/a"]}, (run("a", b"echo"),)) is None
    assert found({"Cmd": ["/a"]}, (member("a/", kind=FOLDER),)) is None
    assert found({"Cmd": ["/a"]}, (symbolic("a", "a"),)) is None
    assert found({"Cmd": ["/a"]}) is None


def test_path_goes_on_where_nothing_is_found() -> None:
    assert found({"Cmd": ["a"]}, (member("usr/bin/a/", kind=FOLDER), run("bin/a"))) == ("bin/a", EM_AARCH64)


_BB_LINKED: Final = (run("bb"), hard("app", "bb"))
_MERGED: Final = (member("usr/bin/", kind=FOLDER), symbolic("bin", "usr/bin"), run("usr/bin/app"))


@pytest.mark.parametrize(
    "upper",
    [
        member("app", b"", mode=0o755),
        member("app", INTEL, mode=0o644),
        member("app", kind=tarfile.CHRTYPE),
        member("app", kind=FOLDER),
        member("app", INTEL, kind=tarfile.GNUTYPE_SPARSE, mode=0o755),
        member("app", INTEL, mode=0o755, pax_headers={"GNU.sparse.major": "1"}),
        hard("app", "not-known"),
        symbolic("app", "app"),
        member(".wh.app"),
    ],
)
def test_whatever_replaces_a_program_counts(upper: Made) -> None:
    assert found({"Cmd": ["/app"]}, (run("app"),)) is not None
    assert found({"Cmd": ["/app"]}, (run("app"),), (upper,)) is None
    assert found({"Cmd": ["/app"]}, (run("app"), upper)) is None
    assert found({"Cmd": ["/link"]}, (run("app"), symbolic("link", "app")), (upper,)) is None


@pytest.mark.parametrize("upper", [member("d", b"x"), symbolic("d", "e"), member("d", kind=tarfile.FIFOTYPE)])
def test_what_replaces_its_folder_counts(upper: Made) -> None:
    assert found({"Cmd": ["/d/app"]}, (run("d/app"),), (upper,)) is None


def test_hard_links_are_what_they_were_made_to() -> None:
    config = {"Cmd": ["/app"]}
    assert found(config, _BB_LINKED, (run("bb", INTEL),)) == ("app", EM_AARCH64)
    assert found(config, (*_BB_LINKED, run("bb", INTEL))) == ("app", EM_AARCH64)
    assert found(config, _BB_LINKED, (member(".wh.bb"),)) == ("app", EM_AARCH64)
    assert found(config, (run("bb"),), (hard("app", "bb"), run("bb", INTEL))) == ("app", EM_AARCH64)
    assert found(config, (run("a"), hard("b", "a"), hard("app", "./b"))) == ("app", EM_AARCH64)
    assert found(config, (run("a"), symbolic("l", "a"), hard("app", "l"))) == ("a", EM_AARCH64)
    assert found(config, (symbolic("l", "d"), run("d/a")), (hard("app", "l/a"),)) is None
    assert found(config, (hard("app", "app"),)) is None


@pytest.mark.parametrize("upper", [run("bin/app", INTEL), member("bin/.wh.app"), member("bin/other/file")])
def test_nothing_is_told_where_a_layer_writes_through_a_link(upper: Made) -> None:
    assert found({"Cmd": ["/usr/bin/app"]}, _MERGED) is not None
    assert found({"Cmd": ["/usr/bin/app"]}, _MERGED, (upper,)) is None
    assert found({"Cmd": ["/bin/app"]}, _MERGED, (upper,)) is None
    assert found({"Cmd": ["/usr/bin/app"]}, (*_MERGED, upper)) is None
    assert found({"Cmd": ["/usr/bin/app"]}, (*_MERGED, upper, member("bin/", kind=FOLDER))) is None


def test_a_whiteout_after_its_file_leaves_it_in_doubt() -> None:
    assert found({"Cmd": ["/a"]}, (run("a"), member(".wh.a"))) is None
    assert found({"Cmd": ["/a"]}, (member(".wh.a"), run("a"))) is not None


def test_path_skips_what_nobody_may_execute() -> None:
    start = read_start(as_json({"config": {"Cmd": ["a"]}}))
    assert start is not None
    layers = [watch(tar_of(member("usr/bin/a", INTEL), run("bin/a"))).record]
    program = find_program(start, layers)
    assert program is not None
    assert program.path == b"bin/a"
    assert find_program(start, layers, strict=True) is None  # what is kept of it does not tell a file from a folder


def test_what_is_too_much_is_not_told() -> None:
    config = {"Cmd": ["a"], "Env": ["PATH=" + ":".join(f"/{number}" for number in range(70))]}
    assert found(config, (run("3/a"),)) is None
    assert found({"Cmd": ["/a"]}, *[(run("a"),)] * 129) is None
    assert found({"Cmd": ["/" + "a/" * 300 + "b"]}, (run("a/" * 300 + "b"),)) is None
