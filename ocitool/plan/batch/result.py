"""How a job ended: one line of JSON, and what a later run makes of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from ocitool.errors import DocumentError, Interrupted
from ocitool.model.digest import Digest

if TYPE_CHECKING:
    from ocitool.errors import OcitoolError
    from ocitool.model.json_text import JsonObject
    from ocitool.plan.batch.job import Job


class JobStatus(Enum):
    """How it ended: done now, done by an earlier run and still true, failed, or only planned (``--dry-run``)."""

    DONE = "done"
    KEPT = "kept"
    FAILED = "failed"
    PLANNED = "planned"


@dataclass(frozen=True, slots=True)
class SourceState:
    """What tells that a source is still what it was: `size` in bytes (None: not known), and a version.

    The version is that of a URL's object, or when a file was modified, in nanoseconds; "" if there is none.
    """

    path: str
    size: int | None = None
    version: str = ""

    def to_json(self) -> JsonObject:
        """Return its part of a result line."""
        return {"path": self.path, "size": self.size, "version": self.version}


@dataclass(frozen=True, slots=True)
class JobOutput:
    """What a job wrote, or would: `size` in bytes, and the digest of its contents (`ocitool.plan.content_digest`)."""

    path: str
    size: int
    contents: Digest

    def to_json(self) -> JsonObject:
        """Return its part of a result line."""
        return {"path": self.path, "size": self.size, "contents": str(self.contents)}


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed, in the words of the command line's errors, and the exit code that it would have had."""

    code: str
    message: str
    where: str = ""
    remedy: str = ""
    exit_code: int = 1

    @classmethod
    def of(cls, error: OcitoolError) -> JobError:
        """Return an error as a value."""
        code = 128 + error.signal_number if isinstance(error, Interrupted) else error.exit_code
        return cls(error.code, error.message, error.where, error.remedy, code)

    def to_json(self) -> JsonObject:
        """Return its part of a result line."""
        return {
            "code": self.code,
            "message": self.message,
            "where": self.where,
            "remedy": self.remedy,
            "exitCode": self.exit_code,
        }


@dataclass(frozen=True, slots=True)
class JobResult:
    """One result: `digest` is that of the job, `read` the bytes that it read, `seconds` how long the last try took.

    `worker` names the process that ran it, `attempts` counts how often it was begun. `digest_map` is the sha256 of
    the digest map that it wrote, or would, None if it was not asked for one.
    """

    id: str
    digest: Digest
    verb: str
    status: JobStatus
    error: JobError | None = None
    sources: tuple[SourceState, ...] = ()
    outputs: tuple[JobOutput, ...] = ()
    read: int = 0
    seconds: float = 0.0
    worker: str = ""
    attempts: int = 1
    digest_map: Digest | None = None

    @classmethod
    def failed(cls, job: Job, error: OcitoolError, sources: tuple[SourceState, ...] = ()) -> JobResult:
        """Return the result of a job that an error ended."""
        return cls(job.id, job.digest, job.verb, JobStatus.FAILED, JobError.of(error), sources)

    def run_by(self, worker: str, attempts: int) -> JobResult:
        """Return the same with who ran it, at which attempt."""
        return replace(self, worker=worker or self.worker, attempts=attempts)

    def to_json(self) -> JsonObject:
        """Return one JSON object (schema ``output/batch-result``)."""
        return {
            "schemaVersion": 1,
            "kind": "batch-result",
            "id": self.id,
            "job": str(self.digest),
            "verb": self.verb,
            "status": self.status.value,
            "error": None if self.error is None else self.error.to_json(),
            "sources": [source.to_json() for source in self.sources],
            "outputs": [output.to_json() for output in self.outputs],
            "digestMap": None if self.digest_map is None else str(self.digest_map),
            "bytesRead": self.read,
            "seconds": round(self.seconds, 3),
            "worker": self.worker,
            "attempts": self.attempts,
        }

    @classmethod
    def from_json(cls, value: JsonObject) -> JobResult:
        """Read what `to_json` wrote; raises `DocumentError` for anything else."""
        # Held to its types by what is called with it; whatever is not as it was written raises.
        line: Any = value
        try:
            if line["kind"] != "batch-result" or line["schemaVersion"] != 1:
                raise DocumentError("is no result line of a batch")
            error, digest_map = line["error"], line["digestMap"]
            return cls(
                _text(line["id"]),
                Digest.parse(line["job"]),
                _text(line["verb"]),
                JobStatus(line["status"]),
                None if error is None else _error(error),
                tuple(_source(item) for item in line["sources"]),
                tuple(
                    JobOutput(_name(item["path"]), _number(item["size"]), Digest.parse(item["contents"]))
                    for item in line["outputs"]
                ),
                _number(line["bytesRead"]),
                _seconds(line["seconds"]),
                _text(line["worker"]),
                _number(line["attempts"], least=1),
                None if digest_map is None else Digest.parse(digest_map),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise DocumentError(f"is no result line of a batch: {error}") from None


def _source(item: dict[str, Any]) -> SourceState:
    size = item["size"]
    return SourceState(_name(item["path"]), None if size is None else _number(size), _text(item["version"]))


def _error(item: dict[str, Any]) -> JobError:
    code, message, where, remedy = (_text(item[key]) for key in ("code", "message", "where", "remedy"))
    return JobError(code, message, where, remedy, _number(item["exitCode"]))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is no text")
    return value


def _name(value: object) -> str:
    if "\0" in (name := _text(value)):
        raise ValueError("a name holds a NUL")
    return name


def _number(value: object, *, least: int = 0) -> int:
    if type(value) is not int or value < least:
        raise TypeError(f"{value!r:.40} is no whole number from {least} on")
    return value


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not (0 <= value < math.inf):
        raise TypeError(f"{value!r:.40} is no time in seconds")
    return float(value)
