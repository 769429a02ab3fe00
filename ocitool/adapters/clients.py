"""The clients that archives are given to: ctr, docker, podman and nerdctl."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from ocitool.adapters.programs import Answer, Feeding, ask, find_program
from ocitool.adapters.versions import is_containerd_store, read_ctr, read_docker, read_nerdctl, read_podman
from ocitool.api.import_client import ClientOptions, Identity, Store, StoredImage
from ocitool.errors import ImporterError
from ocitool.model.platform import host_platform

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ocitool.api.import_client import Client, Sought
    from ocitool.model.platform import Platform

_SOCKET: Final = "/run/containerd/containerd.sock"
_SEPARATOR: Final = "\t"
_INSPECT: Final = "{{.Id}}\t{{.Os}}/{{.Architecture}}"

_REMEDIES: Final = {
    "ctr": "install containerd (Debian: apt install containerd), or name it: --ctr PATH",
    "docker": "install docker (Debian: apt install docker.io)",
    "podman": "install podman (Debian: apt install podman)",
    "nerdctl": "install nerdctl from its releases on GitHub",
}


def make_client(program: str, options: ClientOptions) -> Client:
    """Return the client of a name; raises `ImporterError` if the program is not there."""
    found = find_program(program, options.path, remedy=_REMEDIES[program])
    if program == "ctr":
        return Ctr(found, options)
    if program == "nerdctl":
        return Engine(found, program, ("version", "--format", "{{json .}}"), read_nerdctl, options.global_words)
    if program == "podman":
        return Engine(found, program, ("version", "--format", "json"), read_podman)
    return Engine(found, program, ("version", "--format", "{{json .}}"), read_docker)


@dataclass(frozen=True, slots=True)
class Ctr:
    """containerd's own client."""

    path: str
    options: ClientOptions = field(default_factory=ClientOptions)

    def identify(self) -> Identity:
        """Ask client and daemon for their versions; raises `ImporterError`."""
        answer = self._ask("version")
        # ctr names itself before it asks its daemon, and its complaints begin with its name.
        if "Client:" not in answer.output and not re.search(r"^ctr: ", answer.complaint, re.MULTILINE):
            raise ImporterError("is no ctr: it does not answer to `version` as ctr does", where=self.path)
        if answer.exit_code != 0:
            address = self.options.address or os.environ.get("CONTAINERD_ADDRESS") or _SOCKET
            raise _unanswered("ctr", answer, address, "--address names another socket")
        return read_ctr(answer.output, host_platform())

    def start(self, words: Sequence[str], *, redirected: bool) -> Feeding:
        """Start an import."""
        return Feeding(words, redirected=redirected)

    def look(self, sought: Sequence[Sought]) -> Store:
        """Ask for the images, each as `ctr images check` sees it, for all blobs and all snapshots."""
        images: list[StoredImage | None] = []
        options = () if self.options.snapshotter is None else ("--snapshotter", self.options.snapshotter)
        for image in sought:
            answer = self._ask("images", "check", *options, f"name=={image.name}")
            lines = (read_check(line, image.name) for line in answer.output.splitlines()[1:])
            images.append(next(filter(None, lines), None))
        blobs = self._ask("content", "ls", "-q")
        snapshots = self._ask("snapshots", *options, "ls")
        return Store(
            tuple(images),
            frozenset(blobs.output.split()) if blobs.exit_code == 0 else None,
            _snapshots(snapshots),
        )

    def _ask(self, *words: str) -> Answer:
        return ask((self.path, *self.options.global_words, *words))


def read_check(line: str, name: str) -> StoredImage | None:
    """Read a line of `ctr images check`: REF TYPE DIGEST STATUS SIZE UNPACKED; None if it is not of that image.

    The status is a word and a count in brackets, the size has blanks.
    """
    words = line.split()
    if len(words) < 5 or words[0] != name:
        return None
    bracket = 4 if len(words) > 4 and words[4].startswith("(") else 3
    unpacked = {"true": True, "false": False}.get(words[-1])
    return StoredImage(name, words[2], " ".join(words[3 : bracket + 1]), unpacked)


def read_snapshots(text: str) -> frozenset[str]:
    """Read `ctr snapshots ls`, a line each of KEY PARENT KIND; return the keys of those that are committed."""
    lines = (line.split() for line in text.splitlines())
    return frozenset(words[0] for words in lines if words[-1:] == ["Committed"])


def _snapshots(answer: Answer) -> frozenset[str] | None:
    """Return what is in a snapshotter, which is nothing if the daemon has none of that name."""
    if answer.exit_code != 0 and "not loaded" not in answer.complaint:
        return None
    return read_snapshots(answer.output)


@dataclass(frozen=True, slots=True)
class Engine:
    """A client that speaks as docker's does: docker itself, podman, nerdctl."""

    path: str
    name: str
    version_words: tuple[str, ...]
    read_version: Callable[[str, Platform], Identity]
    global_words: tuple[str, ...] = ()

    def identify(self) -> Identity:
        """Ask for versions and, of docker, for the kind of its image store; raises `ImporterError`."""
        answer = self._ask(*self.version_words)
        if answer.exit_code != 0:
            raise _unanswered(self.name, answer, "its daemon", "")
        identity = self.read_version(answer.output, host_platform())
        if self.name == "docker":
            status = self._ask("info", "--format", "{{json .DriverStatus}}")
            return replace(identity, is_containerd_store=is_containerd_store(status.output))
        return identity

    def start(self, words: Sequence[str], *, redirected: bool) -> Feeding:
        """Start an import."""
        return Feeding(words, redirected=redirected)

    def look(self, sought: Sequence[Sought]) -> Store:
        """Ask for each image by its name, or by its digest where it has no name of its own."""
        return Store(tuple(map(self._image, sought)))

    def _image(self, sought: Sought) -> StoredImage | None:
        has_name = sought.name and "@" not in sought.name
        for handle in (sought.name,) if has_name else sought.digests:
            answer = self._ask("image", "inspect", "--format", _INSPECT, handle)
            digest, _, platform = answer.output.strip().partition(_SEPARATOR)
            if answer.exit_code == 0 and digest:
                digest = digest if ":" in digest else f"sha256:{digest}"
                return StoredImage(sought.name, digest, platform=platform)
        return None

    def _ask(self, *words: str) -> Answer:
        return ask((self.path, *self.global_words, *words))


def _unanswered(program: str, answer: Answer, address: str, otherwise: str) -> ImporterError:
    """Say why a daemon gave no answer: permission, no socket, or what the client said."""
    said = answer.complaint.lower()
    remedies = [otherwise] if otherwise else []
    if "permission denied" in said:
        return ImporterError(
            f"{program} may not use {address}", remedy="; ".join(["run as root, or as who may use it", *remedies])
        )
    if any(words in said for words in ("no such file", "timeout", "refused", "cannot connect", "deadline")):
        return ImporterError(
            f"{program} gets no answer from {address}", remedy="; ".join(["start the daemon", *remedies])
        )
    return ImporterError(f"{program} does not tell its version: {answer.last_line[:300]}", remedy="; ".join(remedies))
