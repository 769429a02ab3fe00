"""List the engines that import archives and bring them to this machine.

The table is data: tests take their ids from it, so collecting them needs no network.
A row names the suite that holds a version line; what the suite holds today is found
out on provisioning.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .debian import DebianError, PackageTree, Suite, SuiteError
from .program import SYSTEM_PATH, Program
from .relocation import RelocationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SUITES = ("bookworm", "trixie", "sid")
ARCHIVED_SUITES = ("bullseye",)
RUNTIME = ("runc",)
ARCHIVED_CONTAINERD = "containerd-archived"


@dataclass(frozen=True, slots=True)
class EngineRow:
    """Say where one version line of an engine comes from.

    ``series`` is the start its version must have; empty where any version will do.
    """

    label: str
    product: str
    suite: str
    series: str
    package: str
    companions: tuple[str, ...]
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Engine:
    """Name one engine on this machine: its version, unpacked suite and executables."""

    label: str
    product: str
    suite: str
    version: str
    root: Path
    commands: Mapping[str, Path]
    search_path: str

    def program(self, command: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Program:
        """Return one executable, set up so that it finds its suite's others first."""
        variables = {"PATH": self.search_path, **(environment or {})}
        return Program(self.commands[command], arguments, variables)


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Say why an engine cannot be had; `is_gone` if its suite is past its support, and no mirror has it any more."""

    label: str
    reason: str
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Engines:
    """Hold every engine of the table, or the reason for its absence, by label."""

    found: Mapping[str, Engine | Unavailable] = field(default_factory=dict)

    def __getitem__(self, label: str) -> Engine | Unavailable:
        """Return the engine called ``label``, or why it is absent."""
        return self.found[label]

    def available(self, product: str) -> list[Engine]:
        """Return the engines of ``product`` that can be had, oldest first."""
        engines = [engine for engine in self.found.values() if isinstance(engine, Engine)]
        return [engine for engine in engines if engine.product == product]


def _containerd(label: str, suite: str, series: str) -> EngineRow:
    """Return the row of one containerd version line."""
    commands = ("ctr", "containerd", "containerd-shim-runc-v2", "runc")
    return EngineRow(label, "containerd", suite, series, "containerd", RUNTIME, commands)


def _docker(label: str, suite: str, series: str, client: tuple[str, ...]) -> EngineRow:
    """Return the row of one docker version line; newer suites package the client apart."""
    companions = ("containerd", *RUNTIME, *client)
    commands = ("dockerd", "docker", "ctr", "containerd", "containerd-shim-runc-v2", "runc")
    return EngineRow(label, "docker", suite, series, "docker.io", companions, commands)


def _podman(label: str, suite: str, series: str, network: tuple[str, ...]) -> EngineRow:
    """Return the row of one podman; it refuses even to load without its companions."""
    commands = ("podman", "conmon", "runc")
    companions = ("conmon", *RUNTIME, *network)
    return EngineRow(label, "podman", suite, series, "podman", companions, commands)


def _plain(product: str, suite: str, series: str) -> EngineRow:
    """Return the row of an engine that is one program in the package of its name."""
    label = f"{product}-{series or suite}"
    return EngineRow(label, product, suite, series, product, (), (product,))


TABLE: tuple[EngineRow, ...] = (
    _containerd("containerd-1.6", "bookworm", "1.6"),
    _containerd("containerd-1.7", "trixie", "1.7"),
    _containerd("containerd-2", "sid", "2."),
    EngineRow("runc-1.1", "runc", "bookworm", "1.1", "runc", (), ("runc",)),
    EngineRow("runc-sid", "runc", "sid", "", "runc", (), ("runc",)),
    _plain("skopeo", "bookworm", "1.9"),
    _plain("skopeo", "sid", ""),
    _plain("umoci", "bookworm", "0.4"),
    _plain("umoci", "sid", ""),
    _plain("oras", "trixie", "1.2"),
    _plain("oras", "sid", ""),
    _podman("podman-4.3", "bookworm", "4.3", ()),
    _podman("podman-sid", "sid", "", ("netavark",)),
    _plain("crane", "sid", ""),
    _plain("buildah", "bookworm", "1.28"),
    EngineRow("buildah-sid", "buildah", "sid", "", "buildah", ("netavark",), ("buildah",)),
    _docker("docker-20.10", "bookworm", "20.10", ()),
    _docker("docker-sid", "sid", "", ("docker-cli",)),
)

ARCHIVED: tuple[EngineRow, ...] = (
    replace(_containerd("containerd-1.4", "bullseye", "1.4"), product=ARCHIVED_CONTAINERD),
)
"""Engines of suites past their support, whose mirrors may vanish; only tests that name this product run them."""

PROGRAM_FOLDERS = ("usr/sbin", "usr/bin")


def labels(product: str) -> list[str]:
    """Return the labels of ``product`` in the table, oldest first."""
    return [row.label for row in (*ARCHIVED, *TABLE) if row.product == product]


def provision() -> Engines:
    """Bring every engine of the table; what cannot be had is listed with the reason."""
    suites = (*ARCHIVED_SUITES, *SUITES)
    with ThreadPoolExecutor(len(suites)) as pool:
        trees = dict(zip(suites, pool.map(_bring, suites), strict=True))
    return Engines({row.label: _resolve(row, trees[row.suite]) for row in (*ARCHIVED, *TABLE)})


def _bring(suite: str) -> PackageTree | Unavailable:
    """Return the unpacked packages of one suite, or why they cannot be had."""
    rows = [row for row in (*ARCHIVED, *TABLE) if row.suite == suite]
    packages = {name for row in rows for name in (row.package, *row.companions)}
    commands = sorted({command for row in rows for command in row.commands})
    programs = [f"{folder}/{name}" for folder in PROGRAM_FOLDERS for name in commands]
    try:
        return Suite(suite).tree(sorted(packages), programs)
    except (DebianError, RelocationError, OSError) as error:
        is_gone = isinstance(error, SuiteError) and suite in ARCHIVED_SUITES
        return Unavailable(suite, f"{suite}: {error}", is_gone)


def _resolve(row: EngineRow, tree: PackageTree | Unavailable) -> Engine | Unavailable:
    """Return the engine of ``row`` as the unpacked suite holds it."""
    if isinstance(tree, Unavailable):
        return replace(tree, label=row.label)
    version = _upstream(tree.versions.get(row.package, ""))
    if not version:
        return Unavailable(row.label, f"{row.suite} has no package {row.package}")
    if not version.startswith(row.series):
        reason = f"{row.suite} holds {row.package} {version}, not {row.series}"
        return Unavailable(row.label, reason)
    folders = [tree.root / folder for folder in PROGRAM_FOLDERS]
    commands = _locate(row.commands, folders)
    absent = sorted(set(row.commands) - set(commands))
    if absent:
        return Unavailable(row.label, f"{row.suite} lacks {', '.join(absent)}")
    search = ":".join([*map(str, folders), SYSTEM_PATH])
    return Engine(row.label, row.product, row.suite, version, tree.root, commands, search)


def _locate(commands: Sequence[str], folders: Sequence[Path]) -> dict[str, Path]:
    """Return the path of each command found in ``folders``."""
    candidates = [(name, folder / name) for folder in folders for name in commands]
    return {name: path for name, path in candidates if path.is_file()}


def _upstream(version: str) -> str:
    """Return the upstream part of a Debian version: ``1:1.6.20~ds1-1`` is ``1.6.20``."""
    upstream = version.rpartition(":")[2].rpartition("-")[0]
    return upstream.partition("~")[0].partition("+")[0]
