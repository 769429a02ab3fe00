"""Bring packages of several Debian suites side by side without installing them.

Each suite gets an apt configuration of its own (sources, lists, cache, an empty dpkg
status), so neither the machine's installed packages nor its pinning take part, and
nothing outside the cache folder is written. Signatures are checked as always.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .cache import cache_root, cached_folder, locked
from .relocation import relocate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

DEFAULT_MIRROR = "http://deb.debian.org/debian"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
INHERITED_SETTINGS = (
    "Acquire::http",
    "Acquire::https",
    "Acquire::Check-Valid-Until",
    "Acquire::Check-Date",
)
LAYOUT_VERSION = 2
# patchelf 0.18 of later suites writes programs that crash; 0.14 of this one does not.
PATCHER_SUITE = "bookworm"
RECORD = "packages.json"


class DebianError(RuntimeError):
    """Say that a package cannot be had."""


class SuiteError(DebianError):
    """Say that no list of a suite's packages can be had: there is no such suite, or no way to it."""


@dataclass(frozen=True, slots=True)
class PackageTree:
    """Name a folder of unpacked packages and the version of each."""

    root: Path
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Suite:
    """Fetch packages of one suite and architecture."""

    name: str
    architecture: str = ""

    def tree(self, packages: Sequence[str], programs: Sequence[str] = ()) -> PackageTree:
        """Return the unpacked ``packages``, with all that ``programs`` need to run here.

        Names unknown to the suite are left out and are absent from ``versions``: one
        renamed package must not take every other engine of its suite away.
        """
        wanted = {
            "layout": LAYOUT_VERSION,
            "root": str(cache_root()),
            "packages": sorted(packages),
            "programs": sorted(programs),
        }
        digest = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()
        key = f"{self.name}-{self._architecture()}-{digest[:12]}"

        def fill(draft: Path) -> None:
            with locked(f"apt-{self.name}-{self._architecture()}"):
                versions = self._fetch(draft, packages)
            if programs:
                patcher = Suite(PATCHER_SUITE).tree(("patchelf",)).root
                paths = [draft / program for program in programs]
                relocate(draft, draft.with_name(key), paths, patcher)
            (draft / RECORD).write_text(json.dumps(versions, indent=1, sort_keys=True))

        root = cached_folder("trees", key, fill)
        return PackageTree(root, json.loads((root / RECORD).read_text()))

    def _fetch(self, target: Path, packages: Sequence[str]) -> dict[str, str]:
        """Download and unpack ``packages`` into ``target``.

        The lists are brought up to date first, for sid drops superseded packages.
        """
        self._configure()
        try:
            self._apt("apt-get", "update")
        except DebianError as error:
            raise SuiteError(str(error)) from error
        dependencies = _parse_depends(self._apt("apt-cache", "--important", "--recurse", "depends", *packages))
        known = [package for package in packages if package in dependencies]
        if not known:
            raise DebianError(f"{self.name} has none of {', '.join(packages)}")
        closure = sorted({*known, *_libraries(known, dependencies)})
        downloads = target / ".downloads"
        downloads.mkdir()
        self._apt("apt-get", "download", *closure, folder=downloads)
        versions: dict[str, str] = {}
        for archive in sorted(downloads.glob("*.deb")):
            name, version = _checked("dpkg-deb", "--show", str(archive)).split()
            versions[name.partition(":")[0]] = version
            _checked("dpkg-deb", "--extract", str(archive), str(target))
            archive.unlink()
        downloads.rmdir()
        return versions

    def _architecture(self) -> str:
        """Return the asked architecture, else the machine's own."""
        return self.architecture or _checked("dpkg", "--print-architecture").strip()

    def _folder(self) -> Path:
        """Return the folder of this suite's apt state."""
        return cache_root() / "apt" / f"{self.name}-{self._architecture()}"

    def _configure(self) -> None:
        """Write the apt configuration of this suite.

        Of the machine's own configuration only what concerns its mirror stays: proxies,
        and whether lists older than they say may be used (mirrors frozen in time).
        """
        folder, architecture = self._folder(), self._architecture()
        for part in ("lists/partial", "cache/archives/partial", "state", "empty"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        (folder / "sources.list").write_text(
            f"deb [signed-by={KEYRING} arch={architecture}] {mirror()} {self.name} main\n"
        )
        inherited = _checked("apt-config", "dump", *INHERITED_SETTINGS)
        (folder / "apt.conf").write_text(
            f"{inherited}\n"
            f'Dir::Etc::main "/dev/null";\n'
            f'Dir::Etc::parts "{folder}/empty";\n'
            f'Dir::Etc::sourcelist "{folder}/sources.list";\n'
            f'Dir::Etc::sourceparts "{folder}/empty";\n'
            f'Dir::Etc::preferences "/dev/null";\n'
            f'Dir::Etc::preferencesparts "{folder}/empty";\n'
            f'Dir::State "{folder}/state";\n'
            f'Dir::State::lists "{folder}/lists";\n'
            f'Dir::State::status "{folder}/status";\n'
            f'Dir::Cache "{folder}/cache";\n'
            f'Dir::Cache::pkgcache "";\n'
            f'Dir::Cache::srcpkgcache "";\n'
            f'Acquire::GzipIndexes "true";\n'
            f'APT::Architecture "{architecture}";\n'
            f'APT::Architectures {{ "{architecture}"; }};\n'
            f'APT::Sandbox::User "root";\n'
            f'APT::Update::Error-Mode "any";\n'
            f'Acquire::Languages "none";\n'
            f'Acquire::Retries "2";\n'
            f'Acquire::http::Timeout "30";\n'
        )

    def _apt(self, *command: str, folder: Path | None = None) -> str:
        """Run an apt command under this suite's configuration."""
        configuration = {"APT_CONFIG": str(self._folder() / "apt.conf")}
        return _checked(*command, folder=folder, variables=configuration)


def mirror() -> str:
    """Return the Debian mirror the machine's own apt uses for its release.

    Security and update suites live elsewhere or under other names, and other vendors'
    sources never carry the release's plain name with a path ending in ``debian``.
    """
    try:
        lines = _checked("apt-get", "indextargets", "--format", "$(REPO_URI) $(COMPONENT)")
    except DebianError:
        return DEFAULT_MIRROR
    for line in lines.splitlines():
        address, _, component = line.partition(" ")
        if component == "main" and address.rstrip("/").endswith("/debian"):
            return address.rstrip("/")
    return DEFAULT_MIRROR


def _parse_depends(listing: str) -> dict[str, list[str]]:
    """Read ``apt-cache depends`` into package and what it needs.

    Of alternatives (``|Depends``) all are kept; only libraries are followed later.
    """
    dependencies: dict[str, list[str]] = {}
    current: list[str] = []
    for line in listing.splitlines():
        if not line.startswith(" "):
            current = dependencies.setdefault(line.strip(), [])
        elif "Depends: " in line:
            current.append(line.partition("Depends: ")[2].strip())
    return dependencies


def _libraries(roots: Sequence[str], dependencies: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the library packages that ``roots`` need, one after the other.

    Only names starting with ``lib`` are followed: services, configuration and other
    programs are named outright by whoever wants them, which keeps the download small.
    """
    pending, seen = list(roots), set(roots)
    while pending:
        for name in dependencies.get(pending.pop(), ()):
            if name.startswith("lib") and name in dependencies and name not in seen:
                seen.add(name)
                pending.append(name)
                yield name


def _checked(*command: str, folder: Path | None = None, variables: Mapping[str, str] | None = None) -> str:
    """Return what a command prints, or raise with what it complained of."""
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        result = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            cwd=folder,
            timeout=600,
            env={**environment, **(variables or {})},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DebianError(f"{command[0]}: {error}") from error
    if result.returncode != 0:
        complaints = [line for line in result.stderr.splitlines() if not line.startswith("W:")]
        raise DebianError(f"{' '.join(command[:2])}: {' '.join(complaints)[-500:]}")
    return result.stdout
