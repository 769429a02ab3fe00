"""Archives that arrive through a pipe, in small pieces, so that small archives pass through as large ones do."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from ocitool.api import SourceOptions, WriteOptions, filter_archive, forwarding, split_archive
from ocitool.api.forwarding import ArrivingArchive
from ocitool.archive import forward
from ocitool.archive.forward import GIVE_A_FILE
from ocitool.errors import OcitoolError
from ocitool.plan.options import SplitOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ocitool.model.json_text import JsonObject
    from ocitool.plan.options import FilterOptions
    from tests.builders import Json, Layout

PIPE_SIZE = 1024 * 1024
"""Bytes that a pipe holds at most; a sample must not be larger, since nobody writes while it is read."""


@dataclass(frozen=True)
class Outcome:
    """What came of a command: its exit code, the outputs by name, and for how much of the source the plan waited."""

    exit_code: int
    outputs: dict[str, bytes]
    report: JsonObject | None = None
    error: OcitoolError | None = None
    planned_at: int | None = None

    @property
    def is_refusal(self) -> bool:
        """Whether it was refused since one pass is not enough."""
        return self.error is not None and self.error.remedy == GIVE_A_FILE


@contextmanager
def in_small_pieces(piece: int = 512) -> Iterator[list[int]]:
    """Have archives read in pieces of so many bytes; yields where plans were made."""
    planned: list[int] = []
    begin = ArrivingArchive.__init__

    def record(archive: ArrivingArchive, source: forward.ForwardSource, *rest: object) -> None:
        planned.append(source._position)
        begin(archive, source, *rest)  # type: ignore[arg-type]

    with (
        patch.object(forward, "CHUNK", piece),
        patch.object(forwarding, "WORTHWHILE", 1),
        patch.object(ArrivingArchive, "__init__", record),
    ):
        yield planned


@contextmanager
def full_pipe(data: bytes) -> Iterator[int]:
    """Yield the reading end of a pipe that holds `data` and its end."""
    reading, writing = os.pipe()
    try:
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
        assert len(data) <= PIPE_SIZE
        os.write(writing, data)
        os.close(writing)
        yield reading
    finally:
        os.close(reading)


def filter_arriving(data: bytes, options: FilterOptions, *, ordered: bool = False, verify: bool = True) -> Outcome:
    """Filter what arrives through a pipe, into a file or, `ordered`, into a pipe."""
    with tempfile.TemporaryDirectory() as name, full_pipe(data) as standard_input, in_small_pieces() as planned:
        folder = Path(name)
        fifo = os.memfd_create("output") if ordered else -1
        source_options = SourceOptions(standard_input, spool_directory=folder)
        output = f"/proc/self/fd/{fifo}" if ordered else folder / "out.tar"
        write_options = WriteOptions(verify=verify)

        def run() -> JsonObject:
            return filter_archive(
                "-", output, options, source_options=source_options, write_options=write_options
            ).to_json()

        outcome = _outcome(run, folder, planned)
        if not ordered:
            return outcome
        written = os.pread(fifo, PIPE_SIZE, 0)
        os.close(fifo)
        return Outcome(outcome.exit_code, {"out.tar": written}, None, outcome.error, outcome.planned_at)


def split_arriving(data: bytes, options: FilterOptions) -> Outcome:
    """Split what arrives through a pipe."""
    with tempfile.TemporaryDirectory() as name, full_pipe(data) as standard_input, in_small_pieces() as planned:
        folder = Path(name)
        source_options = SourceOptions(standard_input, spool_directory=folder)
        return _outcome(
            lambda: split_archive(
                "-", folder, options, SplitOptions(stem="x"), source_options=source_options
            ).to_json(),
            folder,
            planned,
        )


def filter_file(data: bytes, options: FilterOptions) -> Outcome:
    """Filter a file."""
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as other:
        source, folder = Path(other) / "in.tar", Path(name)
        source.write_bytes(data)
        return _outcome(lambda: filter_archive(source, folder / "out.tar", options).to_json(), folder, [])


def split_file(data: bytes, options: FilterOptions) -> Outcome:
    """Split a file."""
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as other:
        source, folder = Path(other) / "in.tar", Path(name)
        source.write_bytes(data)
        return _outcome(lambda: split_archive(source, folder, options, SplitOptions(stem="x")).to_json(), folder, [])


def same_report(one: Outcome, other: Outcome) -> bool:
    """Tell whether two reports say the same, but for names of sources and places."""
    return _plain(one.report) == _plain(other.report)


def _outcome(run: Callable[[], JsonObject], folder: Path, planned: list[int]) -> Outcome:
    planned_at = None
    try:
        report, error = run(), None
    except OcitoolError as caught:
        report, error = None, caught
    planned_at = planned[0] if planned else None
    outputs = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    return Outcome(0 if error is None else error.exit_code, outputs, report, error, planned_at)


def _plain(report: JsonObject | None) -> object:
    if report is None:
        return None
    hidden = {"sources", "output"}
    return {
        key: [{**part, "file": ""} for part in value if isinstance(part, dict)]
        if key == "outputs" and isinstance(value, list)
        else value
        for key, value in report.items()
        if key not in hidden
    }


TOP = {"oci-layout": 0, "index.json": 1, "manifest.json": 2}
"""The files that tell what is in an archive, in the order of those who write them first."""


def documents_first(layout: Layout, seed: int = 0) -> Callable[[str], object]:
    """Return the order of an archive as ocitool writes it: all JSON before the first layer."""
    documents = {_name(digest) for digest, data in layout.blobs.items() if data.startswith(b"{")}
    return lambda name: (TOP.get(name, 3 if name in documents else 4), _shuffled(name, seed))


def index_first(layout: Layout, seed: int = 0) -> Callable[[str], object]:
    """Return an order in which only what tells the images is sure to come first."""
    del layout
    return lambda name: (TOP.get(name, 3), _shuffled(name, seed))


def shuffled(layout: Layout, seed: int = 0) -> Callable[[str], object]:
    """Return any order."""
    del layout
    return lambda name: _shuffled(name, seed)


def depth_first(layout: Layout, seed: int = 0) -> Callable[[str], object]:
    """Return the order of `regctl image export`: each manifest, its config, its layers, one by one."""
    del seed
    found: dict[str, int] = {}

    def walk(descriptor: Json) -> None:
        digest = descriptor["digest"]
        if digest in found or digest not in layout.blobs:
            return
        found[digest] = len(found)
        if layout.blobs[digest].startswith(b"{"):
            document = layout.read(descriptor)
            below = [*document.get("manifests", ()), document.get("config"), *document.get("layers", ())]
            for child in below:
                if isinstance(child, dict) and "digest" in child:
                    walk(child)

    for root in layout.roots:
        walk(root)
    places = {_name(digest): place for digest, place in found.items()}
    return lambda name: (TOP.get(name, 3), places.get(name, len(places)))


def _name(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _shuffled(name: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed} {name}".encode()).digest()
