"""What is asked for is of one program, and one whose commands can be judged."""

from __future__ import annotations

import pytest

from ocitool.advice.request import Upgrade
from ocitool.advice.version import Version
from ocitool.errors import UsageError


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("1.7", "2.0", Upgrade(Version(1, 7), Version(2), "ctr")),
        ("ctr=1.7", "2.0", Upgrade(Version(1, 7), Version(2), "ctr")),
        ("1.7", "ctr=2.0", Upgrade(Version(1, 7), Version(2), "ctr")),
        ("docker=20.10", "docker=28", Upgrade(Version(20, 10), Version(28), "docker")),
        ("nerdctl=1.7", "nerdctl=2.1", Upgrade(Version(1, 7), Version(2, 1), "nerdctl")),
        ("podman=4.3", "podman=5.2", Upgrade(Version(4, 3), Version(5, 2), "podman")),
    ],
)
def test_two_versions_of_one_program(old: str, new: str, expected: Upgrade) -> None:
    assert Upgrade.parse(old, new) == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [("1.7", "docker=28"), ("docker=20.10", "28"), ("docker=20.10", "podman=5"), ("ctr=1.7", "docker=28")],
)
def test_two_programs_are_refused(old: str, new: str) -> None:
    """A version alone is one of ctr's, so that it goes with no other program."""
    with pytest.raises(UsageError) as caught:
        Upgrade.parse(old, new)
    assert f"{old} and {new} are not of one program" in str(caught.value)
    assert "docker=V" in str(caught.value.remedy)


@pytest.mark.parametrize("program", ["kind", "k3s", "k0s", "skopeo", "docker-containerd"])
def test_a_program_whose_commands_are_not_judged_is_refused(program: str) -> None:
    with pytest.raises(UsageError) as caught:
        Upgrade.parse(f"{program}=1.0", f"{program}=2.0")
    assert program in str(caught.value)
    assert "ctr, docker, nerdctl or podman" in str(caught.value.remedy)


@pytest.mark.parametrize("text", ["", "x", "docker=", "nothing=1.0", "=1"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Upgrade.parse(text, text)
