"""A table of contents is trusted where everything it tells of is listed, and nothing is wrong with that."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from ocitool.api import filter_archive, inspect_archive, merge_archives, split_archive, split_options
from ocitool.api.advising import open_facts
from ocitool.archive.contents import find_contents
from ocitool.archive.entry import EntryKind
from ocitool.archive.headers import encode_header, padding
from ocitool.archive.reader import scan_archive
from ocitool.archive.remote import FarSource
from ocitool.archive.writer import END
from ocitool.errors import UnsafeEntry
from ocitool.graph.listed import scan_listed
from ocitool.model.digest import Digest
from ocitool.plan.steps import Emit, Folder, Member, OutputPlan
from tests.adapters.remote.reading import archive_with_layers
from tests.builders import multi_platform
from tests.laws.filtering import delta_of, filtered, options_of
from tests.plan.test_aligned_output import written
from tests.remote_stand_in import StandInStore
from tests.sources import BytesSource, FarBytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ocitool.archive.source import ByteSource, Incoming

URL = "s3://bucket/in.tar"
OURS = filtered(archive_with_layers(30_000)[0], ["all"])
OTHER = filtered(multi_platform(own="another {}".format).pack(), ["all"])
ALL = options_of(["all"])


def members(data: bytes) -> list[Member]:
    """Return the entries of an archive as members that carry their bytes."""
    return [
        Member(
            entry.name,
            Folder()
            if entry.kind is EntryKind.DIRECTORY
            else Emit(data[entry.data_offset : entry.data_offset + entry.size]),
        )
        for entry in scan_archive(BytesSource(data)).entries
    ]


def tar(wanted: list[Member]) -> bytes:
    return written(OutputPlan(tuple(wanted), has_contents=True, documents=len(wanted)))


def entry_bytes(member: Member) -> bytes:
    content = member.content
    assert isinstance(content, Emit)
    return encode_header(member.name, content.size) + content.data + bytes(padding(content.size))


def hiding(name: str) -> bytes:
    """Make an archive whose table says of what are several other entries that it is one, called `name`."""
    orphan = Member(name, Emit(b"orphan"))
    hidden = [each for each in members(OTHER) if isinstance(each.content, Emit) and each.name != "oci-layout"]
    claimed = (entry_bytes(orphan) + b"".join(map(entry_bytes, hidden)))[512:]
    data = tar([*members(OURS), Member(name, Emit(claimed))])
    place = data.rindex(encode_header(name, len(claimed)))
    return data[:place] + encode_header(name, 6) + data[place + 512 :]


HIDING = {
    "an orphan": hiding(Digest.of(b"nobody has this").blob_name),
    "another file": hiding("README"),
}


class FarStore(StandInStore):
    def open_source(self, url: str) -> ByteSource | Incoming:
        return FarBytes(self.objects[url])


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda url, _folder: filter_archive(url, io.BytesIO(), ALL), id="filter"),
        pytest.param(lambda url, _folder: merge_archives([url], io.BytesIO(), ALL), id="merge"),
        pytest.param(lambda url, folder: split_archive(url, folder / "parts", ALL, split_options(URL)), id="split"),
    ],
)
@pytest.mark.parametrize("data", HIDING.values(), ids=HIDING)
def test_entries_that_a_table_hides_are_found(
    data: bytes, read: Callable[[str, Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FarStore({URL: data}).serve(monkeypatch)
    with pytest.raises(UnsafeEntry, match="two entries of this name with different content"):
        read(URL, tmp_path)


@pytest.mark.parametrize("data", HIDING.values(), ids=HIDING)
def test_reports_tell_of_them_too(data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "in.tar"
    path.write_bytes(data)
    FarStore({URL: data}).serve(monkeypatch)
    assert {fault.rule for fault in inspect_archive(URL).faults} == {"T3"}
    assert inspect_archive(URL).faults == inspect_archive(path).faults
    with open_facts(URL) as far, open_facts(path) as near:
        assert far.facts.graph.faults == near.facts.graph.faults
        assert far.facts.graph.blobs == near.facts.graph.blobs


CASES = {
    "an orphan": [*members(OURS), Member(Digest.of(b"1").blob_name, Emit(b"1"))],
    "another file": [*members(OURS), Member("README", Emit(b"1"))],
    "no index": [each for each in members(OURS) if each.name != "index.json"],
    "no layout": [each for each in members(OURS) if each.name != "oci-layout"],
    "an index that is none": [
        Member(m.name, Emit(b"[]") if m.name == "index.json" else m.content) for m in members(OURS)
    ],
}


@pytest.mark.parametrize("wanted", CASES.values(), ids=CASES)
def test_what_we_do_not_write_is_scanned(wanted: list[Member]) -> None:
    data = tar(wanted)
    assert find_contents(BytesSource(data)) is not None
    far = FarBytes(data)
    scan, graph = scan_listed(far)
    assert graph is None
    assert not scan.is_listed
    assert scan == scan_archive(BytesSource(data))
    assert (far.expected, far.documents) == ({}, 0)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(OURS, id="whole"),
        pytest.param(delta_of(multi_platform().pack(), multi_platform(own="more {}".format).pack()), id="delta"),
    ],
)
def test_what_we_write_is_trusted(data: bytes) -> None:
    scan, graph = scan_listed(FarBytes(data))
    assert scan.is_listed
    assert graph is not None


def test_local_files_are_scanned_and_no_graph_is_made_for_that() -> None:
    source = BytesSource(OURS)
    assert not isinstance(source, FarSource)
    scan, graph = scan_listed(source)
    assert (scan.is_listed, graph) == (False, None)
    assert OURS.endswith(END)
