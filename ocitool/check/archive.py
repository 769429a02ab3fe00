"""All checks on an archive, in the order in which a reader wants to know."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from ocitool.check.catalogue import RULES
from ocitool.check.content import content_problems
from ocitool.check.documents import document_problems
from ocitool.check.gates import gate_problems
from ocitool.check.images import image_problems
from ocitool.check.layers.problems import layer_problems
from ocitool.check.report import Place, Problem
from ocitool.check.rule import Profile, Severity
from ocitool.check.scope import Scope, unmatched_problems
from ocitool.check.tar import tar_problems
from ocitool.model.delta import DELTA_RULE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.check.checked import CheckedArchive
    from ocitool.check.gates import Gates


_OF_NO_DELTA: Final = frozenset({"L11", "L12", "V25", "V26"})
"""Rules on what is there and what is not, which a delta breaks by what it is."""


def archive_problems(archive: CheckedArchive, gates: Gates) -> Iterator[Problem]:
    """Yield all that is wrong with an archive, and what it lacks of what was asked for."""
    scope = Scope.of(archive, gates.scope)
    yield from filter(scope.holds, _problems(archive))
    yield from unmatched_problems(archive, gates.scope)
    if scope.archive.graph.images or not gates.scope.patterns:
        yield from gate_problems(scope.archive, gates)


def _problems(archive: CheckedArchive) -> Iterator[Problem]:
    yield from tar_problems(archive)
    explained: set[str] = set()
    for problem in document_problems(archive):
        if RULES[problem.rule].severity(Profile.IMPORT) is Severity.ERROR:
            explained.add(problem.place.entry)
        yield problem
    # What keeps writers from trusting a document is said already, and more exactly; the rest must not get lost.
    for fault in archive.graph.faults:
        if fault.where not in explained or fault.rule.startswith("T"):
            remedy = "" if fault.rule == DELTA_RULE else fault.remedy
            yield Problem(fault.rule, fault.message, Place(fault.where), remedy)
    left_out = _OF_NO_DELTA if archive.graph.is_delta else frozenset()
    for problem in chain(content_problems(archive), image_problems(archive)):
        if problem.rule not in left_out:
            yield problem
    yield from layer_problems(archive)
