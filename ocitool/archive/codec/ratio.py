"""How far compressed data may grow: a bound against bombs."""

from __future__ import annotations

from ocitool.errors import UnsafeEntry
from ocitool.model.limits import RATIO_FREE


def check_ratio(written: int, read: int, limit: int, where: str = "") -> None:
    """Raise `UnsafeEntry` if `written` bytes are more than `limit` times the `read` ones they came from."""
    if written > max(RATIO_FREE, limit * read):
        raise UnsafeEntry(
            f"grows to more than {limit} times its size when it is decompressed",
            where=where,
            remedy="if it is meant to, raise --max-ratio",
        )
