"""What is there after an import, held to what was fed."""

from __future__ import annotations

import hashlib

from ocitool.api.import_report import chain_id

LAYERS = ["sha256:" + digit * 64 for digit in "abc"]


def test_chain_id() -> None:
    """Image-spec, config.md: ChainID(A|B) is the digest of ChainID(A), a blank and DiffID(B)."""
    two = "sha256:" + hashlib.sha256(f"{LAYERS[0]} {LAYERS[1]}".encode()).hexdigest()
    three = "sha256:" + hashlib.sha256(f"{two} {LAYERS[2]}".encode()).hexdigest()
    assert [chain_id(LAYERS[:number]) for number in range(4)] == ["", LAYERS[0], two, three]
