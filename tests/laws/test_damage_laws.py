"""Laws of damage: whatever byte changes, `verify` names its blob, and passes nothing that no writer takes."""

from __future__ import annotations

import io
import tarfile

from hypothesis import given
from hypothesis import strategies as st

from ocitool.check.rule import Profile, Severity
from ocitool.errors import ArchiveError, OcitoolError, SelectionError
from tests.check.verified import findings
from tests.laws.filtering import filtered
from tests.strategies import Archive, archives

CONTENT = {"L9", "D14", "D15"}


def blobs_of(data: bytes) -> dict[str, tuple[int, int]]:
    """Return where the bytes of each blob lie: offset and size."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        members = {member.name.removeprefix("./"): member for member in tar if member.isfile() and member.size}
    return {name: (it.offset_data, it.size) for name, it in members.items() if name.startswith("blobs/")}


def changed(archive: Archive, position: int, mask: int) -> bytes:
    raw = bytearray(archive.data)
    raw[position] ^= mask
    return bytes(raw)


def wrong_content(data: bytes) -> set[tuple[str, str]]:
    return {(found.rule, found.place.entry) for found in findings(data) if found.rule in CONTENT}


@given(archives(), st.data(), st.integers(1, 255))
def test_a_changed_byte_of_a_blob_is_found_in_that_blob(archive: Archive, data: st.DataObject, mask: int) -> None:
    blobs = blobs_of(archive.data)
    name = data.draw(st.sampled_from(sorted(blobs)))
    offset, size = blobs[name]
    found = wrong_content(changed(archive, offset + data.draw(st.integers(0, size - 1)), mask))
    new = found - wrong_content(archive.data)
    assert name in {entry for _, entry in found}
    # What only this blob listed is listed by nothing now, and may be called so, but not damaged.
    assert {entry for rule, entry in new if rule != "L9"} <= {name}


@given(archives(damaged=False), st.data(), st.integers(1, 255))
def test_what_no_writer_takes_never_passes(archive: Archive, data: st.DataObject, mask: int) -> None:
    """Change what no digest covers: the files at the top, and the tar around everything."""
    covered = [range(offset, offset + size) for offset, size in blobs_of(archive.data).values()]
    loose = [place for place in range(len(archive.data)) if not any(place in blob for blob in covered)]
    raw = changed(archive, data.draw(st.sampled_from(loose)), mask)
    try:
        passes = not any(found.severity is Severity.ERROR for found in findings(raw, Profile.IMPORT))
    except ArchiveError:
        passes = False
    if not passes:
        return
    try:
        filtered(raw, ["available"])
    except SelectionError:
        pass
    except OcitoolError as error:
        raise AssertionError(str(error)) from error
