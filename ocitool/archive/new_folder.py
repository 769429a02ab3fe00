"""A new image layout folder: under its name complete or not at all.

The files go to a hidden folder beside the target, which gets the target's name at the end. Whatever has a name here
comes from a plan; nothing is followed and nothing is opened that was not made here.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ocitool.archive.leftovers import hold, hold_named
from ocitool.archive.place import REPLACED, Place, hidden_name, require_space, write_failed
from ocitool.archive.replaceable import check_replaceable, not_empty
from ocitool.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.archive.open_range import OpenRange

FOLDER_DESCRIPTORS: Final = 4
"""Descriptors that a `NewFolder` keeps: the folder it goes to, its own, and those of its blobs."""

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER_MODE: Final = 0o755
_FILE_MODE: Final = 0o666
_CLONE: Final = 0x40049409  # FICLONE of linux/fs.h; where it is another number, cloning fails and bytes are copied


def names_folder(path: str | os.PathLike[str]) -> bool:
    """Tell whether an output is to be a folder: its name ends in a slash, or cannot be that of a file."""
    return os.fspath(path).endswith("/") or os.fspath(path).rpartition("/")[2] in {".", ".."}


class NewFolder:
    """A folder that appears under its name complete, or not at all.

    It takes the place of nothing or of an empty folder, with `force` also of an image layout, which is moved aside
    and deleted by `close` only when the new one has its name. `begin` comes first; members are made in any order and
    from several threads, each after the folder it is in. `cloned` are the names of those that share the blocks of
    another file.
    """

    def __init__(self, path: Path, *, force: bool = False) -> None:
        self.name = f"{path}/"
        self._force = force
        # A link is followed: what it points to is replaced, the link stays.
        target = Path(os.path.realpath(path))
        self._base = target.name or "."
        self._staging = ""
        self._replaced = ""
        self._replaced_hold = -1
        self._folders: dict[str, int] = {}
        self._names: dict[str, set[str]] = {}
        self._linked: list[str] = []
        self.cloned: set[str] = set()
        self._made: os.stat_result | None = None
        self._can_clone = True
        self._parent = self._open_parent(target.parent)
        try:
            self._old_mode = self._check_place(self._base)
        except BaseException:
            self.close()
            raise

    def begin(self) -> None:
        """Make the folder that the members go to; raises `OutputError` if that is not possible here."""
        try:
            while not self._begin():
                pass
        except OSError as error:
            raise write_failed(self.name, error) from error

    def make_folder(self, name: str) -> None:
        """Make a folder of the layout; raises `OutputError`."""
        folder, base = self._locate(name)
        try:
            os.mkdir(base, _FOLDER_MODE, dir_fd=folder)
            self._folders[name] = os.open(base, _FOLDER, dir_fd=folder)
        except OSError as error:
            raise write_failed(self.name, error) from error
        self._note(name)

    @contextlib.contextmanager
    def place(self, name: str) -> Iterator[Place]:
        """Make a file of the layout and open its place; its bytes are on the disk when that ends."""
        descriptor = self._make_file(name)
        try:
            yield Place(descriptor, 0, self.name)
            # Here and not in `stage`: only who wrote is sure to hear of what fails, and others go on meanwhile.
            os.fsync(descriptor)
        except OSError as error:
            raise write_failed(self.name, error) from error
        finally:
            os.close(descriptor)

    def link(self, name: str, opened: OpenRange) -> bool:
        """Give the file behind `opened`, or a clone of it, a name here; return False if its bytes must be copied."""
        if not opened.is_whole or not (self._link(name, opened.descriptor) or self._clone(name, opened.descriptor)):
            return False
        self._linked.append(name)
        self._note(name)
        return True

    def require_space(self, size: int) -> None:
        """Raise `OutputError` if the file system has less than `size` bytes free."""
        require_space(self._parent, size, self.name)

    def stage(self) -> None:
        """Bring links and folders to the disk too, so that only naming is left; raises `OutputError`."""
        try:
            for name in self._linked:
                folder, base = self._locate(name)
                descriptor = os.open(base, _OLD_FILE, dir_fd=folder)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
            if self._old_mode is not None:
                os.fchmod(self._folders[""], self._old_mode)
            for descriptor in self._folders.values():
                os.fsync(descriptor)
        except OSError as error:
            raise write_failed(self.name, error) from error

    def keep_old(self) -> None:
        """Do nothing: the old folder is moved by `publish`, and there until `close`."""

    def publish(self) -> None:
        """Give the staged folder its name, in place of what may be replaced; raises `OutputError`."""
        self._require_complete()
        try:
            with self._old_moved_aside() if self._force else contextlib.nullcontext():
                self._rename(self._staging, self._base)
                self._staging = ""
            try:
                os.fsync(self._parent)
            except OSError:
                self.withdraw()
                raise
        except OSError as error:
            if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
                raise not_empty(self.name) from None
            raise write_failed(self.name, error) from error

    def withdraw(self) -> None:
        """Undo `publish`, if it came to that: what stood under the name before stands there again."""
        if self._staging:
            return
        # Forgotten first: what cannot be put back must not be deleted either.
        old, self._replaced = self._replaced, ""
        with contextlib.suppress(OSError):
            staging = hidden_name(self._base)
            self._rename(self._base, staging)
            self._staging = staging
            if old:
                self._rename(old, self._base)
            elif self._old_mode is not None:
                os.mkdir(self._base, self._old_mode, dir_fd=self._parent)

    def close(self) -> None:
        """Let go; a folder that was not published is gone, and so is one that was replaced."""
        if self._staging and "" in self._folders:
            with contextlib.suppress(OSError):
                os.fchmod(self._folders[""], 0o700)  # the old folder's mode might not allow to empty it
        while self._folders:
            os.close(self._folders.popitem()[1])
        for name in (self._staging, self._replaced):
            if name:
                self._remove(name)
        self._staging = self._replaced = ""
        if self._replaced_hold >= 0:
            os.close(self._replaced_hold)
            self._replaced_hold = -1
        if self._parent >= 0:
            os.close(self._parent)
            self._parent = -1

    def _open_parent(self, parent: Path) -> int:
        try:
            return os.open(parent, _FOLDER)
        except FileNotFoundError:
            raise OutputError(
                f"the folder {parent} does not exist", where=self.name, remedy="create it first"
            ) from None
        except OSError as error:
            raise write_failed(self.name, error) from error

    def _check_place(self, base: str) -> int | None:
        """Raise `OutputError` for what must not be replaced; return the mode of what may be, None for nothing."""
        return check_replaceable(self._parent, base, self.name, force=self._force)

    def _begin(self) -> bool:
        """Make the staging folder and hold it; return False if it was taken for left over before it was held."""
        # Known before it is there, so that an interrupt in between leaves nothing.
        self._staging = hidden_name(self._base)
        os.mkdir(self._staging, _FOLDER_MODE, dir_fd=self._parent)
        try:
            descriptor = os.open(self._staging, _FOLDER, dir_fd=self._parent)
        except FileNotFoundError:
            return False
        self._folders[""] = descriptor
        if hold(descriptor) and self._is_there(descriptor):
            return True
        del self._folders[""]
        os.close(descriptor)
        return False

    def _is_there(self, descriptor: int) -> bool:
        try:
            status = os.stat(self._staging, dir_fd=self._parent, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return os.path.samestat(os.fstat(descriptor), status)

    def _note(self, name: str) -> None:
        folder, _, base = name.rpartition("/")
        self._names.setdefault(folder, set()).add(base)

    def _require_complete(self) -> None:
        """Raise `OutputError` if anything of what was made is gone, whoever removed it."""
        for folder, names in self._names.items():
            try:
                # Opened anew: btrfs lists what there was when a descriptor was opened.
                descriptor = os.open(".", _FOLDER, dir_fd=self._folders[folder])
                try:
                    gone = names.difference(os.listdir(descriptor))  # noqa: PTH208 - of a descriptor
                finally:
                    os.close(descriptor)
            except OSError as error:
                raise write_failed(self.name, error) from error
            if gone:
                path = "/".join(filter(None, (folder, min(gone))))
                raise OutputError(
                    f"{path} was removed while the folder was written",
                    where=self.name,
                    remedy="see what clears hidden folders away here, and run it again",
                )

    def _locate(self, name: str) -> tuple[int, str]:
        """Return the descriptor of the folder that a member is in, and its name there."""
        folder, _, base = name.rpartition("/")
        return self._folders[folder], base

    def _make_file(self, name: str) -> int:
        folder, base = self._locate(name)
        try:
            descriptor = os.open(base, _NEW_FILE, _FILE_MODE, dir_fd=folder)
        except OSError as error:
            raise write_failed(self.name, error) from error
        self._made = self._made or os.fstat(descriptor)
        self._note(name)
        return descriptor

    def _link(self, name: str, descriptor: int) -> bool:
        if not self._is_like_new(os.fstat(descriptor)):
            return False
        folder, base = self._locate(name)
        try:
            # With dst_dir_fd CPython calls linkat and follows the /proc link to the very file that is open.
            os.link(f"/proc/self/fd/{descriptor}", base, dst_dir_fd=folder, follow_symlinks=True)
        except OSError:
            return False
        return True

    def _is_like_new(self, status: os.stat_result) -> bool:
        """Tell whether a file is owned like one made here, and nobody may write or not read it who could that."""
        new = self._made
        if new is None or not stat.S_ISREG(status.st_mode):
            return False
        same = (status.st_dev, status.st_uid, status.st_gid) == (new.st_dev, new.st_uid, new.st_gid)
        writable, readable = 0o222 & status.st_mode & ~new.st_mode, 0o444 & new.st_mode & ~status.st_mode
        return same and not writable and not readable

    def _clone(self, name: str, descriptor: int) -> bool:
        if not self._can_clone:
            return False
        clone = self._make_file(name)
        try:
            fcntl.ioctl(clone, _CLONE, descriptor)
        except OSError:
            # Most file systems cannot, and what these two cannot for one file they cannot for the next.
            self._can_clone = False
            folder, base = self._locate(name)
            os.unlink(base, dir_fd=folder)
            return False
        finally:
            os.close(clone)
        self.cloned.add(name)
        return True

    @contextlib.contextmanager
    def _old_moved_aside(self) -> Iterator[None]:
        """Have what stands under the name out of the way; it is back if anything fails meanwhile."""
        aside = hidden_name(self._base, REPLACED)
        self._replaced_hold = hold_named(self._base, self._parent)
        try:
            self._rename(self._base, aside)
        except FileNotFoundError:
            aside = ""
        try:
            if aside:
                self._check_place(aside)  # once more: now nobody adds to it by its name
            yield
        except BaseException:
            if aside:
                self._put_back(aside)
            raise
        self._replaced = aside

    def _put_back(self, aside: str) -> None:
        try:
            self._rename(aside, self._base)
        except OSError as error:
            raise OutputError(
                f"cannot put back what stood here: {error.strerror}", where=self.name, remedy=f"it is now {aside}"
            ) from error

    def _rename(self, old: str, new: str) -> None:
        os.rename(old, new, src_dir_fd=self._parent, dst_dir_fd=self._parent)

    def _remove(self, name: str) -> None:
        """Remove a folder, also when that is interrupted."""
        interrupt: BaseException | None = None
        while True:
            try:
                shutil.rmtree(name, ignore_errors=True, dir_fd=self._parent)
                break
            except BaseException as error:  # noqa: BLE001 - raised again when nothing is left
                interrupt = error
        if interrupt is not None:
            raise interrupt
