"""An SFTP server over a folder, which tests start; it listens on 127.0.0.1 and ends with its context."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import paramiko

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USER = "tester"
PASSWORD = "secret-of-the-test"  # noqa: S105 - of this server


@contextmanager
def sftp_server(folder: Path) -> Iterator[str]:
    """Serve a folder; yield the URL of it, password included."""
    key = paramiko.RSAKey.generate(2048)
    listening = socket.create_server(("127.0.0.1", 0))
    transports: list[paramiko.Transport] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                transport = paramiko.Transport(connection)
                transport.add_server_key(key)
                transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Folder)
                transports.append(transport)
                transport.start_server(server=_Login())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        port = listening.getsockname()[1]
        yield f"sftp://{USER}:{PASSWORD}@127.0.0.1:{port}{folder}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
        for transport in transports:
            transport.close()


class _Login(paramiko.ServerInterface):  # type: ignore[misc]
    def check_auth_password(self, username: str, password: str) -> Any:
        is_known = (username, password) == (USER, PASSWORD)
        return paramiko.AUTH_SUCCESSFUL if is_known else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> Any:
        return paramiko.OPEN_SUCCEEDED

    def get_allowed_auths(self, username: str) -> str:
        return "password"


class _File(paramiko.SFTPHandle):  # type: ignore[misc]
    def __init__(self, descriptor: int, flags: int) -> None:
        super().__init__(flags)
        self._descriptor = descriptor

    def read(self, offset: int, length: int) -> bytes:
        return os.pread(self._descriptor, length, offset)

    def write(self, offset: int, data: bytes) -> Any:
        os.pwrite(self._descriptor, data, offset)
        return paramiko.SFTP_OK

    def stat(self) -> paramiko.SFTPAttributes:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self._descriptor))

    def close(self) -> None:
        super().close()
        os.close(self._descriptor)


class _Folder(paramiko.SFTPServerInterface):  # type: ignore[misc]
    def stat(self, path: str) -> Any:
        return self._try(lambda: paramiko.SFTPAttributes.from_stat(os.stat(path)))  # noqa: PTH116 - as it came

    lstat = stat

    def list_folder(self, path: str) -> Any:
        return self._try(
            lambda: [paramiko.SFTPAttributes.from_stat(found.stat(), found.name) for found in os.scandir(path)]
        )

    def open(self, path: str, flags: int, attr: Any) -> Any:
        return self._try(lambda: _File(os.open(path, flags, 0o644), flags))

    def remove(self, path: str) -> Any:
        return self._try(lambda: os.remove(path))  # noqa: PTH107 - as it came

    def posix_rename(self, oldpath: str, newpath: str) -> Any:
        return self._try(lambda: os.replace(oldpath, newpath))  # noqa: PTH105 - as they came

    @staticmethod
    def _try(act: Any) -> Any:
        try:
            done = act()
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        return paramiko.SFTP_OK if done is None else done
