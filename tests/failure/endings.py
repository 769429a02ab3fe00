"""How a writing command may end, and what must stand afterwards: what all tests of failures share."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from tests.builders import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Layout, as_json

if TYPE_CHECKING:
    from pathlib import Path

OLD: Final = b"what stood here before"
BIG: Final = 24 * 1024 * 1024
CODES: Final = ((signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL))

IN_THE_MIDDLE: Final = """
from ocitool.archive.place import Place
original, seen = Place.write_at, []
def write_at(place, position, data):
    original(place, position, data)
    seen.append(len(data))
    if sum(seen) > 4 * 1024 * 1024:
        os.kill(os.getpid(), number)
Place.write_at = write_at
"""
WHEN_NAMED: Final = """
from ocitool.api import writing
original = writing.publish_all
def publish_all(files):
    original(files)
    os.kill(os.getpid(), number)
writing.publish_all = publish_all
"""


def old_file(path: Path) -> Path:
    """Put a file somewhere that must still be there in the end, or be replaced whole."""
    path.write_bytes(OLD)
    path.chmod(0o604)
    os.utime(path, ns=(10**18, 10**18))
    return path


def assert_old(path: Path) -> None:
    """Hold a file to what `old_file` made, and its folder to having nothing half done in it."""
    status = path.stat()
    assert path.read_bytes() == OLD
    assert (status.st_mode & 0o7777, status.st_mtime_ns) == (0o604, 10**18)
    assert [found.name for found in path.parent.iterdir() if found.name.endswith(".part")] == []


def refused(done: subprocess.CompletedProcess[bytes], code: int, *words: str) -> None:
    """Hold a command to its exit code and to one line on standard error that says `words`, and nothing else."""
    message = done.stderr.decode()
    assert done.returncode == code, message
    assert message.startswith("ocitool: ")
    assert message.count("\n") == 1
    assert done.stdout == b""
    for word in words:
        assert word in message


def run_with_signal(hook: str, number: int, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    """Run the program in another process that sends itself a signal at the place of `hook`."""
    script = f"import os\nnumber = {int(number)}\n{hook}\nfrom ocitool.cli.app import run\nrun()\n"
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, timeout=60)


def run_piped(source: Path, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    """Run the program with a file that comes through a pipe."""
    command = ["sh", "-c", 'cat | "$@"', "sh", sys.executable, "-m", "ocitool", *map(str, arguments)]
    with source.open("rb") as stream:
        return subprocess.run(command, stdin=stream, capture_output=True, check=False, timeout=60)


def big_layout(size: int = BIG) -> Layout:
    """Make an image with one large layer of zeros."""
    layout = Layout()
    config = layout.blob(
        as_json({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": []}}), OCI_CONFIG
    )
    layer = layout.blob(bytes(size), OCI_LAYER)
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [layer]}
    return layout.add(layout.blob(as_json(document), OCI_MANIFEST))


def spoil(layout: Layout) -> Layout:
    """Flip a bit of the last layer of linux/arm64."""
    index = layout.read(layout.roots[0])
    digest = layout.read(index["manifests"][1])["layers"][1]["digest"]
    data = layout.blobs[digest]
    layout.blobs[digest] = data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]
    return layout


class Meddler:
    """A listener that changes the source when a phase of the work starts, by default the copying."""

    def __init__(self, path: Path, change: str, phase: str = "filtering") -> None:
        self._path = path
        self._change = change
        self._phase = phase

    def start(self, phase: str, total: int | None) -> None:
        if phase != self._phase:
            return
        match self._change:
            case "touch":
                os.utime(self._path, ns=(10**18, 10**18))
            case "append":
                with self._path.open("ab") as stream:
                    stream.write(bytes(512))
            case "cut":
                os.truncate(self._path, 4096)
            case _:
                with self._path.open("r+b") as stream:
                    stream.write(bytes(self._path.stat().st_size - 10240))

    def advance(self, count: int) -> None:
        pass

    def finish(self) -> None:
        pass
