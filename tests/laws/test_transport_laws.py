"""The way an archive comes in and goes out does not change a byte: file, pipe, standard output."""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings

from ocitool.api import SourceOptions, WriteOptions, filter_archive
from tests.laws.filtering import filtered, options_of
from tests.strategies import Archive, selected_archives

if TYPE_CHECKING:
    from collections.abc import Sequence


def _feed(descriptor: int, data: bytes) -> threading.Thread:
    def write() -> None:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return thread


def _through_pipes(data: bytes, platforms: Sequence[str], folder: Path) -> bytes:
    """Filter from a pipe into a pipe."""
    read_in, write_in = os.pipe()
    read_out, write_out = os.pipe()
    received: list[bytes] = []

    def receive() -> None:
        with os.fdopen(read_out, "rb") as stream:
            received.append(stream.read())

    reader = threading.Thread(target=receive, daemon=True)
    reader.start()
    feeder = _feed(write_in, data)
    try:
        filter_archive(
            "-",
            "-",
            options_of(platforms),
            source_options=SourceOptions(standard_input=read_in, spool_directory=folder),
            write_options=WriteOptions(standard_output=write_out),
        )
    finally:
        os.close(read_in)
        os.close(write_out)
    feeder.join()
    reader.join()
    return received[0]


@settings(max_examples=25)
@given(selected_archives())
def test_files_and_pipes_give_the_same_bytes(drawn: tuple[Archive, list[str]]) -> None:
    archive, platforms = drawn
    expected = filtered(archive.data, platforms)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, target = folder / "in.tar", folder / "out.tar"
        source.write_bytes(archive.data)
        filter_archive(source, target, options_of(platforms))
        assert target.read_bytes() == expected
        filter_archive(source, target, options_of(platforms), write_options=WriteOptions(verify=False))
        assert target.read_bytes() == expected
        assert _through_pipes(archive.data, platforms, folder) == expected
        assert {path.name for path in folder.iterdir()} == {"in.tar", "out.tar"}
