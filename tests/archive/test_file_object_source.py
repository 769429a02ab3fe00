"""Open files as sources: where they are read, what is left of them, and what becomes of their failures."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from ocitool.archive.file_object_source import SeekableSource, open_file_object
from ocitool.archive.source import FileSource, Incoming
from ocitool.errors import ArchiveError, ChangedSource, Interrupted, OcitoolError, UsageError
from tests.builders import multi_platform
from tests.file_objects import IN_ORDER, IN_PLACE, SEEKABLE, WITHIN, memory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DATA = multi_platform().pack()


def named(function: Any) -> str:
    return str(function.__name__)


@pytest.mark.parametrize("kind", IN_PLACE, ids=named)
def test_a_file_of_the_system_is_read_in_place_and_not_moved(kind: Any, tmp_path: Path) -> None:
    with kind(DATA, tmp_path) as file:
        source = open_file_object(file)
        assert isinstance(source, FileSource)
        assert source.open_range(0, len(DATA)) is not None
        assert source.read_at(0, len(DATA) + 1) == DATA
        assert file.tell() == 0
        source.close()
        assert file.read() == DATA


@pytest.mark.parametrize("kind", SEEKABLE, ids=named)
def test_a_file_that_can_be_sought_is_given_back_where_it_was(kind: Any, tmp_path: Path) -> None:
    with kind(DATA, tmp_path) as file:
        source = open_file_object(file)
        assert isinstance(source, SeekableSource)
        assert source.size == len(DATA)
        assert source.open_range(0, 10) is None
        assert source.read_at(100, 9000) == DATA[100:9100]
        assert source.read_at(len(DATA) - 5, 10) == DATA[-5:]
        assert source.readinto_at(512, buffer := memoryview(bytearray(700))) == 700
        assert bytes(buffer) == DATA[512:1212]
        source.check_unchanged()
        source.close()
        source.close()
        assert not file.closed
        assert file.tell() == 0


@pytest.mark.parametrize("kind", WITHIN, ids=named)
def test_an_archive_begins_where_the_file_stands(kind: Any, tmp_path: Path) -> None:
    with kind(DATA, tmp_path) as file:
        source = open_file_object(file)
        assert isinstance(source, Incoming)
        assert source.needed == len(DATA)
        assert b"".join(iter(lambda: source.stream.read(9999), b"")) == DATA
        source.check_unchanged()
        source.stream.close()
        assert file.tell() == 7
        assert not file.closed


@pytest.mark.parametrize("kind", IN_ORDER, ids=named)
def test_what_cannot_be_sought_is_read_in_order(kind: Any, tmp_path: Path) -> None:
    with kind(DATA, tmp_path) as file:
        source = open_file_object(file)
        assert isinstance(source, Incoming)
        read = b""
        while part := source.stream.read(3000):
            read += part
        assert read == DATA
        source.stream.close()
        assert not getattr(file, "closed", False)


def test_threads_read_a_file_one_at_a_time() -> None:
    class Slow(io.BytesIO):
        """Between a seek and the read that it is for there is time for another thread."""

        def seek(self, offset: int, whence: int = 0, /) -> int:
            position = super().seek(offset, whence)
            threading.Event().wait(0.0001)
            return position

    source = open_file_object(Slow(DATA))
    assert isinstance(source, SeekableSource)
    pieces = range(0, len(DATA), 500)
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda offset: source.read_at(offset, 500), pieces))
    assert b"".join(parts) == DATA


def test_a_file_that_grows_meanwhile_is_noticed() -> None:
    file = io.BytesIO(DATA)
    source = open_file_object(file)
    assert isinstance(source, SeekableSource)
    file.seek(0, 2)
    file.write(b"more")
    with pytest.raises(ChangedSource, match="<BytesIO>: changed while it was read"):
        source.check_unchanged()


def closed(folder: Path) -> Any:
    file = io.BytesIO(DATA)
    file.close()
    return file


def for_writing(folder: Path) -> Any:
    return (folder / "out.tar").open("wb")


def as_text(folder: Path) -> Any:
    return io.StringIO("text")


def text_of_a_file(folder: Path) -> Any:
    (folder / "in.txt").write_text("text")
    return (folder / "in.txt").open()


class Giving:
    """A file whose `read` returns, or raises, something."""

    def __init__(self, given: object) -> None:
        self._given = given

    def read(self, size: int, /) -> Any:
        if isinstance(self._given, BaseException):
            raise self._given
        return self._given


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (closed, "<BytesIO>: is closed; give a file that is open"),
        (for_writing, "out.tar: is not open to read; open it for that"),
        (as_text, '<StringIO>: is open as text, and an archive is bytes; open it with "rb", or give its .buffer'),
        (text_of_a_file, 'in.txt: is open as text, and an archive is bytes; open it with "rb", or give its .buffer'),
        (lambda _: Giving("text"), "<Giving>: gives text, and an archive is bytes; open it for bytes"),
    ],
    ids=["closed", "writing", "text", "text-file", "str"],
)
def test_a_file_that_is_none_to_read_is_a_usage_error(
    make: Callable[[Path], Any], message: str, tmp_path: Path
) -> None:
    file = make(tmp_path)
    with pytest.raises(UsageError) as raised:
        open_file_object(file)
    assert str(raised.value).endswith(message)
    if hasattr(file, "close"):
        file.close()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "cannot read: it has nothing just now, and does not wait; give a file that waits"),
        (OSError(5, "Input/output error"), "cannot read: Input/output error"),
        (BlockingIOError(11, "Resource temporarily unavailable"), "cannot read: Resource temporarily unavailable"),
        (ValueError("of the\nlibrary"), "cannot read: of the library"),
        (ZeroDivisionError(), "cannot read: ZeroDivisionError"),
        (7, "cannot read: it gives int, and an archive is bytes"),
        (bytes(600), "cannot read: it gives 600 bytes where 512 were asked for"),
    ],
    ids=["none", "oserror", "blocking", "valueerror", "nameless", "int", "too-much"],
)
def test_what_a_file_does_is_not_trusted(given: object, message: str) -> None:
    with pytest.raises(ArchiveError) as raised:
        open_file_object(Giving(given))
    assert str(raised.value) == f"<Giving>: {message}"


@pytest.mark.parametrize("error", [Interrupted(2), ChangedSource("changed", where="far"), KeyboardInterrupt()])
def test_what_is_meant_for_us_or_the_user_passes(error: BaseException) -> None:
    with pytest.raises(type(error)) as raised:
        open_file_object(Giving(error))
    assert raised.value is error


class Seekable(io.BytesIO):
    """A file of which one method does something else than it should."""

    def __init__(self, method: str, does: Callable[..., object]) -> None:
        super().__init__(DATA)
        setattr(self, method, does)


def fail(*_: object) -> None:
    raise OSError(5, "Input/output error")


@pytest.mark.parametrize(
    ("method", "does", "message"),
    [
        ("seek", fail, "cannot read: Input/output error"),
        ("tell", fail, "cannot read: Input/output error"),
        ("tell", lambda: None, "cannot read: it says that it is at None"),
        ("tell", lambda: -1, "cannot read: it says that it is at -1"),
        ("read", lambda _: None, "cannot read: it has nothing just now"),
    ],
)
def test_a_file_that_cannot_be_sought_after_all(method: str, does: Callable[..., object], message: str) -> None:
    with pytest.raises(OcitoolError, match=f"^<Seekable>: {message}"):
        open_file_object(Seekable(method, does))


def test_a_file_that_is_closed_meanwhile_is_an_error(tmp_path: Path) -> None:
    with memory(DATA, tmp_path) as file:
        source = open_file_object(file)
        file.close()
        assert isinstance(source, SeekableSource)
        with pytest.raises(ArchiveError, match="<BytesIO>: cannot read: I/O operation on closed file"):
            source.read_at(0, 1)
        source.close()


def test_seeking_that_returns_nothing_is_well() -> None:
    class Quiet(io.BytesIO):
        def seek(self, offset: int, whence: int = 0, /) -> int:
            super().seek(offset, whence)
            return None  # type: ignore[return-value]

    source = open_file_object(Quiet(DATA))
    assert isinstance(source, SeekableSource)
    assert (source.size, source.read_at(0, len(DATA))) == (len(DATA), DATA)
