"""The program: its commands, signals, and what becomes of its exit code."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ocitool import __version__
from ocitool.cli.filter import filter_command
from ocitool.cli.inspect import inspect_command
from ocitool.cli.schema import schema_command
from ocitool.cli.signals import handle_signals
from ocitool.cli.verify import verify_command
from ocitool.errors import Interrupted

app = typer.Typer(
    name="ocitool",
    help="Filter, check and explain multi-platform OCI image archives: no daemon, no root, no registry.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("inspect")(inspect_command)
app.command("filter")(filter_command)
app.command("verify")(verify_command)
app.command("schema")(schema_command)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ocitool {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    _version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Filter, check and explain multi-platform OCI image archives: no daemon, no root, no registry."""


def run() -> None:
    """Run the program on this process's arguments; a request to terminate becomes an orderly end."""
    handle_signals()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except Interrupted as error:  # outside of a command
        sys.exit(128 + error.signal_number)
