"""A list of jobs, one JSON object a line (JSON Lines): read strictly, all that is wrong with it told at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.archive.new_folder import names_folder
from ocitool.errors import DocumentError, OcitoolError, UsageError
from ocitool.model.json_text import json_kind, parse_object
from ocitool.model.limits import JOB_LIMIT, JOB_LIST_LIMIT
from ocitool.plan.batch.job import Job
from ocitool.plan.batch.occupancy import Occupancy
from ocitool.plan.batch.shape import Produces, Shape, require_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ocitool.model.json_text import JsonObject, JsonValue

FAULT_LIMIT: Final = 20
"""Lines that are told to be wrong; the others are counted."""

_KEYS: Final = ("id", "verb", "source", "output", "options")
_ID_LIMIT: Final = 256


class JobsRefused(UsageError):
    """A list of which nothing was run, since some of it cannot be; `faults` are the first of all that is wrong."""

    def __init__(self, faults: tuple[UsageError, ...], count: int) -> None:
        first = faults[0]
        more = f" (and {count - 1} more)" if count > 1 else ""
        super().__init__(f"{first.message}{more}", where=first.where, remedy=first.remedy)
        self.faults = faults
        self.count = count


@dataclass(frozen=True, slots=True)
class JobRules:
    """What jobs are held to: the shapes of the verbs, and what makes a path `absolute` and `resolve` its links.

    `check` holds the options of one job, each of which may be right, to each other.
    """

    shapes: Mapping[str, Shape]
    absolute: Callable[[str], str]
    resolve: Callable[[str], str]
    check: Callable[[Job], object]


def parse_jobs(data: bytes, where: str, rules: JobRules) -> tuple[Job, ...]:
    """Read all jobs of a list; blank lines count for nothing but their number.

    Raises `JobsRefused` if any line is wrong, two jobs have one id or write to one place, or one writes what another
    reads, since nothing says which comes first; `UsageError` if there is no job at all, or there are too many.
    """
    if len(data) > JOB_LIST_LIMIT:
        raise UsageError(f"the list of jobs has more than {JOB_LIST_LIMIT} bytes", where=where, remedy="split it")
    jobs: list[Job] = []
    faults: list[UsageError] = []
    lines: dict[str, int] = {}
    occupancy = Occupancy(rules.resolve)
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            job = _parse_line(line, rules)
            if job.id in lines:
                raise UsageError(f"id {job.id!r} is that of line {lines[job.id]} too", remedy="give each job its own")
            lines[job.id] = number
            jobs.append(job)
            occupancy.add(number, job, rules.shapes[job.verb])
        except OcitoolError as error:
            faults.append(_at(error, f"{where}:{number}"))
        if len(jobs) > JOB_LIMIT:
            raise UsageError(f"there are more than {JOB_LIMIT} jobs", where=where, remedy="split the list")
    faults += [_at(error, f"{where}:{number}") for number, error in occupancy.conflicts()]
    if faults:
        faults.sort(key=lambda fault: int(fault.where.rpartition(":")[2]))
        raise JobsRefused(tuple(faults[:FAULT_LIMIT]), len(faults))
    if not jobs:
        raise UsageError("the list names no job", where=where, remedy="write one JSON object a line; see --help")
    return tuple(jobs)


def _at(error: OcitoolError, where: str) -> UsageError:
    place = f"{error.where}: " if error.where else ""
    return UsageError(f"{place}{error.message}", where=where, remedy=error.remedy)


def _parse_line(line: bytes, rules: JobRules) -> Job:
    try:
        value = parse_object(line)
    except DocumentError as error:
        raise UsageError(error.message, remedy="write one JSON object a line") from None
    for key in value:
        if key not in _KEYS:
            raise UsageError(f"no field {key[:80]!r} in a job", remedy=f"there is {', '.join(_KEYS)}")
    name, verb = _text(value, "id"), _text(value, "verb")
    if len(name) > _ID_LIMIT:
        raise UsageError(f"id has more than {_ID_LIMIT} characters", remedy="take a shorter one")
    shape = rules.shapes.get(verb)
    if shape is None:
        raise UsageError(f"no verb {verb[:80]!r}", remedy=f"there is {', '.join(rules.shapes)}")
    sources = tuple(require_name(rules.absolute(source), "source") for source in _sources(value, shape))
    options = value.get("options", {})
    if not isinstance(options, dict):
        raise UsageError(f"options are {json_kind(options)}", remedy="write an object")
    job = Job(
        name,
        verb,
        sources,
        _output(value, shape, rules.absolute),
        shape.read_options(options, rules.absolute),
        shape.takes_several or bool(shape.roles),
    )
    rules.check(job)
    return job


def _sources(value: JsonObject, shape: Shape) -> list[str]:
    source = value.get("source")
    may_be_list = shape.takes_several or shape.roles
    given: list[JsonValue] = source if isinstance(source, list) and may_be_list else [source]
    texts = [place for place in given if isinstance(place, str) and place]
    is_right = len(texts) == len(given) and (len(texts) == len(shape.roles) if shape.roles else bool(texts))
    if not is_right:
        wanted = "a string, or a list of them" if shape.takes_several else "a string"
        if shape.roles:
            wanted = f"a list of {len(shape.roles)}: [{', '.join(shape.roles)}]"
        raise UsageError(_what_it_is(value, "source"), remedy=f"it has to be {wanted}")
    if "-" in texts:
        raise UsageError("a job has no standard input", remedy="name a file, a folder or a URL as source")
    return texts


def _output(value: JsonObject, shape: Shape, absolute: Callable[[str], str]) -> str:
    if shape.produces is Produces.NOTHING:
        if "output" in value:
            raise UsageError(f"{value['verb']} has no output", remedy="leave it out")
        return ""
    output = _text(value, "output")
    if output == "-":
        raise UsageError("a job has no standard output", remedy="name a file, a folder or a URL as output")
    place = require_name(absolute(output), "output")
    return place + "/" if names_folder(output) and not place.endswith("/") else place


def _text(value: JsonObject, key: str) -> str:
    text = value.get(key)
    if not isinstance(text, str) or not text:
        raise UsageError(_what_it_is(value, key), remedy="it has to be a string")
    return text


def _what_it_is(value: JsonObject, key: str) -> str:
    """Say what a field is that has to be a string."""
    if key not in value:
        return f"has no {key}"
    return f"{key} is {'empty' if value[key] == '' else json_kind(value[key])}"
