"""From results and errors to standard output, standard error and the exit code."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Final, TextIO

import typer

from ocitool.cli.options import Format
from ocitool.cli.text import printable
from ocitool.errors import Interrupted, OcitoolError, OutputClosed, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ocitool.model.json_text import JsonObject

PIECES: Final = 10_000
"""Pieces of JSON, of some ten characters each, that are written at once."""

LINE_LIMIT: Final = 4096
"""Characters of an error message that are printed."""


@contextmanager
def exit_codes(form: Format) -> Iterator[None]:
    """Turn every error of the command inside into one line on standard error and its exit code."""
    try:
        yield
    except OutputClosed as error:
        # Whoever closed the pipe knows; the exit code tells scripts.
        raise typer.Exit(error.exit_code) from None
    except Interrupted as error:
        print_error(error, form)
        raise typer.Exit(128 + error.signal_number) from None
    except OcitoolError as error:
        print_error(error, form)
        raise typer.Exit(error.exit_code) from None
    except OSError as error:
        print_error(OutputError(f"{error.strerror}: {error.filename or ''}".rstrip(": ")), form)
        raise typer.Exit(OutputError.exit_code) from None


def print_error(error: OcitoolError, form: Format) -> None:
    """Print an error as one line, or as one JSON object."""
    if form is Format.JSON:
        line = json.dumps(error_json(error), ensure_ascii=True)
    else:
        line = f"ocitool: {_cut(printable(str(error)))}"
    with contextlib.suppress(OutputError):  # nobody is left to tell
        _write(sys.stderr, [line])


def _cut(text: str) -> str:
    """Shorten a line in its middle: archives may have names of a megabyte, and the remedy stands at the end."""
    half = LINE_LIMIT // 2
    return text if len(text) <= LINE_LIMIT else f"{text[:half]} [...] {text[-half:]}"


def error_json(error: OcitoolError) -> JsonObject:
    """Return an error as a JSON object (schema ``output/error``)."""
    return {
        "schemaVersion": 1,
        "kind": "error",
        "code": error.code,
        "exitCode": 128 + error.signal_number if isinstance(error, Interrupted) else error.exit_code,
        "message": error.message,
        "where": error.where,
        "remedy": error.remedy,
    }


def print_lines(lines: Sequence[str], *, stream: TextIO | None) -> None:
    """Print a text report to `stream` (None: nowhere); its lines are safe already."""
    if lines:
        _write(stream, ["\n".join(lines)])


def print_json(document: JsonObject, *, stream: TextIO | None) -> None:
    """Print one JSON document to `stream` (None: nowhere).

    It is written as it is encoded: as one text a report of many images would be larger than all that it tells of.
    """
    _write(stream, _blocks(json.JSONEncoder(indent=2, ensure_ascii=True).iterencode(document)))


def _blocks(pieces: Iterator[str]) -> Iterator[str]:
    """Join pieces of a few characters: a stream without a buffer would make a system call for each."""
    while block := "".join(islice(pieces, PIECES)):
        yield block


def _write(stream: TextIO | None, texts: Iterable[str]) -> None:
    """Write, end the line and flush; a reader that has gone away is no error of ours."""
    if stream is None:
        return
    try:
        stream.writelines(texts)
        stream.write("\n")
        stream.flush()
    except BrokenPipeError:
        silence(stream)
    except OSError as error:
        silence(stream)
        raise OutputError(f"cannot write the report: {error.strerror}") from error


def silence(stream: TextIO) -> None:
    """Point a broken stream nowhere: what is left in its buffer would raise again at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
