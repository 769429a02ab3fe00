"""Store one image in every form that real tools write: archives, docker-archives of every age, a layout folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import sample
from .availability import require
from .cache import cached_folder
from .containerd import ContainerdServer
from .docker import DockerServer
from .podman import private_environment
from .sample import NAME, SAMPLE_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

    from .engines import Engines

FORMS_VERSION = 1
FOLDER = "umoci layout folder"
DOCKER_ARCHIVES = ("skopeo docker-archive", "docker 20.10 save")
"""Forms that hold no manifests, and layers as they unpack."""

UNPACKED = (*DOCKER_ARCHIVES, "docker save")
FORMS = ("ctr export", "skopeo oci-archive", *UNPACKED, "docker save of the containerd store", FOLDER)


def stored(engines: Engines, form: str) -> Path:
    """Return the image of the sample in one form; a file, or a folder for `FOLDER`."""
    if form == "ctr export":
        with ContainerdServer(require(engines, "containerd-1.7")) as server:
            return sample.multi_platform_export(server)
    maker, name = _MAKERS[form]
    versions = [
        require(engines, label).version for label in ("skopeo-sid", "umoci-sid", "docker-20.10", "docker-sid")
    ]
    export = stored(engines, "ctr export")
    key = f"{form.replace(' ', '-')}-{'-'.join(versions)}-v{SAMPLE_VERSION}.{FORMS_VERSION}"
    return cached_folder("forms", key, lambda draft: maker(engines, export, draft / name)) / name


def _skopeo(engines: Engines, draft: Path, *arguments: str) -> None:
    environment = private_environment(draft.parent / "home")
    program = require(engines, "skopeo-sid").program("skopeo", "--insecure-policy", environment=environment)
    _succeed(program.run("copy", *arguments))


def _oci_archive(engines: Engines, export: Path, draft: Path) -> None:
    _skopeo(engines, draft, "--all", f"oci-archive:{export}", f"oci-archive:{draft}:{NAME}")


def _docker_archive(engines: Engines, export: Path, draft: Path) -> None:
    _skopeo(engines, draft, f"oci-archive:{export}", f"docker-archive:{draft}:{NAME}")


def _layout_folder(engines: Engines, export: Path, draft: Path) -> None:
    """Make a folder that umoci has written to: a tag given and taken, what nothing lists collected."""
    _skopeo(engines, draft, f"oci-archive:{export}", f"oci:{draft}:{NAME}")
    umoci = require(engines, "umoci-sid").program("umoci")
    _succeed(umoci.run("tag", "--image", f"{draft}:{NAME}", "other"))
    _succeed(umoci.run("rm", "--image", f"{draft}:other"))
    _succeed(umoci.run("gc", "--layout", str(draft)))


def _saved(label: str, *, containerd_store: bool = False) -> Callable[[Engines, Path, Path], None]:
    def save(engines: Engines, _export: Path, draft: Path) -> None:
        flat = sample.flat_archive(draft.with_suffix(".flat"))
        with DockerServer(require(engines, label), containerd_store=containerd_store) as server:
            _succeed(server.docker("load", "--input", str(flat)))
            _succeed(server.docker("save", "--output", str(draft), NAME))
        flat.unlink()

    return save


def _succeed(result: CompletedProcess[str]) -> None:
    if result.returncode != 0:
        raise RuntimeError(str(result))


_MAKERS: dict[str, tuple[Callable[[Engines, Path, Path], None], str]] = {
    "skopeo oci-archive": (_oci_archive, "image.tar"),
    "skopeo docker-archive": (_docker_archive, "image.tar"),
    "docker 20.10 save": (_saved("docker-20.10"), "image.tar"),
    "docker save": (_saved("docker-sid"), "image.tar"),
    "docker save of the containerd store": (_saved("docker-sid", containerd_store=True), "image.tar"),
    FOLDER: (_layout_folder, "layout"),
}
