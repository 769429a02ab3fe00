"""The command `verify`: what its options ask, its exit codes, and what it prints where."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ocitool.check.rule import Profile, Severity
from ocitool.cli.verify_options import FailOn, ProfileName
from tests.builders import Layout, multi_platform
from tests.command import ocitool

if TYPE_CHECKING:
    from pathlib import Path

USAGE = 2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    layout = multi_platform(attested=True)
    (tmp_path / "good.tar").write_bytes(layout.pack())
    layout.drop(layout.read(layout.roots[0])["manifests"][2])
    (tmp_path / "my sparse.tar").write_bytes(layout.pack())
    unlisted = multi_platform()
    unlisted.files["index.json"] = b"{"
    (tmp_path / "unlisted.tar").write_bytes(unlisted.pack())
    (tmp_path / "empty.tar").write_bytes(Layout().pack())
    (tmp_path / "list.txt").write_bytes(b"\xef\xbb\xbf# all\r\nlab:1.0 # the lab\r\n\r\n")
    (tmp_path / "other.txt").write_text("lab:1.0\nalpine:3\n")
    (tmp_path / "bad.txt").write_text("lab:1.0\n\nghcr.io/UPPER:1\n")
    (tmp_path / "none.txt").write_text("# nothing\n")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ("good.tar", 0),
        ("good.tar -p linux/amd64,linux/arm64,linux/arm/v7 --only", 0),
        ("good.tar -p linux/amd64 -p linux/arm64", 0),
        ("good.tar -p all --only --require list.txt", 0),
        ("good.tar -p linux/amd64 --only", 1),
        ("good.tar -p linux/s390x", 1),
        ("good.tar --require list.txt", 0),
        ("good.tar --require other.txt", 1),
        ("my\\ sparse.tar", 1),
        ("my\\ sparse.tar -p linux/arm", 1),
        ("unlisted.tar -p linux/amd64 --require list.txt", 1),
        ("empty.tar -p linux/amd64 --require list.txt", 1),
        ("good.tar --only", USAGE),
        ("good.tar -p nonsense", USAGE),
        ("good.tar -p ''", USAGE),
        ("good.tar --require bad.txt", USAGE),
        ("good.tar --require none.txt", USAGE),
        ("good.tar --require absent.txt", USAGE),
        ("good.tar --require .", USAGE),
        ("good.tar --require /proc/self/mem", USAGE),  # opens, and then cannot be read
        ("- --require -", USAGE),
        ("good.tar --profile kind", USAGE),
        ("good.tar --fail-on note", USAGE),
        ("", USAGE),
        ("--list-rules --format sarif", USAGE),
        ("--list-rules", 0),
        ("absent.tar", 3),
        ("list.txt", 3),
    ],
)
def test_exit_codes(folder: Path, arguments: str, status: int) -> None:
    import shlex

    result = ocitool("verify", *shlex.split(arguments), folder=folder)
    assert result.returncode == status, result.stdout + result.stderr
    assert bool(result.stderr) == (status in {USAGE, 3})
    if status in {USAGE, 3}:
        assert result.stdout == b""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["good.tar", "--require", "bad.txt"], b"bad.txt:3: 'ghcr.io/UPPER:1' is no image name"),
        (["good.tar", "--require", "absent.txt"], b"absent.txt: cannot read the list of images: No such file"),
        (["good.tar", "--only"], b"--only needs -p; name the platforms that are allowed"),
        (["-", "--require", "-"], b"standard input can be read once"),
        ([], b"no archive is named; name SRC"),
    ],
    ids=range(5),
)
def test_usage_errors_are_one_clear_line(folder: Path, arguments: list[str], message: bytes) -> None:
    result = ocitool("verify", *arguments, folder=folder)
    assert message in result.stderr
    assert result.stderr.count(b"\n") == 1


def test_a_bad_list_is_told_before_the_archive_is_read(folder: Path) -> None:
    assert b"bad.txt:3" in ocitool("verify", "absent.tar", "--require", "bad.txt", folder=folder).stderr


def test_the_list_comes_from_standard_input(folder: Path) -> None:
    result = ocitool("verify", "good.tar", "--require", "-", stdin=b"lab:1.0\nmissing:2\n", folder=folder)
    assert result.returncode == 1
    assert b"error G3: docker.io/library/missing:2 is not in the archive" in result.stdout
    assert b"docker.io/library/lab:1.0" not in result.stdout


def test_the_archive_comes_from_standard_input(folder: Path) -> None:
    data = (folder / "good.tar").read_bytes()
    result = ocitool("verify", "-", "--require", "list.txt", stdin=data, folder=folder)
    assert (result.returncode, result.stderr) == (0, b"")


def test_remedies_name_the_archive_at_hand(folder: Path) -> None:
    result = ocitool("verify", "my sparse.tar", folder=folder)
    assert b"      ocitool filter 'my sparse.tar' -p available -o OUT\n" in result.stdout
    document = json.loads(ocitool("verify", "my sparse.tar", "--format", "json", folder=folder).stdout)
    assert any("ocitool filter 'my sparse.tar'" in finding["remedy"] for finding in document["findings"])


def test_the_profile_judges(folder: Path) -> None:
    reports = {
        profile: json.loads(
            ocitool("verify", "my sparse.tar", "--profile", profile, "--format", "json", folder=folder).stdout
        )
        for profile in ("spec", "import")
    }
    found = {
        profile: {finding["severity"] for finding in report["findings"] if finding["rule"] == "L12"}
        for profile, report in reports.items()
    }
    assert found == {"spec": {"warning"}, "import": {"error"}}
    assert reports["spec"]["profile"] == "spec"


def test_fail_on_warning(folder: Path) -> None:
    for fail_on, status in (("error", 0), ("warning", 1)):
        options = ("--profile", "spec", "--fail-on", fail_on, "--format", "json")
        result = ocitool("verify", "my sparse.tar", *options, folder=folder)
        document = json.loads(result.stdout)
        assert (result.returncode, document["ok"]) == (status, True)
        assert (document["failOn"], document["failed"]) == (fail_on, bool(status))


@pytest.mark.parametrize("form", ["junit", "sarif"])
def test_forms_for_ci_are_alone_on_standard_output(folder: Path, form: str) -> None:
    result = ocitool("verify", "my sparse.tar", "--format", form, "--fail-on", "warning", folder=folder)
    assert (result.returncode, result.stderr) == (1, b"")
    assert result.stdout.startswith({"junit": b"<?xml", "sarif": b"{"}[form])
    assert b"L12" in result.stdout


def test_quiet_says_nothing_of_a_good_archive(folder: Path) -> None:
    result = ocitool("verify", "good.tar", "-q", folder=folder)
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"note" not in result.stdout
    assert b"good.tar: ok" not in result.stdout


def test_a_reader_that_leaves_is_no_error(folder: Path) -> None:
    layout = multi_platform()
    for number in range(20_000):
        layout.blob(b"%d" % number, "x")
    (folder / "many.tar").write_bytes(layout.pack())
    command = f"{sys.executable} -m ocitool verify -v many.tar -p linux/s390x | head -1; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, check=False)
    first, status = result.stdout.splitlines()
    assert first == b"the archive"
    assert (status, result.stderr) == (b"1", b"")


def test_a_list_that_must_not_be_read(folder: Path) -> None:
    (folder / "list.txt").chmod(0)
    # Root reads everything, unless it gives that up.
    limits = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    command = [*limits, sys.executable, "-m", "ocitool", "verify", "good.tar", "--require", "list.txt"]
    result = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    assert result.returncode == USAGE
    assert b"list.txt: cannot read the list of images: Permission denied" in result.stderr


def test_names_of_options_are_those_of_the_checks() -> None:
    assert [name.value for name in ProfileName] == [profile.value for profile in Profile]
    assert [name.value for name in FailOn] == [Severity.ERROR.value, Severity.WARNING.value]


def test_help_has_examples() -> None:
    text = ocitool("verify", "--help").stdout.decode()
    assert "ocitool verify arm64.tar -p linux/arm64 --only" in text
    assert "--require FILE" in text


def test_what_is_not_there_is_named_as_it_was_typed(tmp_path: Path) -> None:
    done = ocitool("verify", "./s3://bucket//image.tar", folder=tmp_path)
    assert done.returncode == 3
    assert b"./s3://bucket//image.tar: no such file" in done.stderr


@pytest.mark.parametrize("command", ["verify", "inspect"])
def test_what_writes_nothing_spools_beside_no_output(command: str) -> None:
    told = " ".join(ocitool(command, "--help").stdout.decode().replace("│", " ").split())
    assert "(default: $TMPDIR, else /var/tmp)" in told
    assert "beside the output" not in told


@pytest.mark.parametrize(("image", "code"), [("lab", 0), ("l*b:1.0", 0), ("other", 1)])
def test_image(folder: Path, image: str, code: int) -> None:
    done = ocitool("verify", folder / "good.tar", "--image", image)
    assert done.returncode == code, done.stdout
    assert (b"G3: no image matches --image 'other'" in done.stdout) == bool(code)
