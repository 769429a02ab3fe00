"""The 512-byte header of tar: ustar, PAX and GNU, as far as image archives use them.

POSIX.1-2017 "pax", sections "ustar Interchange Format" and "pax Extended Header"; GNU tar manual, "Basic Tar
Format" for long names and base-256 numbers.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Final

from ocitool.errors import ArchiveError, UnsafeEntry

BLOCK: Final = 512
"""Bytes of a header, and the unit that all data is padded to."""

ZERO_BLOCK: Final = bytes(BLOCK)
USTAR_SIZE_LIMIT: Final = 8**11
"""A size of this many bytes or more does not fit the eleven octal digits of ustar."""

_FIELDS: Final = struct.Struct("100s8s16x12s12x8s1s100s6s82x155s12x")
"""Name, mode, size, checksum, type, link target, magic and prefix; owners, times and devices do not matter here."""

_CHECKSUM: Final = slice(148, 156)
_INT64_MAX: Final = 2**63 - 1
_FILLER: Final = "fills up to where the data below can share its blocks with the file it came from"


@dataclass(frozen=True, slots=True)
class Header:
    """What one header block says; `name` is raw bytes joined from prefix and name, `target` where a link leads."""

    name: bytes
    size: int
    type: bytes
    mode: int
    target: bytes


def padding(size: int) -> int:
    """Return the bytes that pad `size` bytes of data to whole blocks."""
    return -size % BLOCK


def parse_header(block: bytes) -> Header:
    """Parse one block; raises `ArchiveError` if its checksum or a number is wrong."""
    name, mode, size, checksum, kind, target, magic, prefix = _FIELDS.unpack(block)
    try:
        stored = _number(checksum, "checksum")
    except ArchiveError:
        raise ArchiveError("tar header checksum is wrong") from None
    if stored != _sum(block) and stored != _signed_sum(block):
        raise ArchiveError("tar header checksum is wrong")
    name = name.partition(b"\0")[0]
    # GNU's old format keeps other things where ustar has the prefix.
    if magic == b"ustar\0" and prefix[0] != 0:
        name = prefix.partition(b"\0")[0] + b"/" + name
    return Header(
        name=name,
        size=_number(size, "size"),
        type=kind,
        mode=_number(mode, "mode", lenient=True),
        target=target.partition(b"\0")[0],
    )


def encode_header(name: str, size: int, *, directory: bool = False, filling: int = 0) -> bytes:
    """Return the header block(s) of an entry with the one mode, owner and time that we write.

    Plain ustar whenever it can hold the entry, else a PAX extended header before it. Directories get a
    trailing slash, mode 0755; files 0644; all of them uid and gid 0 and time 0, so that equal input gives equal
    bytes. With `filling` it is longer by that many bytes, whole blocks, which a comment in the extended header takes
    up; where there is none otherwise they are two blocks at least.
    """
    raw = name.encode("utf-8") + (b"/" if directory else b"")
    records: dict[str, str] = {}
    split = _split(raw)
    if split is None:
        records["path"] = name
        split = (b"", raw[-100:])
    if size >= USTAR_SIZE_LIMIT:
        records["size"] = str(size)
    kind = b"5" if directory else b"0"
    mode = 0o755 if directory else 0o644
    block = _block(split, size if size < USTAR_SIZE_LIMIT else 0, kind, mode)
    if not records and not filling:
        return block
    body = encode_pax(records)
    if filling:
        room = len(body) + padding(len(body)) + filling if records else filling - BLOCK
        body += encode_comment(_FILLER, room - len(body))
    return encode_extension(raw, body) + block


def header_length(name: str, size: int, *, directory: bool = False) -> int:
    """Return the bytes of what `encode_header` gives without filling, for most entries without making it."""
    if size < USTAR_SIZE_LIMIT and len(name) < 100 and name.isascii():
        return BLOCK
    return len(encode_header(name, size, directory=directory))


def encode_extension(name: bytes, body: bytes) -> bytes:
    """Return the PAX extended header with `body`, its records, for the entry of that name, which comes next."""
    header = _block((b"", b"PaxHeaders/" + name[-80:].rpartition(b"/")[2]), len(body), b"x", 0o644)
    return header + body + bytes(padding(len(body)))


def encode_comment(text: str, length: int) -> bytes:
    """Return a record of `length` bytes that every reader passes over (POSIX: "comment"), with spaces after `text`.

    Where its length has a digit more than what follows it needs, it is one byte shorter.
    """
    around = len(f"{length} comment=\n")
    return encode_pax({"comment": text.ljust(length - around)})


def encode_pax(records: dict[str, str]) -> bytes:
    """Encode PAX records: ``length key=value newline``, the length counting itself."""
    result = bytearray()
    for key, value in records.items():
        rest = f" {key}={value}\n".encode()
        length = len(rest)
        while len(str(length)) + len(rest) != length:
            length = len(str(length)) + len(rest)
        result += str(length).encode("ascii") + rest
    return bytes(result)


def parse_pax(body: bytes) -> dict[str, bytes]:
    """Parse PAX records; raises `ArchiveError` on any that is malformed."""
    records: dict[str, bytes] = {}
    position = 0
    while position < len(body):
        space = body.find(b" ", position, position + 20)
        digits = body[position:space] if space > 0 else b""
        if not digits.isdigit():
            raise ArchiveError("malformed PAX record: no length")
        end = position + int(digits)
        key, equals, value = body[space + 1 : end - 1].partition(b"=")
        if end > len(body) or end <= space + 1 or body[end - 1 : end] != b"\n" or not equals:
            raise ArchiveError("malformed PAX record: length or separator is wrong")
        records[key.decode("utf-8", errors="replace")] = value
        position = end
    return records


def pax_size(value: bytes) -> int:
    """Read the size a PAX record gives; raises `ArchiveError` if it is no sane number of bytes."""
    if not value.isdigit() or len(value) > 19 or int(value) > _INT64_MAX:
        raise ArchiveError("PAX size is no number of bytes")
    return int(value)


def _block(split: tuple[bytes, bytes], size: int, kind: bytes, mode: int) -> bytes:
    prefix, name = split
    block = bytearray(BLOCK)
    block[0 : len(name)] = name
    block[100:108] = b"%07o\0" % mode
    block[108:116] = b"%07o\0" % 0
    block[116:124] = b"%07o\0" % 0
    block[124:136] = b"%011o\0" % size
    block[136:148] = b"%011o\0" % 0
    block[_CHECKSUM] = b" " * 8
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    block[329:337] = b"%07o\0" % 0
    block[337:345] = b"%07o\0" % 0
    block[345 : 345 + len(prefix)] = prefix
    block[_CHECKSUM] = b"%06o\0 " % sum(block)
    return bytes(block)


def _split(name: bytes) -> tuple[bytes, bytes] | None:
    """Split a name into ustar prefix and name, None if it does not fit or is not ASCII."""
    if any(byte >= 0x80 for byte in name):
        return None
    if len(name) <= 100:
        return b"", name
    for position in range(min(155, len(name) - 2), 0, -1):
        if name[position : position + 1] == b"/" and len(name) - position - 1 <= 100:
            return name[:position], name[position + 1 :]
    return None


def _number(field: bytes, what: str, *, lenient: bool = False) -> int:
    if field[0] & 0x80:  # GNU base-256: two's complement, the top bit only marks it
        value = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
        if field[0] & 0x40 or value > _INT64_MAX:
            raise UnsafeEntry(f"tar header with an impossible {what}")
        return value
    digits = field.strip(b" \0")
    if not digits.strip(b"01234567"):  # int() would take signs and underscores
        return int(digits or b"0", 8)
    if lenient:
        return 0
    raise ArchiveError(f"tar header with a {what} that is no octal number")


def _sum(block: bytes) -> int:
    """Sum the bytes of a header, its checksum counted as spaces.

    The low half of adler32 is one more than the sum modulo 65521, which half a block cannot reach. Adding in Python
    takes several times as long, and layers have many headers.
    """
    adler32 = zlib.adler32
    halves = (adler32(block[:256]) & 0xFFFF) + (adler32(block[256:]) & 0xFFFF)
    return halves - (adler32(block[_CHECKSUM]) & 0xFFFF) + 8 * 0x20 - 1


def _signed_sum(block: bytes) -> int:
    """Sum as some old tars did, with bytes taken as signed."""
    blanked = block[:148] + b" " * 8 + block[156:BLOCK]
    return sum(byte - 256 if byte >= 0x80 else byte for byte in blanked)
