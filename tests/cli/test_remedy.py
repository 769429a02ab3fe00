from __future__ import annotations

import shlex

import pytest

from ocitool.cli.remedy import fill_remedies
from tests.cli.reports import finding, report


@pytest.mark.parametrize(
    ("source", "image", "remedy", "expected"),
    [
        (
            "a.tar",
            "",
            "write it: ocitool filter SRC -p all -o OUT",
            "write it: ocitool filter a.tar -p all -o OUT",
        ),
        ("my a.tar", "", "ocitool filter SRC", "ocitool filter 'my a.tar'"),
        ("-", "", "ocitool filter SRC -o OUT", "ocitool filter - -o OUT"),
        ("-x.tar", "", "ocitool filter SRC -o OUT", "ocitool filter ./-x.tar -o OUT"),
        (
            "SRC",
            "IMAGE",
            "ctr images pull --all-platforms IMAGE && ocitool merge SRC MORE.tar",
            "ctr images pull --all-platforms IMAGE && ocitool merge SRC MORE.tar",
        ),
        (
            "IMAGE",
            "lab:1",
            "ctr images export --all-platforms MORE.tar IMAGE && ocitool merge SRC MORE.tar",
            "ctr images export --all-platforms MORE.tar lab:1 && ocitool merge IMAGE MORE.tar",
        ),
        ("a", "$(reboot)", "--all-platforms IMAGE", "--all-platforms '$(reboot)'"),
        ("a", "unnamed image sha256:ab", "--all-platforms IMAGE", "--all-platforms IMAGE"),
        ("a", "", "ocitool filter SRC --rename SRC=IMAGE", "ocitool filter a --rename SRC=IMAGE"),
        (
            "a",
            "b",
            "ocitool filter SRC --rename 'ocitool filter SRC=x'",
            "ocitool filter a --rename 'ocitool filter SRC=x'",
        ),
        ("a", "", "SRCS and MYSRC stay", "SRCS and MYSRC stay"),
    ],
)
def test_fill(source: str, image: str, remedy: str, expected: str) -> None:
    made = report(finding(image=image, remedy=remedy))
    (filled,) = fill_remedies(made, source).findings
    assert filled.remedy == expected


def test_a_hostile_name_is_one_word_of_the_command() -> None:
    made = report(finding(image="x';reboot;'", remedy="ctr images pull --all-platforms IMAGE"))
    (filled,) = fill_remedies(made, "a").findings
    assert shlex.split(filled.remedy) == ["ctr", "images", "pull", "--all-platforms", "x';reboot;'"]
