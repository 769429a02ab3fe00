from __future__ import annotations

import json
from typing import Any

import pytest

from ocitool.errors import DocumentError, SelectionError
from ocitool.model.digest import Digest
from ocitool.plan.batch.job import Job
from ocitool.plan.batch.result import JobOutput, JobResult, JobStatus, SourceState

JOB = Job("a", "filter", ("/in",), "/out")
RESULT = JobResult(
    "a",
    JOB.digest,
    "filter",
    JobStatus.DONE,
    sources=(SourceState("/in", 3, "12"), SourceState("s3://x/y")),
    outputs=(JobOutput("/out", 7, Digest.of(b"")),),
    read=5,
    seconds=1.25,
    worker="host:1",
    attempts=2,
)


@pytest.mark.parametrize(
    "result", [RESULT, JobResult.failed(JOB, SelectionError("not there", where="x", remedy="look"))]
)
def test_a_result_is_read_as_it_was_written(result: JobResult) -> None:
    assert JobResult.from_json(json.loads(json.dumps(result.to_json()))) == result


@pytest.mark.parametrize("field", ["sources", "outputs"])
def test_a_name_that_nothing_can_have_is_refused(field: str) -> None:
    document: Any = json.loads(json.dumps(RESULT.to_json()))
    document[field][0]["path"] = "/a\0"
    with pytest.raises(DocumentError, match="holds a NUL"):
        JobResult.from_json(document)


@pytest.mark.parametrize("field", RESULT.to_json())
@pytest.mark.parametrize("value", [..., [1], {"x": 1}, "sha256:0", -1.5])
def test_what_is_no_result_is_refused(field: str, value: Any) -> None:
    document: dict[str, Any] = RESULT.to_json()
    if value is ...:
        del document[field]
    else:
        document[field] = value
    if field in {"id", "verb", "worker"} and isinstance(value, str):
        JobResult.from_json(document)
        return
    with pytest.raises(DocumentError):
        JobResult.from_json(document)


@pytest.mark.parametrize("field", ["seconds", "bytesRead", "attempts", "size"])
@pytest.mark.parametrize("value", ["nan", "1.5", float("nan"), float("inf"), True, -1, None, 10**400])
def test_a_number_that_is_none_is_refused(field: str, value: Any) -> None:
    document: dict[str, Any] = RESULT.to_json()
    if field == "size":
        document["outputs"][0]["size"] = value
    else:
        document[field] = value
    if value == 10**400 and field != "seconds":
        JobResult.from_json(document)
        return
    with pytest.raises(DocumentError):
        JobResult.from_json(document)
