"""Run a dockerd of one version with data root, socket and containerd of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Self

from .containerd import ContainerdServer
from .daemon import Daemon
from .program import DEFAULT_TIMEOUT

if TYPE_CHECKING:
    from subprocess import CompletedProcess
    from types import TracebackType

    from .engines import Engine


IMAGES_NAMESPACE = "moby"


class DockerServer:
    """Serve as a context manager around one running dockerd."""

    def __init__(self, engine: Engine, *, containerd_store: bool = False) -> None:
        """Remember which dockerd to run; nothing starts before ``with``.

        With ``containerd_store`` images live in containerd, which reads archives by
        rules of its own; only newer versions know it.
        """
        self.engine = engine
        self.containerd_store = containerd_store
        self.containerd = ContainerdServer(engine)
        self._daemon: Daemon | None = None

    @property
    def label(self) -> str:
        """Return the label of the engine's row, such as ``docker-20.10``."""
        return self.engine.label

    @property
    def version(self) -> str:
        """Return the upstream version, such as ``20.10.24``."""
        return self.engine.version

    @property
    def socket(self) -> str:
        """Return the address the server listens on."""
        if self._daemon is None:
            raise RuntimeError(f"{self.label} is not running")
        return f"unix://{self._daemon.folder}/docker.sock"

    def __enter__(self) -> Self:
        """Start containerd and dockerd and wait until the client gets an answer.

        The containerd is started here, for dockerd by itself would take the machine's.
        """
        self.containerd.__enter__()
        self._daemon = daemon = Daemon("dockerd")
        configuration = daemon.folder / "daemon.json"
        settings: dict[str, object] = {"deprecated-key-path": f"{daemon.folder}/key.json"}
        if self.containerd_store:
            settings["features"] = {"containerd-snapshotter": True}
        configuration.write_text(json.dumps(settings))
        try:
            daemon.start(
                self.engine.program(
                    "dockerd",
                    f"--config-file={configuration}",
                    f"--containerd={self.containerd.socket}",
                    f"--data-root={daemon.folder}/data",
                    f"--exec-root={daemon.folder}/exec",
                    f"--pidfile={daemon.folder}/pid",
                    f"--host={self.socket}",
                    "--bridge=none",
                    "--iptables=false",
                    "--ip6tables=false",
                    "--ip-forward=false",
                    "--ip-masq=false",
                ),
                lambda: self.docker("version", timeout=5).returncode == 0,
            )
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop dockerd, then its containerd."""
        self._stop()

    def docker(self, *arguments: str, timeout: float = DEFAULT_TIMEOUT) -> CompletedProcess[str]:
        """Run the docker client against this server; a refusal is returned, not raised."""
        folder = self._daemon.folder if self._daemon else ""
        environment = {"DOCKER_HOST": self.socket, "DOCKER_CONFIG": f"{folder}/client"}
        return self.engine.program("docker", environment=environment).run(*arguments, timeout=timeout)

    def images(self) -> list[str]:
        """Return the names of the images the server holds."""
        return self.docker("images", "--format", "{{.Repository}}:{{.Tag}}").stdout.split()

    def clear(self) -> None:
        """Remove every container and image, so that tests can share one server."""
        containers = self.docker("ps", "--all", "--quiet").stdout.split()
        if containers:
            self.docker("rm", "--force", *containers)
        images = sorted(set(self.docker("images", "--all", "--quiet").stdout.split()))
        if images:
            self.docker("rmi", "--force", *images)
        if self.containerd_store:
            # Docker removes no image whose name is not a full one.
            for name in self.containerd.images(IMAGES_NAMESPACE):
                self.containerd.ctr("images", "rm", "--sync", name, namespace=IMAGES_NAMESPACE)

    def _stop(self) -> None:
        """Stop what is running of the two servers."""
        if self._daemon is not None:
            self._daemon.stop()
            self._daemon = None
        self.containerd.__exit__(None, None, None)
