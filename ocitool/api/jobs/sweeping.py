"""What a job that was killed may leave: hidden folders, and hidden files where a file must have a name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ocitool.api.jobs.reading import flag, path
from ocitool.archive.leftovers import remove_leftovers
from ocitool.archive.new_folder import names_folder
from ocitool.model.url import url_scheme

if TYPE_CHECKING:
    from ocitool.plan.batch.job import Job


def owner_of(job: Job) -> str:
    """Return what hidden names of a job say whose they are: this job's, also when it is run another day."""
    return job.digest.hex[:24]


def sweep(job: Job, *, is_over: bool) -> None:
    """Remove what earlier tries of a job left where it writes; what one that still runs holds stays.

    As long as it `is_over` not, a folder that was to be replaced stays: it may be what a try had moved aside.
    """
    if not is_over and names_folder(job.output) and flag(job, "force") and not os.path.lexists(job.output):
        return
    for folder in _folders(job):
        remove_leftovers(folder, owner_of(job))


def _folders(job: Job) -> set[Path]:
    found = set()
    for place in (job.output, path(job, "digest-map")):
        if place and not url_scheme(place):
            real = Path(os.path.realpath(place))
            found |= {real.parent, real}
    return found
