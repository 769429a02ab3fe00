"""Archives that break a rule: what is predicted is what live containerd was seen to do (tests/importers)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import pytest

from ocitool.advice.facts import ArchiveFacts
from ocitool.advice.importers import find_importer
from ocitool.advice.outcome import Ending
from ocitool.advice.target import Target
from ocitool.advice.version import Version
from ocitool.archive.reader import scan_archive
from ocitool.errors import DocumentError, MissingIndex
from ocitool.graph.build import unlisted_graph
from ocitool.model.platform import Platform
from tests.advice.shapes import facts_of
from tests.importers.predictions import SEEN, breaking, expected
from tests.importers.reactions import Reaction
from tests.sources import BytesSource

if TYPE_CHECKING:
    from ocitool.model.digest import Digest

VERSIONS: Final = {"containerd-1.6": "1.6.20", "containerd-1.7": "1.7.24", "containerd-2": "2.1.9"}

NOT_IN_THE_GRAPH: Final = {
    **dict.fromkeys(("C6", "C11", "C13", "C14"), "other fields of a config"),
    **dict.fromkeys(("C8", "Y1", "Y5", "Y11", "Y12"), "what layers hold"),
    "J8": "a key that differs in case",
    **dict.fromkeys(("T8", "T8: bzip2"), "the archive itself has to be unpacked first"),
}
"""Why something is not predicted."""


def read(data: bytes) -> ArchiveFacts:
    """Read an archive, broken as it may be, and hash its blobs."""
    source = BytesSource(data)
    try:
        facts = facts_of(data)
    except (DocumentError, MissingIndex) as error:
        return ArchiveFacts(unlisted_graph(scan_archive(source), source, error))
    wrong = {
        digest
        for digest, entry in facts.graph.blobs.items()
        if not facts.compression and _hashed(digest, data[entry.data_offset :][: entry.size]) != digest.hex
    }
    return ArchiveFacts(facts.graph, facts.compression, frozenset(wrong))


def _hashed(digest: Digest, data: bytes) -> str:
    return hashlib.new(digest.algorithm, data).hexdigest()


@pytest.mark.parametrize("case", sorted(set(SEEN) - set(NOT_IN_THE_GRAPH)))
def test_it_is_predicted(case: str) -> None:
    facts = read(breaking(case))
    for label, version in VERSIONS.items():
        target = Target("ctr", Version.parse(version), Platform("linux", "amd64"))
        outcome = find_importer("ctr").predict(facts, target, ())
        if outcome.ending is Ending.ERROR:
            reaction = Reaction.FAILS
        elif outcome.ending is Ending.NOTHING:
            reaction = Reaction.NOTHING
        else:
            reaction = Reaction.TAKES if all(image.ready for image in outcome.images) else Reaction.LIES
        assert reaction in expected(case, label), (version, outcome)
