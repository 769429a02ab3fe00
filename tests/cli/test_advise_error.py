"""`advise --error`: which program printed the message, how much of the text is read, what its words stand for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from ocitool.api import read_schema
from ocitool.model.limits import ERROR_TEXT_LIMIT
from tests.builders import multi_platform
from tests.command import ocitool

if TYPE_CHECKING:
    from pathlib import Path

UNPACKER = "unable to initialize unpacker: no unpack platforms defined: invalid argument"


def test_the_program_that_printed_it_can_be_told(tmp_path: Path) -> None:
    source = tmp_path / "image.tar"
    source.write_bytes(multi_platform().pack())
    done = ocitool("advise", str(source), "--for", "ctr=2.1.9", "--error", "-", stdin=UNPACKER.encode())
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"--snapshotter" in done.stdout
    assert b"--all-platforms" not in done.stdout


def test_the_import_after_a_filter_is_for_the_program_that_is_told(tmp_path: Path) -> None:
    source = tmp_path / "image.tar"
    source.write_bytes(multi_platform(platforms=("linux/arm64",)).pack())
    message = "no match for platform in manifest sha256:" + "0" * 64
    told = {
        program: ocitool(
            *("advise", str(source), "--host", "linux/amd64", "--for", program, "--error", message)
        ).stdout.decode()
        for program in ("ctr=1.7", "nerdctl=2.1@2.0.5")
    }
    assert "ctr images import " in told["ctr=1.7"]
    assert "nerdctl load -i " in told["nerdctl=2.1@2.0.5"]


@pytest.mark.parametrize("more", [["--for", "docker"], ["--want", "linux/amd64"]])
def test_one_program_alone_printed_it(more: list[str]) -> None:
    done = ocitool("advise", "--error", UNPACKER, "--for", "ctr", *more)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.count(b"\n") == 1


def test_what_stands_at_the_end_of_a_long_text_is_read_and_the_rest_is_told() -> None:
    text = b"pulling\n" * (ERROR_TEXT_LIMIT // 8) + f"ctr: {UNPACKER}\n".encode()
    done = ocitool("advise", "--error", "-", stdin=text)
    first, *rest = done.stdout.decode().splitlines()
    skipped = len(text) - ERROR_TEXT_LIMIT
    assert first == f"note: the first {skipped} bytes of the text were not read"
    assert any("no unpack platforms" in line for line in rest)
    document = json.loads(ocitool("advise", "--error", "-", "--format", "json", stdin=text).stdout)
    Draft202012Validator(read_schema("output/explain")).validate(document)
    assert (document["recognised"], document["unreadBytes"]) == (True, skipped)


def test_what_stands_in_the_middle_of_a_long_text_is_read() -> None:
    half = b"pulling\n" * (ERROR_TEXT_LIMIT // 20)
    document = json.loads(
        ocitool("advise", "--error", "-", "--format", "json", stdin=half + UNPACKER.encode() + b"\n" + half).stdout
    )
    assert (document["recognised"], document["unreadBytes"]) == (True, 0)


def test_words_to_be_filled_in_are_explained() -> None:
    lines = ocitool("advise", "--error", "ctr: no match for platform in manifest sha256:" + "0" * 64).stdout.decode()
    last = " ".join(lines.strip().split("\n\n")[-1].split())
    assert "IMAGE: the name of the image" in last
    assert "PLATFORM: such as linux/arm64" in last
    assert "SRC: the archive" in last
    assert "DESTINATION" not in last


def test_the_archive_is_named_behind_a_transport_too(tmp_path: Path) -> None:
    source = tmp_path / "image.tar"
    source.write_bytes(multi_platform().pack())
    text = "Digest of source image's manifest would not match destination reference"
    done = ocitool("advise", str(source), "--error", text)
    assert f"skopeo copy --all oci-archive:{source} DESTINATION".encode() in done.stdout
