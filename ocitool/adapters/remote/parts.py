"""How an upload is cut into parts, within what S3 takes: 10,000 of them, of 5 MiB to 5 GiB each but for the last.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
"""

from __future__ import annotations

from typing import Final

MEBIBYTE: Final = 1024 * 1024
PART_LIMIT: Final = 10_000
LARGEST_PART: Final = 5 * 1024 * MEBIBYTE

BASE: Final = 16 * MEBIBYTE
"""Bytes of a part, as long as the size allows it; what is not longer goes in one request."""

STEP: Final = 1000
"""Parts after which they double, where nobody knows how long it gets: 5 TiB are there after 8,400."""

IN_FLIGHT: Final = 4
"""Parts that are sent at once."""

MEMORY: Final = 4 * BASE
"""Bytes of the parts that are sent at once, if there is more than one; one more is being filled."""


def part_size(number: int, total: int | None) -> int:
    """Return the bytes of a part, counted from 1, of an upload of `total` bytes, None if nobody knows.

    Of a known size all parts are equally long, which some servers want (Cloudflare R2), and so are the first thousand
    of an unknown one.
    """
    if total is None:
        return min(LARGEST_PART, BASE << ((number - 1) // STEP))
    needed = -(-total // PART_LIMIT)
    return max(BASE, -(-needed // MEBIBYTE) * MEBIBYTE)


def sent_at_once(size: int) -> int:
    """Return how many parts of `size` bytes are sent at once."""
    return max(1, min(IN_FLIGHT, MEMORY // size))
