"""Whether what an earlier run did is still true: its sources are what they were, its outputs hold what they held."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from ocitool.api.jobs.reading import path, source_options
from ocitool.api.listener import Silence
from ocitool.api.opening import open_scanned
from ocitool.api.places import open_place, place_name
from ocitool.api.writing import folder_beside
from ocitool.archive.entry import EntryKind
from ocitool.archive.layout_directory import DirectorySource
from ocitool.archive.remote import FarSource
from ocitool.archive.source import Incoming
from ocitool.engine.content_digests import content_digests
from ocitool.errors import OcitoolError, UnsafeEntry
from ocitool.model.digest import Digest, digest_of_blob_name
from ocitool.model.url import shown_url, url_scheme
from ocitool.plan.batch.result import JobOutput, JobResult, JobStatus, SourceState
from ocitool.plan.content_digest import contents_digest
from ocitool.plan.steps import Copy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.api.jobs.verb import JobSetting
    from ocitool.api.opening import SourceOptions
    from ocitool.archive.entry import Entry
    from ocitool.plan.batch.job import Job


def source_states(job: Job) -> tuple[SourceState, ...]:
    """Return what all that a job reads is now; what cannot be read has no size, and whoever reads it says why."""
    require = path(job, "require")
    return tuple(_state(place) for place in (*job.sources, *([] if require is None else [str(require)])))


def is_still_true(job: Job, earlier: JobResult, sources: tuple[SourceState, ...], setting: JobSetting) -> bool:
    """Tell whether a result holds; outputs are read and hashed for it, unless something cheaper tells already."""
    if earlier.status not in {JobStatus.DONE, JobStatus.KEPT} or earlier.digest != job.digest:
        return False
    if earlier.sources != sources or not all(source.version for source in sources):
        return False
    if not _are_outputs_of(job, earlier.outputs):
        return False
    options = source_options(job, setting.rate)
    try:
        if not holds_digest_map(job, earlier.digest_map):
            return False
        return all(holds(job, output, options, setting) for output in earlier.outputs)
    except (OcitoolError, OSError):
        # Whatever is wrong with it, it is no longer what was written.
        return False


def read_contents(place: str, options: SourceOptions, setting: JobSetting) -> Digest:
    """Return the digest of all that an archive holds (`ocitool.plan.content_digest`), from its bytes.

    Raises `ArchiveError` if it cannot be read to its end, or holds what no output of ours does.
    """
    with open_scanned(place, options, Silence()) as scanned:
        scan = scanned.scan
        others = [entry for entry in scan.entries if entry.kind not in {EntryKind.FILE, EntryKind.DIRECTORY}]
        if others or scan.faults or not scan.has_end:
            raise UnsafeEntry("is no output of ocitool", where=place)
        files = [entry for entry in scan.entries if entry.kind is EntryKind.FILE]
        digests = content_digests(
            [_copy(entry) for entry in files],
            scanned.source,
            on_bytes=setting.listener.advance,
            rate=setting.rate,
        )
        return contents_digest((entry.name, entry.size, digest) for entry, digest in zip(files, digests, strict=True))


def holds_digest_map(job: Job, digest: Digest | None) -> bool:
    """Tell whether the digest map of a job, if it is to write one, is there as it was written; raises `OSError`."""
    digest_map = path(job, "digest-map")
    if digest_map is None:
        return digest is None
    with digest_map.open("rb") as file:
        return digest is not None and hashlib.file_digest(file, "sha256").hexdigest() == digest.hex


def _are_outputs_of(job: Job, outputs: Sequence[JobOutput]) -> bool:
    """Tell whether these can be what a job wrote: at least one where it writes, and each where it would be."""
    if not job.output:
        return not outputs
    place = place_name(job.output)
    if job.verb == "split":
        return bool(outputs) and all(Path(output.path).parent == Path(place) for output in outputs)
    return [output.path for output in outputs] == [place]


def holds(job: Job, output: JobOutput, options: SourceOptions, setting: JobSetting) -> bool:
    """Tell whether what stands where an output goes holds that; raises `ArchiveError` or `OSError` if unreadable."""
    # Only the job has all of a URL; results have what may be shown.
    place = job.output if url_scheme(job.output) else output.path
    if not url_scheme(place) and local_size(place) != output.size:
        return False
    from dataclasses import replace

    if options.spool_directory is None:
        options = replace(options, spool_directory=folder_beside(place))
    return read_contents(place, options, setting) == output.contents


def local_size(place: str) -> int:
    """Return the bytes of a file, or of all files of a folder; raises `OSError`."""
    if not Path(place).is_dir():
        return Path(place).stat().st_size
    with closing(DirectorySource(Path(place))) as folder:
        return folder.size


def _copy(entry: Entry) -> Copy:
    digest = digest_of_blob_name(entry.name) or Digest("sha256", "")
    return Copy(0, entry.data_offset, entry.size, digest, entry.name)


def _state(place: str) -> SourceState:
    try:
        return _far_state(place) if url_scheme(place) else _near_state(place)
    except (OcitoolError, OSError):
        return SourceState(shown_url(place))


def _far_state(place: str) -> SourceState:
    source = open_place(place)
    with closing(source.stream if isinstance(source, Incoming) else source):
        size = None if isinstance(source, Incoming) else source.size
        version = source.object_version if isinstance(source, FarSource | Incoming) else ""
        return SourceState(shown_url(place), size, version)


def _near_state(place: str) -> SourceState:
    status = os.stat(place)  # noqa: PTH116 - beside the listing below
    if not stat.S_ISDIR(status.st_mode):
        return SourceState(place, status.st_size, str(status.st_mtime_ns))
    size, lines = 0, []
    for folder, folders, names in os.walk(place):
        folders.sort()
        for name in sorted(names):
            file = os.lstat(os.path.join(folder, name))  # noqa: PTH118 - many names
            size += file.st_size
            lines.append(f"{os.path.relpath(folder, place)}/{name}\0{file.st_size}\0{file.st_mtime_ns}\n")
    return SourceState(place, size, Digest.of("".join(lines).encode(errors="surrogateescape")).hex)
