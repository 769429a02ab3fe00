"""The way an archive comes in and goes out does not change a byte: file, pipe, standard output, open files."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from ocitool.api import SourceOptions, WriteOptions, filter_archive
from tests.file_objects import KINDS
from tests.laws.filtering import filtered, options_of
from tests.strategies import Archive, selected_archives

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


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


@settings(max_examples=80)
@given(selected_archives(), st.sampled_from(KINDS), st.sampled_from([bytes, gzip.compress, zstandard.compress]))
def test_open_files_give_the_same_bytes(
    drawn: tuple[Archive, list[str]], kind: Any, pack: Callable[[bytes], bytes]
) -> None:
    archive, platforms = drawn
    output = io.BytesIO()
    with tempfile.TemporaryDirectory() as name, kind(pack(archive.data), Path(name)) as source:
        options = SourceOptions(spool_directory=Path(name))
        result = filter_archive(source, output, options_of(platforms), source_options=options)
    assert output.getvalue() == filtered(archive.data, platforms)
    assert result.size == output.tell()
