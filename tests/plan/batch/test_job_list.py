"""Lists of jobs are read strictly: what is wrong is told with its line, and nothing is run."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from ocitool.api import make_jobs, read_schema
from ocitool.api.jobs.lists import job_rules
from ocitool.api.jobs.verbs import VERBS
from ocitool.errors import UsageError
from ocitool.plan.batch.job import Job
from ocitool.plan.batch.job_list import FAULT_LIMIT, JobsRefused, parse_jobs
from ocitool.plan.batch.shape import Kind

GOOD: dict[str, Any] = {
    "id": "a",
    "verb": "filter",
    "source": "/in/a.tar",
    "output": "/out/a.tar",
    "options": {"platform": ["linux/arm64"]},
}
DELTA: dict[str, Any] = {"id": "d", "verb": "delta", "source": ["/in/a.tar", "/in/b.tar"], "output": "/out/d.tar"}
APPLY: dict[str, Any] = DELTA | {"verb": "apply", "source": ["/in/a.tar", "/in/d.tar"], "output": "/out/b.tar"}
VERIFY: dict[str, Any] = {"id": "v", "verb": "verify", "source": "/in/a.tar"}


def faults(*jobs: dict[str, Any] | bytes) -> list[str]:
    lines = [job if isinstance(job, bytes) else json.dumps(job).encode() for job in jobs]
    with pytest.raises(JobsRefused) as caught:
        parse_jobs(b"\n".join(lines), "jobs", job_rules())
    return [str(fault) for fault in caught.value.faults]


def changed(value: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {key: field for key, field in (value | fields).items() if field is not ...}


def optioned(value: dict[str, Any], **options: Any) -> dict[str, Any]:
    given = {name.replace("_", "-"): option for name, option in options.items()}
    return changed(value, options=value.get("options", {}) | given)


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (b"{", "not JSON"),
        (b'{"id": "a", "id": "b"}', "occurs twice"),
        (b"[1]", "not a JSON object but an array"),
        (changed(GOOD, id=...), "has no id"),
        (changed(GOOD, id=1), "id is a number"),
        (changed(GOOD, id=""), "id is empty"),
        (changed(GOOD, id="x" * 257), "more than 256 characters"),
        (changed(GOOD, verb="inspect"), "no verb 'inspect'; there is filter, split, merge, delta, apply, verify"),
        (changed(GOOD, sources=["x"]), "no field 'sources' in a job; there is id, verb, source, output, options"),
        (changed(GOOD, source=...), "has no source"),
        (changed(GOOD, source=["/in/a.tar"]), "source is an array; it has to be a string"),
        (changed(GOOD, source=""), "source is empty"),
        (changed(GOOD, source="-"), "no standard input"),
        (changed(GOOD, output="-"), "no standard output"),
        (changed(GOOD, output=...), "has no output"),
        (changed(GOOD, output=3), "output is a number"),
        (changed(GOOD, output=""), "output is empty"),
        (changed(GOOD, options=[]), "options are an array"),
        (changed(GOOD, options={}), "has no option platform"),
        (changed(GOOD, output="/out/a.tar.xz"), "that compression is not written"),
        (optioned(GOOD, platfrom="x"), "no option 'platfrom'; there is attestations, "),
        (optioned(GOOD, platform=[]), "option platform is an array; it has to be a string or a list of strings"),
        (optioned(GOOD, platform=[1]), "option platform is an array"),
        (optioned(GOOD, platform="a/b/c/d"), "a/b/c/d"),
        (optioned(GOOD, index="round"), "option index is 'round'; it can be auto, nested, flat, keep"),
        (optioned(GOOD, verify="no"), "option verify is 'no'; it has to be true or false"),
        (optioned(GOOD, verify=0), "option verify is 0; it has to be true or false"),
        (optioned(GOOD, max_ratio=True), "option max-ratio is True; it has to be a whole number from 1 on"),
        (optioned(GOOD, max_ratio=0), "option max-ratio is 0"),
        (optioned(GOOD, compress="lzma"), "lzma"),
        (optioned(GOOD, force=True, no_clobber=True), "contradict each other"),
        (optioned(GOOD, require_signatures=True, referrers="drop"), "contradict each other"),
        (optioned(changed(GOOD, verb="split"), by="size"), "'size' is none of platform, image"),
        (optioned(changed(GOOD, verb="split"), max_size="much"), "no size 'much'"),
        (optioned(changed(GOOD, verb="split"), name_template="{what}"), "what"),
        (optioned(GOOD, by="image"), "no option 'by'"),
        (changed(VERIFY, output="/out/a.tar"), "verify has no output"),
        (optioned(VERIFY, only=True), "--only needs -p"),
        (optioned(VERIFY, fail_on="note"), "it can be error, warning"),
        (changed(GOOD, verb="merge", source=[]), "source is an array"),
        (changed(DELTA, source="/in/a.tar"), "source is a string; it has to be a list of 2: [OLD, NEW]"),
        (changed(DELTA, source=["/in/a.tar"]), "source is an array; it has to be a list of 2: [OLD, NEW]"),
        (changed(DELTA, source=["/in/a.tar", "-"]), "no standard input"),
        (changed(APPLY, source=["/a", "/b", "/c"]), "source is an array; it has to be a list of 2: [OLD, D]"),
        (changed(APPLY, source=["/a", ""]), "source is an array; it has to be a list of 2: [OLD, D]"),
        (changed(DELTA, output="/out/d/"), "a delta is one file"),
        (optioned(DELTA, layers="zstd"), "no option 'layers'"),
        (optioned(DELTA, reflink="auto"), "no option 'reflink'"),
        (optioned(APPLY, platform="linux/arm64"), "no option 'platform'; there is compress, force, max-ratio"),
        (optioned(APPLY, force=True, no_clobber=True), "contradict each other"),
        (optioned(GOOD, contents="always"), "option contents is 'always'; it can be auto, never"),
        (optioned(GOOD, digest_map="s3://b/map"), "option digest-map is a URL; it has to be the path of a file or"),
        (optioned(VERIFY, require="https://host/list"), "option require is a URL"),
        (changed(GOOD, output="s3://me:secret@b/lab/"), "s3://b/lab/: an image layout folder is written on this"),
        (changed(GOOD, verb="split", output="s3://me:secret@b/parts"), "go into a folder of this machine"),
        (changed(GOOD, source="file://other/a.tar"), "names a file of another machine"),
        (changed(GOOD, source="/in/a\0.tar"), "source is no name of a file: it holds a NUL"),
        (changed(GOOD, source="s3://b/a\0.tar"), "source is no name of a file: it holds a NUL"),
        (changed(GOOD, source="file:///in/a%00.tar"), "source is no name of a file: it holds a NUL"),
        (changed(GOOD, output="/out/a\0.tar"), "output is no name of a file: it holds a NUL"),
        (optioned(GOOD, digest_map="/out/a\0"), "option digest-map is no name of a file: it holds a NUL"),
        (optioned(VERIFY, require="/in/a\0"), "option require is no name of a file: it holds a NUL"),
        (changed(DELTA, source=["/in/a.tar", "/in/b\0"]), "source is no name of a file: it holds a NUL"),
    ],
)
def test_what_is_wrong_with_a_job_is_told_with_its_line(job: dict[str, Any] | bytes, words: str) -> None:
    (fault,) = faults(b"", changed(VERIFY, id="other"), job)
    assert fault.startswith("jobs:3: ")
    assert words in fault
    assert "secret" not in fault


def test_jobs_that_meet_at_a_url_are_refused_without_its_secrets() -> None:
    url = "s3://me:secret@bucket/a.tar"
    writes, again = GOOD | {"id": "1", "output": url}, GOOD | {"id": "2", "output": url}
    reads = VERIFY | {"source": url}
    assert [fault.partition(";")[0] for fault in faults(writes, again, reads)] == [
        "jobs:2: line 1 writes to s3://bucket/a.tar too",
        "jobs:3: reads s3://bucket/a.tar, which line 1 writes",
    ]


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (GOOD | {"output": "/out/b.tar"}, "id 'a' is that of line 1 too"),
        (GOOD | {"id": "b"}, "line 1 writes to /out/a.tar too"),
        (GOOD | {"id": "b", "output": "/out/x/../a.tar"}, "line 1 writes to"),
        (GOOD | {"id": "b", "source": "/out/a.tar", "output": "/c.tar"}, "reads /out/a.tar, which line 1 writes"),
        (GOOD | {"id": "b", "source": "/c.tar", "output": "/c.tar"}, "reads /c.tar, which this job itself writes"),
        (VERIFY | {"source": "/out/a.tar"}, "reads /out/a.tar, which line 1 writes"),
        (optioned(GOOD | {"id": "b", "output": "/b.tar"}, digest_map="/out/a.tar"), "line 1 writes to /out/a.tar"),
        (optioned(GOOD | {"id": "b", "output": "/b.tar"}, digest_map="/b.tar"), "this job writes to /b.tar too"),
    ],
)
def test_jobs_that_are_in_each_others_way_are_refused(job: dict[str, Any], words: str) -> None:
    (fault,) = faults(GOOD, job)
    assert fault.startswith("jobs:2: ")
    assert words in fault


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        ("s3://me:secret@b/z.tar", "S3A://me:secret@b/z.tar", "line 1 writes to S3A://b/z.tar too"),
        ("gs://b/z.tar", "gcs://b/z.tar", "line 1 writes to gcs://b/z.tar too"),
        ("/out/z.tar", "file:///out/z.tar", "line 1 writes to /out/z.tar too"),
        ("s3://b/z.tar", "s3://b/z.tar?versionId=1", "a version of an object cannot be written"),
    ],
)
def test_one_object_by_two_urls_is_one_output(one: str, other: str, words: str) -> None:
    (fault,) = faults(GOOD | {"output": one}, GOOD | {"id": "b", "output": other})
    assert fault.startswith("jobs:2: ")
    assert words in fault


def test_an_object_that_is_read_by_another_url_than_it_is_written_by() -> None:
    (fault,) = faults(GOOD | {"output": "s3://b/z.tar"}, VERIFY | {"source": "s3a://b/z.tar"})
    assert "reads s3://b/z.tar, which line 1 writes" in fault


def test_nothing_is_in_the_folder_that_another_job_writes() -> None:
    folder = GOOD | {"id": "folder", "output": "/lab/"}
    inside = GOOD | {"id": "b", "output": "/lab/b.tar"}
    read = VERIFY | {"source": "/lab/blobs"}
    assert [fault.partition(";")[0] for fault in faults(inside, folder, read)] == [
        "jobs:1: writes /lab/b.tar, which is in a folder that line 2 writes",
        "jobs:3: reads /lab/blobs, which is in a folder that line 2 writes",
    ]


def test_nothing_is_written_into_a_folder_that_is_read() -> None:
    read = VERIFY | {"source": "/lay"}
    inside = GOOD | {"id": "b", "output": "/lay/x.tar"}
    index = optioned(GOOD | {"id": "c"}, digest_map="/lay/blobs/index.json")
    own = GOOD | {"id": "d", "source": "/other", "output": "/other/x.tar"}
    assert [fault.partition(";")[0] for fault in faults(read, inside, index, own)] == [
        "jobs:2: writes /lay/x.tar, which is in a folder that line 1 reads",
        "jobs:3: writes /lay/blobs/index.json, which is in a folder that line 1 reads",
        "jobs:4: writes /other/x.tar, which is in a folder that this job itself reads",
    ]


def test_parts_have_a_folder_of_their_own() -> None:
    split = GOOD | {"id": "split", "verb": "split", "source": "/parts/own.tar", "output": "/parts"}
    inside = GOOD | {"id": "b", "output": "/parts/old-linux-amd64.tar"}
    layout = GOOD | {"id": "c", "output": "/parts/old/"}
    read = VERIFY | {"source": "/parts/old-linux-arm64.tar"}
    beside = GOOD | {"id": "d", "output": "/parts/sub/a.tar"}
    assert [fault.partition(";")[0] for fault in faults(split, inside, layout, read, beside)] == [
        "jobs:2: writes /parts/old-linux-amd64.tar, which is in a folder that line 1 writes",
        "jobs:3: writes /parts/old, which is in a folder that line 1 writes",
        "jobs:4: reads /parts/old-linux-arm64.tar, which is in a folder that line 1 writes",
    ]
    folders = optioned(split, name_template="{stem}/")
    assert len(faults(folders, inside, layout, read, beside)) == 4


def test_a_list_that_is_required_is_read() -> None:
    assert faults(GOOD, optioned(VERIFY, require="/out/a.tar")) == [
        "jobs:2: reads /out/a.tar, which line 1 writes; write elsewhere, or make it two batches in turn"
    ]


def test_a_folder_to_spool_in_is_in_nobodys_way() -> None:
    job = optioned(GOOD, tmp_dir="/out")
    assert len(make_jobs([job, job | {"id": "b", "output": "/out/b.tar"}])) == 2


def test_the_first_of_all_faults_are_told() -> None:
    lines = [changed(GOOD, id=str(number), verb="x") for number in range(FAULT_LIMIT + 7)]
    with pytest.raises(JobsRefused, match=rf"no verb 'x' \(and {FAULT_LIMIT + 6} more\)") as caught:
        make_jobs(lines)
    assert len(caught.value.faults) == FAULT_LIMIT
    assert caught.value.count == FAULT_LIMIT + 7


def test_a_list_without_jobs_is_refused() -> None:
    with pytest.raises(UsageError, match="names no job"):
        parse_jobs(b"\n \n", "jobs", job_rules())


def test_paths_become_absolute_and_urls_stay(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (job,) = make_jobs([optioned(GOOD, digest_map="map.json") | {"source": "s3://bucket/a.tar", "output": "lab/"}])
    assert (job.sources, job.output) == (("s3://bucket/a.tar",), f"{tmp_path}/lab/")
    assert job.options["digest-map"] == f"{tmp_path}/map.json"


def test_file_urls_are_paths() -> None:
    (job,) = make_jobs([GOOD | {"source": "file:///in/a%20b.tar", "output": "file:///lab/"}])
    assert (job.sources, job.output) == (("/in/a b.tar",), "/lab/")
    assert faults(GOOD, GOOD | {"id": "b", "output": "file:///out/a.tar"}) == [
        "jobs:2: line 1 writes to /out/a.tar too; give each job an output of its own"
    ]


def test_the_same_job_has_the_same_digest_however_it_is_written() -> None:
    (one,), (two,), (other,) = (
        make_jobs([GOOD]),
        make_jobs([dict(reversed(optioned(GOOD, platform="linux/arm64").items()))]),
        make_jobs([optioned(GOOD, index="flat")]),
    )
    assert one.digest == two.digest != other.digest
    assert Job.from_json(json.loads(json.dumps(one.to_json()))) == one


SCHEMA = jsonschema_rs.Draft202012Validator(read_schema("batch/job"))


def sample(kind: Kind, words: tuple[str, ...]) -> Any:
    return words[0] if words else {Kind.FLAG: True, Kind.COUNT: 1, Kind.TEXTS: ["x"]}.get(kind, "x")


@pytest.mark.parametrize("verb", VERBS)
def test_the_schema_has_the_options_that_the_program_has(verb: str) -> None:
    shape = VERBS[verb].shape
    base = changed(GOOD, verb=verb, output=... if verb == "verify" else "/out")
    base |= {} if not shape.roles else {"source": ["/in/a.tar", "/in/b.tar"]}
    base |= {} if "platform" in shape.options else {"options": {}}
    assert not SCHEMA.is_valid(optioned(base, unknown=True))
    for option in shape.options.values():
        assert SCHEMA.is_valid(optioned(base, **{option.name: sample(option.kind, option.words)})), option.name
        for word in option.words:
            assert SCHEMA.is_valid(optioned(base, **{option.name: word}))
        assert not SCHEMA.is_valid(optioned(base, **{option.name: {}}))
        assert not option.words or not SCHEMA.is_valid(optioned(base, **{option.name: "other"}))
    names = json.dumps(read_schema("batch/job"))
    assert all(f'"{name}"' in names for name in shape.options)


@pytest.mark.parametrize(
    "job",
    [
        changed(GOOD, id=""),
        changed(GOOD, verb="inspect"),
        changed(GOOD, more=1),
        changed(GOOD, options={}),
        changed(GOOD, output=...),
        changed(VERIFY, output="x"),
        changed(GOOD, source=["x"]),
        changed(GOOD, source="-"),
        changed(DELTA, source="x"),
        changed(DELTA, source=["x"]),
        changed(APPLY, source=["x", "y", "z"]),
        optioned(APPLY, platform="linux/arm64"),
        optioned(DELTA, force=True),
    ],
)
def test_the_schema_refuses_what_the_program_does(job: dict[str, Any]) -> None:
    assert not SCHEMA.is_valid(job)
    assert faults(job)
