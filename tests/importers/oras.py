"""Run oras on image layouts, folders and archives alike.

Of all the engines it alone lists what refers to a manifest; its versions say that in different words.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import CompletedProcess

    from .engines import Engine


class Oras:
    """Run oras of one version, which reads no file of the machine."""

    def __init__(self, engine: Engine, home: Path) -> None:
        """Take ``home`` for its credentials and caches, of which it finds none."""
        self.engine = engine
        self._program = engine.program("oras", environment={"HOME": str(home)})

    def tags(self, layout: Path) -> list[str]:
        """Return the tags of a layout; what only has a digest is not among them."""
        return _succeed(self._program.run("repo", "tags", "--oci-layout", str(layout))).split()

    def manifest(self, layout: Path, reference: str) -> bytes:
        """Return the bytes of a manifest or index; of what index.json lists, by ``@DIGEST`` or ``:TAG``."""
        return _succeed(self._program.run("manifest", "fetch", "--oci-layout", f"{layout}{reference}")).encode()

    def referrers(self, layout: Path, reference: str, *flags: str) -> set[str]:
        """Return the digests of what refers to a manifest directly; ``--platform P`` finds one within an index."""
        said = self.discover(layout, reference, *flags, "--depth", "1")
        if "unknown flag: --depth" in said.stderr:  # before 1.3, which by itself goes no deeper
            said = self.discover(layout, reference, *flags)
        listed: dict[str, Any] = json.loads(_succeed(said))
        found = listed["referrers"] if "referrers" in listed else listed["manifests"]
        return {referrer["digest"] for referrer in found or []}

    def discover(self, layout: Path, reference: str, *flags: str) -> CompletedProcess[str]:
        """Ask what refers to a manifest; a refusal is returned, not raised."""
        return self._program.run("discover", "--oci-layout", f"{layout}{reference}", *flags, "--format", "json")

    def copy(self, layout: Path, reference: str, target: Path) -> CompletedProcess[str]:
        """Copy a manifest with all that refers to it, and to what it lists, into a new folder."""
        source = ("--from-oci-layout", f"{layout}{reference}")
        return self._program.run("copy", "--recursive", *source, "--to-oci-layout", f"{target}:copied")


def _succeed(result: CompletedProcess[str]) -> str:
    """Return what oras said; a refusal is the test's failure."""
    if result.returncode != 0:
        raise AssertionError(str(result))
    return result.stdout
