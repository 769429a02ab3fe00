from __future__ import annotations

import shlex

import pytest

from ocitool.cli.remedy import fill_remedies
from tests.cli.reports import finding, report


@pytest.mark.parametrize(
    ("source", "image", "platform", "remedy", "expected"),
    [
        (
            "a.tar",
            "",
            "",
            "write it: ocitool filter SRC -p all -o OUT",
            "write it: ocitool filter a.tar -p all -o OUT",
        ),
        ("my a.tar", "", "", "ocitool filter SRC", "ocitool filter 'my a.tar'"),
        ("-", "", "", "ocitool filter SRC -o OUT", "ocitool filter - -o OUT"),
        ("SRC", "IMAGE", "", "x SRC IMAGE OLD", "x SRC IMAGE IMAGE"),
        ("IMAGE", "lab:1", "", "x SRC IMAGE", "x IMAGE lab:1"),
        ("a", "$(reboot)", "", "ctr IMAGE", "ctr '$(reboot)'"),
        ("a", "unnamed image sha256:ab", "", "ctr IMAGE", "ctr IMAGE"),
        ("a", "lab", "linux/arm64", "filter SRC -p PLATFORM", "filter a -p linux/arm64"),
        ("a", "lab", "attestation", "filter SRC -p PLATFORM", "filter a -p PLATFORM"),
        ("a", "lab", "", "--rename OLD=docker.io/library/OLD:TAG", "--rename lab=docker.io/library/lab:TAG"),
        ("a", "", "", "SRCS and MYSRC stay", "SRCS and MYSRC stay"),
    ],
)
def test_fill(source: str, image: str, platform: str, remedy: str, expected: str) -> None:
    made = report(finding(image=image, platform=platform, remedy=remedy))
    (filled,) = fill_remedies(made, source).findings
    assert filled.remedy == expected


def test_a_hostile_name_is_one_word_of_the_command() -> None:
    made = report(finding(image="x';reboot;'", remedy="ctr images pull IMAGE"))
    (filled,) = fill_remedies(made, "a").findings
    assert shlex.split(filled.remedy) == ["ctr", "images", "pull", "x';reboot;'"]
