"""Have every tool that writes image archives write one in every way it knows, all of the same sample image."""

from __future__ import annotations

import tarfile
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import sample
from .availability import require
from .cache import cached_folder
from .containerd import ContainerdServer
from .docker import DockerServer
from .layout import layer_tar
from .podman import Podman, private_environment
from .registry import Registry
from .sample import NAME, SAMPLE_VERSION, host_platform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from subprocess import CompletedProcess

    from .engines import Engine, Engines
    from .program import Program

WRITTEN_VERSION = 1
OTHER_NAME = "docker.io/library/other:2.0"


@dataclass(frozen=True, slots=True)
class Desk:
    """What a tool works with: itself, a folder of its own, the sample in the forms it may read, what to write."""

    engines: Engines
    engine: Engine
    folder: Path
    target: Path

    @property
    def export(self) -> Path:
        """Return the sample of all platforms, as one containerd exports it."""
        with ContainerdServer(require(self.engines, "containerd-1.7")) as server:
            return sample.multi_platform_export(server)

    @property
    def flat(self) -> Path:
        """Return the sample of the host's platform, which every tool reads."""
        return sample.flat_archive(self.folder / "flat.tar")


def written(engines: Engines, label: str, way: str) -> Path:
    """Return what the tool called ``label`` writes in one way, a file or a folder."""
    engine = require(engines, label)
    key = f"{label}-{engine.version}-{way.replace(' ', '-')}-v{SAMPLE_VERSION}.{WRITTEN_VERSION}"

    def fill(draft: Path) -> None:
        folder = draft / "work"
        folder.mkdir()
        make = (WAYS[engine.product] | NEWER_WAYS.get(label, {}))[way]
        make(Desk(engines, engine, folder, draft / "written.tar"))

    return cached_folder("written", key, fill) / "written.tar"


def _ctr(*flags: str) -> Callable[[Desk], None]:
    def export(desk: Desk) -> None:
        with ContainerdServer(desk.engine) as server, server.namespace() as namespace:
            source = str(sample.sample_archive())
            _succeed(server.ctr("images", "import", "--all-platforms", "--no-unpack", source, namespace=namespace))
            _succeed(server.export(NAME, desk.target, *flags, namespace=namespace))

    return export


def _skopeo_program(desk: Desk, label: str = "") -> Program:
    engine = require(desk.engines, label) if label else desk.engine
    return engine.program("skopeo", "--insecure-policy", environment=private_environment(desk.folder / "home"))


def _skopeo(target: str, *flags: str) -> Callable[[Desk], None]:
    def copy(desk: Desk) -> None:
        source = f"oci-archive:{desk.export}"
        _succeed(_skopeo_program(desk).run("copy", *flags, source, target.format(desk.target)))

    return copy


def _umoci_edited(desk: Desk) -> None:
    """Take a layout that skopeo wrote, give and take a tag, and collect what nothing lists."""
    source, target = f"oci-archive:{desk.flat}", f"oci:{desk.target}:1.0"
    _succeed(_skopeo_program(desk, "skopeo-sid").run("copy", source, target))
    umoci = desk.engine.program("umoci")
    _succeed(umoci.run("tag", "--image", f"{desk.target}:1.0", "other"))
    _succeed(umoci.run("rm", "--image", f"{desk.target}:other"))
    _succeed(umoci.run("gc", "--layout", str(desk.target)))


def _umoci_new(desk: Desk) -> None:
    """Make an image of nothing but one file."""
    umoci = desk.engine.program("umoci")
    file = desk.folder / "file"
    file.write_bytes(b"lab\n")
    _succeed(umoci.run("init", "--layout", str(desk.target)))
    _succeed(umoci.run("new", "--image", f"{desk.target}:1.0"))
    _succeed(umoci.run("insert", "--image", f"{desk.target}:1.0", str(file), "/file"))
    _succeed(umoci.run("gc", "--layout", str(desk.target)))


