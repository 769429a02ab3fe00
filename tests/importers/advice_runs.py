"""Run one import with a real containerd and tell as a value what came of it."""

from __future__ import annotations

import itertools
import os
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
    ("flags-together", r"must be specified with|incompatible options"),
    ("no-unpack-platforms", r"no unpack platforms defined"),
    ("no-match", r"no match for platform in manifest"),
    ("filtered-out", r"image might be filtered out"),
    ("unrecognized-format", r"unrecognized image format"),
    ("layout-version", r"unsupported OCI version"),
    ("bad-docker-manifest", r"untar manifest"),
    ("docker-layer-missing", r"failed to resolve layers: layer"),
    ("media-type", r"media-type: expected"),
    ("layers-mismatch", r"mismatched image rootfs and manifest layers"),
    ("layer-count", r"number of layers and diffIDs don't match"),
    ("diff-id-wrong", r"wrong diff id calculated on extraction"),
    ("extract-failed", r"failed to extract layer"),
    ("invalid-tar-header", r"archive/tar: invalid tar header"),
    ("config-unreadable", r"(?:failed to resolve rootfs|unmarshal image config): (?:invalid character|json:)"),
    ("bad-document", r"invalid character|unexpected end of JSON input|json: cannot unmarshal"),
    ("bad-layout", r"untar oci layout"),
    ("target-refused", r"Target\.(?:Size|MediaType) must be"),
    ("unexpected-type", r"unexpected media type"),
    ("content-not-found", r"content digest sha256:[0-9a-f]{64}: not found"),
    ("manifest-not-found", r"manifest sha256:[0-9a-f]{64}: not found"),
)
"""Names of failures, each with what its message contains; one message may be of several, a cause in its effect."""

IMPORT_DATE: Final = re.compile(r"^import-\d{4}-\d{2}-\d{2}(?=[:@])")
DIGEST: Final = re.compile(r"sha\d+:[0-9a-f]{64,}")
CONTENT_LABEL: Final = "containerd.io/gc.ref.content"
SNAPSHOT_LABEL: Final = "containerd.io/gc.ref.snapshot."

_SERIAL: Final = itertools.count(1)


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
    """How an import ended: its exit code, the names that its failure has, what it printed and what is recorded."""

    exit_code: int
    failures: tuple[str, ...]
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
    """Import an archive into a namespace that nothing else uses, look at all that is there, and leave nothing."""
    namespace = f"advice-{os.getpid()}-{next(_SERIAL)}"
    result = server.ctr("images", "import", *arguments, str(archive), namespace=namespace)
    found = failures(result)
    if "flag-unknown" in found:
        return Seen(result.returncode, found, result.stderr, ())
    images = tuple(_images(server, namespace))
    if images:
        # What is left goes with the garbage of the next import.
        server.ctr("images", "remove", *(image.name for image in images), namespace=namespace)
    named = sorted((_dated(image) for image in images), key=lambda image: image.name)
    return Seen(result.returncode, found, result.stderr, tuple(named))


def failures(result: CompletedProcess[str]) -> tuple[str, ...]:
    """Return the names of all failures whose words a program printed, none if it succeeded."""
    if result.returncode == 0:
        return ()
    return tuple(name for name, pattern in FAILURES if re.search(pattern, result.stderr)) or ("unknown",)


def _images(server: ContainerdServer, namespace: str) -> Iterator[SeenImage]:
    if not server.ctr("images", "list", "--quiet", namespace=namespace).stdout.strip():
        return
    # What nothing holds is there until it is collected, which may be at any time.
    labels = _surviving(server, namespace)
    checked = server.ctr("images", "check", namespace=namespace).stdout.splitlines()[1:]
    for name, _, digest, *rest in map(str.split, checked):
        held = frozenset(_reachable(digest, labels))
        unpacked = frozenset(each for each in held if any(key.startswith(SNAPSHOT_LABEL) for key in labels[each]))
        yield SeenImage(name, digest, rest[0] == "complete" and rest[-1] == "true", held, unpacked)


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


def _dated(image: SeenImage) -> SeenImage:
    name = IMPORT_DATE.sub("import-DATE", image.name)
    return SeenImage(name, image.digest, image.is_ready, image.held, image.unpacked)
