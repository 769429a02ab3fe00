"""Open files as outputs: every byte is taken, or it is said that it was not."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from ocitool.archive.file_object_sink import FileObjectSink
from ocitool.errors import IntegrityError, Interrupted, OutputClosed, OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DATA = bytes(range(256)) * 40


class Partial(io.RawIOBase):
    """A raw file that takes a few bytes at a time."""

    def __init__(self) -> None:
        self.taken = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self.taken += bytes(data[:1000])
        return min(len(data), 1000)


class Taking:
    """A file whose `write` returns, or raises, something."""

    def __init__(self, given: object = None) -> None:
        self.given = given
        self.taken: list[bytes] = []

    def write(self, data: bytes, /) -> Any:
        self.taken.append(data)
        if isinstance(self.given, BaseException):
            raise self.given
        return self.given


def test_partial_writes_go_on() -> None:
    sink = FileObjectSink(file := Partial())
    sink.write(memoryview(DATA))
    assert (file.taken, sink.written) == (DATA, len(DATA))


def test_what_it_keeps_is_its_own() -> None:
    sink = FileObjectSink(file := Taking())
    buffer = bytearray(DATA)
    sink.write(memoryview(buffer))
    buffer[:] = bytes(len(buffer))
    sink.flush()
    sink.close()
    assert file.taken == [DATA]


def test_it_is_flushed_and_stays_open(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as file:
        sink = FileObjectSink(file)
        assert sink.name == str(tmp_path / "out")
        sink.write(b"few")
        sink.flush()
        sink.close()
        assert (tmp_path / "out").read_bytes() == b"few"
        assert not file.closed


class Never(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> None:
        """Do not wait (io.RawIOBase)."""


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (Never, "<Never>: cannot write: it takes nothing just now, and does not wait"),
        (lambda: Taking(0), "<Taking>: cannot write: of 10240 bytes it says it took 0"),
        (lambda: Taking(-1), "<Taking>: cannot write: of 10240 bytes it says it took -1"),
        (lambda: Taking(10241), "<Taking>: cannot write: of 10240 bytes it says it took 10241"),
        (lambda: Taking("all"), "<Taking>: cannot write: of 10240 bytes it says it took 'all'"),
        (lambda: Taking(OSError(28, "No space left on device")), "<Taking>: cannot write: No space left on device"),
        (lambda: Taking(RuntimeError("a\nb")), "<Taking>: cannot write: a b"),
        (lambda: Taking(TypeError()), "<Taking>: cannot write: TypeError"),
    ],
)
def test_what_is_not_taken_is_an_error(make: Callable[[], Any], message: str) -> None:
    sink = FileObjectSink(make())
    with pytest.raises(OutputError) as raised:
        sink.write(DATA)
    assert str(raised.value) == message
    sink.add_to(raised.value)
    assert raised.value.message.endswith("; what was written is incomplete")


def test_a_reader_that_went_away() -> None:
    with pytest.raises(OutputClosed, match="the reader closed the pipe"):
        FileObjectSink(Taking(BrokenPipeError(32, "Broken pipe"))).write(DATA)


@pytest.mark.parametrize("error", [Interrupted(2), KeyboardInterrupt()])
def test_what_is_meant_for_us_or_the_user_passes(error: BaseException) -> None:
    with pytest.raises(type(error)) as raised:
        FileObjectSink(Taking(error)).write(DATA)
    assert raised.value is error


def test_flushing_that_fails_is_an_error() -> None:
    class Full(io.BytesIO):
        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    sink = FileObjectSink(Full())
    sink.write(b"x")
    with pytest.raises(OutputError, match="<Full>: cannot write: No space left on device"):
        sink.flush()


def test_an_error_elsewhere_says_what_is_incomplete() -> None:
    sink = FileObjectSink(io.BytesIO())
    sink.add_to(error := IntegrityError("is not its digest", where="blobs/sha256/1"))
    assert str(error) == "blobs/sha256/1: is not its digest"
    sink.write(b"x")
    sink.add_to(error)
    assert str(error) == "blobs/sha256/1: is not its digest; what was written to <BytesIO> is incomplete"


def closed() -> Any:
    file = io.BytesIO()
    file.close()
    return file


class Terminal(io.BytesIO):
    def isatty(self) -> bool:
        return True


def for_reading() -> Any:
    return io.BufferedReader(io.BytesIO())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (closed, "<BytesIO>: is closed; give a file that is open"),
        (Terminal, "<Terminal>: an archive is not written to a terminal; give a file, or a pipe"),
        (for_reading, "<BufferedReader>: is not open to write; open it for that"),
        (io.StringIO, '<StringIO>: is open as text, and an archive is bytes; open it with "wb", or give its .buffer'),
    ],
)
def test_a_file_that_is_none_to_write_is_a_usage_error(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(UsageError) as raised:
        FileObjectSink(make())
    assert str(raised.value) == message
