"""What several outputs want of one source is read once and hashed once."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from ocitool.archive.new_file import NewFile
from ocitool.archive.new_folder import NewFolder
from ocitool.archive.source import FileSource
from ocitool.engine import pump
from ocitool.engine.control import CHUNK
from ocitool.engine.execute import digest_files, execute
from ocitool.errors import IntegrityError, OutputError
from ocitool.plan.options import SplitOptions
from ocitool.plan.steps import Copy
from tests.builders import Layout, multi_platform
from tests.failure.splitting import PLATFORMS, heavy_layout
from tests.laws.filtering import BytesSink, merge_plan, split_plan, written

if TYPE_CHECKING:
    import io
    from collections.abc import Sequence
    from pathlib import Path

    from ocitool.engine.execute import Target
    from ocitool.model.digest import Digest
    from ocitool.plan.steps import Plan

LAYER = 2 * CHUNK + 4321


class CountingSource(FileSource):
    """A file, and how often each of its bytes was read; what the kernel copies could not be counted."""

    def __init__(self, file: io.FileIO, name: str) -> None:
        super().__init__(file, name)
        self._lock = threading.Lock()
        self.counts = bytearray(self.size)

    def open_range(self, offset: int, size: int) -> None:
        return None

    def read_at(self, offset: int, length: int) -> bytes:
        data = super().read_at(offset, length)
        self._count(offset, len(data))
        return data

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        count = super().readinto_at(offset, buffer)
        self._count(offset, count)
        return count

    def _count(self, offset: int, length: int) -> None:
        with self._lock:
            self.counts[offset : offset + length] = bytes(
                count + 1 for count in self.counts[offset : offset + length]
            )


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Counter[Digest]:
    """Count how often each digest is computed in full."""
    counts: Counter[Digest] = Counter()
    check, lock = pump._check, threading.Lock()

    def counting(copy: Copy, actual: Digest, source: Any) -> None:
        with lock:
            counts[actual] += 1
        check(copy, actual, source)

    monkeypatch.setattr(pump, "_check", counting)
    return counts


def shared_layout() -> Layout:
    """Make an image whose platforms share a layer, and have a large one each; two of them share one more."""
    layout = heavy_layout(LAYER, PLATFORMS)
    other = multi_platform(PLATFORMS, name="docker.io/library/other:1")
    layout.blobs |= other.blobs
    layout.roots += other.roots
    return layout


def wanted(plan: Plan, source: int, size: int) -> bytearray:
    """Return a one for every byte of a source that any output wants."""
    marks = bytearray(size)
    for output in plan.outputs:
        for member in output.members:
            if isinstance(member.content, Copy) and member.content.source == source:
                marks[member.content.offset : member.content.offset + member.content.size] = (
                    b"\1" * member.content.size
                )
    return marks


def copies(plan: Plan) -> list[Copy]:
    return [each.content for output in plan.outputs for each in output.members if isinstance(each.content, Copy)]


def open_targets(stack: ExitStack, plan: Plan, folder: Path, form: str) -> list[Target]:
    targets: list[Target] = []
    for number, output in enumerate(plan.outputs):
        if form == "folders" or (form == "both" and number % 2):
            directory = NewFolder(folder / f"{output.name}.layout")
            stack.callback(directory.close)
            directory.begin()
            targets.append((output, directory))
        else:
            file = NewFile(folder / (output.name or "out.tar"))
            stack.callback(file.close)
            targets.append((output, file))
    return targets


def publish(targets: Sequence[Target]) -> None:
    for _, sink in targets:
        if isinstance(sink, NewFile | NewFolder):
            sink.stage()
            sink.publish()


@pytest.mark.parametrize("form", ["files", "folders", "both"])
@pytest.mark.parametrize("verify", [True, False])
def test_every_byte_that_any_part_wants_is_read_once_and_hashed_once(
    tmp_path: Path, hashed: Counter[Digest], form: str, *, verify: bool
) -> None:
    data = shared_layout().pack()
    (tmp_path / "in.tar").write_bytes(data)
    plan = split_plan(data, split=SplitOptions(stem="in"))
    assert len(copies(plan)) > len({copy.digest for copy in copies(plan)})  # or nothing would be shared
    progress: list[int] = []
    with CountingSource.open(tmp_path / "in.tar") as source, ExitStack() as stack:
        targets = open_targets(stack, plan, tmp_path, form)
        execute(targets, [source], verify=verify, on_bytes=progress.append)
        publish(targets)
    assert source.counts == wanted(plan, 0, len(data))
    assert sum(progress) == sum(source.counts) == plan.read
    assert hashed == (Counter({copy.digest for copy in copies(plan)}) if verify else Counter())
    for name, expected in written(plan, data).items():
        if (tmp_path / name).exists():
            assert (tmp_path / name).read_bytes() == expected
    assert form == "folders" or (tmp_path / plan.outputs[0].name).exists()


def test_every_byte_of_every_source_of_a_merge_is_read_once(tmp_path: Path, hashed: Counter[Digest]) -> None:
    parts = list(written(split_plan(shared_layout().pack()), shared_layout().pack()).values())
    for number, part in enumerate(parts):
        (tmp_path / f"{number}.tar").write_bytes(part)
    plan = merge_plan(parts)
    hashed.clear()
    with ExitStack() as stack:
        sources = [
            stack.enter_context(CountingSource.open(tmp_path / f"{number}.tar")) for number in range(len(parts))
        ]
        execute(open_targets(stack, plan, tmp_path, "files"), sources)
        for number, source in enumerate(sources):
            assert source.counts == wanted(plan, number, source.size)
    assert hashed == Counter({copy.digest for copy in copies(plan)})


def test_an_ordered_sink_gets_the_same_beside_files(tmp_path: Path) -> None:
    data = shared_layout().pack()
    (tmp_path / "in.tar").write_bytes(data)
    plan = split_plan(data, split=SplitOptions(stem="in"))
    sink = BytesSink()
    with FileSource.open(tmp_path / "in.tar") as source, ExitStack() as stack:
        targets = open_targets(stack, plan, tmp_path, "files")
        execute([*targets[1:], (plan.outputs[0], sink)], [source])
        publish(targets[1:])
    expected = written(plan, data)
    assert bytes(sink.data) == expected[plan.outputs[0].name]
    for output in plan.outputs[1:]:
        assert (tmp_path / output.name).read_bytes() == expected[output.name]


def test_one_wrong_blob_fails_all(tmp_path: Path) -> None:
    layout = shared_layout()
    plan = split_plan(layout.pack(), split=SplitOptions(stem="in"))
    digest = max(layout.blobs, key=lambda each: len(layout.blobs[each]))
    layout.blobs[digest] = b"\1" + layout.blobs[digest][1:]
    (tmp_path / "in.tar").write_bytes(layout.pack())
    with FileSource.open(tmp_path / "in.tar") as source, ExitStack() as stack:
        targets = open_targets(stack, plan, tmp_path, "files")
        with pytest.raises(IntegrityError, match=f"not to {digest}"):
            execute(targets, [source])
    assert [path.name for path in tmp_path.iterdir()] == ["in.tar"]


@pytest.mark.parametrize("size", [0, 1, CHUNK, 3 * CHUNK + 7])
def test_files_are_hashed_in_their_order(tmp_path: Path, size: int) -> None:
    contents = [bytes([number]) * (size + number) for number in range(5)]
    progress: list[int] = []
    with ExitStack() as stack:
        files = []
        for number, content in enumerate(contents):
            file = NewFile(tmp_path / str(number))
            stack.callback(file.close)
            file.write_at(0, content)
            files.append((file, len(content)))
        digests = digest_files(files, on_bytes=progress.append)
        assert [digest.hex for digest in digests] == [hashlib.sha256(content).hexdigest() for content in contents]
        assert sum(progress) == sum(map(len, contents))
        files[2][0].readinto_at(0, memoryview(bytearray(len(contents[2]))))
        with pytest.raises(OutputError, match="became shorter"):
            digest_files([(files[2][0], len(contents[2]) + 1)])
