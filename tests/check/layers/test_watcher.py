from __future__ import annotations

import io
import struct
import tarfile
from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ocitool.archive.headers import BLOCK, encode_header, encode_pax, padding
from ocitool.check.layers.paths import clean
from ocitool.check.layers.program import HEAD, Machine
from ocitool.check.layers.record import Link, Mark
from ocitool.check.layers.watcher import TarWatcher, WatchedTar
from ocitool.model.limits import EXTENSION_LIMIT
from tests.check.layers.images import EM_AARCH64, FOLDER, HARD, SYMBOLIC, elf, member, tar_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    Made = tuple[tarfile.TarInfo, bytes]

END: Final = bytes(1024)
PARTS: Final = st.text("ab.é-", min_size=1, max_size=8).filter(lambda part: part not in {".", ".."}) | st.just(
    "long" * 40
)
NAMES: Final = st.lists(PARTS, min_size=1, max_size=4).map("/".join)
SPARSE: Final = tarfile.GNUTYPE_SPARSE
KINDS: Final = st.sampled_from([tarfile.REGTYPE, FOLDER, SYMBOLIC, HARD, tarfile.CHRTYPE, tarfile.FIFOTYPE, SPARSE])
FORMATS: Final = st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])


@st.composite
def members(draw: st.DrawFn) -> list[Made]:
    made: list[Made] = []
    for name in draw(st.lists(NAMES, max_size=8)):
        kind = draw(KINDS)
        data = (
            draw(st.binary(max_size=40) | st.integers(500, 1500).map(bytes))
            if kind in {tarfile.REGTYPE, SPARSE}
            else b""
        )
        target = draw(NAMES) if kind in {SYMBOLIC, HARD} else ""
        made.append(member(name, data, kind, linkname=target, mode=draw(st.sampled_from([0o644, 0o755]))))
    return made


def watch(data: bytes, sizes: Sequence[int] = ()) -> WatchedTar:
    """Watch a tar in parts of `sizes`, the rest in one."""
    watcher, position = TarWatcher(), 0
    for size in (*sizes, len(data)):
        watcher.feed(memoryview(data)[position : position + size])
        position += size
    return watcher.finish()


def seen(tar: WatchedTar) -> dict[str, int]:
    return {rule: sightings.count for rule, sightings in tar.sightings.items()}


def same(one: WatchedTar, other: WatchedTar) -> bool:
    return (one.fault, one.entries, one.sightings, one.record) == (
        other.fault,
        other.entries,
        other.sightings,
        other.record,
    )


@given(members(), FORMATS)
def test_it_sees_what_pythons_tarfile_sees(made: list[Made], tar_format: int) -> None:
    data = tar_of(*made, tar_format=tar_format)
    tar = watch(data)
    with tarfile.open(fileobj=io.BytesIO(data)) as oracle:
        infos = oracle.getmembers()
    assert tar.fault == ""
    assert tar.entries == len(infos)
    paths = Counter(clean(info.name.encode()).path for info in infos)
    assert seen(tar).get("Y2", 0) == len(infos) - len(paths)
    for info in {info.name: info for info in infos if paths[info.name.encode()] == 1}.values():
        thing = tar.record.get(info.name.encode())
        if info.issym():
            assert thing == Link(info.linkname.encode(), symbolic=True)
        elif info.islnk():
            assert (
                thing is None
                or not isinstance(thing, Link)
                or thing.target in {other.linkname.encode() for other in infos} | {info.linkname.encode()}
            )
        elif info.isdir():
            assert thing is Mark.FOLDER
        elif info.isreg() and info.size and info.mode & 0o111 and ".so" not in info.name:
            assert thing is Mark.FILE
        else:
            assert thing is None
            assert tar.record.has_other(info.name.encode())


@given(members(), FORMATS, st.lists(st.integers(0, 700), max_size=40))
@example([member("a", elf(EM_AARCH64), mode=0o755)], tarfile.GNU_FORMAT, [511, 1, 1, 19, 1, 200])
def test_parts_of_any_size_give_the_same(made: list[Made], tar_format: int, sizes: list[int]) -> None:
    data = tar_of(*made, tar_format=tar_format)
    assert same(watch(data, sizes), watch(data))
    assert same(watch(data, [1] * len(data)), watch(data))


@given(members(), st.data())
def test_a_flipped_byte_never_raises_and_says_the_same_in_any_parts(made: list[Made], data: st.DataObject) -> None:
    tar = bytearray(tar_of(*made))
    tar[data.draw(st.integers(0, len(tar) - 1))] ^= data.draw(st.integers(1, 255))
    sizes = data.draw(st.lists(st.integers(0, 700), max_size=20))
    assert same(watch(bytes(tar), sizes), watch(bytes(tar)))


