"""The options of `import`, and what they ask for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from ocitool.cli.options import (
    Format,
    MaxRatio,
    Progress,
    ProgressMode,
    Quiet,
    ReportFormat,
    ReportSpoolDirectory,
)
from ocitool.errors import UsageError
from ocitool.model.limits import RATIO_LIMIT

if TYPE_CHECKING:
    from ocitool.advice.version import Version
    from ocitool.api.import_client import Identity
    from ocitool.api.import_plan import ImportOptions
    from ocitool.api.opening import SourceOptions


class Program(Enum):
    """The client that an archive is given to."""

    CTR = "ctr"
    DOCKER = "docker"
    PODMAN = "podman"
    NERDCTL = "nerdctl"


class DockerStore(Enum):
    """Where a docker keeps its images."""

    CONTAINERD = "containerd"
    CLASSIC = "classic"


_CONTAINERD_STORE_SINCE: Final = "29"
"""The first docker that keeps images in containerd unless it is told otherwise (its release notes)."""

_NAMESPACE: Final = re.compile(r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*")
_NAMESPACE_LIMIT: Final = 76
"""What containerd takes for the name of a namespace (pkg/identifiers/validate.go)."""

_WITHOUT_CONTAINERD: Final = frozenset({Program.DOCKER, Program.PODMAN})

SomePlatforms: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--platform",
        "-p",
        metavar="P",
        help="Import these alone, filtered on the way; repeatable, comma lists, as for filter.",
        show_default=False,
    ),
]
Images: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--image", metavar="REF", help="Only these images; repeatable, globs.", show_default=False),
]
Name: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--name", metavar="REF", help="Name the only image, or the only one without a name.", show_default=False
    ),
]
To: TypeAlias = Annotated[Program, typer.Option("--to", help="The client that the archive is given to.")]
CtrPath: TypeAlias = Annotated[
    str | None,
    typer.Option("--ctr", metavar="PATH", help="The ctr to run (default: that on PATH).", show_default=False),
]
Address: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--address", "-a", metavar="SOCKET", help="Socket of containerd, for ctr and nerdctl.", show_default=False
    ),
]
Namespace: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--namespace",
        "-n",
        metavar="NAME",
        help="Namespace of containerd, for ctr and nerdctl (default: default; Kubernetes has its images in k8s.io).",
        show_default=False,
    ),
]
Snapshotter: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--snapshotter", metavar="NAME", help="Snapshotter to unpack into, for ctr and nerdctl.", show_default=False
    ),
]
DryRun: TypeAlias = Annotated[
    bool, typer.Option("--dry-run", help="Print the command and how it would end, and run nothing.")
]
ClientVersion: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--ctr-version",
        "--client-version",
        metavar="V",
        help="With --dry-run: a version of the client that need not be here, such as 2.0.0.",
        show_default=False,
    ),
]
DaemonVersion: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--daemon-version",
        metavar="V",
        help="With --ctr-version: the daemon's version (default: the client's).",
        show_default=False,
    ),
]

Store: TypeAlias = Annotated[
    DockerStore | None,
    typer.Option(
        "--docker-store",
        help="With --client-version of docker: where it keeps images (default: containerd from 29 on).",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class ImportArguments:
    """The options of `import`, as they were given."""

    platforms: SomePlatforms = None
    images: Images = None
    name: Name = None
    program: To = Program.CTR
    path: CtrPath = None
    address: Address = None
    namespace: Namespace = None
    snapshotter: Snapshotter = None
    dry_run: DryRun = False
    client_version: ClientVersion = None
    daemon_version: DaemonVersion = None
    docker_store: Store = None
    form: ReportFormat = Format.TEXT
    quiet: Quiet = False
    progress: Progress = ProgressMode.AUTO
    spool_directory: ReportSpoolDirectory = None
    max_ratio: MaxRatio = RATIO_LIMIT

    def options(self) -> ImportOptions:
        """Return what is imported and where; raises `UsageError` for what cannot be meant."""
        from ocitool.api.import_client import ClientOptions
        from ocitool.api.import_plan import ImportOptions
        from ocitool.model.platform_selection import PlatformSelection
        from ocitool.model.renaming import Renaming

        self._check()
        if self.platforms:
            PlatformSelection.parse(self.platforms)
        Renaming.parse([self.name] if self.name is not None else [], [])
        address = None if self.address is None else self.address.removeprefix("unix://")  # ctr takes a bare path
        client = ClientOptions(self.path, address, self.namespace, self.snapshotter)
        return ImportOptions(tuple(self.platforms or ()), tuple(self.images or ()), self.name or "", client)

    def identity(self) -> Identity | None:
        """Return the client that is only said to be; None if it is to be asked. Raises `UsageError`."""
        from ocitool.advice.version import Version
        from ocitool.api.import_client import Identity
        from ocitool.model.platform import host_platform

        if self.client_version is None:
            return None
        daemon = None if self.daemon_version is None else Version.parse(self.daemon_version)
        version = Version.parse(self.client_version)
        return Identity(version, daemon, host_platform(), self._is_containerd_store(daemon or version))

    @property
    def store_line(self) -> str:
        """Which of the stores of a docker is meant that is only said to be, "" if that was told or cannot matter."""
        identity = self.identity()
        if identity is None or self.program is not Program.DOCKER or self.docker_store is not None:
            return ""
        if identity.is_containerd_store:
            return "with its images in containerd, the default from docker 29 on; --docker-store classic if not"
        return "with its own image store, the default before docker 29; --docker-store containerd if not"

    def _is_containerd_store(self, daemon: Version) -> bool:
        from ocitool.advice.version import Version

        if self.docker_store is not None:
            return self.docker_store is DockerStore.CONTAINERD
        return self.program is Program.DOCKER and daemon >= Version.parse(_CONTAINERD_STORE_SINCE)

    def source_options(self) -> SourceOptions:
        """Return how the source is read."""
        from ocitool.api.opening import SourceOptions

        return SourceOptions(spool_directory=self.spool_directory, ratio_limit=self.max_ratio)

    def _check(self) -> None:
        self._check_values()
        name = self.program.value
        if self.path is not None and self.program is not Program.CTR:
            raise UsageError(f"--ctr names ctr, and --to {name} runs {name}", remedy="leave one of them out")
        daemon_options = (self.address, self.namespace, self.snapshotter)
        if self.program in _WITHOUT_CONTAINERD and any(option is not None for option in daemon_options):
            remedy = "DOCKER_HOST tells docker where its daemon is" if name == "docker" else "leave them out"
            raise UsageError(f"--address, --namespace and --snapshotter are not for {name}", remedy=remedy)
        if self.client_version is not None and not self.dry_run:
            raise UsageError("--ctr-version is for --dry-run: what is run tells its version", remedy="add --dry-run")
        if self.daemon_version is not None and self.client_version is None:
            raise UsageError("--daemon-version goes with --ctr-version", remedy="give both, or neither")
        if self.docker_store is not None and (self.client_version is None or self.program is not Program.DOCKER):
            raise UsageError(
                "--docker-store goes with --to docker and --client-version: a docker that is here tells its own",
                remedy="leave it out",
            )

    def _check_values(self) -> None:
        """Refuse what no client takes."""
        values = {
            "--ctr": self.path,
            "--address": self.address,
            "--namespace": self.namespace,
            "--snapshotter": self.snapshotter,
        }
        for option, value in values.items():
            if value == "":
                raise UsageError(f"{option} is empty", remedy="give it a value, or leave it out")
        namespace = self.namespace
        if namespace is not None and (len(namespace) > _NAMESPACE_LIMIT or not _NAMESPACE.fullmatch(namespace)):
            raise UsageError(
                f"{namespace!r} is no name of a namespace",
                remedy=f"containerd takes A-Z, a-z and 0-9, with single . _ - between, {_NAMESPACE_LIMIT} at most",
            )
