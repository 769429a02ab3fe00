"""What comes through a pipe is what comes from a file, in whatever order the entries come, and not all is spooled."""

from __future__ import annotations

import io
import tarfile

from hypothesis import event, given, settings
from hypothesis import strategies as st

from ocitool.plan.options import Followers, IndexForm, Missing
from tests.arriving import (
    Outcome,
    depth_first,
    documents_first,
    filter_arriving,
    filter_file,
    index_first,
    same_report,
    shuffled,
    split_arriving,
    split_file,
)
from tests.laws.filtering import filtered, options_of
from tests.strategies import Archive, selected_archives

ORDERS = (documents_first, index_first, depth_first, shuffled)

drawn_options = st.fixed_dictionaries(
    {
        "missing": st.sampled_from(Missing),
        "index": st.sampled_from(IndexForm),
        "attestations": st.sampled_from((None, *Followers)),
        "referrers": st.sampled_from((None, *Followers)),
    }
)


def _pack(archive: Archive, order: int, seed: int) -> bytes:
    packing, layout = archive.packing, archive.layout
    return layout.pack(
        order=ORDERS[order](layout, seed),
        prefix=packing.prefix,
        tar_format=packing.tar_format,
        folders=packing.folders,
    )


def _assert_same(arrived: Outcome, expected: Outcome, *, may_refuse: bool = False) -> None:
    event(f"planned early: {arrived.planned_at is not None}, exit code {expected.exit_code}")
    if may_refuse and arrived.is_refusal:
        assert arrived.exit_code == 3
        assert not arrived.outputs
        return
    assert arrived.exit_code == expected.exit_code, (arrived.error, expected.error)
    assert arrived.outputs == expected.outputs
    assert same_report(arrived, expected)


@settings(max_examples=150)
@given(selected_archives(), st.integers(0, len(ORDERS) - 1), st.integers(0, 100), drawn_options, st.booleans())
def test_any_order_gives_what_the_file_gives(
    drawn: tuple[Archive, list[str]], order: int, seed: int, fields: dict[str, object], split: bool
) -> None:
    archive, platforms = drawn
    data, options = _pack(archive, order, seed), options_of(platforms, **fields)
    if split:
        _assert_same(split_arriving(data, options), split_file(data, options), may_refuse=True)
    else:
        _assert_same(filter_arriving(data, options), filter_file(data, options), may_refuse=True)


@settings(max_examples=80)
@given(
    selected_archives(damaged=False), st.integers(0, len(ORDERS) - 1), st.integers(0, 100), st.sampled_from(IndexForm)
)
def test_a_whole_archive_is_never_refused_and_goes_into_a_pipe_in_order(
    drawn: tuple[Archive, list[str]], order: int, seed: int, form: IndexForm
) -> None:
    archive, platforms = drawn
    data = _pack(archive, order, seed)
    options = options_of(platforms, missing=Missing.ERROR, index=form)
    expected = filter_file(data, options)
    arrived = filter_arriving(data, options, ordered=True)
    assert arrived.exit_code == expected.exit_code
    if expected.exit_code == 0:
        assert arrived.outputs == expected.outputs
    if expected.exit_code == 0 and order == 0 and len(platforms) == 1:  # of several, a manifest.json may choose
        assert arrived.planned_at is not None
        assert arrived.planned_at < len(data)


@settings(max_examples=150)
@given(
    selected_archives(),
    st.integers(0, len(ORDERS) - 1),
    st.sampled_from(["flip", "cut", "no end", "again", "again, other"]),
    st.floats(0, 1),
    st.booleans(),
)
def test_damage_of_what_arrives_is_damage_of_the_file(
    drawn: tuple[Archive, list[str]], order: int, damage: str, where: float, skip: bool
) -> None:
    archive, platforms = drawn
    data = _damaged(_pack(archive, order, 0), damage, where)
    options = options_of(platforms, missing=Missing.SKIP if skip else Missing.ERROR)
    _assert_same(filter_arriving(data, options), filter_file(data, options), may_refuse=True)


@settings(max_examples=50)
@given(selected_archives(damaged=False), st.sampled_from([IndexForm.AUTO, IndexForm.NESTED]), st.data())
def test_ours_is_never_spooled(drawn: tuple[Archive, list[str]], form: IndexForm, data: st.DataObject) -> None:
    archive, platforms = drawn
    ours = filtered(archive.data, platforms, index=form)
    selected = data.draw(st.lists(st.sampled_from(platforms), min_size=1, unique=True))
    options = options_of(selected, missing=Missing.ERROR, index=form)
    expected = filter_file(ours, options)
    arrived = filter_arriving(ours, options)
    _assert_same(arrived, expected)
    if expected.exit_code == 0:
        assert arrived.planned_at is not None
        assert arrived.planned_at < len(ours) - 1024


def _damaged(data: bytes, damage: str, where: float) -> bytes:
    place = int(where * (len(data) - 1))
    match damage:
        case "flip":
            return data[:place] + bytes([data[place] ^ 0x20]) + data[place + 1 :]
        case "cut":
            return data[:place]
        case "no end":
            whole = data.rstrip(b"\0")
            return whole + bytes(-len(whole) % 512)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        members = [(member.name, tar.extractfile(member)) for member in tar if member.isfile()]
        name, file = members[int(where * (len(members) - 1))]
        assert file is not None
        content = bytearray(file.read())
    if damage == "again, other" and content:
        content[-1] ^= 1
    buffer = io.BytesIO(data)
    with tarfile.open(fileobj=buffer, mode="a") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()
