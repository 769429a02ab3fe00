"""Where jobs may write: files, folders and URLs, for what goes elsewhere cannot be whole or not there at all."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from ocitool.api.jobs.reading import text
from ocitool.archive.sink import open_descriptor
from ocitool.errors import UsageError
from ocitool.model.url import url_scheme

if TYPE_CHECKING:
    from ocitool.plan.batch.job import Job


def require_files(job: Job) -> None:
    """Raise `UsageError` if an output of a job is a pipe, a device or an open descriptor: whoever runs it may wait.

    What cannot be looked at is told by whoever writes it.
    """
    for place in (job.output, text(job, "digest-map")):
        if place and not url_scheme(place) and not _may_be_file(place):
            raise UsageError(
                "is neither a file nor a folder, and a job writes nothing else", where=place, remedy="name a file"
            )


def _may_be_file(place: str) -> bool:
    if open_descriptor(place) is not None:
        return False
    try:
        mode = os.stat(place).st_mode  # noqa: PTH116 - names come as text
    except (OSError, ValueError):
        return True
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)
