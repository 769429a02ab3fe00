"""The options of `advise`, and what they ask for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from ocitool.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.api.advising import AdviseOptions
    from ocitool.model.platform import Platform

Importers: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--for",
        metavar="IMPORTER",
        help="Only this importer: ctr, ctr=1.7, docker=28.5.2, nerdctl=2.1@2.0.5 (@: the containerd behind it); "
        "repeatable. Exits 1 if one has no command that imports the archive as it is.",
        show_default=False,
    ),
]
Host: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--host", metavar="P", help="Platform of the importing host (default: this one).", show_default=False
    ),
]
Wanted: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--want",
        metavar="P",
        help="Platforms that shall be there afterwards; repeatable, comma lists (default: the host's, or all if the "
        "archive has nothing for it).",
        show_default=False,
    ),
]
ErrorText: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--error",
        metavar="TEXT",
        help="Explain an error message, and the digests in it, against this archive; - reads it from standard input.",
        show_default=False,
    ),
]
Scripts: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        "--script",
        metavar="FILE",
        help="Find import and export commands in a script that break between --from and --to; repeatable, - is "
        "standard input.",
        show_default=False,
        readable=False,  # not looked at before it is read, so that one place says what is wrong with it
    ),
]
From: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="V", help="For --script: the version in use now (default: 1.7).", show_default=False
    ),
]
To: TypeAlias = Annotated[
    str | None,
    typer.Option("--to", metavar="V", help="For --script: the version to come (default: 2.0).", show_default=False),
]


def make_options(importers: Sequence[str], host: str | None, wanted: Sequence[str]) -> AdviseOptions:
    """Return what is asked; raises `UsageError` for what cannot be."""
    from ocitool.advice.request import Request
    from ocitool.api.advising import AdviseOptions
    from ocitool.model.platform_selection import PlatformSelection

    return AdviseOptions(
        tuple(map(Request.parse, importers)),
        None if host is None else one_platform(host),
        PlatformSelection.parse(wanted) if wanted else None,
    )


def one_platform(text: str) -> Platform:
    """Read the platform of a host; raises `UsageError` for a pattern."""
    from ocitool.model.platform_selection import PlatformSpecifier

    specifier = PlatformSpecifier.parse(text)
    if specifier.exclude or not specifier.is_literal:
        raise UsageError(f"--host {text!r} is no single platform", remedy="name one, such as linux/arm64")
    return specifier.pattern
