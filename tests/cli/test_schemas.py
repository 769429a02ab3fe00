"""Every JSON document that is printed meets its published schema."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator

from ocitool.api import read_schema, schema_names
from tests.builders import Layout, multi_platform
from tests.command import ocitool
from tests.deltas import EMPTY, NEW, OLD, delta
from tests.docker_archives import DockerArchive
from tests.laws.filtering import delta_of
from tests.laws.walker import Walked

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    layout = multi_platform(attested=True)
    absent = layout.read(layout.roots[0])["manifests"][2]
    layout.drop(absent)
    layout.files["README"] = b"hello"
    path = tmp_path / "image.tar"
    path.write_bytes(layout.pack())
    return path


def check(kind: str, text: bytes) -> dict[str, Any]:
    document = json.loads(text)
    Draft202012Validator(read_schema(f"output/{kind}")).validate(document)
    assert list(document)[:2] == ["schemaVersion", "kind"]
    return dict(document)


def check_error(done: subprocess.CompletedProcess[bytes], code: str, status: int) -> None:
    assert (done.returncode, done.stdout) == (status, b"")
    document = check("error", done.stderr)
    assert (document["code"], document["exitCode"]) == (code, status)


@pytest.mark.parametrize("name", schema_names())
def test_schema_is_valid(name: str) -> None:
    Draft202012Validator.check_schema(read_schema(name))


@pytest.mark.parametrize("name", schema_names())
def test_schema_is_printed(name: str) -> None:
    done = ocitool("schema", name)
    assert (done.returncode, json.loads(done.stdout)) == (0, read_schema(name))


DESCRIPTOR = {"mediaType": "a/b", "digest": "sha256:" + "0" * 64, "size": 1}


@pytest.mark.parametrize(
    ("name", "good", "place"),
    [
        ("oci/index", {"schemaVersion": 2, "manifests": [DESCRIPTOR]}, "manifests"),
        ("oci/manifest", {"schemaVersion": 2, "config": DESCRIPTOR, "layers": [DESCRIPTOR]}, "layers"),
        ("docker/manifest-list", {"schemaVersion": 2, "manifests": [DESCRIPTOR]}, "manifests"),
        ("docker/manifest", {"schemaVersion": 2, "config": DESCRIPTOR, "layers": [DESCRIPTOR]}, "layers"),
    ],
)
def test_schema_is_used_alone(name: str, good: dict[str, Any], place: str) -> None:
    """Validators fetch nothing: what a schema refers to is in it."""
    schema = json.loads(ocitool("schema", name).stdout)
    for validator in (Draft202012Validator(schema), jsonschema_rs.Draft202012Validator(schema)):
        assert validator.is_valid(good)
        assert not validator.is_valid(good | {place: [DESCRIPTOR | {"size": -1}]})
        assert not validator.is_valid(good | {"annotations": {"a": 1}})
        assert not validator.is_valid(good | {"subject": {}})


@pytest.mark.parametrize("name", schema_names())
def test_schema_refers_to_nothing_outside(name: str) -> None:
    schema: Any = read_schema(name)
    inside = {schema.get("$id"), *(inner.get("$id") for inner in schema.get("$defs", {}).values())}
    text = json.dumps(schema)
    assert {reference.split("#")[0] for reference in re.findall(r'"\$ref": "(.*?)"', text)} - {""} <= inside


def test_schemas_are_listed() -> None:
    assert ocitool("schema").stdout.decode().split() == list(schema_names())
    done = ocitool("schema", "output/none")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"no schema 'output/none'; there is " in done.stderr


def test_inspect(archive: Path) -> None:
    document = check("inspect", ocitool("inspect", archive, "--format", "json").stdout)
    rows = document["images"][0]["manifests"]
    assert [row["state"] for row in rows] == ["complete", "complete", "absent", "complete", "complete", "complete"]
    assert document["otherFiles"] == ["README"]
    assert len(document["orphans"]) == 2
    parts = ("uniqueSize", "sharedSize", "indexSize", "orphanSize")
    assert sum(document[part] for part in parts) == document["blobSize"]
    assert document["blobSize"] + document["overheadSize"] == document["size"] == archive.stat().st_size
    assert document["orphanSize"] == sum(orphan["size"] for orphan in document["orphans"])
    assert [row["outputSize"] is None for row in document["platforms"]] == [False, False, True]
    assert document["layers"] == sorted(document["layers"], key=lambda layer: -layer["size"])
    (index,) = document["images"][0]["indexes"]
    assert index["manifests"] == [row["digest"] for row in rows]


@pytest.mark.parametrize("kind", ["bundle", "docker", "damaged", "empty"])
def test_inspect_of_other_archives(tmp_path: Path, kind: str) -> None:
    layout = multi_platform()
    if kind == "bundle":
        layout.add(layout.manifest("linux/386"), None).add(layout.artifact("x", layout.roots[0]), None)
    if kind == "damaged":
        first, second, third = layout.read(layout.roots[0])["manifests"]
        layout.drop(layout.read(first)["layers"][1])
        layout.blobs[second["digest"]] += b" "
        layout.drop(third)
        layout.files["manifest.json"] = b"?"
    data = {"docker": DockerArchive().image("lab:1.0").pack(), "empty": Layout().pack()}.get(kind, layout.pack())
    (tmp_path / "image.tar").write_bytes(data)
    document = check("inspect", ocitool("inspect", tmp_path / "image.tar", "--format", "json").stdout)
    assert document["blobSize"] + document["overheadSize"] == len(data)
    assert bool(document["faults"]) == (kind == "damaged")
    assert bool(document["layers"]) == (kind != "empty")


def test_filter(archive: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.tar"
    result = ocitool("filter", archive, "-p", "linux/arm64", "-o", output, "--format", "json")
    document = check("filter", result.stdout)
    assert document["outputSize"] == output.stat().st_size
    assert [row["platform"] for row in document["kept"]] == ["linux/arm64"]
    (old, new), *_ = document["digestMap"].items()
    assert (old, new) == (document["images"][0]["originalDigest"], document["images"][0]["digest"])


def test_plan(archive: Path, tmp_path: Path) -> None:
    result = ocitool("filter", archive, "-p", "available", "-o", tmp_path / "x.tar", "--dry-run", "--format", "json")
    document = check("plan", result.stdout)
    steps = document["outputs"][0]["steps"]
    assert sum(step["size"] for step in steps) == document["outputs"][0]["size"]
    assert not (tmp_path / "x.tar").exists()


def test_report_goes_to_standard_error_beside_an_archive(archive: Path) -> None:
    result = ocitool("filter", archive, "-p", "linux/arm64", "-o", "-", "--format", "json")
    check("filter", result.stderr)
    assert result.stdout.startswith(b"PaxHeaders/oci-layout\0")


def test_verify(archive: Path) -> None:
    result = ocitool("verify", archive, "--format", "json")
    assert result.returncode == 1
    document = check("verify", result.stdout)
    assert not document["ok"]
    assert {finding["rule"] for finding in document["findings"] if finding["severity"] == "error"} == {"L12"}
    (finding,) = (finding for finding in document["findings"] if finding["rule"] == "L12")
    assert (finding["image"], finding["platform"]) == ("docker.io/library/lab:1.0", "linux/arm/v7")
    properties = read_schema("output/verify")["properties"]
    assert set(document) == set(properties)  # type: ignore[arg-type]


def test_import(archive: Path) -> None:
    done = ocitool("import", archive, "--dry-run", "--ctr-version", "1.7.24", "--format", "json")
    document = check("import", done.stdout)
    properties = read_schema("output/import")["properties"]
    assert set(document) == set(properties)  # type: ignore[arg-type]


def test_delta_and_apply(tmp_path: Path) -> None:
    (tmp_path / "old.tar").write_bytes(OLD.pack())
    (tmp_path / "new.tar").write_bytes(NEW.pack())
    made = ("delta", "old.tar", "new.tar", "-o", "d.tar", "--format", "json")
    check("plan", ocitool(*made, "--dry-run", folder=tmp_path).stdout)
    delta = check("delta", ocitool(*made, folder=tmp_path).stdout)
    assert set(delta) == set(read_schema("output/delta")["properties"])  # type: ignore[arg-type]
    assert delta["outputSize"] == delta["tarSize"] == (tmp_path / "d.tar").stat().st_size
    whole = ("apply", "old.tar", "d.tar", "-o", "whole.tar", "--format", "json")
    check("plan", ocitool(*whole, "--dry-run", folder=tmp_path).stdout)
    applied = check("apply", ocitool(*whole, folder=tmp_path).stdout)
    assert set(applied) == set(read_schema("output/apply")["properties"])  # type: ignore[arg-type]
    assert applied["outputSize"] == applied["tarSize"] == delta["wholeSize"]
    assert applied["outputSize"] == (tmp_path / "whole.tar").stat().st_size
    assert applied["wholeDigest"] == delta["wholeDigest"]
    assert (applied["fromDelta"], applied["fromBase"]) == (delta["carried"], delta["fromBase"])


@pytest.mark.parametrize("base", [OLD, EMPTY], ids=["old", "empty"])
def test_list_of_a_delta(base: Layout) -> None:
    document = json.loads(Walked(delta_of(base.pack(), NEW.pack())).files["delta.json"])
    Draft202012Validator(read_schema("delta")).validate(document)
    assert list(document)[:2] == ["schemaVersion", "kind"]


@pytest.mark.parametrize("other", ["new.tar", "old.tar", "empty.tar", "partial.tar", "delta.tar", "docker.tar"])
def test_diff(tmp_path: Path, archive: Path, other: str) -> None:
    made = {"new.tar": NEW.pack(), "old.tar": OLD.pack(), "empty.tar": EMPTY.pack(), "delta.tar": delta()}
    made |= {"partial.tar": archive.read_bytes(), "docker.tar": DockerArchive().image("lab:1.0").pack()}
    for name, data in made.items():
        (tmp_path / name).write_bytes(data)
    document = check("diff", ocitool("diff", "old.tar", other, "--format", "json", folder=tmp_path).stdout)
    assert set(document) == set(read_schema("output/diff")["properties"])  # type: ignore[arg-type]
    assert document["differs"] == (other != "old.tar")


def test_rules() -> None:
    check("rules", ocitool("verify", "--list-rules", "--format", "json").stdout)


def test_every_schema_of_output_is_tested() -> None:
    tested = "advise apply batch-result delta diff error explain filter import inspect merge migrate plan progress "
    tested += "rules split verify"
    names = {name.removeprefix("output/") for name in schema_names() if name.startswith("output/")}
    assert names == set(tested.split())


@pytest.mark.parametrize(
    ("arguments", "code", "status"),
    [
        (["inspect", "absent.tar"], "archive", 3),
        (["filter", "image.tar", "-p", "linux/s390x", "-o", "x.tar"], "selection", 4),
        (["filter", "image.tar", "-p", "all", "-o", "none/x.tar"], "output", 6),
        (["filter", "image.tar", "-p", "a/b/c/d", "-o", "x.tar"], "usage", 2),
    ],
)
def test_error(archive: Path, arguments: list[str], code: str, status: int) -> None:
    check_error(ocitool(*arguments, "--format", "json", folder=archive.parent), code, status)
