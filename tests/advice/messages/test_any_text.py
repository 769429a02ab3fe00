"""Whatever is pasted is explained or not, soon, and without an error."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocitool.advice.explain import explain, explain_to_json
from ocitool.cli.explain_text import explanation_lines

from .samples import SAMPLES, D

PIECES = [text for texts in SAMPLES.values() for text in texts]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=40), st.sampled_from(PIECES)), max_size=6))
def test_no_text_raises(pieces: list[str]) -> None:
    found = explain(" ".join(pieces), None)
    assert explain_to_json(found, "")["recognised"] == bool(found)
    assert all(len(line) <= 200 for line in explanation_lines(found))


@pytest.mark.parametrize(
    "piece",
    [
        " ",
        "\n",
        "a",
        "0",
        "sha256:",
        "sha256:0\n",
        '\\"',
        "\x1b[",
        "failed to extract layer ",
        "failed to extract layer sha256:0123456789abcdef ",
        "no suitable export target found",
        "open /",
        "open /a/blobs/sha256/0123456789ab ",
        "already exists import ",
        "lookup a",
        "linux/amd64 ",
        "linux/",
        "failed to mount /a: ",
        f"ctr: content digest {D}: not found\n",
        "> | ",
        "oci-archive level=fatal msg=",
        "requested platform (",
    ],
)
def test_no_text_takes_a_time_that_grows_with_more_than_its_length(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    explain("ctr: unexpected EOF", None)  # the catalogue is read once
    started = time.process_time()
    explain(text, None)
    assert time.process_time() - started < 10  # half a second where it was written


def test_the_end_of_a_long_text_counts() -> None:
    (found,) = explain("x " * 1_000_000 + "\nctr: unrecognized image format", None)
    assert found.message == "unrecognized-format"


@pytest.mark.parametrize("texts", SAMPLES.values(), ids=SAMPLES.keys())
def test_without_an_archive_every_message_has_causes_and_remedies(texts: tuple[str, ...]) -> None:
    for text in texts:
        first = explain(text, None)[0]
        assert first.summary
        assert first.causes
        assert all(cause.text and cause.remedy and cause.id for cause in first.causes)
        assert first.ruled_out == ()
