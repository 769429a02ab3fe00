"""Where the bytes of one blob go: a part of a new file, or a new file of their own."""

from __future__ import annotations

import errno
import os
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ocitool.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

MORE_OPEN_FILES: Final = "allow more (ulimit -n), or write fewer outputs at once"
"""What to do where a process may open too few files."""

HIDDEN: Final = ".part"
"""How hidden names end."""

REPLACED: Final = "old"
"""The kind of a hidden name of what was moved aside."""

_OWNER: Final[ContextVar[str]] = ContextVar("owner", default="")


@dataclass(frozen=True, slots=True)
class Place:
    """Bytes from `offset` on of the open file `descriptor`; `name` is what messages call the output.

    Whoever writes holds `turn`, which the places of one file share: the kernel lets one writer at a time into a file,
    and the others would not sleep meanwhile but spin, and take the processor from the hashing.
    """

    descriptor: int
    offset: int
    name: str
    turn: AbstractContextManager[object] = field(default_factory=nullcontext)

    def write_at(self, position: int, data: bytes | memoryview) -> None:
        """Write all of `data` at `position`, counted from the start of the place; raises `OutputError`."""
        rest = memoryview(data)
        offset = self.offset + position
        try:
            while rest:
                with self.turn:
                    count = os.pwrite(self.descriptor, rest, offset)
                rest = rest[count:]
                offset += count
        except OSError as error:
            raise self.failed(error) from error

    def failed(self, error: OSError) -> OutputError:
        """Return the error for a failed system call on this output."""
        return write_failed(self.name, error)


def write_failed(name: str, error: OSError) -> OutputError:
    """Return the error for a failed system call on the output `name`."""
    remedy = MORE_OPEN_FILES if error.errno == errno.EMFILE else ""
    return OutputError(f"cannot write: {error.strerror}", where=name, remedy=remedy)


def require_space(descriptor: int, size: int, name: str) -> None:
    """Raise `OutputError` if the file system behind `descriptor` has less than `size` bytes free."""
    status = os.fstatvfs(descriptor)
    free = status.f_bavail * status.f_frsize
    if size > free:
        raise OutputError(
            f"needs {size} bytes, but only {free} are free",
            where=name,
            remedy="free some space or choose another place",
        )


def hidden_name(name: str, kind: str = "") -> str:
    """Return a name beside `name` that nothing else has, for what is not complete yet, or what its `kind` says."""
    # Cut in bytes, of which file systems take 255.
    short = os.fsdecode(os.fsencode(name)[:100])
    return f".{short}{kind and '.'}{kind}.{_OWNER.get() or os.getpid()}.{os.urandom(6).hex()}{HIDDEN}"


@contextmanager
def hidden_names_of(owner: str) -> Iterator[None]:
    """Have hidden names that this thread makes tell whose they are (no dots in it), so that leftovers are found."""
    token = _OWNER.set(owner)
    try:
        yield
    finally:
        _OWNER.reset(token)
