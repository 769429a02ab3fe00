"""A merge that fails: the message names the archive it is about, and what stood at the output is untouched."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import zstandard

from ocitool.api import WriteOptions, merge_archives
from ocitool.errors import ChangedSource
from tests.builders import NAME, Layout, as_json, multi_platform
from tests.command import ocitool
from tests.docker_archives import SKOPEO, DockerArchive
from tests.failure.endings import (
    CODES,
    IN_THE_MIDDLE,
    Meddler,
    assert_old,
    old_file,
    refused,
    run_with_signal,
    spoil,
)
from tests.failure.hostile import HOSTILE, Hostile
from tests.folders import names_in, unpack
from tests.laws.filtering import filtered, merged, options_of
from tests.laws.walker import Walked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


OTHER = multi_platform(name="docker.io/library/other:1", own="other {}".format).pack()


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return old_file(tmp_path / "old.tar")


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Provide an archive of another image."""
    path = tmp_path / "other.tar"
    path.write_bytes(OTHER)
    return path


def merge(*sources: Path | str, output: Path | str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    return ocitool("merge", *sources, "-o", output, stdin=stdin)


@pytest.mark.parametrize("hostile", [each for each in HOSTILE if each.code], ids=lambda hostile: hostile.name)
def test_the_message_names_the_archive_that_is_wrong(hostile: Hostile, other: Path, old: Path) -> None:
    bad = other.with_name("the-bad-one.tar")
    bad.write_bytes(hostile.make())
    for sources in ((other, bad), (bad, other)):
        done = merge(*sources, output=old)
        refused(done, hostile.code, *hostile.words, str(bad))
        assert str(other) not in done.stderr.decode()
        assert_old(old)


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (lambda: None, 3, ["no such file", "check the name"]),
        (lambda: b"", 3, ["is empty"]),
        (lambda: b"just some text\n" * 100, 3, ["is not a tar archive"]),
        (lambda: multi_platform().pack()[:9000], 3, ["cut short"]),
        (lambda: spoil(multi_platform()).pack(), 5, ["layer 2 of 2 of linux/arm64 of " + NAME, "corrupt"]),
        (lambda: zstandard.compress(multi_platform().pack())[:-1], 3, ["zstd", "cut short"]),
    ],
    ids=["missing", "empty", "text", "truncated", "corrupt", "truncated zstd"],
)
def test_an_archive_that_is_not_good(
    other: Path, old: Path, place: int, make: Callable[[], bytes | None], code: int, words: list[str]
) -> None:
    bad, data = other.with_name("bad.tar"), make()
    if data is not None:
        bad.write_bytes(data)
    sources = [other, bad] if place else [bad, other]
    refused(merge(*sources, output=old), code, *words, str(bad))
    assert_old(old)
    if data is not None:
        refused(merge(*(source if source == other else "-" for source in sources), output=old, stdin=data), code)
        assert_old(old)


def test_one_platform_with_two_digests_names_both_and_where_they_are(source: Path, old: Path) -> None:
    second = source.with_name("second.tar")
    layout = multi_platform(("linux/s390x", "linux/arm64"), own="another {}".format)
    second.write_bytes(layout.pack())
    one = multi_platform()
    digests = [each.read(each.roots[0])["manifests"][1]["digest"] for each in (one, layout)]
    done = merge(source, second, output=old)
    refused(done, 5, f"{NAME} stands for two different linux/arm64 images", "leave one out with -p")
    assert f"{digests[0]} in {source} and {digests[1]} in {second}" in done.stderr.decode()
    assert_old(old)
    assert ocitool("merge", source, second, "-p", "linux/s390x,linux/amd64", "-o", old, "-q").returncode == 0


def test_standard_input_can_be_named_once(source: Path, old: Path) -> None:
    refused(merge("-", source, "-", output=old, stdin=source.read_bytes()), 2, "can be read once", "name - once")
    assert_old(old)


def test_no_source_is_a_usage_error(old: Path) -> None:
    done = ocitool("merge", "-o", old)
    assert done.returncode == 2
    assert b"Missing argument 'SRC...'" in done.stderr
    assert_old(old)


def test_one_archive_twice_is_that_archive(source: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.tar"
    link.symlink_to(source)
    for sources in ((source, source), (source, link), (source, "-")):
        done = merge(*sources, output=tmp_path / "out.tar", stdin=source.read_bytes())
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "out.tar").read_bytes() == filtered(source.read_bytes(), ["all"])


@pytest.mark.parametrize("place", [0, 1])
def test_an_output_that_is_one_of_the_sources(source: Path, other: Path, place: int) -> None:
    expected = merged([source.read_bytes(), other.read_bytes()])
    target = (source, other)[place]
    target.chmod(0o640)
    assert merge(source, other, output=target).returncode == 0
    assert target.read_bytes() == expected
    assert target.stat().st_mode & 0o7777 == 0o640


@pytest.mark.parametrize("place", [0, 1])
def test_an_output_that_is_a_corrupt_source_stays(source: Path, other: Path, place: int) -> None:
    source.write_bytes(spoil(multi_platform()).pack())
    before = {path: path.read_bytes() for path in (source, other)}
    refused(merge(source, other, output=(source, other)[place]), 5, "corrupt", str(source))
    assert {path: path.read_bytes() for path in (source, other)} == before
    assert names_in(source.parent) == ["in.tar", "other.tar"]


