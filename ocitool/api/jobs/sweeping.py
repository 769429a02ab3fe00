"""What a job that was killed may leave: hidden folders, and hidden files where a file must have a name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ocitool.api.jobs.reading import path
from ocitool.archive.leftovers import remove_leftovers
from ocitool.model.url import url_scheme

if TYPE_CHECKING:
    from ocitool.plan.batch.job import Job


def owner_of(job: Job) -> str:
    """Return what hidden names of a job say whose they are: this job's, also when it is run another day."""
    return job.digest.hex[:24]


def sweep(job: Job) -> None:
    """Remove what earlier tries of a job left where it writes; what one that still runs holds stays.

    So does a folder that was moved aside and never replaced: nothing else is left of it.
    """
    keep_replaced = not os.path.lexists(job.output.rstrip("/"))
    for folder in _folders(job):
        remove_leftovers(folder, owner_of(job), keep_replaced=keep_replaced)


def _folders(job: Job) -> set[Path]:
    found = set()
    for place in (job.output, path(job, "digest-map")):
        if place and not url_scheme(place):
            real = Path(os.path.realpath(place))
            found |= {real.parent, real}
    return found