def _oras(desk: Desk) -> Program:
    return desk.engine.program("oras", environment={"HOME": str(desk.folder)})


def _oras_copied(desk: Desk) -> None:
    layout = _layout(desk)
    source = ("--from-oci-layout", f"{layout}:1.0")
    _succeed(_oras(desk).run("copy", "--recursive", *source, "--to-oci-layout", f"{desk.target}:1.0"))


def _oras_pushed(desk: Desk) -> None:
    """Write an artifact, which is no image of any platform."""
    (desk.folder / "file.txt").write_text("lab\n")
    _succeed(_oras(desk).run("push", "--oci-layout", f"{desk.target}:1.0", "file.txt", folder=desk.folder))


def _oras_backup(desk: Desk) -> None:
    """Take a whole repository of a registry into an archive."""
    with Registry(require(desk.engines, "crane-sid")) as registry:
        repository = f"{registry.address}/lab"
        _crane(desk, "push", str(_layout(desk)), f"{repository}:1.0")
        flags = ("--plain-http", "--output", str(desk.target))
        _succeed(_oras(desk).run("backup", *flags, f"{repository}:1.0", folder=desk.folder))


def _layout(desk: Desk) -> Path:
    """Unpack the sample of all platforms as a folder that calls it by its tag."""
    layout = desk.folder / "layout"
    target = f"oci:{layout}:1.0"
    _succeed(_skopeo_program(desk, "skopeo-sid").run("copy", "--all", f"oci-archive:{desk.export}", target))
    return layout


def _crane(desk: Desk, *arguments: str) -> None:
    crane = require(desk.engines, "crane-sid").program("crane", environment={"HOME": str(desk.folder)})
    _succeed(crane.run(*arguments))


def _crane_pulled(form: str, *flags: str) -> Callable[[Desk], None]:
    def pull(desk: Desk) -> None:
        with Registry(desk.engine) as registry:
            reference = f"{registry.address}/lab:1.0"
            _crane(desk, "push", str(_layout(desk)), reference)
            platform = () if form == "oci" else ("--platform", str(host_platform()))
            _crane(desk, "pull", "--format", form, *flags, *platform, reference, str(desk.target))

    return pull


def _crane_appended(desk: Desk) -> None:
    layer = desk.folder / "layer.tar"
    layer.write_bytes(layer_tar({"etc/lab-release": b"lab 1.0\n"}, {}))
    _crane(desk, "append", "--new_layer", str(layer), "--new_tag", NAME, "--output", str(desk.target))


def _podman(*arguments: str, names: tuple[str, ...] = (NAME,)) -> Callable[[Desk], None]:
    def save(desk: Desk) -> None:
        # podman refuses folders with long names for its storage.
        with _short_folder() as folder:
            podman = Podman(desk.engine, folder)
            _succeed(podman.run("load", "--input", str(desk.flat)))
            _succeed(podman.run("tag", NAME, OTHER_NAME))
            _succeed(podman.run("save", *arguments, "--output", str(desk.target), *names))

    return save


def _docker(*names: str, containerd_store: bool = False) -> Callable[[Desk], None]:
    def save(desk: Desk) -> None:
        with DockerServer(desk.engine, containerd_store=containerd_store) as server:
            _succeed(server.docker("load", "--input", str(desk.flat)))
            _succeed(server.docker("tag", NAME, OTHER_NAME))
            wanted = names or (server.docker("images", "--quiet").stdout.split()[0],)
            _succeed(server.docker("save", "--output", str(desk.target), *wanted))

    return save


def _buildah(target: str) -> Callable[[Desk], None]:
    def build(desk: Desk) -> None:
        with _short_folder() as folder:
            # Newer ones look for a network even where there is nothing to run.
            helpers = f'[engine]\nhelper_binaries_dir = ["{desk.engine.root}/usr/lib/podman"]\n'
            environment = private_environment(folder, helpers)
            buildah = desk.engine.program("buildah", "--storage-driver=vfs", environment=environment)
            (folder / "file").write_text("lab\n")
            container = _succeed(buildah.run("from", "scratch")).strip()
            _succeed(buildah.run("copy", container, str(folder / "file"), "/file"))
            _succeed(buildah.run("commit", container, NAME))
            _succeed(buildah.run("push", NAME, target.format(desk.target)))

    return build


