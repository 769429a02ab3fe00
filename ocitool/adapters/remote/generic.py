"""Objects of every other backend that fsspec knows, by its own calls."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final

from ocitool.adapters.remote.libraries import lacking, not_served
from ocitool.adapters.remote.remote_object import Broken, changed, missing, refused
from ocitool.errors import ArchiveError, OcitoolError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ocitool.adapters.remote.address import Address

CREDENTIALS: Final = "credentials come from where its fsspec backend looks for them, or from FSSPEC_{} (see fsspec)"
_SEVERAL: Final = 4
_PIPELINED: Final = frozenset({"sftp", "ssh"})
"""Backends whose files ask for 32 KiB and wait, again and again, unless they are told of a whole range (`readv`)."""

_TELLING: Final = (
    *("ETag", "etag", "checksum", "md5Hash", "content_md5", "generation", "VersionId", "version_id"),
    *("mtime", "modify", "updated", "last_modified", "LastModified", "created"),
)
"""What backends call what is another for another version of an object."""


class GenericObject:
    """One object, whose version is what its backend tells of it: an ETag or checksum, times, and the size."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._name = address.shown
        self._files, self._path = _backend(address)
        self.concurrency = _SEVERAL if getattr(self._files, "async_impl", False) else 1
        # Backends that are not asynchronous hold one connection, which threads must not share.
        self._turn = threading.Lock() if self.concurrency == 1 else nullcontext()
        self._facts = self._read_facts()
        size = self._facts["size"]
        self.size: int = -1 if size is None else int(size)

    @property
    def version(self) -> str:
        """All that the backend tells of its version when it is opened."""
        return " ".join(f"{key}={value}" for key, value in self._facts.items() if key != "size")

    def read_range(self, offset: int, buffer: memoryview) -> int:
        """Ask once for a range; raises as `RemoteObject.read_range`."""
        data: bytes = self._call(lambda: self._range(offset, len(buffer)))
        if len(data) > len(buffer):
            raise changed(self._name)
        buffer[: len(data)] = data
        return len(data)

    def open(self) -> Any:
        """Return a file that gives the bytes in order, for an object whose size nobody tells."""
        return self._call(lambda: self._files.open(self._path, "rb"))

    def check_unchanged(self) -> None:
        """Raise `ChangedSource` if size or version is another than at the beginning."""
        if self._read_facts() != self._facts:
            raise changed(self._name)

    def interrupt(self) -> None:
        """Do nothing: these backends cannot be told."""

    def _read_facts(self) -> dict[str, str | int | None]:
        self._files.invalidate_cache()
        found = self._call(lambda: self._files.info(self._path))
        if found.get("type") == "directory":
            raise ArchiveError("is a folder, not an object", where=self._name, remedy="name an archive in it")
        return {"size": found.get("size")} | {key: str(found[key]) for key in _TELLING if key in found}

    def _range(self, offset: int, length: int) -> bytes:
        if self._address.scheme not in _PIPELINED:
            data: bytes = self._files.cat_file(self._path, start=offset, end=offset + length)
            return data
        with self._files.open(self._path, "rb") as file:
            return b"".join(file.readv([(offset, length)]))

    def _call(self, ask: Callable[[], Any]) -> Any:
        """Ask the backend something in our turn; say what went wrong in our words."""
        try:
            with self._turn:
                return ask()
        except OcitoolError:
            raise
        except (FileNotFoundError, NotADirectoryError):
            raise missing(self._name) from None
        except IsADirectoryError:
            raise ArchiveError(
                "is a folder, not an object", where=self._name, remedy="name an archive in it"
            ) from None
        except PermissionError as error:
            where = CREDENTIALS.format(self._address.scheme.upper())
            raise refused(self._name, error.strerror or "no permission", where) from None
        except (TimeoutError, OSError, EOFError) as error:
            raise Broken(getattr(error, "strerror", None) or "the connection broke") from error
        except Exception as error:
            # Every backend has errors of its own, which need not be of any kind; those of a moment are OSErrors.
            raise ArchiveError(
                f"cannot be read: {type(error).__name__}", where=self._name, remedy="check the URL"
            ) from error


def _backend(address: Address) -> tuple[Any, str]:
    """Return what serves a scheme, and what it calls the object; raises `UsageError` if nothing does."""
    from fsspec.core import url_to_fs

    name = address.shown
    try:
        files, path = url_to_fs(address.url)
    except ImportError as error:
        raise lacking(address, error) from None
    except ValueError as error:
        raise not_served(address) if "not known" in str(error) else _no_url(name) from None
    except (OSError, EOFError) as error:
        told = getattr(error, "strerror", None) or "no answer"
        raise ArchiveError(f"cannot connect: {told}", where=name, remedy="check host and port") from None
    except Exception as error:
        # Each backend has errors of its own for credentials that do not do.
        raise refused(name, type(error).__name__, CREDENTIALS.format(address.scheme.upper())) from error
    return files, path


def _no_url(name: str) -> UsageError:
    return UsageError("not a URL that its backend takes", where=name, remedy="check it")
