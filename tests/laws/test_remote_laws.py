"""An archive that comes over a network that fails gives what a file gives, byte for byte, or an error and nothing."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocitool.adapters.remote import cutting, http_opening, read_ahead, retrying, source
from ocitool.api import WriteOptions, filter_archive, inspect_archive, verify_archive
from ocitool.errors import ChangedSource, OcitoolError
from tests.laws.filtering import filtered, options_of
from tests.remote_servers import Fault, RangeServer
from tests.strategies import Archive, selected_archives

PASSING = st.one_of(
    st.none(),
    st.builds(Fault, status=st.sampled_from([429, 500, 503])),
    st.builds(Fault, reset_after=st.integers(0, 3000)),
    st.builds(Fault, short_after=st.integers(0, 3000)),
)


WINDOW = 2048


@pytest.fixture(autouse=True)
def _small_windows_and_no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have archives of some kilobytes take many requests."""
    monkeypatch.setattr(retrying, "FIRST_PAUSE", 0.0)
    monkeypatch.setattr(http_opening, "BASE", WINDOW)
    monkeypatch.setattr(read_ahead, "BASE", WINDOW)
    monkeypatch.setattr(read_ahead, "LARGEST", 2 * WINDOW)
    monkeypatch.setattr(source, "part_size", lambda _readers: 1500)
    monkeypatch.setattr(cutting, "GAP", 600)


@settings(max_examples=40)
@given(
    selected_archives(),
    st.lists(st.tuples(st.integers(0, 4), PASSING), max_size=4),
    st.sampled_from(["strong", "weak", "none"]),
    st.sampled_from(["", "ignores_range", "tells no length", "gzip"]),
    st.booleans(),
)
def test_faults_that_pass_change_nothing(
    drawn: tuple[Archive, list[str]], faults: list[tuple[int, Fault | None]], etag: str, kind: str, verify: bool
) -> None:
    archive, platforms = drawn
    expected = filtered(archive.data, platforms)
    with tempfile.TemporaryDirectory() as name, RangeServer({"a.tar": archive.data}) as server:
        server.etag = etag
        server.ignores_range, server.tells_length = kind == "ignores_range", kind != "tells no length"
        server.encoding = "gzip" if kind == "gzip" else ""
        for spared, fault in faults:
            server.faults.extend([*[None] * spared, fault])
        if kind == "tells no length":  # a break is not to be told from the end there
            server.faults.clear()
        target = Path(name) / "out.tar"
        filter_archive(server.url("a.tar"), target, options_of(platforms), write_options=WriteOptions(verify=verify))
        assert target.read_bytes() == expected


@settings(max_examples=30)
@given(selected_archives(), st.integers(0, 12), st.one_of(st.just("replace"), st.integers(0, 3000)))
def test_what_is_wrong_for_good_is_an_error_or_changes_nothing(
    drawn: tuple[Archive, list[str]], number: int, what: str | int
) -> None:
    archive, platforms = drawn
    expected = filtered(archive.data, platforms)
    with tempfile.TemporaryDirectory() as name, RangeServer({"a.tar": archive.data}) as server:
        if what == "replace":
            changed = random.Random(number).randbytes(len(archive.data))
            server.before = lambda request: server.replace("a.tar", changed) if request == number else None
        else:
            server.faults.extend([*[None] * number, Fault(flip=int(what))])
        target = Path(name) / "out.tar"
        try:
            filter_archive(server.url("a.tar"), target, options_of(platforms))
        except ChangedSource:
            assert what == "replace"
        except OcitoolError:
            assert what != "replace" or number == 0
        if not target.exists():
            assert not list(Path(name).iterdir())
            return
        assert target.read_bytes() == expected or isinstance(what, int)


@settings(max_examples=20)
@given(selected_archives(damaged=True))
def test_reports_say_the_same_of_an_archive_wherever_it_is(drawn: tuple[Archive, list[str]]) -> None:
    archive, _ = drawn
    with tempfile.TemporaryDirectory() as name, RangeServer({"a.tar": archive.data}) as server:
        local = Path(name) / "a.tar"
        local.write_bytes(archive.data)
        url = server.url("a.tar")
        assert inspect_archive(url).to_json() == inspect_archive(local).to_json() | {"source": url}
        assert verify_archive(url).findings == verify_archive(local).findings
