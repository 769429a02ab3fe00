"""One layer for each rule of `--deep` that breaks it and no other, and one that comes near and keeps it."""

from __future__ import annotations

import gzip
import tarfile
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ocitool.model.limits import RATIO_FREE, RATIO_LIMIT
from tests.builders import OCI_LAYER, sha256
from tests.check.layers.images import (
    EM_AARCH64,
    EM_X86_64,
    FOLDER,
    ImageOf,
    Packed,
    elf,
    gzipped,
    hard,
    member,
    plain,
    symbolic,
    tar_of,
    zstd,
)
from tests.check.mutation import Mutation

if TYPE_CHECKING:
    from collections.abc import Callable

    Made = tuple[tarfile.TarInfo, bytes]

_STEP: Final = 1 << 24
_SOME: Final = tar_of(member("etc/", kind=FOLDER), member("etc/passwd", b"root"))


def _image(*layers: Packed, **fields: Any) -> bytes:
    return ImageOf(layers, **fields).pack()


def _layers(breaks: Callable[[], Packed], keeps: Callable[[], Packed]) -> Mutation:
    return Mutation(lambda: _image(breaks()), lambda: _image(keeps()))


def _members(breaks: tuple[Made, ...], keeps: tuple[Made, ...]) -> Mutation:
    """Make one gzip layer of each."""
    return _layers(lambda: gzipped(tar_of(*breaks)), lambda: gzipped(tar_of(*keeps)))


def _cut(tar: bytes) -> bytes:
    """Leave out the padding of the last file, and one byte of it."""
    return tar[: tar.index(b"root") + 3]


def _sparse(*, pax: bool) -> Packed:
    """Make a layer of a file as GNU tar writes sparse ones, in PAX or in its own format."""
    if pax:
        headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "data"}
        return gzipped(tar_of(member("GNUSparseFile.1/data", b"0\n".ljust(512, b"\0"), pax_headers=headers)))
    return gzipped(tar_of(member("data", b"0" * 600, kind=tarfile.GNUTYPE_SPARSE)))


def _program(machine: int) -> bytes:
    return _image(
        gzipped(tar_of(symbolic("bin", "usr/bin"), member("usr/bin/run", elf(machine), mode=0o755))),
        config={"Entrypoint": ["run"], "Env": ["PATH=/sbin:/bin"]},
    )


