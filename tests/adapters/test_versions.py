"""What clients print of themselves, as real ones do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ocitool.adapters.versions import is_containerd_store, read_ctr, read_docker, read_nerdctl, read_podman
from ocitool.advice.version import Version
from ocitool.errors import ImporterError
from ocitool.model.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Callable

    from ocitool.api.import_client import Identity

HOST = Platform("linux", "amd64")

CTR_16 = """\
Client:
  Version:  1.6.20~ds1
  Revision: 1.6.20~ds1-1+deb12u3
  Go version: go1.19.8

Server:
  Version:  1.6.20~ds1
  Revision: 1.6.20~ds1-1+deb12u3
  UUID: d6a07eaa-1e8f-4004-bc8c-6c02ca69041a
"""
CTR_17_OF_21 = """\
Client:
  Version:  v1.7.24
  Revision: 88bf19b2105c8b17560993bee28a01ddc2f97182
  Go version: go1.22.9

Server:
  Version:  2.1.9+unknown
  Revision: \n  UUID: 7bd73ee6-6acb-4b14-addf-742387cd4d86
WARNING: version mismatch
WARNING: revision mismatch
"""
CTR_10 = "Client:\n  Version:  v1.0.0\n  Revision: \n\nServer:\n  Version:  v1.1.8\n  Revision: 1\n"
CTR_SILENT = "Client:\n  Version:  1.7.24~ds1\n  Revision: 1.7.24~ds1-6+deb13u1\n  Go version: go1.24.4\n\n"


@pytest.mark.parametrize(
    ("text", "client", "daemon"),
    [
        (CTR_16, "1.6.20", "1.6.20"),
        (CTR_17_OF_21, "1.7.24", "2.1.9"),
        (CTR_10, "1.0.0", "1.1.8"),
        (CTR_16.replace("1.6.20~ds1\n", "2.1.9+unknown\n", 1), "2.1.9", "1.6.20"),
    ],
    ids=["1.6 of Debian", "1.7 at 2.1", "1.0 at 1.1", "2.1 at 1.6"],
)
def test_ctr(text: str, client: str, daemon: str) -> None:
    found = read_ctr(text, HOST)
    assert (found.version, found.daemon, found.host) == (Version.parse(client), Version.parse(daemon), HOST)


@pytest.mark.parametrize("text", ["", CTR_SILENT, "Client:\nServer:\n  Version: 1.7\n", "Client:\n  Version: here\n"])
def test_ctr_that_does_not_tell(text: str) -> None:
    with pytest.raises(ImporterError, match="does not tell its version"):
        read_ctr(text, HOST)


def docker(server: object, architecture: str = "amd64") -> str:
    client = {"Version": "28.5.2+dfsg4", "ApiVersion": "1.51", "Os": "linux", "Arch": "amd64"}
    if server == "full":
        components = [
            {"Name": "Engine", "Version": "20.10.24+dfsg1"},
            {"Name": "containerd", "Version": "1.6.20~ds1"},
        ]
        server = {"Components": components, "Version": "20.10.24+dfsg1", "Os": "linux", "Arch": architecture}
    return json.dumps({"Client": client, "Server": server})


@pytest.mark.parametrize(
    ("architecture", "host"), [("amd64", HOST), ("arm64", Platform("linux", "arm64"))], ids=["here", "elsewhere"]
)
def test_docker(architecture: str, host: Platform) -> None:
    found = read_docker(docker("full", architecture), HOST)
    assert (str(found.version), str(found.daemon), found.host) == ("28.5.2", "20.10.24", host)


@pytest.mark.parametrize(
    ("read", "text"),
    [(read_docker, docker(None)), (read_docker, "json\n"), (read_docker, "[]"), (read_podman, "{}")],
    ids=["no daemon", "no JSON", "a list", "empty"],
)
def test_one_that_does_not_tell(read: Callable[[str, Platform], Identity], text: str) -> None:
    with pytest.raises(ImporterError, match="does not tell its version"):
        read(text, HOST)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[["driver-type","io.containerd.snapshotter.v1"]]', True),
        ('[["Backing Filesystem","extfs"],["Supports d_type","true"]]', False),
        ("null", False),
        ("", False),
        ('[["driver-type"]]', False),
    ],
)
def test_store_of_docker(text: str, expected: bool) -> None:
    assert is_containerd_store(text) is expected


def test_podman() -> None:
    client = {"APIVersion": "5.8.6", "Version": "5.8.6", "OsArch": "linux/amd64", "Os": "linux"}
    found = read_podman(json.dumps({"Client": client}), HOST)
    assert (str(found.version), found.daemon, found.host) == ("5.8.6", None, HOST)


def test_podman_elsewhere() -> None:
    client, server = {"Version": "5.8.6", "OsArch": "darwin/arm64"}, {"Version": "4.9.0", "OsArch": "linux/arm64"}
    found = read_podman(json.dumps({"Client": client, "Server": server}), HOST)
    assert (str(found.version), str(found.daemon), found.host) == ("5.8.6", "4.9.0", Platform("linux", "arm64"))


def test_nerdctl() -> None:
    client = {"Version": "v2.0.3", "Os": "linux", "Arch": "amd64"}
    components = [{"Name": "runc", "Version": "1.2.4"}, {"Name": "containerd", "Version": "v2.0.2"}]
    found = read_nerdctl(json.dumps({"Client": client, "Server": {"Components": components}}), HOST)
    assert (str(found.version), str(found.daemon), found.host) == ("2.0.3", "2.0.2", HOST)
