"""Which job writes where: jobs run in any order, so no place is written twice, and none is written and read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.archive.new_folder import names_folder
from ocitool.errors import UsageError
from ocitool.model.url import object_of_url, path_of_url, require_no_version, shown_url, url_scheme
from ocitool.plan.batch.shape import Produces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ocitool.plan.batch.job import Job
    from ocitool.plan.batch.shape import Option, Shape


class Occupancy:
    """The places of all jobs so far; `resolve` follows the links of a path."""

    def __init__(self, resolve: Callable[[str], str]) -> None:
        self._resolve = resolve
        self._written: dict[str, int] = {}
        self._layouts: dict[str, int] = {}
        self._splits: dict[str, int] = {}
        self._nested: set[str] = set()
        self._read: dict[str, list[int]] = {}

    def add(self, line: int, job: Job, shape: Shape) -> None:
        """Note what a job reads and writes; raises `UsageError` if another writes there already."""
        options = shape.options.values()
        for source in (*job.sources, *_named(job, [option for option in options if option.is_source])):
            self._read.setdefault(self._place(source), []).append(line)
        for written in (job.output, *_named(job, [option for option in options if option.is_output])):
            if not written:
                continue
            require_no_version(written)
            place = self._place(written)
            if place in self._written:
                other = self._written[place]
                by = "this job" if other == line else f"line {other}"
                raise UsageError(
                    f"{by} writes to {shown_url(written)} too", remedy="give each job an output of its own"
                )
            self._written[place] = line
            if written == job.output and shape.produces is Produces.ARCHIVE and names_folder(written):
                self._layouts[place] = line
            elif written == job.output and shape.produces is Produces.FOLDER:
                self._splits[place] = line
                if names_folder(str(job.options.get("name-template", ""))):
                    self._nested.add(place)

    def conflicts(self) -> Iterator[tuple[int, UsageError]]:
        """Yield the line of each job that reads what a job writes, or is in a folder that another reads or writes."""
        for place, line in self._written.items():
            for reader in self._read.get(place, ()):
                who = _who(line, reader)
                yield reader, _conflict(f"reads {shown_url(place)}, which {who} writes")
            if (writer := self._writer_above(place, line)) is not None:
                yield line, _conflict(f"writes {place}, which is in a folder that line {writer} writes")
            elif (reader_above := self._reader_above(place)) is not None:
                who = _who(reader_above, line)
                yield line, _conflict(f"writes {place}, which is in a folder that {who} reads")
        for place, readers in self._read.items():
            for reader in readers:
                if (writer := self._writer_above(place, reader)) is not None:
                    yield reader, _conflict(f"reads {place}, which is in a folder that line {writer} writes")

    def _writer_above(self, place: str, line: int) -> int | None:
        """Return the line that writes a folder above a place, if one does; a split's own may be its source's, too."""
        for depth, folder in enumerate(_above(place)):
            if folder in self._layouts:
                return self._layouts[folder]
            if self._splits.get(folder, line) != line and (depth == 0 or folder in self._nested):
                return self._splits[folder]
        return None

    def _reader_above(self, place: str) -> int | None:
        """Return the line of a job that reads a folder above a place, if one does."""
        return next((self._read[folder][0] for folder in _above(place) if folder in self._read), None)

    def _place(self, written: str) -> str:
        path = path_of_url(written)
        return object_of_url(path) if url_scheme(path) else self._resolve(path)


def _above(place: str) -> Iterator[str]:
    """Yield the folders above a path, the innermost first; a URL is in none."""
    while not url_scheme(place) and (place := place.rpartition("/")[0]):
        yield place


def _named(job: Job, options: Iterable[Option]) -> Iterator[str]:
    """Yield the files that options of a job name."""
    for option in options:
        if isinstance(value := job.options.get(option.name), str):
            yield value


def _who(line: int, other: int) -> str:
    return "this job itself" if line == other else f"line {line}"


def _conflict(message: str) -> UsageError:
    return UsageError(message, remedy="write elsewhere, or make it two batches in turn")
