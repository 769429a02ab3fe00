"""A store that keeps objects in memory, in the place of those that serve URLs."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

from ocitool.archive.source import Incoming
from ocitool.archive.spool import InputStream
from ocitool.errors import ArchiveError, OutputError
from ocitool.model.url import shown_url
from tests.sources import BytesSource

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from ocitool.archive.source import ByteSource


@dataclass
class StandInStore:
    """Objects by URL; those whose names end in ``.stream`` can be read in order only."""

    objects: dict[str, bytes] = field(default_factory=dict)
    begun: list[int | None] = field(default_factory=list)

    def __call__(self) -> StandInStore:
        return self

    def open_source(self, url: str) -> ByteSource | Incoming:
        if url not in self.objects:
            raise ArchiveError("no such object", where=shown_url(url))
        if url.endswith(".stream"):
            return Incoming.of(InputStream(_Body(self.objects[url]), shown_url(url)), lambda: None)
        return BytesSource(self.objects[url], shown_url(url))

    def open_output(self, url: str, *, clobber: bool) -> StandInUpload:
        if url in self.objects and not clobber:
            raise OutputError("exists already", where=shown_url(url))
        return StandInUpload(self, url)

    def serve(self, monkeypatch: pytest.MonkeyPatch, scheme: str = "any") -> StandInStore:
        """Have it found as what serves the URLs of a scheme."""
        monkeypatch.setattr("importlib.metadata.entry_points", self.entry_points(scheme))
        return self

    def entry_points(self, scheme: str) -> Callable[..., list[EntryPoint]]:
        """Return what takes the place of `importlib.metadata.entry_points` for that."""

        class Found(EntryPoint):
            def load(_self) -> StandInStore:  # noqa: N805
                return self

        return lambda *, group, name: [Found(name, "tests:store", group)] if name == scheme else []


class _Body:
    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, length: int, /) -> bytes:
        return self._data.read(length)

    def readinto(self, buffer: memoryview, /) -> int:
        return self._data.readinto(buffer)

    def close(self) -> None:
        self._data.close()


@dataclass
class StandInUpload:
    """An object that is there when it is published."""

    store: StandInStore
    url: str
    data: bytearray = field(default_factory=bytearray)

    @property
    def name(self) -> str:
        return shown_url(self.url)

    @property
    def written(self) -> int:
        return len(self.data)

    def begin(self, size: int | None) -> None:
        self.store.begun.append(size)

    def write(self, data: bytes | memoryview) -> None:
        self.data += data

    def stage(self) -> None:
        """Nothing is left to do."""

    def keep_old(self) -> None:
        """Nothing is there to come back."""

    def publish(self) -> None:
        self.store.objects[self.url] = bytes(self.data)

    def withdraw(self) -> None:
        self.store.objects.pop(self.url, None)

    def close(self) -> None:
        """Nothing is held."""
