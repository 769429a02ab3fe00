"""What `verify` finds in an archive that is made in memory."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ocitool.api.verifying import VerifyOptions, verify_archive
from ocitool.check.rule import Profile

if TYPE_CHECKING:
    from ocitool.check.report import Finding


def findings(data: bytes, profile: Profile = Profile.STRICT) -> tuple[Finding, ...]:
    """Return what is found; the profile `strict` asks for every rule that any profile asks for."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.tar"
        path.write_bytes(data)
        return verify_archive(path, VerifyOptions(profile=profile)).findings


def fired(data: bytes, profile: Profile = Profile.STRICT) -> set[str]:
    """Return the rules that are broken."""
    return {finding.rule for finding in findings(data, profile)}


def fired_in_any(data: bytes) -> frozenset[str]:
    """Return the rules that are broken in the profile of importers or of the specification."""
    return frozenset(fired(data, Profile.IMPORT) | fired(data, Profile.SPEC))
