"""All importers that are known, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.advice.containerd.ctr import Ctr
from ocitool.advice.docker import Docker
from ocitool.advice.docker_containerd import DockerContainerd
from ocitool.advice.image_folders import K0s, K3s
from ocitool.advice.kind import Kind
from ocitool.advice.nerdctl import Nerdctl
from ocitool.advice.podman import Podman
from ocitool.advice.skopeo import Skopeo
from ocitool.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ocitool.advice.importer import Importer

IMPORTERS: Final[Mapping[str, Importer]] = {
    "ctr": Ctr(),
    "docker": Docker(),
    "docker-containerd": DockerContainerd(),
    "podman": Podman(),
    "skopeo": Skopeo(),
    "kind": Kind(),
    "k3s": K3s(),
    "nerdctl": Nerdctl(),
    "k0s": K0s(),
}
"""Each importer by the name of its table."""


def find_importer(name: str) -> Importer:
    """Return an importer; raises `UsageError` for a name that is not known."""
    found = IMPORTERS.get(name)
    if found is None:
        raise UsageError(f"no importer {name!r}", remedy=f"there is {', '.join(sorted(IMPORTERS))}")
    return found
