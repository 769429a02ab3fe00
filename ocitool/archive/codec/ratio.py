"""How far compressed data may grow: a bound against bombs."""

from __future__ import annotations

from typing import Final

from ocitool.errors import UnsafeEntry

RATIO_LIMIT: Final = 1000
"""How many times its size compressed data may grow to; zeros reach that, images do not."""

RATIO_FREE: Final = 1024 * 1024 * 1024
"""Bytes of output below which the ratio does not matter."""


def check_ratio(written: int, read: int, limit: int, where: str = "") -> None:
    """Raise `UnsafeEntry` if `written` bytes are more than `limit` times the `read` ones they came from."""
    if written > max(RATIO_FREE, limit * read):
        raise UnsafeEntry(
            f"grows to more than {limit} times its size when it is decompressed",
            where=where,
            remedy="if it is meant to, raise --max-ratio",
        )
