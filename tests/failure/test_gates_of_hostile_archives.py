"""Whatever an archive is made to do, what was asked for is judged: unmet gates are findings, never errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ocitool.api import Gates, PlatformSelection, Reference, VerifyOptions, verify_archive
from ocitool.errors import ArchiveError
from tests.failure.damage import samples
from tests.failure.hostile import HOSTILE, Hostile

if TYPE_CHECKING:
    from pathlib import Path

ASKED = VerifyOptions(
    gates=Gates(PlatformSelection.parse(["linux/s390x", "available"]), True, (Reference.parse("lab:missing"),))
)
SAMPLES = samples()


def _rules(path: Path) -> set[str] | None:
    try:
        return {finding.rule for finding in verify_archive(path, ASKED).findings}
    except ArchiveError:
        return None


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name)
def test_hostile_archive(hostile: Hostile, tmp_path: Path) -> None:
    path = tmp_path / "hostile.tar"
    path.write_bytes(hostile.make())
    rules = _rules(path)
    assert rules is None or {"G1", "G3"} <= rules


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_flipped_bytes(name: str, tmp_path: Path) -> None:
    data, _ = SAMPLES[name]
    path = tmp_path / "flipped.tar"
    judged = 0
    for position in range(0, len(data), 211):
        path.write_bytes(data[:position] + bytes([data[position] ^ 0x41]) + data[position + 1 :])
        rules = _rules(path)
        assert rules is None or {"G1", "G3"} <= rules, position
        judged += rules is not None
    assert judged
