"""The store for all schemes: one entry point, the backend by scheme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.adapters.remote.address import Address
from ocitool.adapters.remote.read_ahead import BASE
from ocitool.adapters.remote.retrying import Patience, persist
from ocitool.archive.codec.sniff import tell_compression
from ocitool.archive.headers import BLOCK
from ocitool.archive.source import Incoming, open_incoming
from ocitool.archive.spool import InputStream
from ocitool.model.url import path_of_url

if TYPE_CHECKING:
    from ocitool.adapters.remote.remote_object import RemoteObject
    from ocitool.adapters.remote.source import RemoteSource
    from ocitool.archive.layout_directory import DirectorySource
    from ocitool.archive.remote import Upload
    from ocitool.archive.source import ByteSource, FileSource


class FsspecStore:
    """Opens what fsspec has a backend for; `patience` is how it tries again."""

    def __init__(self, patience: Patience | None = None) -> None:
        self._patience = patience

    def open_source(self, url: str) -> ByteSource | FileSource | DirectorySource | Incoming:
        """Open an object to be read: by offset or, if it is compressed or cannot be read so, in order.

        Raises `ArchiveError` if it cannot be read, `UsageError` if nothing here serves its scheme.
        """
        address = Address.parse(url)
        if address.scheme in {"file", "local"}:
            return open_incoming(path_of_url(address.url))
        try:
            import fsspec  # noqa: F401 - whether it is there
        except ImportError as error:
            from ocitool.adapters.remote.libraries import lacking

            raise lacking(address, error) from None
        if address.scheme in {"http", "https"}:
            return self._open_http(address)
        return self._open_s3(address) if address.scheme in {"s3", "s3a"} else self._open_generic(address)

    def open_output(self, url: str, *, clobber: bool) -> Upload:
        """Open an object to be written; raises `OutputError` if that cannot be or, without `clobber`, it exists."""
        from ocitool.adapters.remote.upload import open_upload

        return open_upload(url, clobber=clobber)

    def _open_http(self, address: Address) -> RemoteSource | Incoming:
        try:
            import aiohttp  # noqa: F401 - whether it is there
        except ImportError as error:
            from ocitool.adapters.remote.libraries import lacking

            raise lacking(address, error) from None
        from ocitool.adapters.remote.http_opening import open_http

        opened = open_http(address, self._patience or Patience())
        if isinstance(opened, tuple):
            return self._source(*opened, address)
        return Incoming.of(InputStream(opened, address.shown), lambda: None, opened.object_version)

    def _open_s3(self, address: Address) -> RemoteSource | Incoming:
        try:
            from ocitool.adapters.remote.s3 import S3Object

            remote = S3Object(address)
        except ImportError as error:
            from ocitool.adapters.remote.libraries import lacking

            raise lacking(address, error) from None
        patience = self._patience or Patience()
        return self._source(remote, persist(lambda: remote.open(BASE), patience, address.shown), address)

    def _open_generic(self, address: Address) -> RemoteSource | Incoming:
        from ocitool.adapters.remote.generic import GenericObject
        from ocitool.adapters.remote.retrying import fill
        from ocitool.adapters.remote.sequence import FileInput

        patience = self._patience or Patience()
        remote = persist(lambda: GenericObject(address), patience, address.shown)
        if remote.size < 0:
            file = persist(remote.open, patience, address.shown)
            stream = InputStream(FileInput(file, address.shown), address.shown)
            return Incoming.of(stream, remote.check_unchanged, remote.version)
        start = memoryview(bytearray(min(BASE, remote.size)))
        fill(remote.read_range, 0, start, patience, address.shown)
        return self._source(remote, bytes(start), address)

    def _source(self, remote: RemoteObject, start: bytes, address: Address) -> RemoteSource | Incoming:
        """Return an object as a source if it is a plain tar, else as what comes in order."""
        from ocitool.adapters.remote.sequence import SourceInput
        from ocitool.adapters.remote.source import RemoteSource

        source = RemoteSource(remote, address.shown, start, self._patience)
        if tell_compression(start[:BLOCK]) is None:
            return source
        return Incoming.of(InputStream(SourceInput(source), address.shown), source.check_unchanged, remote.version)
