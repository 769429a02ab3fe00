"""Choosing among commands, whatever an importer does with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from ocitool.advice.choice import Choice, Quality, choose, default_wanted, evidence
from ocitool.advice.facts import ArchiveFacts
from ocitool.advice.outcome import Ending, Evidence, Outcome, RecordedImage
from ocitool.advice.table import Table
from ocitool.advice.target import Target
from ocitool.advice.version import Version
from ocitool.model.platform import Platform
from ocitool.plan.filter_command import Rewrite
from tests.builders import NAME, Layout, multi_platform
from tests.laws.filtering import graph_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

AMD64 = Platform("linux", "amd64")
ARM64 = Platform("linux", "arm64")
TABLE = Table("fake", "fake import", Version(1), (Version(1, 2), Version(2)), (), (), ())
TARGET = Target("fake", Version(1, 2), AMD64)


@dataclass(frozen=True)
class Fake:
    """An importer that ends as it is told, by its arguments."""

    outcomes: Mapping[tuple[str, ...], Outcome]
    table: Table = TABLE
    habits: tuple[tuple[str, ...], ...] = field(default=())

    def predict(self, facts: ArchiveFacts, target: Target, arguments: Sequence[str]) -> Outcome:
        return self.outcomes[tuple(arguments)]

    def candidates(
        self, facts: ArchiveFacts, target: Target, wanted: Sequence[Platform]
    ) -> tuple[tuple[str, ...], ...]:
        return tuple(self.outcomes)

    def usual(self, target: Target, wanted: Sequence[Platform]) -> tuple[tuple[str, ...], ...]:
        return self.habits

    def words(self, arguments: Sequence[str], source: str) -> tuple[str, ...]:
        return ("fake", *arguments, source)


def facts_of(layout: Layout) -> ArchiveFacts:
    return ArchiveFacts(graph_of(layout.pack()))


FACTS = facts_of(multi_platform())
DIGEST = FACTS.graph.images[0].roots[0].node.descriptor.digest


def stored(name: str = NAME, **platforms: tuple[str, ...]) -> Outcome:
    ending = Ending.OK if platforms.get("ready") else Ending.STORED
    return Outcome(ending, images=(RecordedImage(name, DIGEST, **platforms),))


ERROR = Outcome(Ending.ERROR, "no-match", "no match")
READY = stored(ready=("linux/amd64",))
KEPT = stored(kept=("linux/amd64",))
MISNAMED = stored("import-DATE:1.0", ready=("linux/amd64",))


def chosen(*outcomes: Outcome, wanted: Sequence[Platform] = (AMD64,), facts: ArchiveFacts = FACTS) -> Choice:
    """Choose among commands that end as told: the first without flags, the others with --1, --2 and so on."""
    named: dict[tuple[str, ...], Outcome] = {
        (f"--{number}",) if number else (): outcome for number, outcome in enumerate(outcomes)
    }
    return choose(facts, Fake(named), TARGET, wanted)


@pytest.mark.parametrize(
    ("outcome", "quality"),
    [
        (READY, Quality.WORKS),
        (KEPT, Quality.STORES),
        (MISNAMED, Quality.MISNAMES),
        (stored(lost=("linux/amd64",)), Quality.FAILS),
        (stored(ready=("linux/arm64",)), Quality.FAILS),
        (ERROR, Quality.FAILS),
        (Outcome(Ending.NOTHING), Quality.FAILS),
        (Outcome(Ending.OK, images=READY.images, is_stable=False), Quality.FAILS),
    ],
)
def test_quality_of_an_outcome(outcome: Outcome, quality: Quality) -> None:
    assert chosen(outcome).plain.quality is quality


def test_simplest_of_the_best_is_chosen_and_the_next_is_told() -> None:
    choice = chosen(ERROR, KEPT, READY, READY)
    assert choice.best is not None
    assert choice.next_best is not None
    assert (choice.best.arguments, choice.next_best.arguments) == (("--2",), ("--3",))
    assert choice.works


def test_nothing_good_is_no_best_command() -> None:
    choice = chosen(ERROR, ERROR)
    assert (choice.best, choice.next_best, choice.works) == (None, None, False)


def test_misnamed_is_better_than_nothing_but_does_not_work() -> None:
    choice = chosen(ERROR, MISNAMED)
    assert choice.best is not None
    assert choice.best.quality is Quality.MISNAMES
    assert not choice.works


def test_all_that_is_wanted_counts() -> None:
    assert chosen(READY, wanted=(AMD64, ARM64)).plain.quality is Quality.FAILS
    both = stored(ready=("linux/amd64",), kept=("linux/arm64",))
    assert chosen(both, wanted=(AMD64, ARM64)).plain.quality is Quality.STORES


def test_what_no_image_lists_fails_everywhere() -> None:
    assert chosen(READY, wanted=(Platform("linux", "s390x"),)).best is None


def test_an_image_without_the_platform_does_not_count_where_another_has_it() -> None:
    layout = multi_platform()
    layout.add(layout.manifest("linux/riscv64"), "docker.io/library/other:1.0")
    assert chosen(READY, facts=facts_of(layout)).plain.quality is Quality.WORKS


def test_usual_commands_that_fail_are_told() -> None:
    importer = Fake({(): READY, ("--all",): ERROR, ("--one",): READY}, habits=(("--all",), ("--one",)))
    choice = choose(FACTS, importer, TARGET, (AMD64,))
    assert [command.arguments for command in choice.failing] == [("--all",)]


def test_mendings_are_looked_at_only_where_they_are_needed() -> None:
    def never() -> ArchiveFacts:
        raise AssertionError

    assert choose(FACTS, Fake({(): READY}), TARGET, (AMD64,), [(Rewrite(""), never)]).mending is None


def test_first_mending_that_works_is_told() -> None:
    whole = Layout().add(Layout().manifest())

    @dataclass(frozen=True)
    class Choosy(Fake):
        def predict(self, facts: ArchiveFacts, target: Target, arguments: Sequence[str]) -> Outcome:
            return READY if facts.graph.images[0].roots[0].node.descriptor.platform is not None else ERROR

    mendings = [
        (Rewrite("fails"), lambda: None),
        (Rewrite("is no better"), lambda: FACTS),
        (Rewrite("works"), lambda: facts_of(whole)),
        (Rewrite("works too"), lambda: facts_of(whole)),
    ]
    choice = choose(FACTS, Choosy({(): ERROR}), TARGET, (AMD64,), mendings)
    assert choice.mending is not None
    assert choice.mending.rewrite.advice == "works"
    assert not choice.works


@pytest.mark.parametrize(
    ("platforms", "wanted"),
    [
        (("linux/amd64", "linux/arm64/v8"), ["linux/amd64"]),
        (("linux/arm64/v8",), ["linux/arm64"]),
        (("linux/arm64/v8", "linux/s390x"), ["linux/arm64", "linux/s390x"]),
        ((), ["linux/amd64"]),
    ],
)
def test_default_is_the_host_or_all_that_is_whole(platforms: tuple[str, ...], wanted: list[str]) -> None:
    layout = Layout()
    if platforms:
        layout.add(layout.index([layout.manifest(platform) for platform in platforms]))
    assert [platform.display for platform in default_wanted(facts_of(layout), AMD64)] == wanted


@pytest.mark.parametrize(
    ("version", "known"),
    [
        ("1.2", Evidence.MEASURED),
        ("1.3", Evidence.INTERPOLATED),
        ("1.1", Evidence.BEYOND),
        ("2.1", Evidence.BEYOND),
    ],
)
def test_evidence(version: str, known: Evidence) -> None:
    assert evidence(TABLE, Version.parse(version)) is known


def test_an_image_without_a_name_gets_none_that_would_be_right() -> None:
    facts = facts_of(multi_platform(name=None))
    outcome = Outcome(Ending.OK, images=(RecordedImage("", DIGEST, ready=("linux/amd64",)),))
    assert chosen(outcome, facts=facts).plain.quality is Quality.MISNAMES


def test_a_familiar_name_is_the_full_one() -> None:
    facts = facts_of(multi_platform(name="lab:1.0"))
    assert chosen(READY, facts=facts).plain.quality is Quality.WORKS
