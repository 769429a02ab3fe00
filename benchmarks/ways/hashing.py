"""Hash a file: parts of several sizes, all at once, other callers of the same code."""

from __future__ import annotations

import ctypes
import ctypes.util
import hashlib
import mmap
import os
import subprocess
from functools import partial
from typing import TYPE_CHECKING, Final

from benchmarks.ways.way import KIB, MIB, Way, spans

if TYPE_CHECKING:
    from benchmarks.ways.way import Bench

_SIZES: Final = {"1 MiB (today)": MIB, "64 KiB": 64 * KIB, "256 KiB": 256 * KIB, "4 MiB": 4 * MIB}


def ways(bench: Bench) -> list[Way]:
    """Return the ways to hash the source."""
    found = [Way(f"update, {name}", partial(_update, bench, chunk)) for name, chunk in _SIZES.items()]
    found += [
        Way("mmap, one update", partial(_mapped, bench)),
        Way("hashlib.file_digest", partial(_file_digest, bench)),
        Way("openssl dgst", partial(_openssl, bench)),
    ]
    if (library := ctypes.util.find_library("crypto")) is not None:
        found.append(Way("mmap, EVP_Digest", partial(_one_shot, bench, ctypes.CDLL(library))))
    return found


def _update(bench: Bench, chunk: int) -> None:
    hasher, buffer = hashlib.sha256(), memoryview(bytearray(chunk))
    for offset, length in spans(bench.size, chunk):
        os.preadv(bench.descriptor, [buffer[:length]], offset)
        hasher.update(buffer[:length])


def _mapped(bench: Bench) -> None:
    with mmap.mmap(bench.descriptor, bench.size, prot=mmap.PROT_READ) as mapped:
        hashlib.sha256(mapped)


def _file_digest(bench: Bench) -> None:
    with bench.source.open("rb", buffering=0) as file:
        hashlib.file_digest(file, "sha256")


def _openssl(bench: Bench) -> None:
    subprocess.run(["openssl", "dgst", "-sha256", str(bench.source)], check=True, stdout=subprocess.DEVNULL)


def _one_shot(bench: Bench, library: ctypes.CDLL) -> None:
    library.EVP_sha256.restype = ctypes.c_void_p
    digest = ctypes.create_string_buffer(64)
    with mmap.mmap(bench.descriptor, bench.size, access=mmap.ACCESS_COPY) as mapped:
        view = ctypes.c_char.from_buffer(mapped)
        library.EVP_Digest(
            ctypes.c_void_p(ctypes.addressof(view)),
            ctypes.c_size_t(bench.size),
            digest,
            None,
            ctypes.c_void_p(library.EVP_sha256()),
            None,
        )
        del view
