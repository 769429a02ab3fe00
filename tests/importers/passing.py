"""Archives of every shape that passes `verify`: as tools write them, and as ocitool makes them of those."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.attached import BUILDX, NOTATION, SIGSTORE
from tests.builders import Layout

from . import sample
from .attached_archives import AttachedArchives
from .availability import require
from .containerd import ContainerdServer
from .test_filtered_archives import FOREIGN, HOST, OCITOOL, PAIR, Contents, attested
from .test_filtered_elsewhere import OTHER_NAME
from .written import written

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .engines import Engines

PLAIN: Final = ((),)
EVERY_WAY: Final = ((), ("--all-platforms",), ("--platform", HOST))
STORED: Final = (("--all-platforms", "--no-unpack"),)


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape: its name, how to make it in a folder, and the flags with which it imports."""

    name: str
    make: Callable[[Engines, Path], Path]
    imports: tuple[tuple[str, ...], ...] = PLAIN


def export(engines: Engines) -> Path:
    """Return the sample of all platforms, as a containerd exports it."""
    with ContainerdServer(require(engines, "containerd-1.7")) as server:
        return sample.multi_platform_export(server)


def run(*arguments: object) -> None:
    """Run ocitool, which has to succeed."""
    result = OCITOOL.run(*map(str, arguments))
    if result.returncode != 0:
        raise AssertionError(str(result))


def _filter(*options: str) -> Callable[[Engines, Path], Path]:
    def make(engines: Engines, folder: Path) -> Path:
        run("filter", export(engines), *options, "-o", folder / "out.tar")
        return folder / "out.tar"

    return make


def _split(engines: Engines, folder: Path) -> Path:
    """Return the part of the host's platform."""
    run("split", export(engines), "-p", PAIR, "-d", folder / "parts", "--name-template", "{arch}{ext}")
    return folder / "parts" / f"{HOST.split('/')[1]}.tar"


def _merge(engines: Engines, folder: Path) -> Path:
    parts = _split(engines, folder).parent
    run("merge", *sorted(parts.iterdir()), "-o", folder / "merged.tar")
    return folder / "merged.tar"


def _merge_names(engines: Engines, folder: Path) -> Path:
    other = written(engines, "skopeo-sid", "docker-archive with a name")
    run("filter", other, "-p", "all", "--name", OTHER_NAME, "-o", folder / "other.tar")
    run("merge", export(engines), folder / "other.tar", "-o", folder / "merged.tar")
    return folder / "merged.tar"


def _attested(engines: Engines, folder: Path) -> Path:
    (folder / "attested.tar").write_bytes(attested(export(engines)))
    return folder / "attested.tar"


def _attested_pair(engines: Engines, folder: Path) -> Path:
    run("filter", _attested(engines, folder), "-p", PAIR, "-o", folder / "pair.tar")
    return folder / "pair.tar"


def _attached(shape: str) -> Callable[[Engines, Path], Path]:
    return lambda engines, folder: AttachedArchives(export(engines), folder)(shape)


def _several(engines: Engines, folder: Path) -> Path:
    """Give the host's image a second name, and all platforms a third."""
    contents = Contents(export(engines))
    layout = Layout(blobs=dict(contents.blobs))
    layout.add({key: contents.root[key] for key in ("mediaType", "digest", "size")}, sample.NAME)
    layout.add(layout.index([contents.manifest(HOST)]), OTHER_NAME)
    manifest = {key: value for key, value in contents.manifest(HOST).items() if key != "platform"}
    layout.add(manifest, "docker.io/library/third:3.0")
    (folder / "several.tar").write_bytes(layout.pack())
    return folder / "several.tar"


def _tool(label: str, way: str) -> Callable[[Engines, Path], Path]:
    return lambda engines, _folder: written(engines, label, way)


SHAPES: Final = (
    Shape("ctr export", lambda engines, _folder: export(engines), EVERY_WAY),
    Shape("flat, of the host", _filter("-p", HOST), EVERY_WAY),
    Shape("flat, of another platform", _filter("-p", FOREIGN), PLAIN),
    Shape("nested, of the host alone", _filter("-p", HOST, "--index", "nested"), EVERY_WAY),
    Shape("nested, of another platform alone", _filter("-p", FOREIGN, "--index", "nested"), STORED),
    Shape("nested, of two platforms", _filter("-p", PAIR), (*EVERY_WAY, *STORED)),
    Shape("nested, of all platforms", _filter("-p", "all"), (*EVERY_WAY, *STORED)),
    Shape("index kept whole", _filter("-p", "all", "--index", "keep"), (*EVERY_WAY, *STORED)),
    Shape("zstd layers", _filter("-p", HOST, "--layers", "zstd")),
    Shape("another name", _filter("-p", HOST, "--name", "registry.example:5000/a/b:2")),
    Shape("part of a split", _split, EVERY_WAY),
    Shape("parts merged", _merge, (*EVERY_WAY, *STORED)),
    Shape("two names merged", _merge_names, PLAIN),
    Shape("attested", _attested, (*EVERY_WAY, *STORED)),
    Shape("attested, of two platforms", _attested_pair, (*EVERY_WAY, *STORED)),
    Shape("buildx attestations", _attached(BUILDX), (*EVERY_WAY, *STORED)),
    Shape("sigstore bundles", _attached(SIGSTORE), PLAIN),
    Shape("notation and SBOM", _attached(NOTATION), PLAIN),
    Shape("several images", _several, PLAIN),
    Shape("docker-archive of docker 20.10", _tool("docker-20.10", "save")),
    Shape("docker-archive of two names", _tool("docker-20.10", "save of two names")),
    Shape("docker-archive of skopeo", _tool("skopeo-sid", "docker-archive with a name")),
    Shape("docker-archive of podman", _tool("podman-4.3", "docker-archive")),
    Shape("docker-archive of crane", _tool("crane-sid", "tarball pulled")),
    Shape("docker-archive of buildah", _tool("buildah-sid", "docker-archive")),
    Shape("docker 28 save", _tool("docker-sid", "save")),
    Shape("docker 28 save of the containerd store", _tool("docker-sid", "save of the containerd store")),
    Shape("oci-archive of skopeo", _tool("skopeo-1.9", "oci-archive with a name")),
    Shape("oci-archive of podman", _tool("podman-sid", "oci-archive")),
    Shape("oci-archive of buildah", _tool("buildah-1.28", "oci-archive")),
)
"""Every shape; the flags are those that the host's platform, or the archive's, needs."""


def archive_of(shape: Shape, engines: Engines, folder: Path) -> Path:
    """Return the archive of a shape, made in `folder` if no tool wrote it."""
    return shape.make(engines, folder)
