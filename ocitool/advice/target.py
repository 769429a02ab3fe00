"""Where an archive goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocitool.advice.version import Version
    from ocitool.model.platform import Platform


@dataclass(frozen=True, slots=True)
class Target:
    """An importer of a version, on a host of a platform.

    `daemon` is the version of the containerd behind a client of its own version (ctr, nerdctl, the node of kind);
    None if it is the client's.
    """

    importer: str
    version: Version
    host: Platform
    daemon: Version | None = None
