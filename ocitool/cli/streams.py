"""Standard streams: open, told apart from the output, and never the place of two things at once."""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ocitool.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

OUT: Final = 1
ERR: Final = 2


@dataclass(frozen=True, slots=True)
class ReportStreams:
    """Where the report and the notes of a writing command go; None is nowhere."""

    report: TextIO | None
    notes: TextIO | None


def report_streams(output: str, *, dry_run: bool) -> ReportStreams:
    """Keep reports out of the stream that the archive goes to."""
    notes = None if not dry_run and is_stream(output, ERR) else sys.stderr
    report = notes if not dry_run and is_stream(output, OUT) else sys.stdout
    return ReportStreams(report, notes)


def occupy_closed_streams() -> None:
    """Put something under descriptors 0 to 2 that were closed, before a file of ours gets their number.

    Reading or writing it fails, as it would have on the closed one.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_WRONLY if number == 0 else os.O_RDONLY)


def check_places(sources: Sequence[str], output: str, digest_map: str | None) -> None:
    """Raise `UsageError` if the digest map would land in a source, the output or among the reports."""
    if digest_map is None:
        return
    from ocitool.model.url import shown_url, url_scheme

    where = digest_map
    if url_scheme(where):
        raise UsageError(
            "--digest-map takes a file of this machine",
            where=shown_url(where),
            remedy="name a local one; the report has the map too: --format json",
        )
    if where == "-" or is_stream(where, OUT) or is_stream(where, ERR):
        raise UsageError("--digest-map takes a file", where=where, remedy="the report has the map too: --format json")
    if (
        output.endswith("/")
        and not url_scheme(output)
        and Path(os.path.realpath(output)) in Path(os.path.realpath(where)).parents
    ):
        raise UsageError("--digest-map is in the output", where=where, remedy="name a file outside of it")
    for other, name in ((output, "the output"), *((source, "the source") for source in sources)):
        if other != "-" and not url_scheme(other) and os.path.realpath(where) == os.path.realpath(other):
            raise UsageError(f"--digest-map is {name} itself", where=where, remedy="name another file")


def is_stream(path: str, number: int) -> bool:
    """Tell whether writing to `path` is writing to the descriptor `number`: the same pipe, socket or open file."""
    if path == "-":
        return number == OUT
    from ocitool.model.url import url_scheme

    if url_scheme(path):
        return False
    try:
        one, other = os.stat(path), os.fstat(number)  # noqa: PTH116 - descriptors have no path
    except OSError:
        return False
    # /dev/null and the like hold nothing that two writers could spoil.
    shared = stat.S_ISFIFO(other.st_mode) or stat.S_ISSOCK(other.st_mode) or stat.S_ISREG(other.st_mode)
    return shared and (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
