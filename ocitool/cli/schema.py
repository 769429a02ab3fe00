"""The command `schema`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ocitool.cli.options import Format
from ocitool.cli.outcome import exit_codes, print_json, print_lines


def schema_command(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Such as output/inspect.", show_default=False)
    ] = None,
) -> None:
    """Print a bundled JSON Schema; without NAME, list them.

    \b
    Example:
      ocitool schema output/inspect
    """
    from ocitool.model.schemas import read_schema, schema_names

    with exit_codes(Format.TEXT):
        if name is None:
            print_lines(list(schema_names()), stream=sys.stdout)
        else:
            print_json(read_schema(name), stream=sys.stdout)
