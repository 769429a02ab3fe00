"""The explanation of a message, as it is printed and as JSON."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from ocitool.advice.explain import Explanation, explain, explain_to_json
from ocitool.advice.messages.case import Cause
from ocitool.cli.explain_text import explanation_lines
from ocitool.model.schemas import read_schema
from tests.advice.messages.archives import AMD64, ARM64, Image
from tests.advice.messages.explaining import explain_against
from tests.advice.messages.samples import SAMPLES


def test_what_it_means_what_it_is_about_and_what_to_do() -> None:
    image = Image(AMD64, ARM64)
    text = f"ctr: content digest {image.manifests[ARM64]['digest']}: not found"
    short = image.manifests[ARM64]["digest"][7:19]
    assert explanation_lines(explain_against(text, image.without_platform(ARM64).pack())) == [
        f"ctr: content digest sha256:{short}...: not found",
        "  means: The importer looked for this content and did not find it.",
        f"  about: sha256:{short}... (manifest of linux/arm64 of",
        "    docker.io/library/lab:1.0) is listed, not there",
        "  because: manifest of linux/arm64 of docker.io/library/lab:1.0 is listed, but",
        "    is not in the archive",
        "    to do: keep the complete platforms only",
        "      ocitool filter SRC -p available -o OUT &&",
        "      ctr images import OUT",
    ]


def test_nothing_recognised_says_what_to_send() -> None:
    lines = explanation_lines(())
    assert lines[0] == "no message in this text is known"
    assert "give the whole message" in " ".join(lines)


def test_commands_are_never_broken_and_words_fit() -> None:
    command = "ocitool filter SRC -p " + ",".join(f"linux/arm/v{number}" for number in range(20)) + " -o OUT"
    causes = (Cause("word " * 40, certain=True, remedy=f"{'do ' * 40}: {command}; or this: ctr images import SRC"),)
    lines = explanation_lines((Explanation("a", "text " * 99, "ctr", "means " * 40, causes=causes),))
    assert f"      {command}" in lines
    assert "      ctr images import SRC" in lines
    assert all(len(line) <= 80 for line in lines if command not in line)


def test_what_is_untrusted_is_made_safe() -> None:
    lines = explanation_lines((Explanation("a", "\x1b[31mred\x07", "ctr", "m"),))
    assert "\x1b" not in "".join(lines)
    assert "\x07" not in "".join(lines)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_each_explanation_fits_80_columns_and_its_schema(name: str) -> None:
    validator = Draft202012Validator(read_schema("output/explain"))
    for text in SAMPLES[name]:
        for found in (explain(text, None), explain_against(text, Image(AMD64, ARM64).without_platform(ARM64).pack())):
            validator.validate(explain_to_json(found, ""))
            commands = {
                each.strip() for item in found for cause in item.causes for each in cause.remedy.split(" && ")
            }
            for line in explanation_lines(found):
                assert len(line) <= 80 or any(line.strip().removesuffix(" &&") in command for command in commands)


def test_nothing_recognised_meets_the_schema() -> None:
    document = explain_to_json((), "image.tar")
    Draft202012Validator(read_schema("output/explain")).validate(document)
    assert document["recognised"] is False
