"""What `diff` prints, and how it ends, as its users see it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ocitool.cli.text import format_size
from tests.builders import NAME, Layout, as_json, multi_platform
from tests.command import ocitool
from tests.deltas import EMPTY, NEW, OLD, OTHER

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Provide archives that differ."""
    for name, layout in {"old": OLD, "new": NEW, "other": OTHER, "empty": EMPTY}.items():
        (tmp_path / f"{name}.tar").write_bytes(layout.pack())
    return tmp_path


def diff(folder: Path, *arguments: str, code: int = 0) -> list[str]:
    done = ocitool("diff", *arguments, folder=folder)
    assert (done.returncode, done.stderr) == (code, b"")
    return done.stdout.decode().splitlines()


def parts(layout: Layout, number: int) -> list[int]:
    """Return the sizes of a platform's manifest, config and layers, base first."""
    manifest = layout.read(layout.roots[0])["manifests"][number]
    document = layout.read(manifest)
    return [part["size"] for part in (manifest, document["config"], *document["layers"])]


def test_what_changed(folder: Path) -> None:
    lines = diff(folder, "old.tar", "new.tar", "-p", "linux/arm64,linux/arm/v7")
    before, after = ([parts(layout, number) for number in (1, 2)] for layout in (OLD, NEW))
    expected = [
        f"config changed, 1 layer added ({new[3]} B), 1 layer removed ({old[3]} B), 1 layer shared ({old[2]} B)"
        for old, new in zip(before, after, strict=True)
    ]
    removed, added = (format_size(sum(sum(each) - each[2] for each in sizes)) for sizes in (before, after))
    base = before[0][2]
    assert lines == [
        f"{NAME}: changed",
        f"  linux/arm64   changed  {expected[0]}",
        f"  linux/arm/v7  changed  {expected[1]}",
        f"NEW has 6 blobs ({added}) that OLD lacks; both have 1 blob ({base} B); OLD alone has 6 blobs ({removed})",
    ]


def test_every_layer_with_its_digest(folder: Path) -> None:
    lines = diff(folder, "old.tar", "new.tar", "-p", "linux/arm64", "-v")
    manifests = [layout.read(layout.read(layout.roots[0])["manifests"][1]) for layout in (OLD, NEW)]
    (old_config, base, old_layer), (new_config, _, new_layer) = (
        [part["digest"] for part in (document["config"], *document["layers"])] for document in manifests
    )
    signs = [(line.split()[0], line.split()[1], line.split()[-1]) for line in lines if line.startswith("    ")]
    assert signs == [
        ("+", "config", new_config),
        ("=", "layer", base),
        ("+", "layer", new_layer),
        ("-", "config", old_config),
        ("-", "layer", old_layer),
    ]


def test_images_that_are_new_or_gone(folder: Path) -> None:
    lines = diff(folder, "old.tar", "other.tar", "-p", "linux/arm64")
    assert lines[:4] == [
        "docker.io/library/other:1: added",
        f"  linux/arm64  added  2 layers ({sum(parts(OTHER, 1)[2:])} B)",
        f"{NAME}: removed",
        f"  linux/arm64  removed  2 layers ({sum(parts(OLD, 1)[2:])} B)",
    ]


def test_what_is_the_same_is_one_line(folder: Path) -> None:
    lines = diff(folder, "old.tar", "old.tar")
    assert lines[0] == "1 image the same"
    assert lines[1].startswith("NEW has 0 blobs (0 B) that OLD lacks; both have 10 blobs")
    verbose = diff(folder, "old.tar", "old.tar", "-v")
    assert verbose[0] == f"{NAME}: same"
    assert sum("layer" in line for line in verbose) == 6


@pytest.mark.parametrize(
    ("other", "arguments", "code"),
    [
        ("new.tar", (), 0),
        ("new.tar", ("--exit-code",), 1),
        ("old.tar", ("--exit-code",), 0),
        ("empty.tar", ("--exit-code",), 1),
    ],
)
def test_exit_codes(folder: Path, other: str, arguments: tuple[str, ...], code: int) -> None:
    diff(folder, "old.tar", other, *arguments, code=code)
    assert diff(folder, "old.tar", other, *arguments, "-q", code=code) == []
    lines = diff(folder, "old.tar", other, *arguments, "--format", "json", code=code)
    assert json.loads("\n".join(lines))["differs"] == (other != "old.tar")


