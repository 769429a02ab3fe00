"""The options of `advise`, and what they ask for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from ocitool.cli.options import local_path
from ocitool.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.api.advising import AdviseOptions
    from ocitool.model.platform import Platform

OLD: Final = "1.7"
NEW: Final = "2.0"
"""The upgrade that breaks most scripts."""

Importers: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--for",
        metavar="IMPORTER",
        help="Only this importer: ctr, ctr=1.7, docker=28.5.2, nerdctl=2.1@2.0.5 (@: the containerd behind it); "
        "repeatable. Exits 1 if one has no command that imports the archive as it is. With --error, once: what "
        "printed the message.",
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
        parser=local_path,
        help="Find import and export commands in a script that break between --from and --to; repeatable, - is "
        "standard input.",
        show_default=False,
    ),
]
From: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="V",
        help="With --script: the version in use, of ctr (default: 1.7) or docker=20.10, with --to docker=28.",
        show_default=False,
    ),
]
To: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="V",
        help="With --script: the version to come (default: 2.0); of a line the first release.",
        show_default=False,
    ),
]


def check_options(
    source: str | None,
    error: str | None,
    scripts: Sequence[Path],
    importers: Sequence[str],
    wanted: Sequence[str],
    *,
    only_scripts: Sequence[object],
) -> None:
    """Raise `UsageError` for what does not go together, or where nothing is asked."""
    if error is not None and scripts:
        raise UsageError("--error and --script are two questions", remedy="ask one at a time")
    if any(only_scripts) and not scripts:
        raise UsageError("--from and --to are for --script", remedy="name a script, or leave them out")
    if wanted and (error is not None or scripts):
        raise UsageError("--want is for an archive alone", remedy="leave it out")
    if importers and scripts:
        raise UsageError("--for is not for --script", remedy="name the program with --from and --to: docker=20.10")
    if error is not None and len(importers) > 1:
        raise UsageError("one program printed the message", remedy="name one with --for, or none")
    if source is None and error is None and not scripts:
        raise UsageError("no archive is named", remedy="name SRC: a file, a layout folder, or - for standard input")
    inputs = [source, error, *map(str, scripts)]
    if inputs.count("-") > 1:
        raise UsageError("standard input can be read once", remedy="name - once, and files for the others")


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
