"""Outputs share blocks with their sources on real file systems that can, and hold the same bytes everywhere."""

from __future__ import annotations

import errno
import fcntl
import gzip
import os
import time
from typing import TYPE_CHECKING, NoReturn

import pytest

from ocitool.api import WriteOptions, filter_archive, merge_archives, split_archive, split_options
from ocitool.archive.new_file import NewFile
from ocitool.archive.new_folder import NewFolder
from ocitool.errors import ChangedSource, IntegrityError, OutputError
from ocitool.plan.options import Layers, Reflink
from ocitool.plan.steps import ALIGNED_FROM
from tests.disks import SMALLEST, free_bytes, mounted, shared_bytes
from tests.failure.endings import Meddler, run_piped
from tests.failure.splitting import MEBIBYTE, heavy_layout
from tests.folders import names_in, unpack
from tests.importers.availability import give_up
from tests.laws.filtering import filtered, merged, options_of, parts_of
from tests.laws.test_reflink_laws import large_layers, members

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ocitool.archive.open_range import OpenRange

SIZE = 12 * MEBIBYTE
NAMES = ("linux/amd64", "linux/arm64")
OPTIONS = options_of(["linux/arm64"], reflink=Reflink.ALWAYS)
UNVERIFIED = WriteOptions(verify=False)


class Counter:
    """A listener that adds up what it hears of."""

    def __init__(self) -> None:
        self.total: int | None = None
        self.count = 0

    def start(self, phase: str, total: int | None) -> None:
        if phase == "filtering":
            self.total = total

    def advance(self, count: int) -> None:
        self.count += count

    def finish(self) -> None:
        pass


@pytest.fixture(scope="module", params=sorted(SMALLEST))
def formatted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    kind = str(request.param)
    with mounted(tmp_path_factory.mktemp(kind), kind, SMALLEST[kind], give_up) as disk:
        yield disk


