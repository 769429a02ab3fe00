"""The exit codes of the error tree are the documented ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from ocitool import errors
from ocitool.api import read_schema

README = (Path(__file__).resolve().parent.parent.parent / "README.md").read_text()
CLASSES = [
    value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, errors.OcitoolError)
]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: str(kind.__name__))
def test_class_is_documented(kind: type[errors.OcitoolError]) -> None:
    tree = errors.__doc__ or ""
    assert f"{kind.__name__} " in tree
    if kind is not errors.OcitoolError:
        assert f"| {kind.exit_code} |" in README
    schema = read_schema("output/error")
    properties = schema["properties"]
    assert isinstance(properties, dict)
    code = properties["code"]
    assert isinstance(code, dict)
    assert kind.code in code["enum"]  # type: ignore[operator]


def test_tree_says_the_exit_codes() -> None:
    for kind in CLASSES:
        (line,) = [line for line in (errors.__doc__ or "").splitlines() if f"{kind.__name__} " in line]
        assert str(kind.exit_code) in line.split()
