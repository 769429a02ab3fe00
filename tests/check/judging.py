"""What `verify` says of an archive in memory."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

from ocitool.api import VerifyOptions, verify_archive
from ocitool.check.rule import Profile

if TYPE_CHECKING:
    from ocitool.check.report import Finding


def findings_of(data: bytes, profile: Profile = Profile.IMPORT) -> tuple[Finding, ...]:
    with tempfile.NamedTemporaryFile(suffix=".tar") as file:
        file.write(data)
        file.flush()
        return verify_archive(file.name, VerifyOptions(profile)).findings


def rules_of(data: bytes) -> frozenset[str]:
    """Return the rules that are broken in any profile."""
    return frozenset(
        finding.rule for profile in (Profile.IMPORT, Profile.SPEC) for finding in findings_of(data, profile)
    )
