"""Checksums that go with what is uploaded to S3, and what it answers them with.

A part or an object goes with its MD5 (``Content-MD5``), which every server holds the bytes to, and with its CRC-32
where the client is set to send checksums (``AWS_REQUEST_CHECKSUM_CALCULATION``, ``when_supported`` by default). The
answer's ETag is that MD5 again, unless keys of KMS or of the customer encrypt the object; of several parts it is the
MD5 of their MD5s, with their number behind it.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_OF_ONE: Final = re.compile(r"[0-9a-f]{32}")
_OF_PARTS: Final = re.compile(r"[0-9a-f]{32}-[0-9]+")


@dataclass(frozen=True, slots=True)
class Checksums:
    """What some bytes hash to."""

    md5: bytes
    crc32: int

    @classmethod
    def of(cls, data: bytes) -> Checksums:
        """Hash `data`."""
        return cls(hashlib.md5(data, usedforsecurity=False).digest(), zlib.crc32(data))

    def parameters(self, *, flexible: bool, md5: bool) -> dict[str, str]:
        """Return what a request says of them; `flexible` are the checksums that S3 has since 2022."""
        said: dict[str, str] = {}
        if md5:
            said["ContentMD5"] = base64.b64encode(self.md5).decode()
        if flexible:
            said["ChecksumCRC32"] = base64.b64encode(self.crc32.to_bytes(4, "big")).decode()
        return said

    @property
    def etag(self) -> str:
        """The ETag of an object or part of these bytes."""
        return self.md5.hex()


def etag_of_parts(parts: Sequence[Checksums]) -> str:
    """Return the ETag of an object of these parts."""
    joined = hashlib.md5(b"".join(part.md5 for part in parts), usedforsecurity=False)
    return f"{joined.hexdigest()}-{len(parts)}"


def told_etag(answer: Mapping[str, Any]) -> str:
    """Return the ETag in an answer, without its quotes; "" if there is none."""
    return str(answer.get("ETag") or "").strip('"')


def contradicts(answer: Mapping[str, Any], expected: str) -> bool:
    """Tell whether the ETag in an answer is a hash, and not the one that is `expected`."""
    return _is_hash(answer, expected) and told_etag(answer) != expected


def confirms(answer: Mapping[str, Any], expected: str) -> bool:
    """Tell whether the ETag in an answer proves that the bytes are the ones that are `expected`."""
    return _is_hash(answer, expected) and told_etag(answer) == expected


def _is_hash(answer: Mapping[str, Any], expected: str) -> bool:
    if answer.get("ServerSideEncryption", "AES256") != "AES256" or answer.get("SSECustomerAlgorithm"):
        return False
    form = _OF_PARTS if "-" in expected else _OF_ONE
    return form.fullmatch(told_etag(answer)) is not None
