"""The work and the memory of a plan grow with the entries of an archive, in proportion, and not with its bytes."""

from __future__ import annotations

import json
import sys
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import ocitool
from benchmarks.sparse import ENTRIES_PER_IMAGE, PLATFORMS, make_sparse_archive
from ocitool.api import (
    AdviseOptions,
    FilterOptions,
    PlatformSelection,
    advise_archive,
    filter_archive,
    inspect_archive,
    split_archive,
    split_options,
)
from ocitool.model.platform import Platform
from tests.builders import Layout

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    Verb = Callable[[Path], object]

IMAGES: Final = 4
BYTES_PER_ENTRY: Final = 4096

PROGRAM: Final = str(Path(ocitool.__file__).parent)

KIB: Final = 1024
GIB: Final = 1024**3


def plan_one(source: Path) -> object:
    options = FilterOptions(PlatformSelection.parse(["linux/arm64"]))
    return filter_archive(source, source.with_name("out.tar"), options, dry_run=True).to_json()


def plan_all(source: Path) -> object:
    options = FilterOptions(PlatformSelection.parse(["all"]))
    return filter_archive(source, source.with_name("out.tar"), options, dry_run=True).to_json()


def plan_split(source: Path) -> object:
    options = FilterOptions(PlatformSelection.parse(["all"]))
    return split_archive(source, source.with_name("parts"), options, split_options(source), dry_run=True)


def advise_all(source: Path) -> object:
    return advise_archive(source, AdviseOptions(host=Platform("linux", "amd64"))).to_json()


PLANNING: Final[dict[str, Verb]] = {
    "inspect": inspect_archive,
    "filter to one": plan_one,
    "filter to all": plan_all,
    "split": plan_split,
}


def archive(folder: Path, images: int, size: int = 0) -> Path:
    """Make an archive of small layers, or of `size` bytes that take no room."""
    path = folder / f"{images}-{size}.tar"
    make_sparse_archive(path, entries=images * ENTRIES_PER_IMAGE, size=size)
    return path


def of_platforms(folder: Path, count: int) -> Path:
    """Make an archive of one image for many platforms, none of them that of a usual host."""
    layout = Layout()
    path = folder / f"{count}-platforms.tar"
    path.write_bytes(layout.add(layout.index(layout.manifest(f"linux/arm/x{n}") for n in range(count))).pack())
    return path


def of_names(folder: Path, count: int) -> Path:
    """Make an archive of one image under many names."""
    layout = Layout()
    index = layout.index([layout.manifest("linux/amd64"), layout.manifest("linux/arm64")])
    for number in range(count):
        layout.add(index, f"docker.io/library/app:{number}")
    path = folder / f"{count}-names.tar"
    path.write_bytes(layout.pack())
    return path


def calls(verb: Verb, source: Path) -> int:
    """Count the calls of the program's own functions: how many they are does not depend on the machine."""
    count = 0

    def on_event(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call" and frame.f_code.co_filename.startswith(PROGRAM)

    before = sys.getprofile()
    sys.setprofile(on_event)
    try:
        verb(source)
    finally:
        sys.setprofile(before)
    return count


def peak(verb: Verb, source: Path) -> int:
    """Return the bytes that Python objects take at the most, beyond those that were there."""
    tracemalloc.start()
    try:
        verb(source)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", PLANNING)
def test_twice_the_images_are_twice_the_work(name: str, tmp_path: Path) -> None:
    verb = PLANNING[name]
    verb(archive(tmp_path, 1))  # modules and caches are there from then on
    one, two, four = (calls(verb, archive(tmp_path, factor * IMAGES)) for factor in (1, 2, 4))
    # What is the same for every archive is in none of the differences.
    assert (four - two) <= 2.1 * (two - one)


@pytest.mark.parametrize(
    ("made", "verb"),
    [
        pytest.param(archive, advise_all, id="images-advise"),
        pytest.param(of_platforms, plan_all, id="platforms-filter"),
        pytest.param(of_platforms, plan_split, id="platforms-split"),
        pytest.param(of_platforms, advise_all, id="platforms-advise"),
        pytest.param(of_names, inspect_archive, id="names-inspect"),
        pytest.param(of_names, plan_one, id="names-filter"),
        pytest.param(of_names, plan_split, id="names-split"),
        pytest.param(of_names, advise_all, id="names-advise"),
    ],
)
def test_twice_as_much_of_anything_is_twice_the_work(
    made: Callable[[Path, int], Path], verb: Verb, tmp_path: Path
) -> None:
    verb(made(tmp_path, 2))
    # More than the sixteen names that skopeo and podman are tried with.
    one, two, four = (calls(verb, made(tmp_path, factor * 20)) for factor in (1, 2, 4))
    assert (four - two) <= 2.1 * (two - one)


@pytest.mark.parametrize("name", PLANNING)
def test_an_entry_takes_four_kibibytes_at_the_most(name: str, tmp_path: Path) -> None:
    verb = PLANNING[name]
    verb(archive(tmp_path, 1))
    fewer, more = (peak(verb, archive(tmp_path, factor * IMAGES)) for factor in (1, 3))
    assert (more - fewer) <= BYTES_PER_ENTRY * 2 * IMAGES * ENTRIES_PER_IMAGE


@pytest.mark.parametrize("name", PLANNING)
def test_bytes_that_are_not_read_are_no_work(name: str, tmp_path: Path) -> None:
    small, large = archive(tmp_path, 2, GIB), archive(tmp_path, 2, 10 * GIB)
    verb = PLANNING[name]
    verb(small)
    assert calls(verb, large) == calls(verb, small)
    assert abs(peak(verb, large) - peak(verb, small)) < 64 * KIB


@pytest.mark.parametrize(("name", "again"), [("filter to one", 0), ("filter to all", IMAGES), ("split", 0)])
def test_each_document_is_parsed_once_and_each_index_again_that_is_kept(
    name: str, again: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed = 0
    decode = json.JSONDecoder.raw_decode

    def counting(self: json.JSONDecoder, text: str, start: int = 0) -> object:
        nonlocal parsed
        parsed += 1
        return decode(self, text, start)

    monkeypatch.setattr(json.JSONDecoder, "raw_decode", counting)
    PLANNING[name](archive(tmp_path, IMAGES))
    # index.json and oci-layout; of each image an index, of each platform a manifest and a config.
    assert parsed == 2 + IMAGES * (1 + 2 * len(PLATFORMS)) + again
