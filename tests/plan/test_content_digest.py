"""What a plan says of the contents of an output is what is read back from any form of it."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from ocitool.api import FilterOptions, Followers, JobSetting, PlatformSelection, SourceOptions, filter_archive
from ocitool.api.jobs.freshness import read_contents
from ocitool.errors import OcitoolError
from ocitool.model.digest import Digest
from ocitool.plan.content_digest import contents_digest
from tests.builders import multi_platform

if TYPE_CHECKING:
    from pathlib import Path


def test_it_is_a_digest_of_names_sizes_and_digests() -> None:
    one, two = Digest.of(b"1"), Digest.of(b"22", "sha512")
    line = (
        json.dumps(["a", 1, str(one)], separators=(",", ":")),
        json.dumps(["é", 2, str(two)], separators=(",", ":")),
    )
    text = "".join(f"{json.dumps(json.loads(part), ensure_ascii=False, separators=(',', ':'))}\n" for part in line)
    assert contents_digest([("é", 2, two), ("a", 1, one)]) == Digest.of(text.encode())


@pytest.mark.parametrize("name", ["out.tar", "out.tar.gz", "out.tar.zst", "out/"])
@pytest.mark.parametrize("platforms", ["linux/arm64", "all"])
def test_every_form_has_the_contents_of_the_plan(tmp_path: Path, name: str, platforms: str) -> None:
    source = tmp_path / "image.tar"
    source.write_bytes(multi_platform(attested=True).pack())
    options = FilterOptions(PlatformSelection.parse([platforms]), attestations=Followers.FOLLOW)
    output = f"{tmp_path}/{name}"
    planned = filter_archive(source, output, options, dry_run=True).plan.outputs[0].content_digest
    written = filter_archive(source, output, options).plan.outputs[0].content_digest
    found = read_contents(output, SourceOptions(spool_directory=tmp_path), JobSetting())
    assert planned == written == found


def repacked(path: Path, change: str) -> None:
    """Write a tar anew with one thing changed."""
    with tarfile.open(path) as tar:
        members = [(member, tar.extractfile(member)) for member in tar]
        held = [(member, file.read() if file else b"") for member, file in members]
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for member, data in held:
            if member.name == "index.json":
                if change == "missing":
                    continue
                member.name = "Index.json" if change == "name" else member.name
            is_changed = change == "bytes" and member.name == "index.json"
            tar.addfile(member, io.BytesIO(data.replace(b"lab", b"LAB", 1) if is_changed else data))
        if change == "link":
            link = tarfile.TarInfo("more")
            link.type, link.linkname = tarfile.SYMTYPE, "index.json"
            tar.addfile(link)


@pytest.mark.parametrize("change", ["nothing", "missing", "bytes", "name", "link"])
def test_whatever_changes_is_seen(tmp_path: Path, change: str) -> None:
    source, output = tmp_path / "image.tar", tmp_path / "out.tar"
    source.write_bytes(multi_platform().pack())
    result = filter_archive(source, output, FilterOptions(PlatformSelection.parse(["linux/arm64"])))
    repacked(output, change)
    try:
        found = read_contents(str(output), SourceOptions(), JobSetting())
    except OcitoolError:
        assert change == "link"
    else:
        assert (found == result.plan.outputs[0].content_digest) == (change == "nothing")
