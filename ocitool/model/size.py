"""Numbers of bytes as people write them."""

from __future__ import annotations

import re
from typing import Final

from ocitool.errors import UsageError

_SIZE: Final = re.compile(r"([0-9]{1,18})\s*([kKMGTP]?)(iB|B)?")


def parse_size(text: str) -> int:
    """Read a number of bytes as coreutils write it: `1900MiB` and `1900M` are binary, `1900MB` decimal.

    Raises `UsageError` for what is none, or zero.
    """
    match = _SIZE.fullmatch(text.strip())
    size = 0
    if match is not None:
        number, unit, decimal = match.groups()
        base = 1000 if decimal == "B" and unit else 1024
        size = int(number) * base ** ("KMGTP".index(unit.upper()) + 1 if unit else 0)
    if size <= 0:
        raise UsageError(f"no size {text!r}", remedy="write such as 1900MiB, 2GB or a number of bytes")
    return size
