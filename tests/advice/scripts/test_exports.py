"""The tables of exports keep to the schema of importers, and say one thing for every version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest
from jsonschema import Draft202012Validator

from ocitool.advice.scripts.setting import EXPORTERS, export_table
from ocitool.api import read_schema

TABLES: Final = Path(__file__).parents[3] / "ocitool" / "advice" / "tables" / "exports"


def test_every_table_is_read() -> None:
    assert sorted(path.stem for path in TABLES.iterdir()) == sorted(EXPORTERS)
    assert export_table("podman") is None


@pytest.mark.parametrize("name", EXPORTERS)
def test_it_keeps_to_the_schema(name: str) -> None:
    document = json.loads((TABLES / f"{name}.json").read_text())
    Draft202012Validator(read_schema("advice/importer")).validate(document)
    assert document["importer"] == name


@pytest.mark.parametrize("name", EXPORTERS)
def test_every_trait_has_one_value_for_every_version(name: str) -> None:
    table = export_table(name)
    assert table is not None
    for version in (table.oldest, *table.measured, *table.turning_points()):
        if version < table.oldest:
            continue
        for trait in {row.name for row in table.traits}:
            assert sum(version in row.versions for row in table.traits if row.name == trait) == 1, (trait, version)
