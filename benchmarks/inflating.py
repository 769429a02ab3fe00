"""Inflate gzip files and do nothing else: ``python -m benchmarks.inflating [--hash] FILE...``; a yardstick.

With ``--hash`` what is read and what comes out are hashed too.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_CHUNK: Final = 512 * 1024
_HASH: Final = "--hash"


def inflate(files: Sequence[str], *, hashing: bool) -> None:
    """Inflate files with isal, the fastest inflater there is, 512 KiB at a time."""
    from isal import igzip_lib

    for name in files:
        packed, plain = hashlib.sha256(), hashlib.sha256()
        decompressor = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
        with Path(name).open("rb", buffering=0) as file:
            while not decompressor.eof:
                data = file.read(_CHUNK) if decompressor.needs_input else b""
                part = decompressor.decompress(data, _CHUNK)
                if hashing:
                    packed.update(data)
                    plain.update(part)


if __name__ == "__main__":
    inflate([name for name in sys.argv[1:] if name != _HASH], hashing=_HASH in sys.argv[1:])
