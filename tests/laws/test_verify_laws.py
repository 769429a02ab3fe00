"""Laws of `verify` over generated archives: what ocitool writes has no fault that its source did not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from ocitool.check.rule import Profile, Severity
from ocitool.plan.options import Followers, IndexForm
from tests.check.verified import findings
from tests.laws.filtering import filtered, merged, parts_of
from tests.strategies import Archive, archives, selected_archives

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocitool.check.report import Finding

FORMS = st.sampled_from([IndexForm.AUTO, IndexForm.NESTED])


def rules(found: Iterable[Finding], severity: Severity) -> set[str]:
    return {finding.rule for finding in found if finding.severity is severity}


def assert_clean(output: bytes, *sources: bytes) -> None:
    """Expect no error; warnings are those that a source has.

    Names nobody knows stay unknown: of images that all lack one, none can be stored.
    """
    found = findings(output, Profile.IMPORT)
    before = [finding for source in sources for finding in findings(source, Profile.IMPORT)]
    unnamed = {"I1", "I2"} & {finding.rule for finding in before}
    assert rules(found, Severity.ERROR) <= ({"I1"} if unnamed else set())
    assert rules(found, Severity.WARNING) <= rules(before, Severity.WARNING) | ({"I2"} if unnamed else set())


@given(selected_archives(), FORMS, st.sampled_from([None, Followers.FOLLOW, Followers.DROP]))
def test_a_filtered_archive_is_clean(
    drawn: tuple[Archive, list[str]], form: IndexForm, attestations: Followers | None
) -> None:
    archive, platforms = drawn
    assert_clean(filtered(archive.data, platforms, index=form, attestations=attestations), archive.data)


@given(archives(damaged=False))
def test_every_part_of_a_split_is_clean(archive: Archive) -> None:
    for part in parts_of(archive.data).values():
        assert_clean(part, archive.data)


@given(archives(damaged=False, artifacts=False))
def test_parts_that_are_merged_again_are_clean(archive: Archive) -> None:
    parts = list(parts_of(archive.data).values())
    assert_clean(merged(parts), archive.data, *parts)


@given(selected_archives(damaged=False))
def test_what_is_clean_and_kept_whole_stays_clean(drawn: tuple[Archive, list[str]]) -> None:
    archive, _ = drawn
    assert_clean(filtered(archive.data, ["all"], index=IndexForm.KEEP), archive.data)
