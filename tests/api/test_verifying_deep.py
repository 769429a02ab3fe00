"""`--deep` takes little memory, whatever layers hold."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from typing import TYPE_CHECKING, Any, Final

import pytest

from ocitool.archive.headers import encode_header
from ocitool.model.limits import RATIO_LIMIT
from tests.builders import OCI_LAYER
from tests.check.layers.images import ImageOf, Packed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MIB: Final = 1 << 20
SCRIPT: Final = """
import json, resource, sys
from ocitool.api.verifying import VerifyOptions, verify_archive
report = verify_archive(sys.argv[1], VerifyOptions(deep=True))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
found = [finding.rule for finding in report.findings]
print(json.dumps({"found": found, "unpacked": report.unpacked, "peak": peak}))
"""


def packed(parts: Iterable[bytes]) -> Packed:
    """Compress without ever holding it all; the diff_id is not asked for where it is a bomb."""
    import hashlib

    compressor, hasher, data = zlib.compressobj(1, wbits=31), hashlib.sha256(), bytearray()
    for part in parts:
        hasher.update(part)
        data += compressor.compress(part)
    return Packed(bytes(data + compressor.flush()), OCI_LAYER, f"sha256:{hasher.hexdigest()}")


def verified(layer: Packed, folder: Path) -> dict[str, Any]:
    """Verify an image of one layer in a process of its own."""
    path = folder / "image.tar"
    path.write_bytes(ImageOf((layer,)).pack())
    # A child starts with the peak of its parent, so there is one between that has none.
    command = [sys.executable, "-c", SCRIPT, str(path)]
    between = (
        f"import subprocess; print(subprocess.run({command!r}, check=True, capture_output=True, text=True).stdout)"
    )
    result = subprocess.run([sys.executable, "-c", between], check=True, capture_output=True, text=True)
    report: dict[str, Any] = json.loads(result.stdout)
    return report


def entries(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield encode_header(f"usr/lib/node/{number // 30}/file{number}.js", 0)
    yield bytes(1024)


def zeros(size: int) -> Iterator[bytes]:
    yield encode_header("zeros", size)
    for _ in range(size // (16 * MIB)):
        yield bytes(16 * MIB)
    yield bytes(1024)


@pytest.mark.parametrize("count", [100_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_many_tiny_entries(tmp_path: Path, count: int) -> None:
    report = verified(packed(entries(count)), tmp_path)
    assert report["found"] == []
    assert report["unpacked"] == 512 * count + 1024
    assert report["peak"] < 40 * MIB + 64 * count


@pytest.mark.parametrize("size", [512 * MIB, pytest.param(4096 * MIB, marks=pytest.mark.long)])
def test_zeros(tmp_path: Path, size: int) -> None:
    layer = packed(zeros(size))
    report = verified(layer, tmp_path)
    bound = max(1024 * MIB, RATIO_LIMIT * len(layer.data))
    assert report["found"] == (["Y11"] if size > bound else [])
    assert min(size, bound) <= report["unpacked"] <= max(bound, size) + 2 * MIB
    assert report["peak"] < 48 * MIB


def test_the_memory_is_that_of_a_small_one_beside_the_buffers(tmp_path: Path) -> None:
    small = verified(packed([bytes(1024)]), tmp_path)
    assert small["found"] == []
    assert verified(packed(zeros(256 * MIB)), tmp_path)["peak"] - small["peak"] < 12 * MIB
    assert small["unpacked"] == 1024
