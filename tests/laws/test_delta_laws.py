"""Laws of `delta` and `apply`: what was taken out comes back, from any base in any form, or nothing does."""

from __future__ import annotations

import gzip
import json
import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from ocitool.api import SourceOptions, WriteOptions, apply_delta, make_delta
from ocitool.errors import ArchiveError, DocumentError, IntegrityError
from ocitool.plan.options import Followers, IndexForm
from tests.builders import Layout, multi_platform
from tests.docker_archives import CLASSIC, DIGESTS, SKOPEO, DockerArchive
from tests.folders import files_of, unpack
from tests.laws.filtering import applied, delta_of, filtered, graph_of, options_of, plan_of
from tests.laws.walker import Walked
from tests.strategies import Archive, archives, packings, selected_archives

if TYPE_CHECKING:
    from tests.strategies import Packing

EMPTY = Layout().pack()
OLD = multi_platform().pack()
NEW = multi_platform(own="rebuilt {}".format, attested=True).pack()
FORMS = st.sampled_from([IndexForm.AUTO, IndexForm.NESTED, IndexForm.KEEP])


def blobs_in(data: bytes) -> set[str]:
    """Return the digests of what a delta, or an archive, holds."""
    return set(Walked(data).blobs)


def listed(delta: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Walked(delta).files["delta.json"])
    return found


@settings(max_examples=60)
@given(archives(), archives())
def test_apply_gives_what_filter_gives(old: Archive, new: Archive) -> None:
    assert applied(old.data, delta_of(old.data, new.data)) == filtered(new.data, ["all"])


@settings(max_examples=40)
@given(archives(), selected_archives(), FORMS, st.sampled_from([None, Followers.FOLLOW, Followers.DROP]))
def test_options_of_filter_are_in_the_delta(
    old: Archive, drawn: tuple[Archive, list[str]], form: IndexForm, attestations: Followers | None
) -> None:
    new, platforms = drawn
    options = {"index": form, "attestations": attestations}
    delta = delta_of(old.data, new.data, platforms, **options)
    assert applied(old.data, delta) == filtered(new.data, platforms, **options)


@settings(max_examples=40)
@given(archives(), archives())
def test_a_delta_holds_what_the_base_lacks_and_nothing_else(old: Archive, new: Archive) -> None:
    delta = delta_of(old.data, new.data)
    whole = blobs_in(filtered(new.data, ["all"]))
    held = set(map(str, graph_of(old.data).blobs))
    assert blobs_in(delta) == whole - held
    assert [blob["digest"] for blob in listed(delta)["blobs"] if not blob.get("base")] == [
        digest for digest in Walked(delta).blobs if digest in whole - held
    ]


@given(archives())
def test_nothing_is_new_in_the_canonical_form_of_itself(archive: Archive) -> None:
    whole = filtered(archive.data, ["all"])
    delta = delta_of(whole, archive.data)
    assert blobs_in(delta) == set()
    assert applied(whole, delta) == whole


@given(archives())
def test_nothing_is_new_in_an_archive_itself_but_indexes_that_it_is_given(archive: Archive) -> None:
    delta = Walked(delta_of(archive.data, archive.data))
    assert not delta.blobs.keys() & archive.layout.blobs.keys()
    assert all("manifests" in json.loads(raw) for raw in delta.blobs.values())
    assert delta.blobs.keys() <= blobs_in(filtered(archive.data, ["all"]))


def test_nothing_is_new_in_an_archive_whose_indexes_stay() -> None:
    assert blobs_in(delta_of(OLD, OLD)) == blobs_in(delta_of(NEW, NEW)) == set()


@settings(max_examples=30)
@given(archives())
def test_all_is_new_to_an_empty_base(archive: Archive) -> None:
    whole = filtered(archive.data, ["all"])
    delta = delta_of(EMPTY, archive.data)
    assert blobs_in(delta) == blobs_in(whole)
    assert applied(EMPTY, delta) == applied(NEW, delta) == whole


