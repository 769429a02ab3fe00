"""The options of `verify`, and what they ask for."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from ocitool.cli.options import local_path
from ocitool.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.check.gates import Gates


class VerifyFormat(Enum):
    """The form of this report; the last two are for CI."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"
    SARIF = "sarif"


class ProfileName(Enum):
    """The profiles of `ocitool.check`, which no other command has to load."""

    SPEC = "spec"
    IMPORT = "import"
    STRICT = "strict"


class FailOn(Enum):
    """The least severity that makes verify exit 1."""

    ERROR = "error"
    WARNING = "warning"


WantedPlatforms: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--platform",
        "-p",
        metavar="P",
        help="Every image must have these, complete; repeatable, comma lists, as in filter.",
        show_default=False,
    ),
]
OnlyImages: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--image",
        metavar="REF",
        help="Only these images of an archive with several, and what is of none; repeatable, globs.",
        show_default=False,
    ),
]
Only: TypeAlias = Annotated[bool, typer.Option("--only", help="No image may list a platform that -p does not name.")]
Require: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--require",
        metavar="FILE",
        parser=local_path,
        help="Every image of this list must be there, complete for every -p: one a line, # comments; - is stdin.",
        show_default=False,
    ),
]
Deep: TypeAlias = Annotated[bool, typer.Option("--deep", help="Unpack the layers too: diff_ids, what is in the tar.")]
ProfileOption: TypeAlias = Annotated[
    ProfileName,
    typer.Option(
        "--profile",
        help="import: errors are what breaks an import; spec: the specification; strict: both, no warnings.",
    ),
]
FailOnOption: TypeAlias = Annotated[FailOn, typer.Option("--fail-on", help="The least severity that exits 1.")]
ListRules: TypeAlias = Annotated[
    bool, typer.Option("--list-rules", help="Print every rule (text or json) and exit; SRC is not needed.")
]
VerifyReportFormat: TypeAlias = Annotated[VerifyFormat, typer.Option("--format", help="Form of the report.")]
EveryFinding: TypeAlias = Annotated[
    bool, typer.Option("--verbose", "-v", help="Print every finding, where many are of one rule.")
]


def make_gates(
    source: str, platforms: Sequence[str], images: Sequence[str], require: Path | None, *, only: bool
) -> Gates:
    """Return what an archive has to hold; raises `UsageError` for what cannot be asked."""
    from ocitool.api.image_lists import read_image_list
    from ocitool.check.gates import Gates
    from ocitool.model.platform_selection import PlatformSelection
    from ocitool.model.reference import ImageFilter

    if require is not None and str(require) == "-" == source:
        raise UsageError("standard input can be read once", remedy="name a file as SRC or for --require")
    selection = PlatformSelection.parse(platforms) if platforms else None
    # Options that contradict each other are told before a list is waited for.
    gates = Gates(selection, only=only, scope=ImageFilter(tuple(images)))
    return gates if require is None else replace(gates, images=read_image_list(require))
