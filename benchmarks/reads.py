"""What a command reads of some files, and which files it makes, as the kernel sees it (strace)."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_CALLS: Final = "read,pread64,readv,preadv,preadv2,copy_file_range,sendfile,splice,mmap"
_CALL: Final = re.compile(r"(\d+) +(\w+)\((.*)")
_RESUMED: Final = re.compile(r"(\d+) +<\.\.\. \w+ resumed>(.*)")
_PATH: Final = re.compile(r"\d+<([^>]*)>")
_QUOTED: Final = re.compile(r'"([^"]*)"')
_RESULT: Final = re.compile(r"= (\d+)$")


def bytes_read(arguments: Sequence[str], files: Iterable[Path]) -> int | None:
    """Run a command under strace and return how many bytes it read of `files`; None if there is no strace.

    Raises `AssertionError` if one of them is mapped into memory, where reads cannot be counted.
    """
    if shutil.which("strace") is None:
        return None
    names = {str(file) for file in files}
    with tempfile.NamedTemporaryFile("r") as log:
        command = ["strace", "-f", "-qq", "-y", "-s", "0", "-e", f"trace={_CALLS}", "-o", log.name, *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return _count(log, names)


def files_made(arguments: Sequence[str]) -> tuple[str, ...] | None:
    """Run a command under strace and return the files that it made, named or not; None if there is no strace.

    Of one without a name the folder is told. What Python keeps of its modules is left out.
    """
    if shutil.which("strace") is None:
        return None
    with tempfile.NamedTemporaryFile("r") as log:
        command = ["strace", "-f", "-qq", "-e", "trace=open,openat,creat,memfd_create", "-o", log.name, *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return tuple(path for line in log if (path := _made(line)) is not None and "__pycache__" not in path)


def _made(line: str) -> str | None:
    """Return the path of a call that made a file; None of any other, and of one that failed."""
    makes = any(mark in line for mark in ("O_CREAT", "O_TMPFILE", "creat(", "memfd_create("))
    found = _QUOTED.search(line)
    return found.group(1) if makes and found is not None and "= -1 " not in line else None


def _count(lines: Iterable[str], names: set[str]) -> int:
    total = 0
    waiting: dict[str, str] = {}
    for line in lines:
        if (resumed := _RESUMED.match(line)) is not None:
            process, rest = resumed.groups()
            path = waiting.pop(process, "")
        elif (call := _CALL.match(line)) is not None:
            process, name, rest = call.groups()
            found = _PATH.search(rest)
            path = "" if found is None else found.group(1)
            assert not (name == "mmap" and path in names), f"{path} is mapped"
            if rest.rstrip().endswith("<unfinished ...>"):
                waiting[process] = path
                continue
        else:
            continue
        result = _RESULT.search(rest.rstrip())
        if path in names and result is not None:
            total += int(result.group(1))
    return total
