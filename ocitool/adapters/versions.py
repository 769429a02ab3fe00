"""What clients print of their versions, read; pure functions of their text."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from ocitool.advice.version import Version
from ocitool.api.import_client import Identity
from ocitool.errors import ImporterError, UsageError
from ocitool.model.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Mapping

_BLOCK: Final = re.compile(r"^(?P<block>\w+):[ \t]*\S*.*$|^[ \t]+Version:[ \t]*(?P<version>\S+)", re.MULTILINE)

CONTAINERD_STORE: Final = "io.containerd.snapshotter"
"""How the `driver-type` of a docker begins whose images are in containerd (`docker info`, DriverStatus)."""


def read_ctr(text: str, host: Platform) -> Identity:
    """Read `ctr version`: a block of the client and, if the daemon answered, one of the server.

    Raises `ImporterError` if it names no version of both.
    """
    versions: dict[str, str] = {}
    block = ""
    for found in _BLOCK.finditer(text):
        block = found["block"] or block
        if found["version"]:
            versions.setdefault(block, found["version"])
    return Identity(_version(versions.get("Client"), "ctr"), _version(versions.get("Server"), "containerd"), host)


def read_docker(text: str, host: Platform) -> Identity:
    """Read `docker version --format '{{json .}}'`; raises `ImporterError` if it names no version of both."""
    value = _parsed(text, "docker")
    client, server = _object(value.get("Client")), _object(value.get("Server"))
    return Identity(
        _version(client.get("Version"), "docker"),
        _version(server.get("Version"), "the docker daemon"),
        _platform(server, host),
    )


def is_containerd_store(text: str) -> bool:
    """Tell from `docker info --format '{{json .DriverStatus}}'` whether images are in containerd."""
    try:
        pairs = json.loads(text)
    except ValueError:
        return False
    return isinstance(pairs, list) and any(
        isinstance(pair, list)
        and len(pair) == 2
        and pair[0] == "driver-type"
        and str(pair[1]).startswith(CONTAINERD_STORE)
        for pair in pairs
    )


def read_podman(text: str, host: Platform) -> Identity:
    """Read `podman version --format json`, which has a server only where podman is a remote client."""
    value = _parsed(text, "podman")
    client, server = _object(value.get("Client")), _object(value.get("Server"))
    daemon = _version(server.get("Version"), "podman") if server else None
    system, _, architecture = str((server or client).get("OsArch") or "").partition("/")
    return Identity(
        _version(client.get("Version"), "podman"), daemon, _platform({"Os": system, "Arch": architecture}, host)
    )


def read_nerdctl(text: str, host: Platform) -> Identity:
    """Read `nerdctl version --format '{{json .}}'`: its own version, and that of the containerd behind it."""
    value = _parsed(text, "nerdctl")
    client, server = _object(value.get("Client")), _object(value.get("Server"))
    components = server.get("Components")
    named = [_object(item) for item in components] if isinstance(components, list) else []
    found = next((item.get("Version") for item in named if item.get("Name") == "containerd"), None)
    return Identity(
        _version(client.get("Version"), "nerdctl"), _version(found, "containerd"), _platform(client, host)
    )


def _parsed(text: str, program: str) -> Mapping[str, object]:
    try:
        return _object(json.loads(text))
    except ValueError:
        raise ImporterError(f"{program} does not tell its version as JSON", where=program) from None


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _version(text: object, program: str) -> Version:
    try:
        return Version.parse(str(text or ""))
    except UsageError:
        raise ImporterError(
            f"does not tell its version: {str(text or 'nothing')[:80]!r}",
            where=program,
            remedy="--dry-run with --ctr-version tells what would be run",
        ) from None


def _platform(value: Mapping[str, object], host: Platform) -> Platform:
    """Return the platform that a daemon names, else this machine's."""
    system, architecture = str(value.get("Os") or ""), str(value.get("Arch") or "")
    if not system or not architecture:
        return host
    found = Platform(system, architecture).normalized()
    # The same machine, which knows more of its processor.
    return host if (found.os, found.architecture) == (host.os, host.architecture) else found
