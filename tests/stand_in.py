"""A program that stands in for a client: it answers as ctr does, and keeps what it is fed."""

from __future__ import annotations

import hashlib
import shlex
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.builders import Json, Layout

VERSION = """\
Client:
  Version:  {client}
  Revision: abc
  Go version: go1.24.4

Server:
  Version:  {server}
  Revision: abc
  UUID: 7f23d2fc-a48d-48b4-9ff4-a535d90ec0f6
"""

ANSWERS = """\
#!/bin/sh
echo "$*" >> {folder}/calls
while [ "${{1#-}}" != "$1" ]; do shift 2; done
case "$1 $2" in
"version ") cat {folder}/version; exit {version_code} ;;
"images import") exec {python} {folder}/reads.py ;;
"images check") cat {folder}/check ;;
"content ls") cat {folder}/blobs ;;
snapshots*) cat {folder}/snapshots ;;
esac
"""

READS_ALL = "data = sys.stdin.buffer.read()"


@dataclass
class StandIn:
    """A `ctr` in a folder; `reads` is Python that makes of standard input what it does on an import."""

    folder: Path
    client: str = "1.7.24"
    server: str = "1.7.24"
    reads: str = READS_ALL
    code: int = 0
    version_code: int = 0
    complaint: str = ""

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.write("version", VERSION.format(client=self.client, server=self.server))
        self.write("check", "")
        self.write("blobs", "")
        self.write("snapshots", "")
        script = [
            "import os, signal, sys, time",
            f"folder = {str(self.folder)!r}",
            "open(folder + '/pid', 'w').write(str(os.getpid()))",
            "data = b''",
            self.reads,
            "open(folder + '/fed', 'wb').write(data)",
            "print('the importer says hello', flush=True)",
            f"sys.exit({self.code})",
        ]
        self.write("reads.py", "\n".join(script))
        answers = ANSWERS.format(
            folder=shlex.quote(str(self.folder)),
            python=shlex.quote(sys.executable),
            version_code=f"{self.version_code}; " if not self.complaint else self._complaining(),
        )
        self.write("ctr", answers)
        self.path.chmod(0o755)

    @property
    def path(self) -> Path:
        return self.folder / "ctr"

    @property
    def fed(self) -> bytes | None:
        """What the import read, None if it did not come to its end."""
        path = self.folder / "fed"
        return path.read_bytes() if path.exists() else None

    @property
    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def process(self) -> int:
        return int((self.folder / "pid").read_text())

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def holds(self, *rows: tuple[str, str], blobs: Iterable[str] = (), snapshots: Iterable[str] = ()) -> StandIn:
        """Have it find images, each a name and a digest, blobs and snapshots afterwards."""
        lines = [
            f"{name} application/vnd.oci.image.index.v1+json {digest} complete (3/3) 464.0 B/464.0 B true"
            for name, digest in rows
        ]
        self.write("check", "\n".join(["REF TYPE DIGEST STATUS SIZE UNPACKED", *lines]) + "\n")
        self.write("blobs", "\n".join(blobs))
        self.write("snapshots", "\n".join(["KEY PARENT KIND", *(f"{key} Committed" for key in snapshots)]))
        return self

    def _complaining(self) -> str:
        self.write("complaint", self.complaint)
        return f"$(cat {shlex.quote(str(self.folder))}/complaint >&2; echo {self.version_code})"


def snapshot_of(layout: Layout, manifest: Json) -> str:
    """Return what containerd calls the snapshot of an image of two layers."""
    lower, upper = layout.read(layout.read(manifest)["config"])["rootfs"]["diff_ids"]
    return "sha256:" + hashlib.sha256(f"{lower} {upper}".encode()).hexdigest()
