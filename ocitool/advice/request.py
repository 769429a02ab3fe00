"""What advice is asked for: ``ctr``, ``ctr=1.7``, ``docker=28.5.2``, ``nerdctl=2.1@2.0.5``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.advice.importers import IMPORTERS, find_importer
from ocitool.advice.scripts.changes import JUDGED
from ocitool.advice.version import Version, VersionRange
from ocitool.errors import UsageError

if TYPE_CHECKING:
    from typing import Self

_REQUEST: Final = re.compile(r"(?P<importer>[a-z0-9-]+)(?:=(?P<version>[^@]*))?(?:@(?P<daemon>.*))?")


@dataclass(frozen=True, slots=True)
class Request:
    """An importer, which of its versions (None: all), and the version of the containerd behind it, if it is told."""

    importer: str
    versions: VersionRange | None = None
    daemon: Version | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read one request; raises `UsageError` for what is none, or names no importer."""
        found = _REQUEST.fullmatch(text.strip())
        if found is None:
            raise UsageError(
                f"cannot read {text!r}", remedy="name an importer and a version: ctr, ctr=2.0.0, docker=28"
            )
        importer = find_importer(found["importer"]).table.importer
        versions = None if found["version"] is None else VersionRange.parse(found["version"])
        return cls(importer, versions, None if found["daemon"] is None else Version.parse(found["daemon"]))


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A program that goes from one version to another."""

    old: Version
    new: Version
    program: str = "ctr"

    @classmethod
    def parse(cls, old: str, new: str) -> Self:
        """Read two versions of one program, ``1.7`` of ctr or ``docker=28``; else raises `UsageError`."""
        (before, program), (after, other) = (_program_version(text) for text in (old, new))
        if program != other:
            known = [name for name in (program, other) if name in JUDGED and name != "ctr"] or ["docker"]
            raise UsageError(
                f"{old} and {new} are not of one program",
                remedy=f"name it on both sides, such as {known[0]}=V; a version alone is one of ctr",
            )
        if program not in JUDGED:
            *names, last = JUDGED
            raise UsageError(
                f"commands of {program} in scripts are not judged",
                remedy=f"name versions of {', '.join(names)} or {last}",
            )
        return cls(Version.parse(before), Version.parse(after), program)


def _program_version(text: str) -> tuple[str, str]:
    program, sign, version = text.rpartition("=")
    return version, find_importer(program.strip()).table.importer if sign else "ctr"


def every_request() -> tuple[Request, ...]:
    """Return a request for each importer over all its versions."""
    return tuple(map(Request, IMPORTERS))
