"""Explain a message against an archive that is made in memory."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ocitool.api.explaining import explain_error
from ocitool.model.platform import Platform

if TYPE_CHECKING:
    from ocitool.advice.explain import Explanation
    from ocitool.advice.messages.case import Cause


def explain_against(text: str, archive: bytes, host: str = "linux/amd64") -> tuple[Explanation, ...]:
    """Return the explanations of a text on a host."""
    system, architecture = host.split("/")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.tar"
        path.write_bytes(archive)
        return explain_error(text, path, Platform(system, architecture))


def causes(text: str, archive: bytes, host: str = "linux/amd64") -> dict[str, Cause]:
    """Return the causes of the first message, by id."""
    return {cause.id: cause for cause in explain_against(text, archive, host)[0].causes}
