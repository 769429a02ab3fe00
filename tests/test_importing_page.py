"""IMPORTING.md says what the tables say."""

from __future__ import annotations

from ocitool.advice.importers import IMPORTERS
from tests.importing_page import PAGE, TYPICAL, page


def test_the_page_is_made_from_the_tables() -> None:
    assert PAGE.read_text() == page(), "run python -m tests.importing_page"


def test_every_importer_and_every_typical_archive_has_its_place() -> None:
    text = page()
    assert [f"## {typical.title}\n" in text for typical in TYPICAL] == [True] * len(TYPICAL)
    assert [name for name, importer in IMPORTERS.items() if f"| {importer.table.title} |" not in text] == []
