"""Messages are recognised in what people paste, and nothing else is."""

from __future__ import annotations

import json
import textwrap
from importlib import resources
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from ocitool.advice.messages.catalogue import read_catalogue
from ocitool.advice.messages.judges import JUDGES
from ocitool.advice.messages.recognise import recognise
from ocitool.model.schemas import read_schema

from .samples import SAMPLES, D, E

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = [
    pytest.param(message, text, id=f"{message}-{number}")
    for message, texts in SAMPLES.items()
    for number, text in enumerate(texts)
]


def ids(text: str) -> list[str]:
    return [found.message.id for found in recognise(text)]


def _in_log(text: str) -> str:
    return "\n".join(f'time="2024-05-01T10:00:00Z" level=error msg={json.dumps(line)}' for line in text.split("\n"))


def _coloured(text: str) -> str:
    return "\x1b[31m" + text.replace(": ", "\x1b[0m: \x1b[1;31m") + "\x1b[0m"


def _between(text: str) -> str:
    return f"$ make import\nimporting...\r\n{text}\r\nmake: *** [import] Error 1\r\n"


WRAPPERS: dict[str, Callable[[str], str]] = {
    "log": _in_log,
    "colours": _coloured,
    "between lines": _between,
    "wrapped at blanks": lambda text: textwrap.fill(text, 60, break_long_words=False, break_on_hyphens=False),
    "broken anywhere": lambda text: "\n".join(text[start : start + 40] for start in range(0, len(text), 40)),
    "quoted": lambda text: "\n".join(f"> {line}" for line in text.split("\n")),
}


def test_every_row_has_two_samples() -> None:
    assert set(SAMPLES) == {message.id for message in read_catalogue().messages}
    assert all(len(texts) >= 2 for texts in SAMPLES.values())


@pytest.mark.parametrize(("message", "text"), CASES)
def test_a_message_is_recognised(message: str, text: str) -> None:
    assert message in ids(text)


# Lines of a message's own cannot be told from those that a terminal broke.
WRAPPED = [
    pytest.param(message, WRAPPERS[wrapper](text), id=f"{message}-{number}-{wrapper}")
    for message, texts in SAMPLES.items()
    for number, text in enumerate(texts)
    for wrapper in sorted(WRAPPERS)
    if "\n" not in text or wrapper != "broken anywhere"
]


@pytest.mark.parametrize(("message", "text"), WRAPPED)
def test_a_message_is_recognised_whatever_is_around_it(message: str, text: str) -> None:
    assert message in ids(text)


FALSE_FRIENDS = (
    "",
    "hello",
    "ctr: image imported",
    "unpacking docker.io/library/lab:1.0 (sha256:0123456789ab)...done",
    "bash: ocitool: command not found",
    "the content was not found in the archive",
    f"pulled {D}",
    "Error: file not found: manifest.yaml",
    "I already exist",
    "Unexpected end of line in main.c",
    "open /etc/foo.json: no such file or directory",
    "FLAG: provided",
    "exec: format of the date is wrong",
)


@pytest.mark.parametrize("text", FALSE_FRIENDS)
def test_other_text_is_not_recognised(text: str) -> None:
    assert ids(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"ctr: failed to get reader: content digest {D}: not found", ["export-lacks-content"]),
        (
            (
                f"ctr: failed to extract layer {D}: failed to get reader from content store: content digest {E}: "
                "not found"
            ),
            ["content-not-found", "extract-failed"],
        ),
        (f"ctr: no match for platform in manifest {D}: not found", ["no-match"]),
        (
            f"ctr: content digest {D}: not found\nctr: unrecognized image format",
            ["content-not-found", "unrecognized-format"],
        ),
        (f"ctr: content digest {D}: not found\nctr: content digest {D}: not found", ["content-not-found"]),
        (f"ctr: content digest {D}: not found\nctr: content digest {E}: not found", ["content-not-found"] * 2),
        ('ctr: untar manifest "manifest.json": unexpected EOF', ["bad-docker-manifest"]),
        ("Loaded image: a:1\nctr: unexpected EOF", ["unexpected-eof"]),
        (
            (
                "Error: payload does not match any of the supported image formats:\n * oci: open a/index.json: not a "
                "directory\n * oci-archive: loading index: more than one image in oci, choose an image\n"
            ),
            ["several-images", "payload"],
        ),
    ],
)
def test_several_messages_the_most_specific_first(text: str, expected: list[str]) -> None:
    assert ids(text) == expected


