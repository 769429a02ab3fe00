"""Output folders: whole or not there, whatever happens; and what they share with the source."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ocitool.api import WriteOptions, filter_archive
from ocitool.archive.codec.compress import Compression
from ocitool.errors import ChangedSource, IntegrityError, OutputError, UsageError
from tests.builders import multi_platform
from tests.command import ocitool
from tests.disks import mounted
from tests.failure.endings import (
    BIG,
    CODES,
    IN_THE_MIDDLE,
    WHEN_NAMED,
    Meddler,
    big_layout,
    refused,
    run_with_signal,
    spoil,
)
from tests.folders import files_of, linked, names_in, unpack
from tests.importers.availability import give_up
from tests.laws.filtering import filtered, options_of
from tests.laws.test_folder_laws import members

if TYPE_CHECKING:
    from collections.abc import Iterator

MEBIBYTE = 1024 * 1024


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    return unpack(multi_platform(), tmp_path / "layout")


@pytest.fixture
def expected() -> dict[str, bytes]:
    return members(filtered(multi_platform().pack(), ["linux/arm64"]))[0]


def run(source: Path, output: Path | str, *more: str | Path, **fields: Any) -> subprocess.CompletedProcess[bytes]:
    return ocitool("filter", source, "-p", "linux/arm64", "-o", f"{output}/", *more, **fields)


def test_what_is_written_and_reported(source: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    size = sum(map(len, expected.values()))
    done = run(source, "out", "--format", "json", folder=tmp_path)
    report = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert files_of(tmp_path / "out") == expected
    assert (report["output"], report["outputSize"]) == ("out/", size)
    assert report["tarSize"] == len(filtered(source.read_bytes(), ["linux/arm64"]))
    text = run(source, "other", folder=tmp_path).stdout.decode().splitlines()[-1]
    assert text.startswith(f"wrote other/: {size / 1024:.1f} KiB of 20.0 KiB")


def test_dry_run_writes_nothing(source: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    done = run(source, "no/out", "--dry-run", folder=tmp_path)
    assert done.returncode == 0
    assert f"would write no/out/: {sum(map(len, expected.values())) / 1024:.1f} KiB".encode() in done.stdout
    assert names_in(tmp_path) == ["in.tar"]


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_modes_are_by_umask(source: Path, tmp_path: Path, umask: int) -> None:
    command = [sys.executable, "-m", "ocitool", "filter", str(source), "-p", "all", "-o", "out/"]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path, umask=umask)
    for path in (tmp_path / "out", *(tmp_path / "out").rglob("*")):
        assert path.stat().st_mode & 0o7777 == (0o755 if path.is_dir() else 0o666) & ~umask, path


def test_a_suffix_of_a_folder_promises_nothing(source: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    for suffix in (".tar.gz", ".xz"):
        assert run(source, tmp_path / f"out{suffix}").returncode == 0
        assert files_of(tmp_path / f"out{suffix}") == expected


@pytest.mark.parametrize("form", ["gzip", "none"])
def test_a_folder_is_not_compressed(source: Path, tmp_path: Path, form: str) -> None:
    refused(run(source, tmp_path / "out", "--compress", form), 2, "is not compressed", "leave out --compress")
    with pytest.raises(UsageError):
        filter_archive(
            source,
            f"{tmp_path}/out/",
            options_of(["all"]),
            write_options=WriteOptions(compression=Compression.parse(form)),
        )
    assert names_in(tmp_path) == ["in.tar"]


def test_force_and_no_clobber_contradict(source: Path, tmp_path: Path) -> None:
    refused(run(source, tmp_path / "out", "--force", "--no-clobber"), 2, "contradict")


def test_force_changes_nothing_for_a_file(source: Path, tmp_path: Path) -> None:
    (tmp_path / "out.tar").write_text("old")
    assert ocitool("filter", source, "-p", "all", "-o", tmp_path / "out.tar", "--force").returncode == 0
    assert (tmp_path / "out.tar").read_bytes() == filtered(source.read_bytes(), ["all"])


@pytest.mark.parametrize("more", [(), ("--no-clobber",)])
def test_an_empty_folder_is_filled(
    source: Path, expected: dict[str, bytes], tmp_path: Path, more: tuple[str, ...]
) -> None:
    (tmp_path / "out").mkdir()
    assert run(source, tmp_path / "out", *more).returncode == 0
    assert files_of(tmp_path / "out") == expected


def test_a_folder_that_holds_something_is_not_touched(source: Path, layout: Path, tmp_path: Path) -> None:
    before = files_of(layout)
    refused(run(source, layout), 6, "is not empty", "--force")
    (layout / "letter.txt").write_text("mine")
    refused(run(source, layout, "--force"), 6, "letter.txt")
    assert files_of(layout) == before | {"letter.txt": b"mine"}
    refused(run(source, ".", "--force", folder=tmp_path), 6, "oci-layout")
    assert names_in(tmp_path) == ["in.tar", "layout"]


def test_the_folder_one_is_in_is_not_replaced(source: Path, layout: Path, tmp_path: Path) -> None:
    refused(run(source, ".", "--force", folder=layout), 6, "runs in")
    (tmp_path / "empty").mkdir()
    refused(run(source, ".", folder=tmp_path / "empty"), 6, "runs in")


def test_a_layout_is_replaced_by_force(
    source: Path, layout: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    layout.chmod(0o750)
    assert run(source, layout, "--force").returncode == 0
    assert files_of(layout) == expected
    assert layout.stat().st_mode & 0o7777 == 0o750
    assert names_in(tmp_path) == ["in.tar", "layout"]


@pytest.mark.parametrize("link_to", ["nothing", "an empty folder", "a layout"])
def test_a_link_is_followed_and_stays(source: Path, expected: dict[str, bytes], tmp_path: Path, link_to: str) -> None:
    target, link = tmp_path / "elsewhere" / "target", tmp_path / "link"
    target.parent.mkdir()
    if link_to == "an empty folder":
        target.mkdir()
    elif link_to == "a layout":
        unpack(multi_platform(), target)
    link.symlink_to(target)
    assert run(source, link, *(["--force"] if link_to == "a layout" else [])).returncode == 0
    assert link.readlink() == target
    assert files_of(target) == expected
    assert names_in(target.parent) == ["target"]
    assert names_in(tmp_path) == ["elsewhere", "in.tar", "link"]


def test_places_where_no_folder_can_be(source: Path, tmp_path: Path) -> None:
    refused(run(source, tmp_path / "no" / "out"), 6, "does not exist", "create it first")
    refused(run(source, source), 6, "is not a folder")
    refused(run(source, source / "out"), 6, "Not a directory")
    refused(run(source, tmp_path / ("a" * 300)), 6, "File name too long")
    (tmp_path / "loop").symlink_to("loop")
    refused(run(source, tmp_path / "loop"), 6, "is not a folder")
    (tmp_path / "folder").mkdir()
    done = ocitool("filter", source, "-p", "all", "-o", tmp_path / "folder")
    refused(done, 6, "is a folder", f"add a slash to write an OCI layout folder: {tmp_path}/folder/")
    assert names_in(tmp_path) == ["folder", "in.tar", "loop"]


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming somebody else needs root")
def test_no_permission(source: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        archive = Path(name, "in.tar")
        archive.write_bytes(source.read_bytes())
        os.seteuid(65534)
        try:
            with pytest.raises(OutputError, match="Permission denied"):
                filter_archive(archive, f"{name}/out/", options_of(["all"]))
        finally:
            os.seteuid(0)
        assert names_in(Path(name)) == ["in.tar"]


def test_a_pipe_is_spooled_beside_the_folder(source: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    done = ocitool("filter", "-", "-p", "linux/arm64", "-o", f"{tmp_path}/out/", stdin=source.read_bytes())
    assert done.returncode == 0, done.stderr
    assert files_of(tmp_path / "out") == expected
    assert names_in(tmp_path) == ["in.tar", "out"]


def test_digest_map(source: Path, layout: Path, tmp_path: Path) -> None:
    for place in (layout / "map.json", tmp_path / "new" / "map.json", tmp_path / "new"):
        output = layout if place.parent == layout else tmp_path / "new"
        refused(run(source, output, "--digest-map", place), 2, "--digest-map")
    assert run(source, tmp_path / "new", "--digest-map", tmp_path / "map.json").returncode == 0
    assert len(json.loads((tmp_path / "map.json").read_text())) == 1


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("place", ["tar", "folder", "itself"])
def test_a_corrupt_blob_leaves_nothing(tmp_path: Path, place: str, *, verify: bool) -> None:
    bad = spoil(multi_platform())
    source = tmp_path / "in"
    if place == "tar":
        source.write_bytes(bad.pack())
    else:
        unpack(bad, source)
    before = source.read_bytes() if place == "tar" else files_of(source)
    output = source if place == "itself" else tmp_path / "out"
    done = run(source, output, "--force", "--verify" if verify else "--no-verify")
    if not verify:
        assert done.returncode == 0
        return
    refused(done, 5, "layer 2 of 2 of linux/arm64", "corrupt")
    assert names_in(tmp_path) == ["in"]
    assert before == (source.read_bytes() if place == "tar" else files_of(source))
    assert linked(tmp_path) == set()


def run_big(hook: str, number: int, source: Path, output: Path) -> subprocess.CompletedProcess[bytes]:
    return run_with_signal(hook, number, "filter", source, "-p", "linux/amd64", "-o", f"{output}/", "--force")


IN_STAGE = """
from ocitool.archive.new_folder import NewFolder
original = NewFolder.stage
def stage(folder):
    original(folder)
    os.kill(os.getpid(), number)
