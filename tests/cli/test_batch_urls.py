"""The command `batch` with URLs: processes read and write objects, and no line shows what is secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.builders import multi_platform
from tests.command import ocitool
from tests.crews import filtering, read_lines, statuses, write_jobs
from tests.laws.filtering import applied, delta_of, filtered, merged
from tests.remote_servers import RangeServer
from tests.uploads import assert_nothing, new_bucket, s3_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.builders import Json
    from tests.remote_servers import S3Server

OLD = multi_platform().pack()
NEW = multi_platform(own="rebuilt {}".format).pack()
ARM = filtered(OLD, ["linux/arm64"])


@pytest.fixture(scope="module")
def store() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


def test_every_verb_from_and_to_urls(store: S3Server, tmp_path: Path) -> None:
    bucket = new_bucket(store)
    at = f"s3://{bucket}"
    for name, data in (("old.tar", OLD), ("new.tar", NEW), ("d.tar", delta_of(OLD, NEW)), ("arm.tar", ARM)):
        store.put(bucket, name, data)
    jobs: list[Json] = [
        filtering("filter", f"{at}/old.tar", f"{at}/out/filter.tar"),
        {
            "id": "merge",
            "verb": "merge",
            "source": [f"{at}/arm.tar", f"{at}/arm.tar"],
            "output": f"{at}/out/merge.tar",
        },
        {"id": "split", "verb": "split", "source": f"{at}/old.tar", "output": "parts"},
        {"id": "delta", "verb": "delta", "source": [f"{at}/old.tar", f"{at}/new.tar"], "output": f"{at}/out/d.tar"},
        {"id": "apply", "verb": "apply", "source": [f"{at}/old.tar", f"{at}/d.tar"], "output": f"{at}/out/new.tar"},
        {"id": "verify", "verb": "verify", "source": f"{at}/old.tar"},
        filtering("absent", f"{at}/absent.tar", f"{at}/out/absent.tar"),
    ]
    listed = write_jobs(tmp_path / "jobs", jobs)
    first = ocitool("batch", listed, "--workers", "2", folder=tmp_path)
    found = statuses(read_lines(first.stdout))
    assert found == {job["id"]: "failed" if job["id"] == "absent" else "done" for job in jobs}, first.stdout
    expected = {
        "filter": ARM,
        "merge": merged([ARM, ARM]),
        "d": delta_of(OLD, NEW),
        "new": applied(OLD, delta_of(OLD, NEW)),
    }
    for name, data in expected.items():
        assert store.get(bucket, f"out/{name}.tar") == data
    kept = ("arm.tar", "d.tar", "new.tar", "old.tar", *sorted(f"out/{name}.tar" for name in expected))
    assert_nothing(store, bucket, objects=kept)

    (tmp_path / "results").write_bytes(first.stdout)
    store.put(bucket, "new.tar", OLD)
    store.put(bucket, "out/merge.tar", OLD)
    again = ocitool("batch", listed, "--resume", tmp_path / "results", folder=tmp_path)
    anew = {"delta": "done", "merge": "done", "absent": "failed"}
    assert statuses(read_lines(again.stdout)) == {job["id"]: anew.get(job["id"], "kept") for job in jobs}
    assert store.get(bucket, "out/d.tar") == delta_of(OLD, OLD)
    assert store.get(bucket, "out/merge.tar") == merged([ARM, ARM])


def test_no_line_shows_a_secret(store: S3Server, tmp_path: Path) -> None:
    bucket = new_bucket(store)
    with RangeServer({"a.tar": OLD, "bad.tar": OLD[:5000]}) as web:
        web.password = "me:hunter2"  # noqa: S105 - of the test
        url = f"{web.url('a.tar', user='me:hunter2')}?X-Amz-Signature=hush-hush"
        bad = f"{web.url('bad.tar', user='me:hunter2')}?X-Amz-Signature=hush-hush"
        refused = web.url("a.tar", user="you:hunter2")
        jobs: list[Json] = [
            filtering("good", url, f"s3://{bucket}/a.tar"),
            filtering("cut", bad, "cut.tar"),
            filtering("refused", refused, "refused.tar"),
            filtering("output", url, "http://me:hunter2@127.0.0.1/x.tar?X-Amz-Signature=hush-hush"),
            {"id": "check", "verb": "verify", "source": url},
            {"id": "bad check", "verb": "verify", "source": url, "options": {"platform": "linux/s390x"}},
            {"id": "merge", "verb": "merge", "source": [url, bad], "output": "merged.tar"},
            {"id": "delta", "verb": "delta", "source": [url, bad], "output": "d.tar"},
            {"id": "apply", "verb": "apply", "source": [url, url], "output": "applied.tar"},
        ]
        listed = write_jobs(tmp_path / "jobs", jobs)
        first = ocitool("batch", listed, "--progress", "plain", folder=tmp_path)
        (tmp_path / "results").write_bytes(first.stdout)
        again = ocitool("batch", listed, "--resume", tmp_path / "results", folder=tmp_path)
    for done, status in ((first, "done"), (again, "kept")):
        lines = read_lines(done.stdout)
        found = statuses(lines)
        assert found == {job["id"]: status if job["id"] in {"good", "check"} else "failed" for job in jobs}
        for secret in (b"hunter2", b"hush-hush"):
            assert secret not in done.stdout + done.stderr
        assert lines["good"]["sources"][0]["path"] == f"{web.url('a.tar')}?X-Amz-Signature=..."
        assert lines["cut"]["error"]["where"].startswith(web.url("bad.tar"))
