"""Numbers and texts of headers that Go's archive/tar refuses, though nothing here needs them otherwise.

archive/tar, reader.go: `readHeader`, `mergePAX`, `validPAXRecord`; strconv.go: `parseNumeric`, `parsePAXTime`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ocitool.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Mapping

_USUAL: Final = re.compile(
    rb".{100}(?:[0-7]{7}[\0 ]){3}.{12}[0-7]{11}[\0 ].{181}(?:[0-7]{7}[\0 ]|\0{8}){2}", re.DOTALL
)
"""A header with all numbers as every tar writes them but where they are large; no others need a closer look."""

_NUMBERS: Final = {
    "mode": slice(100, 108),
    "uid": slice(108, 116),
    "gid": slice(116, 124),
    "mtime": slice(136, 148),
}
_DEVICES: Final = {"devmajor": slice(329, 337), "devminor": slice(337, 345)}
_MAGIC: Final = slice(257, 262)
_INT64_BYTES: Final = 8

_IDS: Final = ("uid", "gid")
_TIMES: Final = ("mtime", "atime", "ctime")
_TEXTS: Final = ("path", "linkpath", "uname", "gname")


def check_numbers(block: bytes) -> None:
    """Raise `ArchiveError` if a number of a header is none."""
    if _USUAL.match(block):
        return
    for name, place in _NUMBERS.items():
        if not _is_number(block[place]):
            raise ArchiveError(f"tar header with a {name} that is no number")
    if block[_MAGIC] == b"ustar":
        for name, place in _DEVICES.items():
            if not _is_number(block[place]):
                raise ArchiveError(f"tar header with a {name} that is no number")


def check_records(records: Mapping[str, bytes], *, merged: bool) -> None:
    """Raise `ArchiveError` if a PAX record is none that is read; `merged` if they say anything of an entry."""
    for key in records:
        if not key or "\0" in key:
            raise ArchiveError("malformed PAX record: no key, or one with a zero byte")
    for key in _TEXTS:
        if b"\0" in records.get(key, b""):
            raise ArchiveError(f"PAX {key} with a zero byte")
    if not merged:
        return
    for key in _IDS:
        value = records.get(key)
        if value and not _is_decimal(value):
            raise ArchiveError(f"PAX {key} is no number")
    for key in _TIMES:
        seconds, _, fraction = records.get(key, b"").partition(b".")
        if records.get(key) and not (_is_decimal(seconds) and (not fraction or fraction.isdigit())):
            raise ArchiveError(f"PAX {key} is no time")


def _is_number(field: bytes) -> bool:
    if field[0] & 0x80:  # base 256, two's complement below the bit that marks it
        sign = 0xFF if field[0] & 0x40 else 0
        more = bytes([field[0] | 0x80 if sign else field[0] & 0x7F]) + field[1:-_INT64_BYTES]
        fits = len(field) <= _INT64_BYTES or more == bytes([sign]) * len(more)
        return fits and (len(field) <= _INT64_BYTES or field[-_INT64_BYTES] & 0x80 == sign & 0x80)
    return not field.strip(b" \0").partition(b"\0")[0].strip(b"01234567")


def _is_decimal(value: bytes) -> bool:
    digits = value[1:] if value[:1] in {b"+", b"-"} else value
    return digits.isdigit() and len(digits.lstrip(b"0")) <= len("9223372036854775807") and abs(int(value)) < 1 << 63
