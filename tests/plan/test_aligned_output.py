"""Where entries stand in an output that is to share blocks with its sources."""

from __future__ import annotations

import io
import tarfile

from hypothesis import example, given
from hypothesis import strategies as st

from ocitool.archive.clone import CLONE_UNIT
from ocitool.archive.headers import BLOCK, USTAR_SIZE_LIMIT
from ocitool.archive.reader import scan_archive
from ocitool.engine.execute import execute
from ocitool.model.digest import Digest
from ocitool.plan.steps import ALIGNED_FROM, Content, Copy, Emit, Folder, Member, OutputPlan
from tests.laws.filtering import BytesSink
from tests.sources import BytesSource

SOURCE = bytes(range(256)) * 1024
SIZES = st.sampled_from([0, 1, 511, ALIGNED_FROM - 1, ALIGNED_FROM, ALIGNED_FROM + 1, 70_000, 100_001])


def copied(start: int, size: int) -> Copy:
    return Copy(0, start, size, Digest.of(SOURCE[start : start + size]), "a layer")


COPIES = st.builds(copied, st.integers(0, 250).map(lambda count: count * BLOCK) | st.integers(0, 9999), SIZES)
CONTENTS = COPIES | st.binary(max_size=2000).map(Emit) | st.just(Folder())
NAMES = st.sampled_from(["blobs/sha256/" + "0" * 64, "n" * 150, "é" * 60])


@st.composite
def plans(draw: st.DrawFn) -> tuple[Member, ...]:
    contents = draw(st.lists(CONTENTS, max_size=8))
    return tuple(Member(f"{number}{draw(NAMES)}", content) for number, content in enumerate(contents))


def written(plan: OutputPlan) -> bytes:
    sink = BytesSink()
    execute([(plan, sink)], [BytesSource(SOURCE)])
    return bytes(sink.data)


def data_of(content: Content) -> bytes:
    if isinstance(content, Copy):
        return SOURCE[content.offset : content.offset + content.size]
    return content.data if isinstance(content, Emit) else b""


@given(plans())
@example((Member("a", Emit(bytes(2048))), Member("b", copied(0, ALIGNED_FROM))))  # a gap of one block
def test_large_copies_stand_as_they_do_in_their_source(members: tuple[Member, ...]) -> None:
    plan = OutputPlan(members, alignment=CLONE_UNIT)
    end = 0
    for step in plan.steps():
        assert step.offset == end
        end += step.content.size
        if isinstance(step.content, Copy) and step.content.size >= ALIGNED_FROM and step.content.offset % BLOCK == 0:
            assert step.offset % CLONE_UNIT == step.content.offset % CLONE_UNIT
    assert end == plan.size
    assert plan.size - OutputPlan(members).size <= len(members) * (CLONE_UNIT + BLOCK)


@given(plans())
def test_aligned_or_not_readers_find_the_same(members: tuple[Member, ...]) -> None:
    plan = OutputPlan(members, alignment=CLONE_UNIT)
    data = written(plan)
    assert len(data) == plan.size
    expected = [(member.name, data_of(member.content)) for member in members]
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        streams = [(info.name, tar.extractfile(info)) for info in tar]
        assert [(name, stream.read() if stream else b"") for name, stream in streams] == expected
    entries = scan_archive(BytesSource(data)).entries
    assert [(each.name, data[each.data_offset : each.data_offset + each.size]) for each in entries] == expected


@given(plans())
def test_small_content_is_not_moved(members: tuple[Member, ...]) -> None:
    small = tuple(each for each in members if not isinstance(each.content, Copy) or each.content.size < ALIGNED_FROM)
    assert written(OutputPlan(small, alignment=CLONE_UNIT)) == written(OutputPlan(small))


@given(st.integers(0, 20), st.integers(0, 7))
def test_a_size_that_needs_an_extension_shares_it_with_the_filler(before: int, residue: int) -> None:
    copy = Copy(0, residue * BLOCK, USTAR_SIZE_LIMIT, Digest.of(b""), "a layer")
    plan = OutputPlan((Member("a", Emit(bytes(before * BLOCK))), Member("b", copy)), alignment=CLONE_UNIT)
    first, second, _ = plan.steps()
    assert second.offset % CLONE_UNIT == residue * BLOCK
    assert isinstance(first.content, Emit)
    with tarfile.open(fileobj=io.BytesIO(first.content.data)) as tar:
        tar.next()
        info = tar.next()
    assert info is not None
    assert (info.name, info.size, info.offset_data) == ("b", USTAR_SIZE_LIMIT, second.offset)
    assert first.content.data.count(b"PaxHeaders/b") == 1
