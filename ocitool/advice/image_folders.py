"""k3s (rke2 too) and k0s, which import every archive that lies in a folder, when they start or find it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.advice.client_import import Library, failed, is_full_name
from ocitool.advice.containerd.failure import ImportFailure
from ocitool.advice.containerd.matching import take_all, take_host, take_strictly
from ocitool.advice.containerd.records import names_collide, success
from ocitool.advice.outcome import Ending, Outcome
from ocitool.advice.table import Behaviour, read_table
from ocitool.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.advice.containerd.matching import Matcher
    from ocitool.advice.containerd.records import Record
    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.table import Table
    from ocitool.advice.target import Target
    from ocitool.graph.image import ManifestNode
    from ocitool.model.platform import Platform

_SUFFIXES: Final = {
    ".tar": "",
    ".tar.lz4": "lz4",
    ".tar.bz2": "bzip2",
    ".tbz": "bzip2",
    ".tar.gz": "gzip",
    ".tgz": "gzip",
    ".tar.zst": "zstd",
    ".tzst": "zstd",
}
"""Suffixes of files that k3s imports, and what they are decompressed by (rancher/wharfie, pkg/tarfile)."""

_STREAM: Final = "-"


@dataclass(frozen=True, slots=True)
class K3s:
    """The folder `agent/images` of k3s; the file's suffix says how it is decompressed."""

    @property
    def table(self) -> Table:
        """What its versions do."""
        return read_table("k3s")

    def predict(self, facts: ArchiveFacts, target: Target, arguments: Sequence[str]) -> Outcome:
        """Tell what becomes of the archive there; raises `UsageError` if there are arguments."""
        _hold_bare(arguments)
        behaviour = self.table.behaviour(target.version)
        suffix = _suffix(facts)
        if suffix is None:
            known = " ".join(_SUFFIXES)
            return Outcome(Ending.NOTHING, reasons=(f"a file is taken only if its name ends in one of {known}",))
        expected = facts.compression if suffix == _STREAM else _SUFFIXES[suffix]
        if facts.compression != expected:
            is_called = f"its name ends in {suffix}, but the file is {facts.compression or 'not compressed'}"
            return Outcome(Ending.ERROR, "wrong-suffix", behaviour.message("wrong-suffix"), reasons=(is_called,))
        return _imported(facts, target, behaviour)

    def candidates(
        self, facts: ArchiveFacts, target: Target, wanted: Sequence[Platform]
    ) -> tuple[tuple[str, ...], ...]:
        """Return the one way there is."""
        del facts, target, wanted
        return ((),)

    def usual(self, target: Target, wanted: Sequence[Platform]) -> tuple[tuple[str, ...], ...]:
        """Return the one way there is."""
        del target, wanted
        return ((),)

    def words(self, arguments: Sequence[str], source: str) -> tuple[str, ...]:
        """Return the command as it is typed."""
        return ("cp", source, "/var/lib/rancher/k3s/agent/images/", *arguments)


@dataclass(frozen=True, slots=True)
class K0s:
    """The folder `images` of k0s."""

    @property
    def table(self) -> Table:
        """What its versions do."""
        return read_table("k0s")

    def predict(self, facts: ArchiveFacts, target: Target, arguments: Sequence[str]) -> Outcome:
        """Tell what becomes of the archive there; raises `UsageError` if there are arguments."""
        _hold_bare(arguments)
        return _imported(facts, target, self.table.behaviour(target.version))

    def candidates(
        self, facts: ArchiveFacts, target: Target, wanted: Sequence[Platform]
    ) -> tuple[tuple[str, ...], ...]:
        """Return the one way there is."""
        del facts, target, wanted
        return ((),)

    def usual(self, target: Target, wanted: Sequence[Platform]) -> tuple[tuple[str, ...], ...]:
        """Return the one way there is."""
        del target, wanted
        return ((),)

    def words(self, arguments: Sequence[str], source: str) -> tuple[str, ...]:
        """Return the command as it is typed."""
        return ("cp", source, "/var/lib/k0s/images/", *arguments)


def _hold_bare(arguments: Sequence[str]) -> None:
    if arguments:
        raise UsageError("an archive is copied into the folder, without any argument")


def _suffix(facts: ArchiveFacts) -> str | None:
    """Return the suffix of the archive's name, None if it has none that counts; what is piped has no name.

    What `filter` would write has none either: it is a plain tar, and called as one.
    """
    name = facts.graph.source_name.lower()
    if name in {_STREAM, "standard input", "the output", ""}:
        return _STREAM
    return next((suffix for suffix in sorted(_SUFFIXES, key=len, reverse=True) if name.endswith(suffix)), None)


def _imported(facts: ArchiveFacts, target: Target, behaviour: Behaviour) -> Outcome:
    library = Library.of(facts, behaviour.traits["containerd"], target.host)
    walked = {
        "all": take_all(library.spelling),
        "host": take_host(library.spelling),
        "host-alone": take_strictly(library.spelling, target.host),
    }[behaviour.traits["platforms"]]
    compressions, missing = behaviour.traits["compressions"], behaviour.traits["missing"]
    try:
        return library.ending(
            ("folder", walked, compressions, missing),
            lambda: _run(library, walked, compressions, skip_missing=missing == "skipped"),
        )
    except ImportFailure as failure:
        return failed(failure, behaviour, library.behaviour)


def _run(library: Library, walked: Matcher, compressions: str, *, skip_missing: bool) -> Outcome:
    host = take_host(library.spelling)
    records, held = library.take(walked, compressions, "", skip_missing=skip_missing)

    def runs_here(node: ManifestNode) -> bool:
        return node.platform is not None and host.matches(node.platform)

    named: list[Record] = []
    odd: list[str] = []
    for record in records:
        if is_full_name(record.name):
            named.append(record)
        else:
            odd.append(record.name)
    unpacked = {digest for record in named for digest in library.unpackable(record, held, runs_here)}
    images = library.images(records, held, unpacked)
    reasons = (f"{', '.join(odd)}: Kubernetes finds images by full names only, and this is none",) if odd else ()
    return success(images, reasons, is_stable=not names_collide(records))
