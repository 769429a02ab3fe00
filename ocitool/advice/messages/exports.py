"""How each program exports an image again after a pull: what remedies say where the archive lacks what is wanted."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from ocitool.advice.version import Version

if TYPE_CHECKING:
    from ocitool.advice.version import VersionRange

ALL: Final = "<export>"
"""Stands in a remedy for the commands that export all there is of an image."""

ONE: Final = "<export-platform>"
"""Stands in a remedy for the commands that export a platform."""

_ANY: Final = "PLATFORM"
_TRANSFER: Final = Version(2)
_NOTE: Final = " (before 2.0 without --local)"

# docker has no way to pull all platforms; what it pulled it saves.
_COMMANDS: Final = {
    "docker": ("docker pull IMAGE", "docker pull --platform {} IMAGE", "docker save -o OUT IMAGE"),
    "nerdctl": (
        "nerdctl pull --all-platforms IMAGE && nerdctl save --all-platforms -o OUT IMAGE",
        "nerdctl pull --platform {0} IMAGE && nerdctl save --platform {0} -o OUT IMAGE",
        "",
    ),
    "podman": (
        "skopeo copy --all docker://IMAGE oci-archive:OUT",
        "podman pull --platform {} IMAGE && podman save --format oci-archive -o OUT IMAGE",
        "",
    ),
    "skopeo": ("skopeo copy --all docker://IMAGE oci-archive:OUT",) * 2 + ("",),
}
_OF_CTR: Final = re.compile(r"(?:^|: )ctr ")
_CTR: Final = (
    "ctr images pull{local} --all-platforms IMAGE && ctr images export{local} --all-platforms OUT IMAGE",
    "ctr images pull{local} --platform {platform} IMAGE && ctr images export{local} --platform {platform} OUT IMAGE",
)


def filled(remedy: str, program: str, versions: VersionRange | None = None, platform: str = "") -> str:
    """Return a remedy with the commands of a program in the place of `ALL` or `ONE`, which stand after a colon.

    For ctr they are those of `versions`; where it is not told, they are those of 2.x, and what is other before.
    """
    name = shlex.quote(platform) if platform else _ANY
    program = family(program)
    for mark, number in ((ALL, 0), (ONE, 1)):
        if mark not in remedy:
            continue
        if program in _COMMANDS:
            first, then = _COMMANDS[program][number], _COMMANDS[program][2]
            return remedy.replace(mark, " && ".join(filter(None, (first.format(name), then))))
        known = versions if program == "ctr" else None
        local = "" if known is not None and known.start < _TRANSFER else " --local"
        note = _NOTE if known is None else ""
        return remedy.replace(f": {mark}", f"{note}: {_CTR[number].format(local=local, platform=name)}")
    return remedy


def without_ctr(otherwise: str, program: str) -> str:
    """Return what else is advised, "" if it is a command of ctr and the program does not import with that."""
    return "" if family(program) in _COMMANDS and _OF_CTR.search(otherwise) else otherwise


def family(program: str) -> str:
    """Return what the command of an importer is called: docker's is, whichever store it has."""
    return program.removesuffix("-containerd")
