"""Which job writes where: jobs run in any order, so no place is written twice, and none is written and read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.archive.new_folder import names_folder
from ocitool.errors import UsageError
from ocitool.model.url import object_of_url, path_of_url, require_no_version, shown_url, url_scheme
from ocitool.plan.batch.shape import Produces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ocitool.plan.batch.job import Job
    from ocitool.plan.batch.shape import Shape


class Occupancy:
    """The places of all jobs so far; `resolve` follows the links of a path."""

    def __init__(self, resolve: Callable[[str], str]) -> None:
        self._resolve = resolve
        self._written: dict[str, int] = {}
        self._layouts: dict[str, int] = {}
        self._read: dict[str, list[int]] = {}

    def add(self, line: int, job: Job, shape: Shape) -> None:
        """Note what a job reads and writes; raises `UsageError` if another writes there already."""
        for source in job.sources:
            self._read.setdefault(self._place(source), []).append(line)
        extra = (job.options.get(option.name) for option in shape.options.values() if option.is_output)
        for written in (job.output, *extra):
            if not isinstance(written, str) or not written:
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

    def conflicts(self) -> Iterator[tuple[int, UsageError]]:
        """Yield the line of each job that reads what a job writes, or writes into an image layout of another."""
        for place, line in self._written.items():
            for reader in self._read.get(place, ()):
                who = "this job itself" if reader == line else f"line {line}"
                yield (
                    reader,
                    UsageError(
                        f"reads {shown_url(place)}, which {who} writes",
                        remedy="write elsewhere, or make it two batches in turn",
                    ),
                )
            if (other := self._inside(place)) is not None and other != place:
                message = f"writes {place}, which is in a folder that line {self._layouts[other]} writes"
                yield line, UsageError(message, remedy="write elsewhere")
        for place, readers in self._read.items():
            if (other := self._inside(place)) is not None and other != place:
                message = f"reads {place}, which is in a folder that line {self._layouts[other]} writes"
                for reader in readers:
                    yield reader, UsageError(message, remedy="write elsewhere, or make it two batches in turn")

    def _inside(self, place: str) -> str | None:
        """Return the image layout that is to be written above a place, if one is."""
        if not self._layouts or url_scheme(place):
            return None
        above = place
        while above := above.rpartition("/")[0]:
            if above in self._layouts:
                return above
        return None

    def _place(self, written: str) -> str:
        path = path_of_url(written)
        return object_of_url(path) if url_scheme(path) else self._resolve(path)