@pytest.mark.parametrize(
    ("text", "program"),
    [
        (f"ctr: content digest {D}: not found", "ctr"),
        (SAMPLES["content-not-found"][2], "kind"),
        (SAMPLES["content-not-found"][3], "k3s"),
        ("Error response from daemon: unrecognized image format", "docker"),
        (SAMPLES["several-images"][0], "skopeo"),
        (SAMPLES["payload"][0], "podman"),
    ],
)
def test_the_program_is_told(text: str, program: str) -> None:
    assert recognise(text)[0].program == program


@pytest.mark.parametrize("cut", [8, 20, 40, 60])
def test_a_digest_broken_over_two_lines_is_whole_again(cut: int) -> None:
    broken = f"{D[: 7 + cut]}\n    {D[7 + cut :]}"
    (found,) = recognise(f"ctr: content digest {broken}: not found\n2024-05-01 next line")
    assert found.groups["digest"] == D


def test_a_digest_at_the_end_of_a_line_does_not_swallow_the_next() -> None:
    assert recognise(f"ctr: no match for platform in manifest {D}\n2024 abc")[0].groups["digest"] == D


def test_the_catalogue_meets_its_schema() -> None:
    text = (resources.files("ocitool.advice.messages") / "messages.json").read_text()
    Draft202012Validator(read_schema("advice/messages")).validate(json.loads(text))


def test_causes_are_all_known_and_all_used() -> None:
    catalogue = read_catalogue()
    used = {cause for message in catalogue.messages for cause in message.causes}
    assert used == set(catalogue.causes)
    assert set(JUDGES) <= used


def test_ids_are_unique() -> None:
    names = [message.id for message in read_catalogue().messages]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image was found, but some content is missing", "platform-incomplete"),
        ("ctr: unsupported OCI version", "layout-version"),
        ("already exists", "already-exists"),
        ("k3s[1]: Failed to import a.tar: already exists", "already-exists"),
        ("content digest sha256:93bccff4d246...: not found", "content-not-found"),
        ("content digest sha256:93bccff4d246…: not found", "content-not-found"),
        ("content digest sha256:93bccff...: not found", "content-not-found"),
        (f"content digest {D[7:]}: not found", "content-not-found"),
        (f"content digest {D.upper()}: not found", "content-not-found"),
        (f"no match for platform in manifest {D[7:].upper()}: not found", "no-match"),
        ("no unpack platforms defined", "no-unpack-platforms"),
    ],
)
def test_short_and_other_forms_are_recognised(text: str, message: str) -> None:
    assert ids(text) == [message]


@pytest.mark.parametrize(
    "text",
    [
        "curl: (18) transfer closed: unexpected EOF",
        "$ make fetch\ncurl: (18) transfer closed: unexpected EOF\nmake: *** [fetch] Error 18",
        "python3: no space left on device",
        "ssh: lookup host: no such host: unexpected EOF",
        "rsync[12]: unexpected EOF",
        "wget: x509: certificate signed by unknown authority",
        "mkdir: cannot create directory: already exists",
    ],
)
def test_what_other_programs_say_is_not_an_importers(text: str) -> None:
    assert ids(text) == []


def test_a_foreign_line_does_not_hide_the_importers() -> None:
    assert ids("curl: (23) Failure writing output: unexpected EOF\nctr: unrecognized image format") == [
        "unrecognized-format"
    ]