@settings(max_examples=30)
@given(archives(), archives(), packings, packings)
def test_packing_of_neither_matters(old: Archive, new: Archive, one: Packing, other: Packing) -> None:
    delta = delta_of(old.data, new.data)
    assert delta_of(one.pack(old.layout), other.pack(new.layout)) == delta
    assert applied(one.pack(old.layout), delta) == filtered(new.data, ["all"])


@settings(max_examples=30)
@given(archives(), archives(), archives())
def test_another_base_gives_the_same_or_an_error(old: Archive, new: Archive, other: Archive) -> None:
    delta = delta_of(old.data, new.data)
    needed = {blob["digest"] for blob in listed(delta)["blobs"] if blob.get("base")}
    if needed <= set(map(str, graph_of(other.data).blobs)):
        assert applied(other.data, delta) == filtered(new.data, ["all"])
        return
    with pytest.raises(IntegrityError, match=r"lacks \d+ of the \d+ blobs that d\.tar takes from its base"):
        applied(other.data, delta)


@settings(max_examples=25)
@given(archives(), archives(), archives())
def test_the_digest_of_the_whole_does_not_depend_on_the_base(one: Archive, other: Archive, new: Archive) -> None:
    first, second = (delta_of(base.data, new.data) for base in (one, other))
    assert listed(first)["digest"] == listed(second)["digest"]


@settings(max_examples=30)
@given(archives(), archives(), archives())
def test_deltas_follow_each_other(one: Archive, two: Archive, three: Archive) -> None:
    """An edge that got the first whole has, after each delta, what the next one is made against."""
    first, second = (filtered(archive.data, ["all"]) for archive in (one, two))
    at_the_edge = applied(first, delta_of(first, two.data))
    assert applied(at_the_edge, delta_of(second, three.data)) == filtered(three.data, ["all"])


@pytest.mark.parametrize("style", [CLASSIC, SKOPEO, DIGESTS], ids=["classic", "skopeo", "digests"])
def test_docker_archives_are_bases_and_are_made_again(style: Any) -> None:
    old = DockerArchive(style).image("lab:1.0", layers=("base", "one")).pack()
    new = DockerArchive(style).image("lab:1.0", layers=("base", "two")).pack()
    delta = delta_of(old, new)
    assert applied(old, delta) == filtered(new, ["all"])
    assert len(blobs_in(delta)) == 3
    assert blobs_in(delta_of(old, old)) == set()


@settings(max_examples=60)
@given(archives(damaged=False), archives(damaged=False), st.integers(0, 2**32), st.integers(1, 255))
def test_any_byte_of_a_delta_changed_is_noticed_or_changes_nothing(
    old: Archive, new: Archive, place: int, change: int
) -> None:
    delta = bytearray(delta_of(old.data, new.data))
    delta[place % len(delta)] ^= change
    try:
        result = applied(old.data, bytes(delta))
    except (ArchiveError, DocumentError, IntegrityError):
        return
    assert result == filtered(new.data, ["all"])


@settings(max_examples=40)
@given(archives(damaged=False), archives(damaged=False), st.integers(0, 2**32))
def test_a_delta_that_was_cut_is_noticed_or_changes_nothing(old: Archive, new: Archive, place: int) -> None:
    delta = delta_of(old.data, new.data)
    try:
        result = applied(old.data, delta[: place % len(delta)])
    except (ArchiveError, DocumentError, IntegrityError):
        return
    assert result == filtered(new.data, ["all"])


@settings(max_examples=60)
@given(archives(damaged=False), archives(damaged=False), st.integers(0, 2**32), st.integers(1, 255))
def test_any_byte_of_the_base_changed_is_noticed_or_changes_nothing(
    old: Archive, new: Archive, place: int, change: int
) -> None:
    delta = delta_of(old.data, new.data)
    base = bytearray(old.data)
    base[place % len(base)] ^= change
    try:
        result = applied(bytes(base), delta)
    except (ArchiveError, DocumentError, IntegrityError):
        return
    assert result == filtered(new.data, ["all"])


