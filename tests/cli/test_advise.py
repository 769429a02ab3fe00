"""The command `advise`: what it says of archives, its exit codes, its JSON."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from ocitool.api import read_schema
from tests.builders import Layout, multi_platform
from tests.command import ocitool

if TYPE_CHECKING:
    from pathlib import Path

HOST = ("--host", "linux/amd64")


def archive(folder: Path, layout: Layout, name: str = "image.tar") -> str:
    (folder / name).write_bytes(layout.pack())
    return str(folder / name)


def advise(source: str, *options: str) -> tuple[int, str]:
    done = ocitool("advise", source, *HOST, *options)
    assert not done.stderr
    return done.returncode, done.stdout.decode()


def as_json(source: str, *options: str) -> dict[str, Any]:
    document = json.loads(ocitool("advise", source, *HOST, *options, "--format", "json").stdout)
    Draft202012Validator(read_schema("output/advise")).validate(document)
    assert list(document)[:2] == ["schemaVersion", "kind"]
    return dict(document)


def version(document: dict[str, Any], label: str) -> dict[str, Any]:
    (importer,) = document["importers"]
    (found,) = [line for line in importer["versions"] if line["label"] == label]
    return dict(found)


def test_the_flag_that_fails_on_2_0_0_is_told_with_its_message(tmp_path: Path) -> None:
    status, text = advise(archive(tmp_path, multi_platform()), "--for", "ctr=2.0.0")
    assert status == 0
    assert f"works     ctr images import {tmp_path}/image.tar" in text
    assert "--all-platforms: ctr: unable to initialize unpacker: no unpack platforms defined" in text


def test_one_line_for_each_behaviour_of_all_versions(tmp_path: Path) -> None:
    document = as_json(archive(tmp_path, multi_platform()), "--for", "ctr")
    lines = document["importers"][0]["versions"]
    assert lines[0]["from"] == "1.0.0"
    assert [line["from"] for line in lines[1:]] == [line["before"] for line in lines[:-1]]
    assert lines[-1]["before"] is None
    for one, other in itertools.pairwise(lines):
        assert {**one, "label": "", "from": "", "before": "", "measured": []} != {
            **other,
            "label": "",
            "from": "",
            "before": "",
            "measured": [],
        }


def test_what_filter_makes_work_is_told_with_both_commands(tmp_path: Path) -> None:
    source = archive(tmp_path, multi_platform(("linux/arm64",)))
    status, text = advise(source, "--for", "ctr=1.2")
    assert status == 1
    assert f"first     ocitool filter {source} -p linux/arm64 -o {tmp_path}/image-linux-arm64.tar" in text
    then = f"ctr images import --base-name docker.io/library/lab {tmp_path}/image-linux-arm64.tar"
    assert f"then      {then}" in text


def test_the_mending_that_is_told_mends(tmp_path: Path) -> None:
    source = archive(tmp_path, multi_platform(("linux/arm64",)))
    mending = version(as_json(source, "--for", "ctr=1.3"), "1.3")["mending"]
    assert ocitool(*mending["filter"].split()[1:]).returncode == 0
    after = as_json(mending["filter"].split()[-1], "--for", "ctr=1.3")
    best = version(after, "1.3")["best"]
    assert (best["quality"], best["command"]) == ("works", mending["import"]["command"])


def test_exit_code_is_1_only_if_an_importer_that_was_asked_for_has_no_command(tmp_path: Path) -> None:
    source = archive(tmp_path, multi_platform(name=None))
    assert advise(source)[0] == 0
    assert advise(source, "--for", "ctr=2.1")[0] == 1
    assert advise(archive(tmp_path, multi_platform(("linux/arm64",))), "--for", "ctr")[0] == 0


def test_a_wanted_platform_that_is_not_there_has_no_command(tmp_path: Path) -> None:
    status, text = advise(archive(tmp_path, multi_platform()), "--for", "ctr=2.1", "--want", "linux/s390x")
    assert status == 1
    assert "no image of it has linux/s390x; what it has: ocitool inspect " in text
    assert "fails     linux/s390x is in no image of it" in text
    assert "works" not in text


def test_a_folder_is_taken_by_nobody_and_filter_makes_a_file_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "layout"
    for name, data in multi_platform().entries().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    document = as_json(str(folder))
    assert {line["works"] for importer in document["importers"] for line in importer["versions"]} == {False}
    for importer in document["importers"]:
        assert importer["versions"][-1]["mending"]["import"]["quality"] == "works", importer["importer"]


def test_names_that_stay_to_be_chosen_are_told_as_that(tmp_path: Path) -> None:
    text = advise(archive(tmp_path, multi_platform(name=None)))[1]
    assert "ctr images import --oci-name REPOSITORY " in text
    assert "containers-storage:REPOSITORY:TAG" in text
    assert "registry.local" not in text
    assert "registry.local" not in json.dumps(as_json(str(tmp_path / "image.tar")))


def test_images_that_a_mending_leaves_out_are_told(tmp_path: Path) -> None:
    layout = multi_platform()
    other = layout.manifest("linux/amd64", ("other",))
    layout.add(layout.index([other]), "docker.io/library/other:2.0")
    layout.drop(layout.read(other)["layers"][0])
    source = archive(tmp_path, layout)
    assert "              leaves out docker.io/library/other:2.0\n" in advise(source, "--for", "ctr=2.1")[1]
    assert version(as_json(source, "--for", "ctr=2.1"), "2.1")["mending"]["leftOut"] == [
        "docker.io/library/other:2.0"
    ]


def test_flags_are_told_of_the_versions_that_lack_them(tmp_path: Path) -> None:
    layout = multi_platform(("linux/amd64",))
    lines = as_json(archive(tmp_path, layout), "--for", "docker-containerd")["importers"][0]["versions"]
    for line in lines:
        unknown = [command["outcome"]["failure"] == "flag-unknown" for command in line["failing"]]
        assert any(unknown) == (line["from"].split(".")[0] < "28"), line["label"]


def test_standard_input_is_named_in_the_commands(tmp_path: Path) -> None:
    done = ocitool("advise", "-", *HOST, "--for", "ctr=1.7", stdin=multi_platform().pack())
    assert b"works     ctr images import -\n" in done.stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--for", "cri"], "no importer 'cri'"),
        (["--for", "ctr=new"], "is no version"),
        (["--for", "ctr=1.7@x"], "is no version"),
        (["--host", "linux/*"], "is no single platform"),
        (["--host", "!linux/amd64"], "is no single platform"),
        (["--want", "linux/"], "has an empty component"),
    ],
)
def test_what_cannot_be_asked_is_a_usage_error(tmp_path: Path, options: list[str], words: str) -> None:
    done = ocitool("advise", archive(tmp_path, multi_platform()), *options)
    assert (done.returncode, done.stdout) == (2, b"")
    assert words in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1


def test_an_archive_whose_list_cannot_be_read_is_reported(tmp_path: Path) -> None:
    layout = multi_platform()
    path = tmp_path / "image.tar"
    path.write_bytes(layout.pack(without=["index.json"]))
    status, text = advise(str(path), "--for", "ctr=2.1")
    assert status == 1
    assert "missing index.json" in text


def test_no_archive_is_exit_3(tmp_path: Path) -> None:
    (tmp_path / "image.tar").write_bytes(b"no tar")
    assert ocitool("advise", str(tmp_path / "image.tar")).returncode == 3


def test_names_of_an_archive_are_safe_for_a_terminal(tmp_path: Path) -> None:
    text = advise(archive(tmp_path, multi_platform(name="docker.io/lab:\x1b[31m1")), "-v")[1]
    assert "\x1b" not in text
