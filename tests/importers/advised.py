"""What is predicted of an archive, held against what an importer printed and recorded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ocitool.advice.outcome import Ending
from ocitool.advice.target import Target
from ocitool.advice.version import Version
from ocitool.model.platform import Platform

if TYPE_CHECKING:
    from subprocess import CompletedProcess

    from ocitool.advice.outcome import Outcome

HOST = Platform("linux", "amd64")
FIELD = "…"
"""What stands in a predicted message for words that nobody can know before."""


def target_of(importer: str, version: str) -> Target:
    """Return an importer of some version on the host that the archives of the tests are made for."""
    return Target(importer, Version.parse(version), HOST)


def says(message: str, output: str) -> bool:
    """Tell whether an output holds a message; quotes may be escaped, as they are in a log."""
    plain = output.replace('\\"', '"')
    return re.search(".*".join(re.escape(part) for part in message.split(FIELD)), plain, re.DOTALL) is not None


def hold(outcome: Outcome, result: CompletedProcess[str], names: set[str]) -> None:
    """Hold a prediction against the exit code, the message and the names."""
    assert (outcome.ending is Ending.ERROR) == (result.returncode != 0), (outcome, result)
    if outcome.ending is Ending.ERROR:
        assert says(outcome.message, result.stdout + result.stderr), (outcome, result)
    assert set(outcome.names) == names, (outcome, result)
    assert (outcome.ending is Ending.NOTHING) == (result.returncode == 0 and not names), (outcome, result)
