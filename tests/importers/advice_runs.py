"""Run one import with a real containerd and tell as a value what came of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from subprocess import CompletedProcess

    from .containerd import ContainerdServer

FAILURES: Final[tuple[tuple[str, str], ...]] = (
    ("flag-unknown", r"flag provided but not defined"),
    ("no-unpack-platforms", r"no unpack platforms defined"),
    ("no-match", r"no match for platform in manifest"),
    ("filtered-out", r"image might be filtered out"),
    ("bad-docker-manifest", r"untar manifest"),
    ("extract-failed", r"failed to extract layer|failed to apply layer|apply layer error"),
    ("invalid-tar-header", r"archive/tar: invalid tar header"),
    ("content-not-found", r"content digest sha256:[0-9a-f]{64}: not found"),
    ("manifest-not-found", r"manifest sha256:[0-9a-f]{64}: not found"),
)
"""Names of failures, each with what its message contains; the first that is found counts."""

IMPORT_DATE: Final = re.compile(r"^import-\d{4}-\d{2}-\d{2}(?=[:@])")
DIGEST: Final = re.compile(r"sha\d+:[0-9a-f]{64,}")
CONTENT_LABEL: Final = "containerd.io/gc.ref.content"
SNAPSHOT_LABEL: Final = "containerd.io/gc.ref.snapshot."


@dataclass(frozen=True, slots=True)
class SeenImage:
    """An image that a containerd has recorded.

    `is_ready` is what ``ctr images check`` says of the platform it would run: all there, and unpacked. `held` is all
    content that the collector of garbage leaves to it, `unpacked` are those configs among it that have a snapshot.
    """

    name: str
    digest: str
    is_ready: bool
    held: frozenset[str]
    unpacked: frozenset[str]


@dataclass(frozen=True, slots=True)
class Seen:
    """How an import ended: its exit code, the name of its failure, what it printed and what is recorded."""

    exit_code: int
    failure: str
    message: str
    images: tuple[SeenImage, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names that are recorded, sorted; import-DATE stands for the day of the import."""
        return tuple(image.name for image in self.images)

    @property
    def digests(self) -> tuple[str, ...]:
        """The digests that the message names."""
        return tuple(DIGEST.findall(self.message))


def run_import(server: ContainerdServer, archive: Path, arguments: Sequence[str]) -> Seen:
    """Import an archive into a namespace that nothing else uses, and look at all that is there afterwards."""
    with server.namespace() as namespace:
        result = server.ctr("images", "import", *arguments, str(archive), namespace=namespace)
        failure = _failure(result)
        images = () if failure == "flag-unknown" else tuple(_images(server, namespace))
        if failure != "flag-unknown":
            _remove(server, namespace, [image.name for image in images])
    named = sorted((_dated(image) for image in images), key=lambda image: image.name)
    return Seen(result.returncode, failure, result.stderr, tuple(named))


def _failure(result: CompletedProcess[str]) -> str:
    if result.returncode == 0:
        return ""
    text = result.stderr + result.stdout
    return next((name for name, pattern in FAILURES if re.search(pattern, text)), "unknown: " + text[-300:])


def _images(server: ContainerdServer, namespace: str) -> Iterator[SeenImage]:
    records = dict(_records(server.ctr("images", "list", namespace=namespace).stdout))
    if not records:
        return
    checked = server.ctr("images", "check", namespace=namespace).stdout.splitlines()
    ready = {line.split()[0] for line in checked if "complete (" in line and line.split()[-1] == "true"}
    ready -= {line.split()[0] for line in checked if "incomplete (" in line}
    labels = _surviving(server, namespace)
    for name, digest in records.items():
        held = frozenset(_reachable(digest, labels))
        unpacked = frozenset(each for each in held if any(key.startswith(SNAPSHOT_LABEL) for key in labels[each]))
        yield SeenImage(name, digest, name in ready, held, unpacked)


def _records(listing: str) -> Iterator[tuple[str, str]]:
    for line in listing.splitlines()[1:]:
        name, _, digest = line.split()[:3]
        yield name, digest


def _surviving(server: ContainerdServer, namespace: str) -> dict[str, dict[str, str]]:
    """Collect garbage, then return the labels of what the content store holds, by digest.

    Deleting a lease in step with the collector ends the while for which an import holds all that it has read.
    """
    for arguments in (("create", "--id", "collect"), ("delete", "--sync", "collect")):
        result = server.ctr("leases", *arguments, namespace=namespace)
        assert result.returncode == 0, result
    listing = server.ctr("content", "list", namespace=namespace).stdout
    lines = (line.split("\t") for line in listing.splitlines()[1:])
    return {
        fields[0]: dict(pair.split("=", 1) for pair in fields[-1].split(",") if "=" in pair)
        for fields in lines
        if DIGEST.fullmatch(fields[0])
    }


def _reachable(root: str, labels: Mapping[str, Mapping[str, str]]) -> set[str]:
    """Return what labels lead to from a digest on, as the collector follows them."""
    found: set[str] = set()
    pending = [root]
    while pending:
        digest = pending.pop()
        if digest in labels and digest not in found:
            found.add(digest)
            pending += [value for key, value in labels[digest].items() if key.startswith(CONTENT_LABEL)]
    return found


def _remove(server: ContainerdServer, namespace: str, names: Sequence[str]) -> None:
    """Leave nothing of a namespace, so that the hundredth import finds its server as the first one did."""
    if names:
        server.ctr("images", "remove", "--sync", *names, namespace=namespace)
    server.ctr("namespaces", "remove", namespace)


def _dated(image: SeenImage) -> SeenImage:
    name = IMPORT_DATE.sub("import-DATE", image.name)
    return SeenImage(name, image.digest, image.is_ready, image.held, image.unpacked)
