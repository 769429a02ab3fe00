"""Explain a message against an archive that is made in memory."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ocitool.advice.messages.case import World
from ocitool.api.explaining import explain_error
from ocitool.model.platform import Platform

if TYPE_CHECKING:
    from ocitool.advice.explain import Explanation
    from ocitool.advice.messages.case import Cause


def explain_against(
    text: str, archive: bytes, host: str = "linux/amd64", world: World | None = None
) -> tuple[Explanation, ...]:
    """Return the explanations of a text on a host, or in a whole world."""
    system, architecture = host.split("/")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.tar"
        path.write_bytes(archive)
        return explain_error(text, path, world or World(Platform(system, architecture)))


def causes(text: str, archive: bytes, host: str = "linux/amd64", world: World | None = None) -> dict[str, Cause]:
    """Return the causes of the first message, by id."""
    return {cause.id: cause for cause in explain_against(text, archive, host, world)[0].causes}
