"""The commands in the remedies of rules are such as ocitool takes."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from ocitool.check.catalogue import RULES
from tests.builders import multi_platform
from tests.command import ocitool
from tests.deltas import OLD, delta

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = sorted(
    {command for rule in RULES.values() for command in re.findall(r"\bocitool [^;]*[^; )]", rule.remedy)}
)
NAMES = {
    "SRC": "image.tar",
    "BASE": "base.tar",
    "MORE.tar": "more.tar",
    "OUT": "out.tar",
    "OUT.tar": "out.tar",
    "PLATFORM": "linux/arm64",
    "REPOSITORY:TAG": "registry.local/lab:1.0",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_command_works(command: str, tmp_path: Path) -> None:
    data = delta() if " apply " in command else multi_platform().pack()
    (tmp_path / "image.tar").write_bytes(data)
    (tmp_path / "base.tar").write_bytes(OLD.pack())
    (tmp_path / "more.tar").write_bytes(multi_platform(name="docker.io/library/other:1.0").pack())
    _, *words = shlex.split(command)
    done = ocitool(*(NAMES.get(word, word) for word in words), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.tar").exists()


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 5