def test_every_form_at_once(tmp_path: Path) -> None:
    """A docker-archive, a plain tar, a folder, a pipe and a compressed file, each with another platform."""
    forms = {
        "docker.tar": "linux/amd64",
        "plain.tar": "linux/arm64",
        "folder": "linux/s390x",
        "-": "linux/arm/v7",
        "packed.tar.zst": "linux/riscv64",
    }
    layouts = {form: multi_platform((platform,)) for form, platform in forms.items()}
    saved = DockerArchive(SKOPEO).image("lab:1.0", os_arch="linux/amd64").pack()
    (tmp_path / "docker.tar").write_bytes(saved)
    (tmp_path / "plain.tar").write_bytes(layouts["plain.tar"].pack())
    unpack(layouts["folder"], tmp_path / "folder")
    (tmp_path / "packed.tar.zst").write_bytes(zstandard.compress(layouts["packed.tar.zst"].pack()))
    read, write = os.pipe()
    os.write(write, layouts["-"].pack())  # 20 KiB fit into a pipe
    os.close(write)
    command = [sys.executable, "-m", "ocitool", "merge", *forms, "-o", "out.tar"]
    done = subprocess.run(command, stdin=read, capture_output=True, check=False, cwd=tmp_path, timeout=60)
    os.close(read)
    assert done.returncode == 0, done.stderr
    walked = Walked((tmp_path / "out.tar").read_bytes())
    walked.assert_right()
    assert (tmp_path / "out.tar").read_bytes() == merged(
        [saved, *(layout.pack() for form, layout in layouts.items() if form != "docker.tar")]
    )
    kept = [line.split()[1] for line in done.stdout.decode().splitlines() if line.startswith("keep")]
    assert kept == list(forms.values())
    assert names_in(tmp_path) == ["docker.tar", "folder", "out.tar", "packed.tar.zst", "plain.tar"]


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("change", ["touch", "cut", "overwrite"])
def test_one_source_that_changes(source: Path, other: Path, old: Path, place: int, change: str) -> None:
    changed = (source, other)[place]
    for verify in (True, False):
        with pytest.raises(ChangedSource) as caught:
            merge_archives(
                [source, other],
                old,
                options_of(["all"]),
                write_options=WriteOptions(verify=verify),
                listener=Meddler(changed, change, "merging"),
            )
        assert caught.value.where == str(changed)
        assert_old(old)
        source.write_bytes(multi_platform().pack())
        other.write_bytes(OTHER)


@pytest.mark.parametrize(("number", "code"), CODES)
def test_a_signal_in_the_middle(big: Path, other: Path, old: Path, number: int, code: int) -> None:
    done = run_with_signal(IN_THE_MIDDLE, number, "merge", other, big, "-p", "linux/amd64", "-o", old)
    assert done.returncode == code
    assert b"Traceback" not in done.stderr
    assert_old(old)


def test_a_closed_pipe(big: Path, other: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "ocitool", "merge", str(other), str(big), "-p", "linux/amd64", "-o", "-"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.read(10) == b"PaxHeaders"
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert process.wait(20) == 6
    process.stderr.close()


def test_a_disk_too_small(small_disk: Path, big: Path, other: Path) -> None:
    target = old_file(small_disk / "old.tar")
    refused(ocitool("merge", other, big, "-p", "linux/amd64", "-o", target), 6, "needs", "are free")
    assert_old(target)


def test_what_is_wrong_with_a_blob_that_another_archive_lists_says_where_it_is(tmp_path: Path, old: Path) -> None:
    """One archive lists a manifest that the other holds, as it holds what it does not list itself."""
    layout = Layout()
    child = layout.manifest("linux/amd64")
    wrong = layout.blob(as_json({"schemaVersion": 2, "config": 5}), child["mediaType"], platform=child["platform"])
    listing = Layout(blobs=dict(layout.blobs))
    listing.add(listing.index([wrong]))
    del listing.blobs[wrong["digest"]]
    holding = Layout(blobs=dict(layout.blobs)).add(child, "docker.io/library/other:1")
    (tmp_path / "listing.tar").write_bytes(listing.pack())
    (tmp_path / "holding.tar").write_bytes(holding.pack())
    done = merge(tmp_path / "listing.tar", tmp_path / "holding.tar", output=old)
    refused(done, 3, f"{tmp_path / 'holding.tar'}: blobs/sha256/{wrong['digest'].removeprefix('sha256:')}")
    assert_old(old)


def test_a_corrupt_blob_that_another_archive_holds_well_is_taken_from_the_first(source: Path, tmp_path: Path) -> None:
    """Each blob is read from the first archive that has it; what is not read is not judged."""
    bad = tmp_path / "bad.tar"
    bad.write_bytes(spoil(multi_platform()).pack())
    assert merge(source, bad, output=tmp_path / "out.tar").returncode == 0
    assert (tmp_path / "out.tar").read_bytes() == filtered(source.read_bytes(), ["all"])
    refused(merge(bad, source, output=tmp_path / "new.tar"), 5, "corrupt", str(bad))
    assert not (tmp_path / "new.tar").exists()
