"""What `delta` and `apply` print, write and refuse, as their users see it."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest
import zstandard

from ocitool.cli.text import format_size
from tests.builders import NAME, Layout, multi_platform
from tests.command import ocitool
from tests.deltas import EMPTY, NEW, OLD, OTHER
from tests.failure.endings import refused
from tests.folders import files_of, names_in, unpack
from tests.laws.filtering import delta_of, filtered
from tests.laws.walker import Walked

if TYPE_CHECKING:
    from pathlib import Path

MIB: Final = 1024 * 1024


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Provide an old archive and a new one."""
    (tmp_path / "old.tar").write_bytes(OLD.pack())
    (tmp_path / "new.tar").write_bytes(NEW.pack())
    return tmp_path


def run(folder: Path, *arguments: str, stdin: bytes | None = None) -> str:
    done = ocitool(*arguments, folder=folder, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def whole() -> bytes:
    return filtered(NEW.pack(), ["all"])


def test_reports_and_archives(folder: Path) -> None:
    lines = run(folder, "delta", "old.tar", "new.tar", "-o", "d.tar").splitlines()
    assert [line.split()[:3] for line in lines[:3]] == [
        ["keep", platform, NAME] for platform in ("linux/amd64", "linux/arm64", "linux/arm/v7")
    ]
    size = format_size(sum(len(data) for digest, data in NEW.blobs.items() if digest not in OLD.blobs))
    base = format_size(sum(len(data) for digest, data in NEW.blobs.items() if digest in OLD.blobs))
    assert lines[3] == f"carries 10 blobs ({size}); OLD has 1 blob ({base})"
    made = format_size((folder / "d.tar").stat().st_size)
    assert lines[4].startswith(f"wrote d.tar: {made} for {format_size(len(whole()))}")
    lines = run(folder, "apply", "old.tar", "d.tar", "-o", "whole.tar").splitlines()
    assert lines[0].split()[:2] == [NAME, "nested"]
    assert lines[1].endswith(f"; 1 blob ({base}) from OLD, 10 blobs ({size}) from the delta")
    assert (folder / "whole.tar").read_bytes() == whole()
    assert (folder / "d.tar").read_bytes() == delta_of(OLD.pack(), NEW.pack())


def test_a_delta_is_index_first(folder: Path) -> None:
    run(folder, "delta", "old.tar", "new.tar", "-o", "d.tar")
    names = Walked((folder / "d.tar").read_bytes()).names
    assert names[:4] == ["oci-layout", "index.json", "manifest.json", "delta.json"]


def test_options_of_filter(folder: Path) -> None:
    options = (
        "-p",
        "linux/arm64",
        "--name",
        "registry.local/lab:2",
        "--docker-manifest",
        "never",
        "--index",
        "nested",
    )
    run(folder, "delta", "old.tar", "new.tar", *options, "--digest-map", "map.json", "-o", "d.tar")
    run(folder, "apply", "old.tar", "d.tar", "-o", "whole.tar")
    run(folder, "filter", "new.tar", *options, "--digest-map", "same.json", "-o", "same.tar")
    assert (folder / "whole.tar").read_bytes() == (folder / "same.tar").read_bytes()
    assert (folder / "map.json").read_bytes() == (folder / "same.json").read_bytes()


def test_every_form(folder: Path) -> None:
    unpack(OLD, folder / "old")
    run(folder, "delta", "old", "-", "-o", "d.tar.zst", stdin=NEW.pack())
    assert zstandard.decompress((folder / "d.tar.zst").read_bytes(), MIB) == delta_of(OLD.pack(), NEW.pack())
    run(folder, "apply", "old", "d.tar.zst", "-o", "whole/")
    assert set(files_of(folder / "whole")) == set(Walked(whole()).files)
    run(folder, "apply", "whole/", "d.tar.zst", "-o", "whole.tar.gz")
    run(folder, "apply", "-", "d.tar.zst", "-o", "whole.tar", stdin=OLD.pack())
    assert (folder / "whole.tar").read_bytes() == whole()
    run(folder, "apply", "old.tar", "d.tar.zst", "-o", "old.tar")
    assert (folder / "old.tar").read_bytes() == whole()


def test_a_pipe_of_both(folder: Path) -> None:
    tool = f"{sys.executable} -m ocitool"
    script = f"{tool} delta old.tar new.tar -o - | {tool} apply old.tar - -o - >whole.tar"
    done = subprocess.run(["sh", "-c", script], cwd=folder, capture_output=True, check=True)
    assert b"from the delta" in done.stderr
    assert (folder / "whole.tar").read_bytes() == whole()


def test_a_dry_run_writes_nothing(folder: Path) -> None:
    out = run(folder, "delta", "old.tar", "new.tar", "-o", "d.tar", "--dry-run")
    assert "would write d.tar: " in out
    assert names_in(folder) == ["new.tar", "old.tar"]
    run(folder, "delta", "old.tar", "new.tar", "-o", "d.tar")
    assert "would write whole/: " in run(folder, "apply", "old.tar", "d.tar", "-o", "whole/", "--dry-run")
    plan = json.loads(run(folder, "apply", "old.tar", "d.tar", "-o", "-", "--dry-run", "--format", "json"))
    assert sum(step["size"] for step in plan["outputs"][0]["steps"]) == len(whole())
    assert {step.get("source") for step in plan["outputs"][0]["steps"]} == {None, 0, 1}
    assert names_in(folder) == ["d.tar", "new.tar", "old.tar"]


def test_nothing_is_new(folder: Path) -> None:
    out = run(folder, "delta", "new.tar", "new.tar", "-o", "d.tar")
    assert "carries 0 blobs (0 B)" in out
    run(folder, "apply", "new.tar", "d.tar", "-o", "whole.tar")
    assert (folder / "whole.tar").read_bytes() == whole()


def rebuilt(own: str) -> Layout:
    """Make an image of two platforms, each with a base of two mebibytes and a layer of one."""
    return multi_platform_of_sizes({"base": 2 * MIB, own: MIB})


def multi_platform_of_sizes(sizes: dict[str, int]) -> Layout:
    layout = Layout()
    children = []
    for platform in ("linux/amd64", "linux/arm64"):
        texts = [random.Random(f"{name} {platform}").randbytes(size // 2).hex() for name, size in sizes.items()]
        children.append(layout.manifest(platform, texts))
    children += [layout.attestation(child) for child in children]
    return layout.add(layout.index(children))


def test_a_delta_of_a_rebuilt_image_is_hardly_larger_than_its_new_blobs(tmp_path: Path) -> None:
    old, new = rebuilt("monday"), rebuilt("tuesday")
    (tmp_path / "old.tar").write_bytes(old.pack())
    (tmp_path / "new.tar").write_bytes(new.pack())
    run(tmp_path, "delta", "old.tar", "new.tar", "-o", "d.tar")
    carried = sum(len(data) for digest, data in new.blobs.items() if digest not in old.blobs)
    assert carried > MIB
    assert carried < (tmp_path / "d.tar").stat().st_size < 1.02 * carried
    run(tmp_path, "apply", "old.tar", "d.tar", "-o", "whole.tar")
    assert (tmp_path / "whole.tar").read_bytes() == filtered(new.pack(), ["all"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--layers", "zstd", "-o", "d.tar"), ["--layers makes new layers"]),
        (("--reflink", "auto", "-o", "d.tar"), ["shares no blocks"]),
        (("-o", "d/"), ["a delta is one file"]),
        (("-o", "d.tar.xz"), [".xz"]),
        (("-o", ""), ["is empty"]),
        (("-o", "d.tar", "--force", "--no-clobber"), ["contradict"]),
    ],
)
def test_usage_of_delta(folder: Path, arguments: tuple[str, ...], words: list[str]) -> None:
    refused(ocitool("delta", "old.tar", "new.tar", *arguments, folder=folder), 2, *words)
    assert names_in(folder) == ["new.tar", "old.tar"]


def test_standard_input_is_read_once(folder: Path) -> None:
    for command in ("delta", "apply", "diff"):
        output = () if command == "diff" else ("-o", "x.tar")
        refused(ocitool(command, "-", "-", *output, folder=folder), 2, "can be read once")
    assert names_in(folder) == ["new.tar", "old.tar"]


def test_what_is_there_is_not_replaced(folder: Path) -> None:
    run(folder, "delta", "old.tar", "new.tar", "-o", "d.tar")
    for command in (("delta", "old.tar", "new.tar"), ("apply", "old.tar", "d.tar")):
        refused(ocitool(*command, "-o", "d.tar", "--no-clobber", folder=folder), 6, "exists")


def test_the_wrong_base(folder: Path) -> None:
    run(folder, "delta", "old.tar", "new.tar", "-o", "d.tar")
    (folder / "empty.tar").write_bytes(EMPTY.pack())
    root = OLD.roots[0]["digest"]
    done = ocitool("apply", "empty.tar", "d.tar", "-o", "x.tar", folder=folder)
    refused(done, 5, "empty.tar: lacks 1 of the 1 blobs", " bytes)", f"made against {NAME} ({root})")
    done = ocitool("apply", "d.tar", "old.tar", "-o", "x.tar", folder=folder)
    refused(done, 3, "old.tar: is not a delta", "name the base first")
    done = ocitool("apply", "d.tar", "d.tar", "-o", "x.tar", folder=folder)
    refused(done, 3, "d.tar", "this is a delta", "ocitool apply OLD D -o NEW")
    assert names_in(folder) == ["d.tar", "empty.tar", "new.tar", "old.tar"]


@pytest.mark.parametrize("base", [OLD, EMPTY, OTHER], ids=["old", "empty", "other"])
@pytest.mark.parametrize(
    "command",
    [
        ("filter", "d.tar", "-p", "all", "-o", "x.tar"),
        ("filter", "d.tar", "-p", "available", "--missing", "skip", "-o", "x.tar"),
        ("split", "d.tar", "-d", "parts"),
        ("merge", "d.tar", "old.tar", "-o", "x.tar"),
        ("merge", "old.tar", "d.tar", "-o", "x.tar"),
        ("import", "d.tar", "--dry-run", "--ctr-version", "1.7.24"),
        ("delta", "d.tar", "new.tar", "-o", "x.tar"),
        ("delta", "old.tar", "d.tar", "-o", "x.tar"),
    ],
    ids=" ".join,
)
def test_writing_commands_say_that_it_is_a_delta(folder: Path, command: tuple[str, ...], base: Layout) -> None:
    (folder / "d.tar").write_bytes(delta_of(base.pack(), NEW.pack()))
    done = ocitool(*command, folder=folder)
    refused(done, 3, "this is a delta", "make it whole: ocitool apply OLD D -o NEW")
    assert names_in(folder) == ["d.tar", "new.tar", "old.tar"]


def test_a_piped_delta_is_one_too(folder: Path) -> None:
    done = ocitool("filter", "-", "-p", "all", "-o", "x.tar", stdin=delta_of(OLD.pack(), NEW.pack()), folder=folder)
    refused(done, 3, "this is a delta")


def test_reporting_commands_say_that_it_is_a_delta(folder: Path) -> None:
    (folder / "d.tar").write_bytes(delta_of(OLD.pack(), NEW.pack()))
    done = ocitool("verify", "d.tar", "--format", "json", folder=folder)
    (finding,) = json.loads(done.stdout)["findings"]
    assert (done.returncode, finding["rule"], finding["severity"]) == (1, "L17", "error")
    assert finding["remedy"].endswith("ocitool apply BASE d.tar -o OUT")
    assert "fault L17: delta.json: this is a delta" in run(folder, "inspect", "d.tar")
    assert "it is a delta, which lacks what its base has" in run(folder, "advise", "d.tar")
    assert json.loads(run(folder, "advise", "d.tar", "--format", "json"))["isDelta"] is True
    assert json.loads(run(folder, "advise", "old.tar", "--format", "json"))["isDelta"] is False
    assert "OLD is not as it should be: delta.json: this is a delta" in run(folder, "diff", "d.tar", "new.tar")


def test_blobs_of_a_delta_are_verified(folder: Path) -> None:
    data = multi_platform(own="spoilt {}".format)
    digest = next(iter(data.read(data.read(data.roots[0])["manifests"][0])["layers"][1:]))["digest"]
    made = bytearray(delta_of(OLD.pack(), data.pack()))
    place = bytes(made).index(data.blobs[digest]) + 40
    made[place] ^= 1
    (folder / "d.tar").write_bytes(bytes(made))
    done = ocitool("verify", "d.tar", "--format", "json", folder=folder)
    assert {finding["rule"] for finding in json.loads(done.stdout)["findings"]} == {"L17", "D15"}
    refused(ocitool("apply", "old.tar", "d.tar", "-o", "x.tar", folder=folder), 5, "a blob of the delta is corrupt")


@pytest.mark.parametrize("command", ["diff", "delta", "apply"])
def test_help_has_examples(command: str) -> None:
    out = ocitool(command, "--help").stdout.decode()
    assert f"ocitool {command} yesterday.tar" in out
