"""Bounds that hold for every container of entries."""

from __future__ import annotations

from typing import Final

ENTRY_LIMIT: Final = 1_000_000
"""Entries in one archive or folder; the largest bundles known hold some 50,000."""