NewFolder.stage = stage
"""
TWICE = """
import shutil
original, calls = shutil.rmtree, []
def rmtree(*arguments, **fields):
    calls.append(arguments)
    if len(calls) < 3:
        os.kill(os.getpid(), number)
    original(*arguments, **fields)
shutil.rmtree = rmtree
"""
HOOKS = {"in the middle": IN_THE_MIDDLE, "when staged": IN_STAGE, "again and again": IN_THE_MIDDLE + TWICE}


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize(("number", "code"), CODES[:2])
@pytest.mark.parametrize("there", [True, False])
def test_a_signal_leaves_what_was_there(
    big: Path, layout: Path, hook: str, number: int, code: int, there: bool
) -> None:
    before = files_of(layout)
    output = layout if there else layout.with_name("new")
    done = run_big(HOOKS[hook], number, big, output)
    assert done.returncode == code, done.stderr
    assert done.stderr == b"ocitool: interrupted\n"
    assert files_of(layout) == before
    assert names_in(layout.parent) == ["layout"]


def test_a_kill_leaves_what_was_there(big: Path, layout: Path) -> None:
    before = files_of(layout)
    assert run_big(IN_THE_MIDDLE, signal.SIGKILL, big, layout).returncode == -signal.SIGKILL
    assert files_of(layout) == before


@pytest.mark.parametrize(("number", "code"), CODES[:2])
def test_a_signal_that_comes_too_late(big: Path, layout: Path, number: int, code: int) -> None:
    done = run_big(WHEN_NAMED, number, big, layout)
    assert done.returncode == 0
    assert len(files_of(layout)["oci-layout"]) == 30
    assert max(path.stat().st_size for path in layout.rglob("*")) == BIG
    assert names_in(layout.parent) == ["layout"]


@pytest.mark.parametrize("verify", [True, False])
def test_a_source_that_changes_is_told_before_it_is_replaced(layout: Path, *, verify: bool) -> None:
    before = files_of(layout)
    with pytest.raises(ChangedSource):
        filter_archive(
            layout,
            f"{layout}/",
            options_of(["all"]),
            listener=Meddler(layout / "index.json", "touch"),
            write_options=WriteOptions(force=True, verify=verify),
        )
    assert files_of(layout) == before
    assert names_in(layout.parent) == ["layout"]


def blobs(files: dict[str, bytes]) -> set[str]:
    return {name for name in files if name.startswith("blobs/")}


@pytest.mark.parametrize("verify", [True, False])
def test_blobs_are_linked_on_one_file_system(
    layout: Path, expected: dict[str, bytes], tmp_path: Path, *, verify: bool
) -> None:
    filter_archive(layout, f"{tmp_path}/out/", options_of(["linux/arm64"]), write_options=WriteOptions(verify=verify))
    out = tmp_path / "out"
    assert files_of(out) == expected
    assert linked(out) == blobs(expected)
    for name in blobs(expected):
        assert (out / name).samefile(layout / name)
    # Once more over itself: then the old names go, and the new ones are the only ones beside those of the source.
    filter_archive(out, f"{out}/", options_of(["linux/arm64"]), write_options=WriteOptions(verify=verify, force=True))
    assert {(out / name).stat().st_nlink for name in blobs(expected)} == {2}


def test_a_rewritten_index_is_no_link(layout: Path, tmp_path: Path) -> None:
    filter_archive(layout, f"{tmp_path}/out/", options_of(["linux/arm64", "linux/amd64"]))
    out = tmp_path / "out"
    new = {name for name in files_of(out) if not (layout / name).exists() or name in {"index.json", "oci-layout"}}
    assert linked(out) == set(files_of(out)) - new - {"manifest.json"}


def test_blobs_of_a_tar_are_no_links(source: Path, tmp_path: Path) -> None:
    filter_archive(source, f"{tmp_path}/out/", options_of(["all"]))
    assert linked(tmp_path / "out") == set()


@pytest.mark.parametrize("verify", [True, False])
def test_blobs_are_copied_to_another_file_system(
    layout: Path, expected: dict[str, bytes], small_disk: Path, *, verify: bool
) -> None:
    filter_archive(
        layout, f"{small_disk}/out/", options_of(["linux/arm64"]), write_options=WriteOptions(verify=verify)
    )
    assert files_of(small_disk / "out") == expected
    assert linked(small_disk / "out") | linked(layout) == set()


@pytest.mark.parametrize("from_folder", [True, False])
def test_a_full_disk_is_told_before_the_first_blob(
    big: Path, small_disk: Path, tmp_path: Path, *, from_folder: bool
) -> None:
    source = unpack(big_layout(), tmp_path / "big") if from_folder else big
    done = ocitool("filter", source, "-p", "linux/amd64", "-o", f"{small_disk}/out/")
    refused(done, 6, f"needs {sum(map(len, big_layout().blobs.values()))} bytes", "are free")
    assert names_in(small_disk) == ["lost+found"]


def test_a_full_disk_in_the_middle(big: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ocitool.archive.new_folder import NewFolder

    before = files_of(unpack(multi_platform(), small_disk / "out"))
    monkeypatch.setattr(NewFolder, "require_space", lambda _folder, _size: None)
    for verify in (True, False):
        with pytest.raises(OutputError, match="No space left"):
            filter_archive(
                big,
                f"{small_disk}/out/",
                options_of(["linux/amd64"]),
                write_options=WriteOptions(verify=verify, force=True),
            )
        assert files_of(small_disk / "out") == before
        assert names_in(small_disk) == ["lost+found", "out"]
    assert os.statvfs(small_disk).f_bavail > 100


def test_links_need_no_space(small_disk: Path) -> None:
    source = unpack(big_layout(2 * MEBIBYTE), small_disk / "in")
    status = os.statvfs(small_disk)
    assert status.f_bavail * status.f_frsize < 2 * MEBIBYTE
    filter_archive(source, f"{small_disk}/out/", options_of(["linux/amd64"]))
    filter_archive(source, f"{source}/", options_of(["linux/amd64"]), write_options=WriteOptions(force=True))
    assert max(path.stat().st_size for path in (small_disk / "out").rglob("*")) == 2 * MEBIBYTE


def test_a_mount_point_is_not_replaced(source: Path, small_disk: Path) -> None:
    (small_disk / "lost+found").rmdir()
    refused(run(source, small_disk), 6, "is a mount point", "name a folder in it")


@pytest.fixture
def cloning_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system that clones files, of the smallest size it takes."""
    with mounted(tmp_path, "xfs", 320 * MEBIBYTE, give_up) as disk:
        yield disk


