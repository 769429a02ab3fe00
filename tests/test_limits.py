"""The README lists every bound as the code has it; ``python -m tests.test_limits`` writes the list."""

from __future__ import annotations

import ast
import itertools
import re
from pathlib import Path
from typing import Final

from ocitool.model import limits

README: Final = Path(__file__).resolve().parent.parent / "README.md"
SECTION: Final = re.compile(r"(?<=<!-- limits -->\n).*?(?=<!-- /limits -->)", flags=re.DOTALL)


def table() -> str:
    """Make the list from the names and docstrings of the module."""
    rows = ["| bound | what |", "|---:|---|"]
    statements = ast.parse(Path(limits.__file__).read_text()).body
    for statement, following in itertools.pairwise(statements):
        if isinstance(statement, ast.AnnAssign) and isinstance(following, ast.Expr):
            assert isinstance(statement.target, ast.Name)
            assert isinstance(following.value, ast.Constant)
            value = getattr(limits, statement.target.id)
            text = str(following.value.value).rstrip(".")
            whole = value >= limits.MIB and value % limits.MIB == 0
            number = f"{value // limits.MIB:,} MiB" if whole else f"{value:,}"
            rows.append(f"| {number} | {text.removeprefix('Bytes of ') if whole else text} |")
    return "\n".join(rows) + "\n"


def test_the_readme_lists_every_bound() -> None:
    assert SECTION.search(README.read_text()) is not None
    assert SECTION.findall(README.read_text()) == [table()]


def test_every_bound_has_a_docstring() -> None:
    names = [name for name in vars(limits) if name.isupper() and name != "MIB"]
    assert len(names) == table().count("\n") - 2


if __name__ == "__main__":
    README.write_text(SECTION.sub(lambda _: table(), README.read_text()))