def _bomb(size: int, diff_id: str = "") -> Packed:
    """Make a layer of zeros that a thousandth of its size unpacks to, of many gzip members; never held as a whole."""
    info, _ = member("zeros")
    info.size = size
    zeros = gzip.compress(bytes(_STEP), mtime=0)
    parts = (gzip.compress(info.tobuf(tarfile.USTAR_FORMAT), mtime=0), *[zeros] * (size // _STEP))
    data = b"".join((*parts, gzip.compress(bytes(1024), mtime=0)))
    assert len(data) * RATIO_LIMIT < size  # or the ratio would allow it
    return Packed(data, OCI_LAYER, diff_id or sha256(b"never asked for"))


def _near_bomb() -> Packed:
    """Make one that grows as far, but not to much."""
    info, _ = member("zeros")
    info.size = 16 * _STEP
    return _bomb(info.size, sha256(info.tobuf(tarfile.USTAR_FORMAT) + bytes(info.size + 1024)))


MUTATIONS: Final[dict[str, Mutation]] = {
    "C8": _layers(lambda: gzipped(_SOME, sha256(_SOME + bytes(512))), lambda: gzipped(_SOME)),
    # A tar without its end blocks is read to its end by every reader.
    "Y1": _layers(lambda: gzipped(_cut(_SOME)), lambda: gzipped(_cut(_SOME) + b"t")),
    "Y2": _members(
        (member("etc/passwd", b"one"), member("./etc/passwd", b"two")),
        (member("etc/passwd", b"one"), member("./etc/passwd-", b"two")),
    ),
    "Y3": _layers(lambda: Packed(zstd(_SOME).data, OCI_LAYER, sha256(_SOME)), lambda: gzipped(_SOME)),
    "Y4": _layers(
        partial(_sparse, pax=True), lambda: gzipped(tar_of(member("d", b"x", pax_headers={"SCHILY.xattr.a": "1"})))
    ),
    "Y5": _members((member("etc/.wh."),), (member("etc/.wh.a"),)),
    "Y7": _members(
        (member("etc/b"), member("etc/.wh.a")),
        (member("etc/.wh.a"), member("etc/b"), member("other/.wh.c"), member("other/d")),
    ),
    "Y9": _members(
        (symbolic("out", "../.."), member("out/file", b"x")),
        (
            symbolic("usr/lib64", "../lib"),
            symbolic("etc/localtime", "/usr/share/x"),
            member("/ko-app", b"x"),
            hard("a", "ko-app"),
        ),
    ),
    "Y12": _members((member("etc", b"x"), member("etc/passwd", b"y")), (member("etc"), member("etc.d/passwd", b"y"))),
    "Y10": Mutation(lambda: _program(EM_AARCH64), lambda: _program(EM_X86_64)),
    "Y11": _layers(lambda: _bomb(RATIO_FREE + 2 * _STEP), _near_bomb),
}
"""By the rule that `breaks` fires."""

OTHERS: Final[dict[str, tuple[str, Callable[[], bytes]]]] = {
    "gzip data that is cut short": (
        "Y1",
        lambda: _image(Packed(gzip.compress(_SOME)[:-9], OCI_LAYER, sha256(_SOME))),
    ),
    "zeros after the end of gzip data": (
        "Y1",
        lambda: _image(Packed(gzip.compress(_SOME) + bytes(512), OCI_LAYER, sha256(_SOME))),
    ),
    "a number of the header that is none": (
        "Y1",
        lambda: _image(gzipped(tar_of(member("a", pax_headers={"mtime": "yesterday"})))),
    ),
    "a hard link to a folder": ("Y12", lambda: _image(gzipped(tar_of(member("d", kind=FOLDER), hard("a", "d"))))),
    "a hard link to what the layer does not have": ("Y12", lambda: _image(gzipped(tar_of(hard("a", "b"))))),
    "a file of a type that nobody knows": ("Y12", lambda: _image(gzipped(tar_of(member("a", kind=b"V"))))),
    "a symbolic link to nothing": ("Y12", lambda: _image(gzipped(tar_of(symbolic("a", ""))))),
    "a part of a name that no file system takes": ("Y12", lambda: _image(gzipped(tar_of(member("a/" + "n" * 256))))),
    "a path through links that never end": (
        "Y12",
        lambda: _image(gzipped(tar_of(symbolic("a", "b"), symbolic("b", "a"), member("a/x")))),
    ),
    "no tar at all": ("Y1", lambda: _image(plain(b"{}" * 600))),
    "plain bytes as gzip": ("Y3", lambda: _image(Packed(_SOME, OCI_LAYER, sha256(_SOME)))),
    "gzip bytes as a plain tar": (
        "Y3",
        lambda: _image(Packed(gzip.compress(_SOME), plain(b"").media_type, sha256(_SOME))),
    ),
    "a sparse file of GNU": ("Y12", lambda: _image(_sparse(pax=False))),
    "a whiteout of the folder itself": ("Y5", lambda: _image(gzipped(tar_of(member("etc/.wh..."))))),
    "an opaque whiteout after a sibling": (
        "Y7",
        lambda: _image(gzipped(tar_of(member("etc/b"), member("etc/.wh..wh..opq")))),
    ),
    "a name that no system takes": ("Y11", lambda: _image(gzipped(tar_of(member("n" * 5000))))),
    "a name that goes up": ("Y9", lambda: _image(gzipped(tar_of(member("etc/../../passwd"))))),
    "a hard link that goes up": ("Y9", lambda: _image(gzipped(tar_of(member("passwd"), hard("etc/a", "../passwd"))))),
    "a path through an absolute link": (
        "Y9",
        lambda: _image(gzipped(tar_of(symbolic("a/b", "/etc"), member("a/b/passwd")))),
    ),
    "a path through two links, the second leading out": (
        "Y9",
        lambda: _image(gzipped(tar_of(symbolic("a", "b"), symbolic("b", ".."), member("a/x")))),
    ),
}
"""Further ways to break a rule, and no other."""