@pytest.mark.parametrize("form", [(), ("-q",), ("--format", "json"), ("--exit-code",)], ids=" ".join)
def test_what_fits_nothing_is_an_error(folder: Path, form: tuple[str, ...]) -> None:
    done = ocitool("diff", "old.tar", "new.tar", "-p", "linux/s390x", "--image", "other", *form, folder=folder)
    assert done.returncode == 4
    assert b"neither archive has anything that fits other, linux/s390x" in done.stderr
    assert done.stderr.count(b"\n") == 1
    assert b"Traceback" not in done.stderr
    if "json" in form:
        assert json.loads(done.stdout)["unmatched"] == ["other", "linux/s390x"]


def test_one_of_two_that_fits_nothing_is_an_error_after_the_report(folder: Path) -> None:
    done = ocitool("diff", "old.tar", "new.tar", "-p", "linux/arm64,linux/s390x", folder=folder)
    assert (done.returncode, b"linux/arm64  changed" in done.stdout) == (4, True)
    assert b"that fits linux/s390x;" in done.stderr


def test_an_index_that_says_something_else(folder: Path) -> None:
    layout = multi_platform()
    index = layout.read(layout.roots[0])
    index["manifests"].reverse()
    other = Layout(layout.blobs)
    (folder / "order.tar").write_bytes(other.add(other.blob(as_json(index), index["mediaType"])).pack())
    lines = diff(folder, "old.tar", "order.tar", "--exit-code", code=1)
    assert lines[0] == f"{NAME}: changed (what its index says, or the order there)"
    report = json.loads("\n".join(diff(folder, "old.tar", "order.tar", "--format", "json")))
    assert (report["differs"], report["images"][0]["indexChanged"]) == (True, True)


def test_partial_images_are_shown(folder: Path) -> None:
    partial = multi_platform()
    first, second, third = partial.read(partial.roots[0])["manifests"]
    partial.drop(partial.read(first)["layers"][1], second)
    partial.blobs[third["digest"]] += b" "
    (folder / "partial.tar").write_bytes(partial.pack())
    lines = diff(folder, "partial.tar", "old.tar")
    assert [line.split("  ")[-1].split(";")[0] for line in lines[1:4]] == [
        "partial -> complete",
        "absent -> complete",
        "corrupt -> complete",
    ]


def test_many_images_are_a_line_each(folder: Path) -> None:
    layout = Layout()
    for number in range(21):
        layout.add(layout.manifest(layers=(f"{number}",)), f"docker.io/library/app{number}:1")
    (folder / "bundle.tar").write_bytes(layout.pack())
    lines = diff(folder, "empty.tar", "bundle.tar")
    assert len(lines) == 23
    assert lines[20:22] == ["docker.io/library/app20:1: added", "(-v prints the platforms of each)"]
    assert len(diff(folder, "empty.tar", "bundle.tar", "-v")) == 21 * 4 + 1


def test_text_from_archives_is_safe(folder: Path) -> None:
    layout = Layout().add(Layout().manifest(), "evil\x1b[31m")
    (folder / "evil.tar").write_bytes(layout.pack())
    assert "\x1b" not in "".join(diff(folder, "empty.tar", "evil.tar"))


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("old.tar", "absent.tar"), 3, "absent.tar"),
        (("old.tar", "new.tar", "-p", "a/b/c/d"), 2, "a/b/c/d"),
        (("old.tar",), 2, "NEW"),
    ],
)
def test_errors(folder: Path, arguments: tuple[str, ...], code: int, word: str) -> None:
    done = ocitool("diff", *arguments, folder=folder)
    assert (done.returncode, done.stdout) == (code, b"")
    assert word in done.stderr.decode()


def test_the_one_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "cut.tar").write_bytes(OLD.pack()[:5000])
    for arguments in (("cut.tar", "old.tar"), ("old.tar", "cut.tar")):
        done = ocitool("diff", *arguments, folder=folder)
        assert done.returncode == 3
        assert done.stderr.startswith(b"ocitool: cut.tar: ")


def test_pipes_and_folders(folder: Path) -> None:
    done = ocitool("diff", "-", "new.tar", "--exit-code", folder=folder, stdin=NEW.pack())
    assert done.returncode == 0, done.stdout