@contextmanager
def _short_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="store-") as folder:
        yield Path(folder)


def _folder_as_tar(make: Callable[[Desk], None]) -> Callable[[Desk], None]:
    """Pack the folder that a tool writes, as its users do to carry it."""

    def pack(desk: Desk) -> None:
        folder = desk.folder / "packed"
        make(Desk(desk.engines, desk.engine, desk.folder, folder))
        with tarfile.open(desk.target, "w", format=tarfile.GNU_FORMAT) as archive:
            archive.add(folder, arcname=".")

    return pack


def _succeed(result: CompletedProcess[str]) -> str:
    if result.returncode != 0:
        raise RuntimeError(str(result))
    return result.stdout


WAYS: Mapping[str, dict[str, Callable[[Desk], None]]] = {
    "containerd": {
        "export of all platforms": _ctr("--all-platforms"),
        "export of one platform": _ctr("--platform", str(host_platform())),
        "export without manifest.json": _ctr("--all-platforms", "--skip-manifest-json"),
    },
    "skopeo": {
        "oci-archive with a name": _skopeo(f"oci-archive:{{}}:{NAME}"),
        "oci-archive with a short name": _skopeo("oci-archive:{}:lab:1.0"),
        "oci-archive with a tag": _skopeo("oci-archive:{}:1.0"),
        "oci-archive without a reference": _skopeo("oci-archive:{}"),
        "oci-archive of all platforms": _skopeo(f"oci-archive:{{}}:{NAME}", "--all"),
        "oci-archive of zstd layers": _skopeo(
            f"oci-archive:{{}}:{NAME}", "--dest-compress", "--dest-compress-format=zstd"
        ),
        "docker-archive with a name": _skopeo(f"docker-archive:{{}}:{NAME}"),
        "docker-archive without a reference": _skopeo("docker-archive:{}"),
    },
    "umoci": {
        "layout edited": _umoci_edited,
        "layout edited and packed": _folder_as_tar(_umoci_edited),
        "layout made": _umoci_new,
    },
    "oras": {
        "layout copied": _oras_copied,
        "layout copied and packed": _folder_as_tar(_oras_copied),
        "artifact pushed": _oras_pushed,
    },
    "crane": {
        "oci pulled": _crane_pulled("oci"),
        "oci pulled with its name": _crane_pulled("oci", "--annotate-ref"),
        "tarball pulled": _crane_pulled("tarball"),
        "legacy pulled": _crane_pulled("legacy"),
        "tarball appended": _crane_appended,
    },
    "podman": {
        "oci-archive": _podman("--format", "oci-archive"),
        "docker-archive": _podman("--format", "docker-archive"),
        "docker-archive of two names": _podman(
            "--format", "docker-archive", "--multi-image-archive", names=(NAME, OTHER_NAME)
        ),
    },
    "buildah": {
        "oci-archive": _buildah(f"oci-archive:{{}}:{NAME}"),
        "oci-archive without a reference": _buildah("oci-archive:{}"),
        "docker-archive": _buildah(f"docker-archive:{{}}:{NAME}"),
    },
    "docker": {
        "save": _docker(NAME),
        "save of two names": _docker(NAME, OTHER_NAME),
        "save without a name": _docker(),
    },
}
"""How each product writes archives, in words, and the way to have it done."""

NEWER_WAYS: Mapping[str, dict[str, Callable[[Desk], None]]] = {
    "oras-sid": {"backup": _oras_backup},
    "docker-sid": {
        "save of the containerd store": _docker(NAME, containerd_store=True),
        "save of two names of the containerd store": _docker(NAME, OTHER_NAME, containerd_store=True),
    },
}
"""The same, for what one version alone can do."""
