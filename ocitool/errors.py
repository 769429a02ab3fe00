"""The whole error tree; each class carries the exit code of the command line.

::

    OcitoolError                      1
    ├── UsageError                    2   options that contradict each other
    ├── ArchiveError                  3   not readable as an image archive
    │   ├── NotAnArchive              3   no tar, no image layout
    │   │   └── MissingIndex          3   an image layout without what lists its images
    │   ├── UnsupportedArchive        3   a known form that is not read (yet)
    │   ├── TruncatedArchive          3   data cut short
    │   ├── UnsafeEntry               3   a name, link or size that must not be followed
    │   └── ChangedSource             3   the source changed while it was read
    ├── DocumentError                 3   JSON that is not what the specification asks for
    ├── SelectionError                4   a requested platform or image is not there
    ├── IntegrityError                5   bytes that do not match their digest or size, or are missing
    ├── OutputError                   6   the output could not be written
    │   ├── OutputClosed              6   the reader of a pipe went away
    │   ├── ImporterError             6   the program that an archive goes to cannot be run, or its daemon not reached
    │   └── ClusterError              6   the workers that are to run a batch cannot be reached, or cannot run it
    ├── ImportRefused                 1   no command imports this archive, as far as is known
    ├── FindingsFound                 1   a job of a batch verified an archive, and something is wrong with it
    ├── WorkerLost                    1   whatever ran a job of a batch ended before the job did, again and again
    └── Interrupted                 130   stopped by a signal (143 for SIGTERM)

Findings of a validator are values (`ocitool.check`); an error stops a command at the first.
"""

from __future__ import annotations

from typing import ClassVar


class OcitoolError(Exception):
    """Base of all errors ocitool raises on purpose.

    `str(error)` is one line: what is wrong and, after it, what to do. `where` is the place in the archive or
    file system, `remedy` the advice alone; both may be empty.
    """

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f"; {self.remedy}" if self.remedy else ""
        return f"{place}{self.message}{advice}"


class UsageError(OcitoolError):
    """Options or arguments that cannot be used together, or a value that cannot be parsed."""

    exit_code = 2
    code = "usage"


class ArchiveError(OcitoolError):
    """The input is not readable as an image archive."""

    exit_code = 3
    code = "archive"


class NotAnArchive(ArchiveError):
    """The input is no tar, or a tar without an image layout."""

    code = "not-an-archive"


class MissingIndex(NotAnArchive):
    """An image layout without its index.json."""


class UnsupportedArchive(ArchiveError):
    """The input is of a known form that this version does not read."""

    code = "unsupported-archive"


class TruncatedArchive(ArchiveError):
    """The data ends before the archive does."""

    code = "truncated"


class UnsafeEntry(ArchiveError):
    """An entry whose name, type or size must not be trusted."""

    code = "unsafe-entry"


class ChangedSource(ArchiveError):
    """The source changed while it was read, so nothing read from it can be trusted."""

    code = "changed-source"


class DocumentError(OcitoolError):
    """A JSON document that is malformed, too large, or not of the shape its media type promises."""

    exit_code = 3
    code = "document"


class SelectionError(OcitoolError):
    """A platform or image that was asked for is not in the archive."""

    exit_code = 4
    code = "selection"


class IntegrityError(OcitoolError):
    """Content that differs from its digest or size, or a blob of a present platform that is missing."""

    exit_code = 5
    code = "integrity"


class OutputError(OcitoolError):
    """The output could not be written; what stood under its name before is untouched."""

    exit_code = 6
    code = "output"


class OutputClosed(OutputError):
    """The reader of a pipe went away before the archive was complete."""

    code = "output-closed"


class ImporterError(OutputError):
    """The program that an archive is to go to cannot be run, or its daemon does not answer."""

    code = "importer"


class ClusterError(OutputError):
    """The workers that are to run a batch cannot be reached, or cannot run it."""

    code = "cluster"


class FindingsFound(OcitoolError):
    """Something is wrong with an archive that a job of a batch verified."""

    code = "findings"


class WorkerLost(OcitoolError):
    """Whatever ran a job of a batch ended before the job did, as often as that was tried."""

    code = "worker-lost"


class ImportRefused(OcitoolError):
    """No command is known that imports an archive into what is there, so that none was run."""

    exit_code = 1
    code = "import-refused"


class Interrupted(OcitoolError):
    """A signal asked the command to stop."""

    exit_code = 130
    code = "interrupted"

    def __init__(self, signal_number: int) -> None:
        super().__init__("interrupted")
        self.signal_number = signal_number
