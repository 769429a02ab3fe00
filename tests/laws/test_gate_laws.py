"""Laws of gates: what filter makes of a selection passes that selection, and verify never ends in exit 4 or 5."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from ocitool.archive.reader import scan_archive
from ocitool.check.archive import archive_problems
from ocitool.check.checked import CheckedArchive
from ocitool.check.content import blobs_to_hash
from ocitool.check.gates import Gates, gate_problems
from ocitool.engine.unpack import read_blobs
from ocitool.errors import IntegrityError, SelectionError
from ocitool.graph.build import build_graph
from ocitool.model.platform_selection import PlatformSelection
from ocitool.model.reference import Reference
from ocitool.plan.options import IndexForm, Missing
from tests.laws.filtering import filtered
from tests.sources import BytesSource
from tests.strategies import PLATFORMS, Archive, archives, selected_archives

if TYPE_CHECKING:
    from ocitool.check.report import Problem

SELECTIONS = st.lists(
    st.sampled_from([*PLATFORMS, "linux/*", "all", "available", "!linux/386", "linux/arm*", "windows"]),
    min_size=1,
    max_size=3,
)


def checked(data: bytes) -> CheckedArchive:
    source = BytesSource(data)
    scan = scan_archive(source)
    graph = build_graph(scan, source)
    return CheckedArchive(source, scan, graph, read_blobs(blobs_to_hash(graph), source).actual)


def gates(data: bytes, platforms: list[str], *, only: bool = True) -> list[Problem]:
    return list(gate_problems(checked(data), Gates(PlatformSelection.parse(platforms), only=only)))


def _try_filter(data: bytes, platforms: list[str], form: IndexForm) -> bytes | None:
    try:
        return filtered(data, platforms, missing=Missing.ERROR, index=form)
    except (SelectionError, IntegrityError):
        return None


@given(archives(), SELECTIONS, st.sampled_from([IndexForm.AUTO, IndexForm.NESTED]))
def test_what_filter_writes_passes_the_same_selection(
    archive: Archive, platforms: list[str], form: IndexForm
) -> None:
    written = _try_filter(archive.data, platforms, form)
    if written is not None:
        assert gates(written, platforms) == []


@given(archives(), SELECTIONS)
def test_the_gate_asks_for_what_filter_does(archive: Archive, platforms: list[str]) -> None:
    """An exclusion of what is not there is the one thing that only filter holds to be a mistake."""
    written = _try_filter(archive.data, platforms, IndexForm.AUTO)
    unmet = gates(archive.data, platforms, only=False)
    assert not (written is not None and unmet)
    if not PlatformSelection.parse(platforms).excludes:
        assert (written is None) == bool(unmet)


@given(selected_archives())
def test_a_gate_of_more_platforms_is_no_easier(drawn: tuple[Archive, list[str]]) -> None:
    archive, platforms = drawn
    few = gates(archive.data, platforms[:1], only=False)
    many = gates(archive.data, platforms, only=False)
    assert {problem.message for problem in few} <= {problem.message for problem in many}


@given(archives(), SELECTIONS)
def test_unmet_gates_are_findings_never_errors(archive: Archive, platforms: list[str]) -> None:
    images = (Reference.parse("lab0:1.0"), Reference.parse("missing:1"))
    asked = Gates(PlatformSelection.parse(platforms), only=True, images=images)
    rules = {problem.rule for problem in archive_problems(checked(archive.data), asked)}
    assert "G3" in rules


@given(archives())
def test_every_name_of_an_archive_meets_a_list_of_them(archive: Archive) -> None:
    tree = checked(archive.data)
    names = tuple(Reference.parse(image.name) for image in tree.graph.images if image.name is not None)
    unmet = list(gate_problems(tree, Gates(images=names)))
    assert [problem for problem in unmet if "is not in the archive" in problem.message] == []
