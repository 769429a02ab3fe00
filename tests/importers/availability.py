"""Decide what becomes of a test whose engine cannot be had.

It is skipped, so that the suite runs anywhere; with OCITOOL_REQUIRE_IMPORTERS=1 it
fails, so that nobody takes silence for success. Only what has vanished from every mirror is
skipped then too, in words that .ci/check_importers.py counts.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn

import pytest

from .engines import Engine

if TYPE_CHECKING:
    from .engines import Engines

REQUIRE_VARIABLE = "OCITOOL_REQUIRE_IMPORTERS"
GONE = "archived suite not to be had: "
"""How the reason of such a skip begins; .ci/check_importers.py looks for it."""


def give_up(reason: str) -> NoReturn:
    """End a test whose engine cannot be had."""
    if os.environ.get(REQUIRE_VARIABLE) == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def require(engines: Engines, label: str) -> Engine:
    """Return the engine called ``label``, or end the test."""
    engine = engines[label]
    if isinstance(engine, Engine):
        return engine
    if engine.is_gone:
        pytest.skip(f"{GONE}{label}: {engine.reason}")
    give_up(f"{label}: {engine.reason}")
