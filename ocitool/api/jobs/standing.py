"""What stands already where a job writes and must not replace it: what a try that was lost had finished, or others'.

A worker may be lost after its output has its name and before anybody hears of that, and a line that told of it may be
lost too. What stands there is told by its contents, never by its name.
"""

from __future__ import annotations

import os
import stat
from contextlib import closing
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from ocitool.api.jobs.freshness import holds_digest_map, local_size, read_contents
from ocitool.api.jobs.reading import flag, path, source_options
from ocitool.api.jobs.writing import write_options_of
from ocitool.api.places import open_place
from ocitool.api.writing import choose_compression
from ocitool.archive.new_folder import names_folder
from ocitool.archive.source import Incoming
from ocitool.errors import OcitoolError
from ocitool.model.url import url_scheme

if TYPE_CHECKING:
    from ocitool.api.jobs.verb import JobSetting, Outcome
    from ocitool.plan.batch.job import Job
    from ocitool.plan.batch.result import JobOutput, JobResult


class Standing(Enum):
    """What stands where outputs go.

    DONE is all of what the job writes; OURS nothing but what it writes, or wrote as an earlier result of it says;
    FOREIGN anything else.
    """

    DONE = "done"
    OURS = "ours"
    FOREIGN = "foreign"


def is_in_the_way(job: Job) -> bool:
    """Tell whether something stands where the job writes that it would not replace.

    Of a URL that is told by reading it. Where a source can be read once only, nobody can tell more, and nothing does.
    """
    if not job.output:
        return False
    is_folder = names_folder(job.output) and job.verb != "split"
    if not flag(job, "no-clobber") and (not is_folder or flag(job, "force")):
        return False
    if not all(_is_readable_again(source) for source in job.sources):
        return False
    digest_map = path(job, "digest-map")
    if digest_map is not None and flag(job, "no-clobber") and os.path.lexists(digest_map):
        return True
    if url_scheme(job.output) or not os.path.isdir(job.output):  # noqa: PTH112 - a path may be too long
        return bool(url_scheme(job.output)) or os.path.lexists(job.output)
    return bool(os.listdir(job.output))  # noqa: PTH208 - a path may be too long


def standing(job: Job, planned: Outcome, earlier: JobResult | None, setting: JobSetting) -> tuple[Standing, Outcome]:
    """Hold what stands there to what is `planned` and to an `earlier` result of this very job.

    The outcome is the planned one, with sizes as they are. Outputs are read and hashed for it.
    """
    before = {} if earlier is None else {output.path: output for output in earlier.outputs}
    found: list[JobOutput] = []
    for number, output in enumerate(planned.outputs):
        is_local = not url_scheme(job.output)
        if is_local and not os.path.lexists(output.path):
            continue
        was = before.get(output.path)
        try:
            if (same := _as_planned(job, output, setting)) is not None:
                found.append(same)
                continue
            if is_local and was is not None and _is_ours(job, was, planned.names[number], setting):
                continue
        except (OcitoolError, OSError):
            pass
        return Standing.FOREIGN, planned
    outcome = replace(planned, outputs=tuple(found), read=0)
    try:
        has_map = holds_digest_map(job, planned.digest_map)
        is_our_map = has_map or (earlier is not None and holds_digest_map(job, earlier.digest_map))
    except FileNotFoundError:
        has_map, is_our_map = False, True
    except OSError:
        has_map = is_our_map = False
    if has_map and len(found) == len(planned.outputs):
        return Standing.DONE, outcome
    return (Standing.OURS if is_our_map or not flag(job, "no-clobber") else Standing.FOREIGN), planned


def _as_planned(job: Job, output: JobOutput, setting: JobSetting) -> JobOutput | None:
    """Return an output as it stands there, None if that is not what is planned."""
    # Only the job has all of a URL; results have what may be shown.
    place = job.output if url_scheme(job.output) else output.path
    compression = choose_compression(place, write_options_of(job, setting).compression)
    if names_folder(place) != (not url_scheme(place) and Path(place).is_dir()):
        return None
    opened = open_place(place)
    with closing(opened.stream if isinstance(opened, Incoming) else opened):
        is_compressed = isinstance(opened, Incoming)
        # Nothing tells the size of a compressed object.
        if is_compressed != compression.is_needed or (is_compressed and url_scheme(place)):
            return None
        size = local_size(place) if isinstance(opened, Incoming) else opened.size
    if not is_compressed and size != output.size:
        return None
    holds = read_contents(place, source_options(job, setting.rate), setting) == output.contents
    return replace(output, size=size) if holds else None


def _is_ours(job: Job, was: JobOutput, names: frozenset[str], setting: JobSetting) -> bool:
    """Tell whether what stands there is what an earlier run wrote, or a folder of that with nothing added to it."""
    if names_folder(was.path) and all(name in names for name in _files_of(was.path)):
        return True
    return read_contents(was.path, source_options(job, setting.rate), setting) == was.contents


def _files_of(folder: str) -> list[str]:
    return [
        os.path.relpath(os.path.join(top, name), folder)  # noqa: PTH118 - many names
        for top, _, names in os.walk(folder)
        for name in names
    ]


def _is_readable_again(source: str) -> bool:
    if url_scheme(source):
        return True
    try:
        mode = os.stat(source).st_mode  # noqa: PTH116 - what it is, once
    except OSError:
        return False
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)