def extents(path: Path) -> str:
    """Return what filefrag says of the extents of a file; `shared` marks those of several files."""
    return subprocess.run(["filefrag", "-v", path], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("spoiled", [False, True])
def test_blobs_that_are_no_links_are_cloned(cloning_disk: Path, *, spoiled: bool) -> None:
    image = big_layout(2 * MEBIBYTE)
    digest = max(image.blobs, key=lambda key: len(image.blobs[key]))
    if spoiled:
        image.blobs[digest] = b"\1" + image.blobs[digest][1:]
    source = unpack(image, cloning_disk / "in")
    for path in source.rglob("*"):
        if path.is_file():
            path.chmod(0o600)  # not as good as a new file, which others may read
    os.sync()
    output = cloning_disk / "out"
    if spoiled:
        with pytest.raises(IntegrityError):
            filter_archive(source, f"{output}/", options_of(["linux/amd64"]))
        assert names_in(cloning_disk) == ["in"]
        return
    filter_archive(source, f"{output}/", options_of(["linux/amd64"]))
    blob = f"blobs/{digest.replace(':', '/')}"
    assert (output / blob).read_bytes() == image.blobs[digest]
    assert (output / blob).stat().st_mode & 0o777 == 0o666 & ~current_umask()
    assert linked(output) == set()
    assert "shared" in extents(output / blob)


def current_umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def test_recompressed_layers_are_written_too(layout: Path, tmp_path: Path) -> None:
    for output in ("out/", "out.tar"):
        done = ocitool("filter", layout, "-p", "all", "--layers", "zstd", "-o", output, folder=tmp_path)
        assert done.returncode == 0, done.stderr
    assert files_of(tmp_path / "out") == members((tmp_path / "out.tar").read_bytes())[0]
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "out").rglob("blobs/*/*")} == {
        0o666 & ~current_umask()
    }
