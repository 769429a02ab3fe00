"""The tables of importers keep to their schema, and say one thing for every version."""

from __future__ import annotations

import itertools
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import jsonschema
import pytest

from ocitool.advice.importers import IMPORTERS
from ocitool.advice.table import Table, read_table

if TYPE_CHECKING:
    from ocitool.advice.table import Row

ROOT: Final = Path(__file__).parents[2]
TABLES: Final = sorted((ROOT / "ocitool" / "advice" / "tables").glob("*.json"))


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_it_keeps_to_the_schema(path: Path) -> None:
    schema: dict[str, Any] = json.loads((ROOT / "schemas" / "advice" / "importer.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(path.read_text()))
    assert json.loads(path.read_text())["importer"] == path.stem


@pytest.mark.parametrize("name", [path.stem for path in TABLES])
def test_every_trait_has_one_value_for_every_version(name: str) -> None:
    table = read_table(name)
    rows = by_name(table.traits)
    for version in (table.oldest, *table.measured, *table.turning_points()):
        for trait, found in rows.items():
            assert sum(version in row.versions for row in found) == 1, (trait, str(version))


@pytest.mark.parametrize("name", [path.stem for path in TABLES])
def test_neighbours_differ_and_nothing_overlaps(name: str) -> None:
    table = read_table(name)
    for rows in (table.flags, table.failures, table.traits):
        for found in by_name(rows).values():
            for one, other in itertools.pairwise(found):
                assert one.versions.end is not None, one
                assert one.versions.end <= other.versions.start, (one, other)
                assert one.versions.end < other.versions.start or one.value != other.value, (one, other)


@pytest.mark.parametrize("name", [path.stem for path in TABLES])
def test_messages_name_their_fields(name: str) -> None:
    for row in read_table(name).failures:
        fields = re.findall(r"\{(\w+)\}", row.value)
        assert row.value.format(**dict.fromkeys(fields, "x"))


def test_every_importer_reads_its_table() -> None:
    for name, importer in IMPORTERS.items():
        assert isinstance(importer.table, Table)
        assert importer.table.importer == name


def by_name(rows: tuple[Row, ...]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.name].append(row)
    return found
