"""The verb `verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.api.listener import Listener, Silence
from ocitool.api.opening import SourceOptions, open_archive
from ocitool.check.content import check_content, listed_blobs
from ocitool.check.report import Finding, Report, Severity
from ocitool.engine.execute import digest_blobs
from ocitool.errors import DocumentError

if TYPE_CHECKING:
    import os


def verify_archive(
    source: str | os.PathLike[str],
    *,
    source_options: SourceOptions | None = None,
    listener: Listener | None = None,
) -> Report:
    """Check an archive: everything that is listed is there, whole and of the platform it is listed as.

    What is wrong is in the report. Raises `ArchiveError` only if there is no archive, its data is cut short or it is
    unsafe to read.
    """
    listener = listener or Silence()
    try:
        with open_archive(source, source_options, listener) as archive:
            blobs = listed_blobs(archive.graph)
            listener.start("verifying", sum(blob.size for blob in blobs))
            actual = digest_blobs(blobs, archive.sources[0], on_bytes=listener.advance)
            listener.finish()
            return check_content(archive.graph, actual)
    except DocumentError as error:
        # No index.json to start from: that itself is the finding.
        finding = Finding("L7", Severity.ERROR, error.message, error.where, error.remedy)
        return Report(str(source), (finding,))
