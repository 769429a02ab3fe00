"""An output in any file system of fsspec: written beside its place, moved there when it is published.

What the file systems do was read in their sources. With ``autocommit=False`` sftp, ftp and the local one write into a
folder for temporary files, which may be on another disk, where moving is copying; memory takes no notice of it; adlfs
removes what stands under the name before it writes. So a hidden name in the same folder is taken everywhere, but for
Google's storage: there an upload is resumable and appears when its end is sent, which is what `commit` does.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final, Protocol, cast

from ocitool.adapters.held_signals import held_signals
from ocitool.adapters.remote.background import BackgroundWriter, RemoteFile
from ocitool.adapters.remote.write_failures import write_failure
from ocitool.archive.new_file import exists_already
from ocitool.archive.place import hidden_name
from ocitool.errors import OcitoolError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fsspec.spec import AbstractFileSystem


PATIENCE: Final = 30.0
"""Seconds that are given to what is still under way when an upload is given up."""

COMMITTING: Final = frozenset({"gs", "gcs"})
"""Protocols whose files, opened with ``autocommit=False``, appear under their name with `commit` and only then."""


class CommittedFile(RemoteFile, Protocol):
    """A file that appears when it is told to."""

    def commit(self) -> None:
        """Have it appear under its name."""

    def discard(self) -> None:
        """Give it up."""


class StagedUpload:
    """A file that is written in a thread under a hidden name beside its own, or under none.

    Without `clobber` what is there is refused at once, and again before this is published; what appears between that
    and the moment after is replaced, but on Google's storage, which refuses.
    """

    def __init__(self, filesystem: AbstractFileSystem, path: str, name: str, *, clobber: bool) -> None:
        self.name = name
        self.written = 0
        self._filesystem = filesystem
        self._path = path
        self._clobber = clobber
        protocols = {filesystem.protocol} if isinstance(filesystem.protocol, str) else set(filesystem.protocol)
        self._commits = bool(protocols & COMMITTING)
        folder, slash, last = path.rpartition("/")
        self._staged = path if self._commits else f"{folder}{slash}{hidden_name(last)}"
        self._writer: BackgroundWriter | None = None
        self._is_published = False
        self._is_copy = False
        with self._failing():
            self._refuse_taken()
            self._was_there = self._exists()

    def begin(self, size: int | None) -> None:
        """Open the file."""
        del size
        self._open()

    def write(self, data: bytes | memoryview) -> None:
        """Have `data` written; raises `OutputError` if that, or what came before, cannot be."""
        with self._failing():
            self._open().write(data)
        self.written += len(data)

    def stage(self) -> None:
        """Wait until all bytes are there; raises `OutputError`."""
        with self._failing():
            self._open().finish()
            if not self._commits:
                self._require_size(self._staged)

    def keep_old(self) -> None:
        """Do nothing: what stood under the name was looked for when this was opened."""

    def publish(self) -> None:
        """Give the file its name; raises `OutputError`, and then it is not there."""
        with held_signals(), self._failing():
            if self._commits:
                cast("CommittedFile", self._open().file).commit()
            else:
                self._refuse_taken()
                self._move()
            try:
                self._require_size(self._path)
            except Exception:
                self._remove(self._path)
                raise
            self._is_published = True
            if self._is_copy:
                self._remove(self._staged)

    def withdraw(self) -> None:
        """Remove the file, unless it took the place of another, which nothing can bring back without a copy of it.

        So what can be taken back is published before this.
        """
        if self._is_published and not self._was_there:
            self._remove(self._path)

    def close(self) -> None:
        """Let go; of what was not published nothing stays."""
        writer, self._writer = self._writer, None
        if writer is None or self._is_published:
            return
        with held_signals():
            if not writer.give_up(PATIENCE):
                return
            if self._commits:
                with contextlib.suppress(Exception):
                    cast("CommittedFile", writer.file).discard()
            else:
                self._remove(self._staged)

    def _open(self) -> BackgroundWriter:
        if self._writer is None:
            opening = self._open_committed if self._commits else self._open_beside
            self._writer = BackgroundWriter(opening)
        return self._writer

    def _open_committed(self) -> CommittedFile:
        file: CommittedFile = self._filesystem.open(self._path, "wb" if self._clobber else "xb", autocommit=False)
        return file

    def _open_beside(self) -> RemoteFile:
        file: RemoteFile = self._filesystem.open(self._staged, "wb")
        # Else paramiko waits for the answer to every 32 KiB. What fails is told by a later write, or by the size.
        getattr(file, "set_pipelined", _ignore)(True)
        return file

    def _move(self) -> None:
        """Rename where the file system can; elsewhere copy, and keep what was copied until the copy is known."""
        from fsspec.spec import AbstractFileSystem

        self._is_copy = type(self._filesystem).mv is AbstractFileSystem.mv
        move = self._filesystem.cp_file if self._is_copy else self._filesystem.mv
        move(self._staged, self._path)

    def _refuse_taken(self) -> None:
        if not self._clobber and self._exists():
            raise exists_already(self.name)

    def _exists(self) -> bool:
        self._filesystem.invalidate_cache()
        try:
            found = self._filesystem.info(self._path)
        except FileNotFoundError:
            return False
        if found.get("type") == "directory":
            raise OutputError("is a folder", where=self.name, remedy="name a file in it")
        return True

    def _require_size(self, path: str) -> None:
        self._filesystem.invalidate_cache()
        size = self._filesystem.info(path)["size"]
        if size != self.written:
            raise OutputError(f"the server stored {size} bytes of {self.written}", where=self.name)

    def _remove(self, path: str) -> None:
        with contextlib.suppress(Exception):
            self._filesystem.rm_file(path)
        self._filesystem.invalidate_cache()

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except OcitoolError:
            raise
        except Exception as error:
            raise write_failure(error, self.name) from error


def _ignore(_value: object) -> None:
    pass
