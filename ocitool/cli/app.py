"""The program: its commands, signals, and what becomes of its exit code."""

from __future__ import annotations

import io
import itertools
import sys
from typing import Annotated

import typer

from ocitool import __version__
from ocitool.cli.commands import CommandGroup
from ocitool.cli.signals import handle_signals
from ocitool.cli.streams import occupy_closed_streams
from ocitool.errors import Interrupted, UsageError

app = typer.Typer(
    name="ocitool",
    cls=CommandGroup,
    help="Filter, check and explain multi-platform OCI image archives: no daemon, no root, no registry.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
    occupy_closed_streams()
    handle_signals()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = app(standalone_mode=False)
    except Interrupted as error:  # outside of a command
        status = 128 + error.signal_number
    except typer.TyperException as error:
        status = _report_usage(error)
    except typer.Abort:
        status = 1
    sys.exit(status)


def _report_usage(error: typer.TyperException) -> int:
    """Print what typer has to say of the arguments, in the form that they ask for."""
    from ocitool.cli.options import Format
    from ocitool.cli.outcome import print_error

    words = sys.argv[1:]
    if "--format=json" in words or ("--format", "json") in itertools.pairwise(words):
        message = getattr(error, "format_message", lambda: str(error))()
        print_error(UsageError(message, remedy=f"see ocitool {' '.join(words[:1])} --help"), Format.JSON)
    else:
        getattr(error, "show", lambda: None)()
    return UsageError.exit_code