def test_every_place_of_a_small_delta_is_guarded() -> None:
    delta = delta_of(OLD, NEW)
    whole = filtered(NEW, ["all"])
    noticed = 0
    for place in range(0, len(delta), 29):
        changed = bytearray(delta)
        changed[place] ^= 1
        try:
            assert applied(OLD, bytes(changed)) == whole
        except (ArchiveError, DocumentError, IntegrityError):
            noticed += 1
    assert noticed > len(delta) // 29 // 4
    for end in range(0, len(delta) - 1024, 512):
        with pytest.raises((ArchiveError, DocumentError, IntegrityError)):
            applied(OLD, delta[:end])


def _feed(data: bytes) -> int:
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as stream:
            stream.write(data)

    threading.Thread(target=write, daemon=True).start()
    return reading


@settings(max_examples=6)
@given(archives(), archives(), st.booleans())
def test_forms_of_archives_do_not_matter(old: Archive, new: Archive, has_base_in_pipe: bool) -> None:
    """Files, folders, compressed files and pipes, in and out."""
    whole = filtered(new.data, ["all"])
    delta = delta_of(old.data, new.data)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {
            "old.tar": old.data,
            "new.tar": new.data,
            "old.tar.zst": zstandard.compress(old.data),
            "new.tar.gz": gzip.compress(new.data),
        }
        for file, data in files.items():
            (folder / file).write_bytes(data)
        old_folder, new_folder = unpack(old.layout, folder / "old"), unpack(new.layout, folder / "new")
        made, options = folder / "d.tar", options_of(["all"])
        for base in (folder / "old.tar", folder / "old.tar.zst", old_folder):
            for source in (folder / "new.tar", folder / "new.tar.gz", new_folder):
                make_delta(base, source, made, options)
                assert made.read_bytes() == delta
        packed = folder / "d.tar.zst"
        result = make_delta(old_folder, new_folder, packed, options)
        assert zstandard.decompress(packed.read_bytes(), 2**24) == delta
        output = folder / "whole.tar"
        for base in (folder / "old.tar", folder / "old.tar.zst", old_folder):
            for source in (made, packed):
                assert apply_delta(base, source, output).digest == result.digest
                assert output.read_bytes() == whole
        reading = _feed(old.data if has_base_in_pipe else delta)
        piped: tuple[str | Path, str | Path] = ("-", made) if has_base_in_pipe else (old_folder, "-")
        apply_delta(piped[0], piped[1], output, source_options=SourceOptions(standard_input=reading))
        os.close(reading)
        assert output.read_bytes() == whole
        apply_delta(old_folder, packed, folder / "whole.tar.zst")
        assert zstandard.decompress((folder / "whole.tar.zst").read_bytes(), 2**24) == whole
        apply_delta(old_folder, made, f"{folder}/whole/")
        names = [member.name for member in plan_of(new.data, ["all"]).outputs[0].members]
        made_files = files_of(folder / "whole")
        assert made_files == {name: Walked(whole).files[name] for name in names if name in made_files}
        assert set(made_files) == set(Walked(whole).files)


def test_verification_cannot_be_left_out() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        place = OLD.index(Walked(OLD).blobs[_shared_layer()])
        (folder / "old.tar").write_bytes(OLD[:place] + bytes([OLD[place] ^ 1]) + OLD[place + 1 :])
        (folder / "d.tar").write_bytes(delta_of(OLD, NEW))
        with pytest.raises(IntegrityError, match="a blob of the base is corrupt"):
            apply_delta(
                folder / "old.tar", folder / "d.tar", folder / "x.tar", write_options=WriteOptions(verify=False)
            )
        assert sorted(path.name for path in folder.iterdir()) == ["d.tar", "old.tar"]


def _shared_layer() -> str:
    return next(str(blob["digest"]) for blob in listed(delta_of(OLD, NEW))["blobs"] if blob.get("base"))
