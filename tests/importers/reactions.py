"""What a real importer does with an archive, in one word."""

from __future__ import annotations

import json
import tarfile
from enum import StrEnum
from typing import TYPE_CHECKING

from .test_filtered_archives import surviving_content

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import CompletedProcess

    from .containerd import ContainerdServer
    from .docker import DockerServer
    from .podman import Podman
    from .program import Program

FULL_NAME = "io.containerd.image.name"
REF_NAME = "org.opencontainers.image.ref.name"
DANGLING = "<none>:<none>"


class Reaction(StrEnum):
    """How an import ends.

    `TAKES`: all that is named is there, whole. `FAILS`: exit code other than 0. `NOTHING`: exit code 0, and no image.
    `ANOTHER`: images of other names than the archive gives. `LIES`: exit code 0, and an image that lacks content or
    cannot be unpacked.
    """

    TAKES = "takes it"
    FAILS = "fails"
    NOTHING = "stores nothing"
    ANOTHER = "stores another"
    LIES = "lies"


def listed_names(archive: Path) -> set[str] | None:
    """Return the full names that an archive gives, read with Python's own tar; None where its list cannot be read."""
    try:
        with tarfile.open(archive) as entries:
            is_layout = "index.json" in entries.getnames()
            index = entries.extractfile("index.json" if is_layout else "manifest.json")
            value = {} if index is None else json.load(index)
        if not is_layout:
            return {normal(tag) for item in value for tag in item["RepoTags"] or ()}
        annotations = [root.get("annotations") or {} for root in value["manifests"]]
        return {name for notes in annotations if (name := notes.get(FULL_NAME) or notes.get(REF_NAME))}
    except (KeyError, ValueError, TypeError, AttributeError, tarfile.TarError):
        return None


def normal(tag: str) -> str:
    """Return the full name of a tag of docker's, which leaves out its own registry."""
    return tag if "/" in tag else f"docker.io/library/{tag}"


def familiar_name(name: str) -> str:
    """Return what docker shows of a full name."""
    return name.removeprefix("docker.io/library/").removeprefix("docker.io/")


def stored_blobs(archive: Path) -> set[str]:
    """Return the digests that the blobs of an archive are named by."""
    with tarfile.open(archive) as entries:
        names = [entry.name.split("/") for entry in entries if entry.isfile() and entry.name.startswith("blobs/")]
    return {":".join(parts[1:]) for parts in names}


def of_containerd(server: ContainerdServer, archive: Path, *flags: str) -> Reaction:
    """Import into a namespace of its own, and have containerd check what it stored.

    What is not unpacked is held to be there when the garbage is collected.
    """
    with server.namespace() as namespace:
        result = server.ctr("images", "import", *flags, str(archive), namespace=namespace)
        names = set(server.images(namespace))
        reaction = _judged(result, names, names, listed_names(archive))
        if reaction is not Reaction.TAKES:
            return reaction
        if "--no-unpack" in flags:
            is_whole = stored_blobs(archive) <= surviving_content(server, namespace)
        else:
            is_whole = all(is_complete(server, namespace, name) for name in names)
        return reaction if is_whole else Reaction.LIES


def is_complete(server: ContainerdServer, namespace: str, name: str) -> bool:
    """Tell whether containerd calls an image complete and unpacked."""
    result = server.ctr("images", "check", f"name=={name}", namespace=namespace)
    return result.returncode == 0 and "complete (" in result.stdout and result.stdout.split()[-1] == "true"


def of_docker(server: DockerServer, archive: Path) -> Reaction:
    """Load into an empty server."""
    server.clear()
    result = server.docker("load", "--input", str(archive))
    stored = server.images()
    listed = listed_names(archive)
    familiar = None if listed is None else set(map(familiar_name, listed))
    return _judged(result, set(stored), set(stored) - {DANGLING}, familiar)


def of_podman(podman: Podman, archive: Path) -> Reaction:
    """Load into an empty storage."""
    podman.clear()
    result = podman.run("load", "--input", str(archive))
    stored = set(podman.images())
    return _judged(result, stored, stored - {DANGLING}, listed_names(archive))


def of_skopeo(skopeo: Program, archive: Path, target: Path) -> Reaction:
    """Copy the image of the host's platform into a folder, which has no names to compare."""
    result = skopeo.run("copy", f"oci-archive:{archive}", f"oci:{target}:1.0")
    return Reaction.TAKES if result.returncode == 0 else Reaction.FAILS


def _judged(result: CompletedProcess[str], stored: set[str], names: set[str], listed: set[str] | None) -> Reaction:
    if result.returncode != 0:
        return Reaction.FAILS
    if not stored:
        return Reaction.NOTHING
    return Reaction.ANOTHER if listed is not None and names != listed else Reaction.TAKES
