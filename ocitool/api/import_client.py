"""What `import` needs of the program that an archive goes to; `ocitool.adapters` has the real ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from ocitool.advice.version import Version
    from ocitool.archive.sink import OrderedSink
    from ocitool.model.platform import Platform

CLIENTS: Final = ("ctr", "docker", "podman", "nerdctl")
"""The programs that an archive can be given to."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Versions of a client and of the daemon behind it (None: there is none, or it is the client's), and its host.

    `is_containerd_store` is for docker: whether its images are in containerd.
    """

    version: Version
    daemon: Version | None
    host: Platform
    is_containerd_store: bool = False


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """The client's own path, where it finds its daemon and what it is to use there.

    None is what is found on PATH, and what the client does by itself.
    """

    path: str | None = None
    address: str | None = None
    namespace: str | None = None
    snapshotter: str | None = None

    @property
    def global_words(self) -> tuple[str, ...]:
        """What stands before the command of ctr and nerdctl, whatever that is."""
        pairs = (("--address", self.address), ("--namespace", self.namespace))
        return tuple(word for option, value in pairs if value is not None for word in (option, value))


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image as the importer's own client finds it after the import.

    `status` is how it says that all is there, `is_unpacked` None where it does not say, `platform` the one that it
    shows, "" if it shows none.
    """

    name: str
    digest: str
    status: str = ""
    is_unpacked: bool | None = None
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Sought:
    """An image to look for: its name, "" if it has none, and the digests that a client may know it by."""

    name: str
    digests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Store:
    """What is there after an import.

    `images` are those asked for, each None if it is not there; `blobs` all blobs and `snapshots` the names of all
    that is unpacked, None if the client does not tell.
    """

    images: tuple[StoredImage | None, ...] = ()
    blobs: frozenset[str] | None = field(default=None, repr=False)
    snapshots: frozenset[str] | None = field(default=None, repr=False)


class Importing(Protocol):
    """An import that runs."""

    @property
    def sink(self) -> OrderedSink:
        """Where the archive goes; raises `OutputClosed` once the importer reads no more."""

    def finish(self) -> int:
        """End the archive, wait for the importer and return its exit code."""

    def cut(self, *, inside: bool) -> None:
        """End the archive so that nobody can take it for whole; `inside` if that is within a blob."""


class Client(Protocol):
    """A program that imports archives."""

    @property
    def path(self) -> str:
        """What is run."""

    def identify(self) -> Identity:
        """Ask for versions; raises `ImporterError` if the daemon does not answer."""

    def start(self, words: Sequence[str], *, redirected: bool) -> AbstractContextManager[Importing]:
        """Start an import that reads from a pipe; with `redirected` what it prints goes to standard error."""

    def look(self, sought: Sequence[Sought]) -> Store:
        """Ask what is there of some images."""
