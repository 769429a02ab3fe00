"""Arguments and options that mean the same in every command."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer


def local_path(text: str) -> Path:
    """Return the path that an option gives; what is wrong with a URL is told without what is secret in it.

    A URL must never become a `Path` here, which takes a slash out of it, so that nothing tells it from one any more.
    """
    from ocitool.errors import UsageError
    from ocitool.model.url import path_of_url, shown_url, url_scheme

    try:
        path = path_of_url(text)
    except UsageError as error:
        raise typer.BadParameter(f"{shown_url(text)} {error.message}; {error.remedy}") from None
    if url_scheme(path):
        raise typer.BadParameter(f"{shown_url(path)} is a URL; name a file or folder of this machine")
    return Path(path)


class Format(Enum):
    """The form of a report."""

    TEXT = "text"
    JSON = "json"


class ProgressMode(Enum):
    """How progress is shown on standard error."""

    AUTO = "auto"
    PLAIN = "plain"
    JSON = "json"
    NONE = "none"


_SOURCE_HELP: Final = (
    "An OCI archive or docker-archive (plain or compressed), its URL, an OCI layout folder, or - for standard input."
)

Source: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="SRC",
        help=_SOURCE_HELP,
        show_default=False,
    ),
]
OptionalSource: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="SRC",
        help=_SOURCE_HELP,
        show_default=False,
    ),
]
ReportFormat: TypeAlias = Annotated[Format, typer.Option("--format", help="Form of the report.")]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors and warnings only.")]
Verbose: TypeAlias = Annotated[bool, typer.Option("--verbose", "-v", help="Print whole digests and every layer.")]
Progress: TypeAlias = Annotated[
    ProgressMode, typer.Option("--progress", help="Progress on standard error; auto draws bars on a terminal only.")
]
SpoolDirectory: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--tmp-dir",
        metavar="DIR",
        parser=local_path,
        help="Where a pipe or a compressed archive is spooled, if it must be (default: beside the output).",
        show_default=False,
    ),
]
ReportSpoolDirectory: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--tmp-dir",
        metavar="DIR",
        parser=local_path,
        help="Where a pipe or a compressed archive is spooled (default: $TMPDIR, else /var/tmp).",
        show_default=False,
    ),
]
MaxRatio: TypeAlias = Annotated[
    int,
    typer.Option("--max-ratio", min=1, metavar="N", help="Refuse a compressed source that grows more than N-fold."),
]
