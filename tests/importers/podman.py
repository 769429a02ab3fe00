"""Run podman and skopeo with storage and policy of their own."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from .program import DEFAULT_TIMEOUT, Program

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import CompletedProcess

    from .engines import Engine

ACCEPT_ANYTHING = {"default": [{"type": "insecureAcceptAnything"}]}
CONTAINERS_CONFIGURATION = """\
[engine]
cgroup_manager = "cgroupfs"
conmon_path = ["{engine.commands[conmon]}"]
events_logger = "none"
helper_binaries_dir = ["{engine.root}/usr/lib/podman"]
runtime = "runc"
[engine.runtimes]
runc = ["{engine.commands[runc]}"]
[network]
network_config_dir = "{folder}/networks"
"""


def private_environment(folder: Path, configuration: str = "") -> dict[str, str]:
    """Return variables under which these programs read no file of the machine.

    Their policy has no variable; it is looked for below HOME before /etc.
    """
    settings = folder / ".config" / "containers"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "policy.json").write_text(json.dumps(ACCEPT_ANYTHING))
    (settings / "registries.conf").write_text("")
    (settings / "storage.conf").write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n'
    )
    (settings / "containers.conf").write_text(configuration)
    return {
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "XDG_CONFIG_HOME": str(folder / ".config"),
        "XDG_RUNTIME_DIR": str(folder),
        "CONTAINERS_CONF": str(settings / "containers.conf"),
        "CONTAINERS_REGISTRIES_CONF": str(settings / "registries.conf"),
        "CONTAINERS_STORAGE_CONF": str(settings / "storage.conf"),
    }


class Podman:
    """Run podman of one version on a storage folder."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        """Set ``folder`` up as podman's home and storage.

        Its path must be short: podman refuses a run root of more than 50 characters.
        """
        self.engine = engine
        self.folder = folder
        self._program = self._configure()

    @property
    def program(self) -> Program:
        """Return podman as it is run."""
        return self._program

    def run(self, *arguments: str, timeout: float = DEFAULT_TIMEOUT) -> CompletedProcess[str]:
        """Run podman; a refusal is returned, not raised."""
        return self._program.run(*arguments, timeout=timeout)

    def images(self) -> list[str]:
        """Return the names of the images the storage holds."""
        return self.run("images", "--format", "{{.Repository}}:{{.Tag}}").stdout.split()

    def clear(self) -> None:
        """Start over with an empty storage, so that tests can share one folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._program = self._configure()

    def _configure(self) -> Program:
        """Write the configuration and return podman set up to use it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        configuration = CONTAINERS_CONFIGURATION.format(engine=self.engine, folder=self.folder)
        environment = {
            **private_environment(self.folder, configuration),
            "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
        }
        return self.engine.program(
            "podman",
            f"--root={self.folder}/graph",
            f"--runroot={self.folder}/run",
            f"--tmpdir={self.folder}/tmp",
            "--storage-driver=vfs",
            environment=environment,
        )
