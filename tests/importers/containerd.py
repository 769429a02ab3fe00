"""Run a containerd of one version with root, state, socket and configuration of its own."""

from __future__ import annotations

import itertools
import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from .daemon import Daemon
from .program import DEFAULT_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from subprocess import CompletedProcess
    from types import TracebackType

    from .engines import Engine

# Plugins that need kernel modules, devices or well-known paths shared by all servers.
DISABLED_PLUGINS = (
    "io.containerd.cri.v1.images",
    "io.containerd.cri.v1.runtime",
    "io.containerd.grpc.v1.cri",
    "io.containerd.nri.v1.nri",
    "io.containerd.snapshotter.v1.aufs",
    "io.containerd.snapshotter.v1.blockfile",
    "io.containerd.snapshotter.v1.btrfs",
    "io.containerd.snapshotter.v1.devmapper",
    "io.containerd.snapshotter.v1.erofs",
    "io.containerd.snapshotter.v1.zfs",
)
CONFIGURATION = """\
version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = {disabled}
[grpc]
  address = "{socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{folder}/opt"
"""


class ContainerdServer:
    """Serve as a context manager around one running containerd."""

    def __init__(self, engine: Engine) -> None:
        """Remember which containerd to run; nothing starts before ``with``."""
        self.engine = engine
        self._daemon: Daemon | None = None
        self._serial = itertools.count(1)

    @property
    def label(self) -> str:
        """Return the label of the engine's row, such as ``containerd-1.6``."""
        return self.engine.label

    @property
    def version(self) -> str:
        """Return the upstream version, such as ``1.6.20``."""
        return self.engine.version

    @property
    def folder(self) -> Path:
        """Return the folder that holds all the running server writes."""
        if self._daemon is None:
            raise RuntimeError(f"{self.label} is not running")
        return self._daemon.folder

    @property
    def socket(self) -> str:
        """Return the address the server listens on."""
        return str(self.folder / "containerd.sock")

    def __enter__(self) -> Self:
        """Start the server and wait until it answers."""
        self._daemon = daemon = Daemon("ctrd")
        configuration = daemon.folder / "config.toml"
        configuration.write_text(
            CONFIGURATION.format(
                folder=daemon.folder,
                socket=self.socket,
                disabled=json.dumps(DISABLED_PLUGINS),
            )
        )
        try:
            daemon.start(
                self.engine.program("containerd", "--config", str(configuration)),
                lambda: self.ctr("version", timeout=5).returncode == 0,
            )
        except BaseException:
            daemon.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove containers and images of every namespace, then stop the server."""
        if self._daemon is None:
            return
        for name in self.ctr("namespaces", "list", "--quiet", timeout=5).stdout.split():
            self._clear(name)
        self._daemon.stop()
        self._daemon = None

    def ctr(
        self, *arguments: str, namespace: str = "default", timeout: float = DEFAULT_TIMEOUT
    ) -> CompletedProcess[str]:
        """Run ``ctr`` against this server; a refusal is returned, not raised."""
        program = self.engine.program("ctr", "--address", self.socket, "--namespace", namespace)
        return program.run(*arguments, timeout=timeout)

    def export(
        self, image: str, target: Path, *flags: str, namespace: str, timeout: float = DEFAULT_TIMEOUT
    ) -> CompletedProcess[str]:
        """Run ``ctr images export`` in the way that writes ``target`` whole.

        By default the client of containerd 2 now and then leaves before the last data has
        reached the file, with exit code 0; with ``--local`` it writes the same bytes itself.
        Version 1 does that anyway, and its first lines do not know the flag.
        """
        how = () if self.version.startswith("1.") else ("--local",)
        return self.ctr("images", "export", *how, *flags, str(target), image, namespace=namespace, timeout=timeout)

    @contextmanager
    def namespace(self) -> Iterator[str]:
        """Yield the name of a fresh namespace, cleared afterwards."""
        name = f"test-{os.getpid()}-{next(self._serial)}"
        try:
            yield name
        finally:
            self._clear(name)

    def run_image(
        self, image: str, *command: str, namespace: str, platform: str | None = None
    ) -> CompletedProcess[str]:
        """Run a container of ``image`` to its end; without ``command`` its own is run.

        On a busy machine ctr now and then leaves with exit code 0 before the output has come through (seen with
        1.7.24 beside two busy processes); a container that printed nothing is run again, twice at the most.
        """
        options = ["--rm", "--runc-root", f"{self.folder}/runc"]
        if platform:
            options += ["--platform", platform]
        for _ in range(3):
            identity = f"run-{next(self._serial)}"
            result = self.ctr("run", *options, image, identity, *command, namespace=namespace)
            if result.returncode != 0 or result.stdout:
                break
        return result

    def images(self, namespace: str) -> list[str]:
        """Return the names of the images a namespace holds."""
        return self.ctr("images", "list", "--quiet", namespace=namespace).stdout.split()

    def _clear(self, namespace: str) -> None:
        """Remove whatever a namespace holds, containers first; absences do not matter."""
        for task in self.ctr("tasks", "list", "--quiet", namespace=namespace).stdout.split():
            self.ctr("tasks", "delete", "--force", task, namespace=namespace)
        containers = self.ctr("containers", "list", "--quiet", namespace=namespace).stdout.split()
        if containers:
            self.ctr("containers", "delete", *containers, namespace=namespace)
        images = self.images(namespace)
        if images:
            self.ctr("images", "remove", *images, namespace=namespace)