@given(st.binary(max_size=2000))
def test_any_bytes_are_judged(data: bytes) -> None:
    tar = watch(data)
    between = len(data) % BLOCK and len(data) < 2 * BLOCK
    assert bool(tar.fault) == bool(data.strip(b"\0") or between)  # nobody guesses a checksum


def test_a_cut_is_told_wherever_readers_stumble_over_it() -> None:
    data = tar_of(member("a", b"x" * 700), member("l" * 150, b"y" * 10), tar_format=tarfile.GNU_FORMAT)
    # Headers and data of the two entries, the second with a header of its long name before it; and a block of zeros
    # that begins but does not end.
    ends = {"a": (0, 512 + 700), "long": (1536, 2048 + 151), "name": (2560, 3072 + 10), "end": (3584, 4096)}
    for length in range(4096 + 512):
        fault = watch(data[:length]).fault
        inside = any(start < length < end for start, end in ends.values()) or length > 4096
        between = ends["long"][1] <= length <= ends["name"][0]  # the long name is there, its entry is not
        assert bool(fault) == (inside or between), length
        assert not fault or "cut short" in fault or length < BLOCK
    assert watch(data[: 4096 + 512]).fault == ""


def test_the_place_of_a_wrong_header_is_told() -> None:
    data = tar_of(member("a", b"x" * 10)).rstrip(b"\0").ljust(1024, b"\0")
    assert watch(data + b"junk".ljust(512) + END).fault == "header at offset 1024: tar header checksum is wrong"
    assert watch(data + bytes(512) + data).fault == "a single block of zeros between entries, at offset 1024"
    assert watch(b"junk".ljust(512)).fault == "tar header checksum is wrong"
    assert watch(data + END + b"whatever comes after the end").fault == ""
    assert watch(data + bytes(512)).fault == ""


def extension(kind: bytes, body: bytes, size: int | None = None) -> bytes:
    block = bytearray(encode_header("x", len(body) if size is None else size))
    block[156:157] = kind
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + body + bytes(padding(len(body)))


FILE: Final = encode_header("file", 0)


def test_extension_headers_are_bounded() -> None:
    assert "too long" in watch(extension(b"x", b"", EXTENSION_LIMIT + 1)).fault
    one = extension(b"L", b"name")
    assert watch(one * 40 + FILE + END).fault == ""
    assert watch(extension(b"g", encode_pax({"comment": "x"})) * 20 + FILE + END).fault == ""
    assert watch(extension(b"L", b"") + FILE + END).fault == ""


def test_extension_headers_that_are_malformed_are_a_fault() -> None:
    assert "offset 0: malformed PAX record" in watch(extension(b"x", b"no record") + FILE + END).fault
    assert "PAX size" in watch(extension(b"x", encode_pax({"size": "-1"})) + FILE + END).fault
    assert watch(extension(b"x", encode_pax({"size": ""})) + FILE + END).fault == ""


def test_less_than_a_header_is_no_tar() -> None:
    assert watch(b"{}").fault == "it is no tar: it has fewer bytes than one header"
    assert "cut short" in watch(bytes(10)).fault


def test_a_pax_size_is_what_is_hopped_over() -> None:
    data = extension(b"x", encode_pax({"size": "600"})) + FILE + bytes(1024) + FILE + END
    assert (watch(data).fault, watch(data).entries, seen(watch(data))) == ("", 2, {"Y2": 1})


def test_the_map_of_a_sparse_file_may_go_on_after_its_header() -> None:
    header = bytearray(extension(b"S", b"", 512))
    header[482] = 1
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    more, last = bytes(504) + b"\1" + bytes(7), bytes(512)
    tar = watch(bytes(header) + more + last + b"d" * 512 + FILE + END)
    assert (tar.fault, tar.entries, seen(tar)) == ("", 2, {"Y12": 1})
    assert "cut short" in watch(bytes(header) + more).fault


def test_only_the_head_of_a_program_is_taken() -> None:
    program = elf(EM_AARCH64) + bytes(5000)
    tar = watch(
        tar_of(member("run", program, mode=0o755), member("lib.so", program, mode=0o755), member("b", program))
    )
    assert tar.record.get(b"run") == Machine(EM_AARCH64, 64, big_endian=False)
    assert tar.record.get(b"lib.so") is None
    assert tar.record.get(b"b") is None
    assert watch(tar_of(member("my.software/b", program, mode=0o755))).record.get(b"my.software/b") is not None
    assert len(program) > HEAD


@pytest.mark.parametrize("size", [1, 19, 20, HEAD - 1, HEAD, HEAD + 1, BLOCK, BLOCK + 1])
def test_a_program_of_any_size_is_followed_by_the_next_entry(size: int) -> None:
    program = (elf(EM_AARCH64) + bytes(1000))[:size]
    tar = watch(tar_of(member("run", program, mode=0o755), member("next")))
    assert (tar.fault, tar.entries) == ("", 2)
    assert isinstance(tar.record.get(b"run"), Machine) == (size >= struct.calcsize("16sHH"))
