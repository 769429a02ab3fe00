"""The text of `verify`: grouped, folded, safe, and whole where it is not for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ocitool.check.catalogue import RULES
from ocitool.check.rule import Profile, Severity
from ocitool.cli.verify_text import SHOWN, TEXT_LIMIT, Look, report_lines
from tests.cli.reports import NASTY, finding, report

if TYPE_CHECKING:
    from ocitool.check.report import Report

DIGEST = "0123456789ab" + "0" * 52


def lines(made: Report, look: Look | None = None, fail_on: Severity = Severity.ERROR) -> list[str]:
    return report_lines(made, fail_on, look or Look())


def test_a_clean_archive_is_one_line() -> None:
    assert lines(report()) == ["image.tar: ok (3 blobs, 2.0 KiB hashed; profile import)"]


def test_the_archive_comes_first_then_images_by_their_worst_then_platforms() -> None:
    made = report(
        finding("L11", "an orphan"),
        finding("I10", "a note", image="b:1"),
        finding("L12", "partial", image="a:1", platform="linux/arm64"),
        finding("D15", "broken", image="a:1", platform="linux/amd64"),
        finding("I6", "a warning", image="a:1"),
    )
    found = lines(made)
    assert [line for line in found if not line.startswith(("      ", "  to mend"))] == [
        "the archive",
        "  note L11: an orphan",
        "",
        "a:1",
        "  warning I6: a warning",
        "  linux/arm64",
        "    error L12: partial",
        "  linux/amd64",
        "    error D15: broken",
        "",
        "b:1",
        "  note I10: a note",
        "",
        "image.tar: 2 errors, 1 warning, 2 notes (3 blobs, 2.0 KiB hashed; profile import)",
    ]


def test_the_worst_of_a_group_comes_first() -> None:
    made = report(finding("L11", "n", image="a"), finding("I9", "w", image="a"), finding("L12", "e", image="a"))
    found = [line.split()[0] for line in lines(made) if line.startswith("  ") and line.split()[0] in set(Severity)]
    assert found == ["error", "warning", "note"]


def test_places_and_remedies_follow() -> None:
    made = report(finding("L12", "gone", path="$.layers[0]", remedy="keep some: ocitool filter a.tar -p available"))
    assert lines(made)[:5] == [
        "the archive",
        "  error L12: gone",
        "      at blobs/sha256/ab $.layers[0]",
        "  to mend it: keep some",
        "      ocitool filter a.tar -p available",
    ]


def test_a_remedy_is_said_once_for_all_that_it_mends() -> None:
    made = report(
        finding("L12", image="a", platform="linux/amd64", remedy="do this"),
        finding("L12", image="a", platform="linux/arm64", remedy="do this"),
        finding("D15", image="a", remedy="do this"),
        finding("D14", image="a", remedy="do that"),
        finding("D12", image="b", remedy=""),
    )
    assert [line for line in lines(made) if "to mend" in line] == [
        "  to mend D15, L12: do this",
        "  to mend D14: do that",
    ]


@pytest.mark.parametrize(
    ("remedy", "expected"),
    [
        ("a: ocitool filter x; or build it again", ["  to mend it: a; or build it again", "      ocitool filter x"]),
        (
            "a: ctr pull x && ctr export x && ocitool merge x",
            ["  to mend it: a", "      ctr pull x &&", "      ctr export x &&", "      ocitool merge x"],
        ),
        ("export it again", ["  to mend it: export it again"]),
        ("a: ocitool filter 'x; or y'", ["  to mend it: a", "      ocitool filter 'x; or y'"]),
    ],
    ids=range(4),
)
def test_commands_stand_alone(remedy: str, expected: list[str]) -> None:
    found = lines(report(finding(remedy=remedy)))
    assert found[3 : 3 + len(expected)] == expected


@pytest.mark.parametrize("severity", Severity)
def test_many_of_one_rule_are_folded(severity: Severity) -> None:
    rule = next(rule.id for rule in RULES.values() if rule.severity(Profile.IMPORT) is severity)
    made = report(
        *(finding(rule, "alike", entry=f"blobs/{number}", image=f"i{number % 7}") for number in range(1000))
    )
    found = lines(made)
    assert sum("alike" in line for line in found) == SHOWN[severity]
    (more,) = [line for line in found if "more of" in line]
    assert more.strip() == f"and {1000 - SHOWN[severity]} more of {rule} in 7 images (-v prints all)"
    assert f"1000 {severity.value}s" in found[-1]
    assert sum("alike" in line for line in lines(made, Look(verbose=True))) == 1000


def test_what_many_images_share_is_said_once() -> None:
    shared = [finding(message=f"of i{number}", image=f"i{number}") for number in range(1000)]
    others = [finding(message="own", entry=f"blobs/{number}", image="i7") for number in range(3)]
    found = lines(report(*shared, *others))
    assert [line.strip() for line in found if "error L12" in line or "more of" in line] == [
        "error L12: of i0",
        "and 999 more of L12 in 1,000 images (-v prints all)",
        *["error L12: own"] * 3,
    ]
    assert sum("error L12" in line for line in lines(report(*shared), Look(verbose=True))) == 1000


def test_one_blob_may_be_wrong_in_two_ways() -> None:
    found = lines(report(finding(message="one", image="a"), finding(message="two", image="a")))
    assert sum("error L12" in line for line in found) == 2


@pytest.mark.parametrize("count", [9, 10, 11])
def test_nothing_is_folded_that_fits(count: int) -> None:
    found = lines(report(*(finding(entry=f"blobs/{number}") for number in range(count))))
    assert [line.strip() for line in found if "more of" in line] == (
        ["and 1 more of L12 (-v prints all)"] if count > 10 else []
    )


def test_quiet_prints_errors_and_warnings_alone() -> None:
    made = report(finding("L11", "n"), finding("I9", "w"), finding("L12", "e"))
    found = lines(made, Look(quiet=True))
    assert [line for line in found if "L11" in line or "image.tar" in line] == []
    assert any("I9" in line for line in found)
    assert lines(report(finding("L11", "n")), Look(quiet=True)) == []


@pytest.mark.parametrize(
    ("rules", "fail_on", "verdict"),
    [
        ((), Severity.ERROR, "ok"),
        (("L11",), Severity.WARNING, "ok, 1 note"),
        (("I9",), Severity.ERROR, "ok, 1 warning"),
        (("I9",), Severity.WARNING, "1 warning"),
        (("L12", "I9", "L11"), Severity.ERROR, "1 error, 1 warning, 1 note"),
    ],
)
def test_verdict(rules: tuple[str, ...], fail_on: Severity, verdict: str) -> None:
    made = report(*map(finding, rules))
    assert lines(made, fail_on=fail_on)[-1].startswith(f"image.tar: {verdict} (")


def test_unpacked_bytes_are_told() -> None:
    assert lines(report(unpacked=4096))[-1].endswith("(3 blobs, 2.0 KiB hashed, 4.0 KiB unpacked; profile import)")


def test_a_terminal_gets_lines_that_fit_and_short_digests() -> None:
    message = (
        f"layer 1 of 2 of linux/amd64 of docker.io/library/lab:1.0 hashes to sha256:{DIGEST} and not as it should"
    )
    made = report(finding("D15", message, entry=f"blobs/sha256/{DIGEST}", image="lab"), source="x" * 40)
    found = lines(made, Look(80))
    assert max(map(len, found)) <= 80
    assert "      at blobs/sha256/0123456789ab..." in found
    assert " ".join(line.strip() for line in found[1:3]) == f"error D15: {message.replace(DIGEST, '0123456789ab...')}"
    assert DIGEST in "".join(lines(made, Look(80, verbose=True)))


def test_a_pipe_gets_whole_lines() -> None:
    message = f"sha256:{DIGEST} " * 10
    assert f"  error L12: {message}" in lines(report(finding(message=message)))


@pytest.mark.parametrize("width", [1, 20, 40])
def test_a_narrow_terminal_loses_nothing(width: int) -> None:
    found = " ".join(line.strip() for line in lines(report(finding(message="some words " * 20)), Look(width)))
    assert found.count("some words") == 20


def test_colours_are_asked_for() -> None:
    made = report(finding())
    assert "\x1b" not in "".join(lines(made))
    assert any("\x1b[1;31merror L12:\x1b[0m" in line for line in lines(made, Look(colour=True)))


def test_hostile_text_is_written_out_and_bounded() -> None:
    long = "x" * 1_000_000
    made = report(
        finding(message=NASTY, entry=NASTY, image=NASTY, platform=NASTY, remedy=NASTY),
        finding(message=long, entry=long, image=long, remedy=f"do: ocitool {long}"),
        source=NASTY,
    )
    found = lines(made, Look(verbose=True))
    assert all(line.isprintable() for line in found)
    assert max(map(len, found)) < TEXT_LIMIT + 100
    assert any("\\x1b[31mred" in line for line in found)