@pytest.fixture
def disk(formatted: Path) -> Iterator[Path]:
    """Provide a file system whose files share blocks, with nothing on it."""
    yield formatted
    for path in sorted(formatted.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


@pytest.fixture(scope="module")
def data() -> bytes:
    return heavy_layout(SIZE, NAMES).pack()


@pytest.fixture
def source(disk: Path, data: bytes) -> Path:
    path = disk / "in.tar"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("write_options", [WriteOptions(), UNVERIFIED], ids=["verified", "unverified"])
def test_an_output_takes_no_room_of_its_own(
    disk: Path, source: Path, data: bytes, write_options: WriteOptions
) -> None:
    before, counter, output = free_bytes(disk), Counter(), disk / "out.tar"
    result = filter_archive(source, output, OPTIONS, write_options=write_options, listener=counter)
    assert before - free_bytes(disk) < MEBIBYTE
    assert output.read_bytes() == filtered(data, ["linux/arm64"], reflink=Reflink.AUTO)
    assert result.output.shared == shared_bytes(output)
    assert SIZE - 2 * 4096 < result.output.shared <= SIZE
    assert counter.count == counter.total == result.plan.read


def test_what_is_not_asked_for_is_not_done(disk: Path, source: Path) -> None:
    result = filter_archive(source, disk / "out.tar", options_of(["linux/arm64"]), write_options=UNVERIFIED)
    assert result.output.shared == 0


def test_an_output_is_a_source_that_blocks_are_shared_with(disk: Path, source: Path) -> None:
    first, second = disk / "first.tar", disk / "second.tar"
    filter_archive(source, first, OPTIONS)
    source.unlink()
    assert filter_archive(first, second, OPTIONS).output.shared > SIZE - 8192
    assert first.read_bytes() == second.read_bytes()


def test_an_output_stays_when_its_source_is_written_over(disk: Path, source: Path, data: bytes) -> None:
    filter_archive(source, disk / "out.tar", OPTIONS)
    with source.open("r+b") as stream:
        stream.write(bytes(len(data)))
    assert (disk / "out.tar").read_bytes() == filtered(data, ["linux/arm64"], reflink=Reflink.AUTO)


def test_parts_share_one_layer(disk: Path) -> None:
    data = large_layers({name: [ALIGNED_FROM] for name in NAMES}).pack()
    source = disk / "in.tar"
    source.write_bytes(data)
    options = options_of(["all"], reflink=Reflink.ALWAYS)
    result = split_archive(source, disk / "parts", options, split_options(source))
    expected = parts_of(data, reflink=Reflink.AUTO)
    for output, part in zip(result.outputs, expected.values(), strict=True):
        path = disk / output.path
        assert path.read_bytes() == part
        assert output.shared == shared_bytes(path) > 2 * (ALIGNED_FROM - 8192)


def test_a_merge_shares_with_all_its_sources(disk: Path) -> None:
    archives = [large_layers({name: [ALIGNED_FROM]}).pack() for name in NAMES]
    paths = [disk / "0.tar", disk / "1.tar"]
    for path, data in zip(paths, archives, strict=True):
        path.write_bytes(data)
    result = merge_archives(paths, disk / "out.tar", options_of(["all"], reflink=Reflink.ALWAYS))
    assert result.output.shared == shared_bytes(disk / "out.tar") > 3 * (ALIGNED_FROM - 8192)
    assert (disk / "out.tar").read_bytes() == merged(archives, reflink=Reflink.AUTO)


def test_a_folder_is_shared_with(disk: Path) -> None:
    folder, output = unpack(heavy_layout(SIZE, NAMES), disk / "layout"), disk / "out.tar"
    result = filter_archive(folder, output, OPTIONS)
    assert result.output.shared == shared_bytes(output) == SIZE


@pytest.mark.parametrize("compressed", [False, True])
def test_a_spool_becomes_the_output(disk: Path, tmp_path: Path, data: bytes, *, compressed: bool) -> None:
    source = tmp_path / "in"
    source.write_bytes(gzip.compress(data, 1) if compressed else data)
    fill(disk, leave=len(data) + SIZE)  # enough for one of them
    output = disk / "out.tar"
    done = run_piped(source, "filter", "-", "-p", "all", "--reflink", "always", "-o", output)
    assert done.returncode == 0, done.stderr
    assert b"shares" not in done.stdout  # the spool is gone, and nobody has these blocks but the output
    assert output.read_bytes() == filtered(data, ["all"], reflink=Reflink.AUTO)


@pytest.mark.parametrize("layers", [Layers.GZIP, Layers.ZSTD])
def test_layers_compressed_anew_are_not_copied(disk: Path, layers: Layers) -> None:
    source, output = disk / "in.tar", disk / "out.tar"
    source.write_bytes(large_layers({name: [MEBIBYTE] for name in NAMES}).pack())
    result = filter_archive(source, output, options_of(["all"], reflink=Reflink.ALWAYS, layers=layers))
    assert result.output.shared == 0
    aligned = members(output.read_bytes())
    filter_archive(source, output, options_of(["all"], layers=layers))
    assert members(output.read_bytes()) == aligned


def test_there_need_be_no_room_for_what_is_shared(disk: Path, source: Path, data: bytes) -> None:
    fill(disk, leave=SIZE // 2)
    result = filter_archive(source, disk / "out.tar", options_of(["linux/arm64"], reflink=Reflink.AUTO))
    assert result.output.shared > SIZE - 8192
    assert (disk / "out.tar").read_bytes() == filtered(data, ["linux/arm64"], reflink=Reflink.AUTO)


def test_there_must_be_room_for_what_is_not_shared(disk: Path, tmp_path: Path, data: bytes) -> None:
    elsewhere = tmp_path / "in.tar"
    elsewhere.write_bytes(data)
    fill(disk, leave=SIZE // 2)
    with pytest.raises(OutputError, match="are free"):
        filter_archive(elsewhere, disk / "out.tar", options_of(["linux/arm64"], reflink=Reflink.AUTO))
    assert names_in(disk) == ["filler"]


@pytest.mark.parametrize("place", [0, SIZE // 2, SIZE - 1], ids=["first block", "shared blocks", "last block"])
def test_a_corrupt_layer_is_found_though_it_is_there_already(
    disk: Path, source: Path, data: bytes, place: int
) -> None:
    layer = max(heavy_layout(SIZE, NAMES).blobs.values(), key=lambda blob: (len(blob), data.index(blob)))
    spoiled = bytearray(data)
    spoiled[data.index(layer) + place] ^= 1
    source.write_bytes(spoiled)
    with pytest.raises(IntegrityError, match="is corrupt"):
        filter_archive(source, disk / "out.tar", options_of(["all"], reflink=Reflink.ALWAYS))
    assert names_in(disk) == ["in.tar"]


@pytest.mark.parametrize("change", ["touch", "append", "cut"])
@pytest.mark.parametrize("write_options", [WriteOptions(), UNVERIFIED], ids=["verified", "unverified"])
def test_a_source_that_changes_meanwhile(disk: Path, source: Path, change: str, write_options: WriteOptions) -> None:
    with pytest.raises(ChangedSource):
        filter_archive(
            source, disk / "out.tar", OPTIONS, write_options=write_options, listener=Meddler(source, change)
        )
    assert names_in(disk) == ["in.tar"]


@pytest.mark.parametrize("kind", ["file", "folder"])
@pytest.mark.parametrize("to_folder", [False, True], ids=["to a file", "to a folder"])
def test_a_source_that_is_mended_after_it_was_shared(
    disk: Path, monkeypatch: pytest.MonkeyPatch, kind: str, *, to_folder: bool
) -> None:
    """What is hashed is then not what the output has; its time of modification is set back."""
    layout = heavy_layout(SIZE, NAMES)
    large = [name for name, blob in layout.entries().items() if len(blob) >= SIZE]
    if kind == "folder":
        source = unpack(layout, disk / "in")
        files = [source / name for name in large]
        for path in files:
            path.chmod(0o666)  # so that it is cloned into a folder, not linked
    else:
        source = disk / "in.tar"
        source.write_bytes(layout.pack())
        files = [source]
    places = [path.stat().st_size // 2 for path in files]
    good = [_put(path, place, b"spoiled") for path, place in zip(files, places, strict=True)]

    def mend() -> None:
        for path, place, old in zip(files, places, good, strict=True):
            before = path.stat()
            while path.stat().st_ctime_ns == before.st_ctime_ns:
                _put(path, place, old)
                os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    clone, link = NewFile.clone_at, NewFolder.link

    def clone_and_mend(sink: NewFile, offset: int, opened: OpenRange, length: int) -> str:
        reason = clone(sink, offset, opened, length)
        mend()
        return reason

    def link_and_mend(sink: NewFolder, name: str, opened: OpenRange) -> bool:
        done = link(sink, name, opened)
        mend()
        return done

    monkeypatch.setattr(NewFile, "clone_at", clone_and_mend)
    monkeypatch.setattr(NewFolder, "link", link_and_mend)
    output = f"{disk}/out/" if to_folder else disk / "out.tar"
    options = options_of(["linux/arm64"], reflink=Reflink.AUTO)
    if to_folder and kind == "file":
        assert filter_archive(source, output, options).written  # copied from what was hashed
        return
    with pytest.raises(ChangedSource):
        filter_archive(source, output, options)
    assert len(names_in(disk)) == 1


def test_a_source_may_get_another_name_while_it_is_copied(disk: Path, source: Path, data: bytes) -> None:
    """Only where blocks are shared does the time of that count."""

    class Renamer(Counter):
        def start(self, phase: str, total: int | None) -> None:
            super().start(phase, total)
            if phase == "filtering":
                source.rename(disk / "other.tar")

    filter_archive(source, disk / "out.tar", options_of(["linux/arm64"]), listener=Renamer())
    assert (disk / "out.tar").read_bytes() == filtered(data, ["linux/arm64"])


def test_what_replaces_its_source_shares_nothing_that_lasts(disk: Path, source: Path) -> None:
    assert filter_archive(source, source, OPTIONS).output.shared == 0
    # XFS frees what has no name any more in the background.
    deadline = time.monotonic() + 10
    while shared_bytes(source) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert shared_bytes(source) == 0
    os.link(source, disk / "again.tar")
    assert filter_archive(source, source, OPTIONS).output.shared == shared_bytes(source) > 0


def test_what_two_files_cannot_share_has_a_remedy_that_helps(
    disk: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ioctl(*_arguments: object) -> NoReturn:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    with pytest.raises(OutputError, match="copy-on-write is switched off") as caught:
        filter_archive(source, disk / "out.tar", OPTIONS)
    assert caught.value.remedy.startswith("take --reflink auto")


@pytest.mark.parametrize("write_options", [WriteOptions(), UNVERIFIED], ids=["verified", "unverified"])
def test_elsewhere_bytes_are_copied_or_it_is_refused(
    disk: Path, tmp_path: Path, data: bytes, write_options: WriteOptions
) -> None:
    elsewhere, output = tmp_path / "in.tar", disk / "out.tar"
    elsewhere.write_bytes(data)
    with pytest.raises(OutputError, match="cannot share blocks with") as caught:
        filter_archive(elsewhere, output, OPTIONS, write_options=write_options)
    assert "--reflink auto" in caught.value.remedy
    assert names_in(disk) == []
    auto = options_of(["linux/arm64"], reflink=Reflink.AUTO)
    assert filter_archive(elsewhere, output, auto, write_options=write_options).output.shared == 0
    assert output.read_bytes() == filtered(data, ["linux/arm64"], reflink=Reflink.AUTO)


def test_a_file_system_that_cannot(tmp_path: Path) -> None:
    data = large_layers({"linux/arm64": [ALIGNED_FROM]}).pack()
    with mounted(tmp_path, "ext4", 4 * MEBIBYTE, give_up) as ext4:
        source, output = ext4 / "in.tar", ext4 / "out.tar"
        source.write_bytes(data)
        with pytest.raises(OutputError, match="cannot share blocks"):
            filter_archive(source, output, OPTIONS)
        assert not output.exists()
        assert filter_archive(source, output, options_of(["all"], reflink=Reflink.AUTO)).output.shared == 0
        assert output.read_bytes() == filtered(data, ["all"], reflink=Reflink.AUTO)


def _put(path: Path, place: int, data: bytes) -> bytes:
    """Write over a part of a file; return what was there."""
    with path.open("r+b") as stream:
        stream.seek(place)
        old = stream.read(len(data))
        stream.seek(place)
        stream.write(data)
    return old


def fill(disk: Path, *, leave: int) -> None:
    """Take all room of a file system but `leave` bytes."""
    with (disk / "filler").open("wb") as stream:
        while (room := free_bytes(disk) - leave) > 0:
            stream.write(bytes(min(room, 8 * MEBIBYTE)))
            stream.flush()
