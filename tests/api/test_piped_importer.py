"""Commands of importers, as they read from a pipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from ocitool.advice.facts import ArchiveFacts
from ocitool.advice.target import Target
from ocitool.advice.version import Version
from ocitool.api.piped_importer import PIPE, PipedImporter
from ocitool.model.platform import Platform
from tests.api.simple_importer import SimpleImporter
from tests.builders import multi_platform
from tests.laws.filtering import graph_of

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Spelled(SimpleImporter):
    """An importer of one command line, in which SRC is the archive."""

    command: str = ""

    def words(self, arguments: Sequence[str], source: str) -> tuple[str, ...]:
        return tuple(word.replace("SRC", source) for word in self.command.split())


@pytest.mark.parametrize(
    ("command", "piped"),
    [
        ("ctr images import --all-platforms SRC", "ctr images import --all-platforms -"),
        ("docker load -i SRC --platform linux/arm64", "docker load --platform linux/arm64"),
        ("nerdctl load --input SRC", "nerdctl load"),
        ("podman pull --arch arm64 oci-archive:SRC", None),
    ],
)
def test_command_for_a_pipe(command: str, piped: str | None) -> None:
    importer = PipedImporter(Spelled(command=command))
    facts, host = ArchiveFacts(graph_of(multi_platform().pack())), Platform("linux", "amd64")
    candidates = importer.candidates(facts, Target("ctr", Version(1), host), (host,))
    assert bool(candidates) == (piped is not None)
    if piped is not None:
        assert " ".join(importer.words((), PIPE)) == piped
