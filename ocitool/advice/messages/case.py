"""A message held against an archive: what its causes are looked for in, and what is handed in from outside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from ocitool.advice.messages.exports import family, filled, without_ctr
from ocitool.graph.image import Kind, State
from ocitool.model.platform import KNOWN_OS, Platform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.messages.recognise import Recognised
    from ocitool.advice.messages.roles import DigestRole, Roles, Standing
    from ocitool.advice.request import Request
    from ocitool.advice.version import VersionRange
    from ocitool.errors import OcitoolError
    from ocitool.graph.image import Image, ManifestNode
    from ocitool.model.digest import Digest
    from ocitool.plan.filter_command import Rewrite

_PLATFORM: Final = re.compile(
    r"(?<![A-Za-z0-9_./-])((?:"
    + "|".join(sorted(KNOWN_OS))
    + r")/[a-z0-9_]{2,20}(?:/v?[0-9.]{1,5})?)(?![A-Za-z0-9_/:@-])"
)
_PLATFORM_LIMIT: Final = 8
_COMMAND_LIMIT: Final = 1_500
"""Characters of a command; nobody types longer ones."""


def _never(_rewrite: Rewrite) -> bool:
    return False


def _unread(_digest: Digest) -> None:
    return None


def _unknown(_rewrite: Rewrite | None, _program: str, _version: str) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class World:
    """What is told about the host, and functions that look where the core does not.

    `host` is the platform of the machine that printed the message. `plans` tells whether a rewrite would work on
    this archive; `hash_blob` what the bytes of a blob hash to, None if there is none of that name. `import_command`
    returns the command by which a program imports what a rewrite writes (OUT), or the archive as it is (None; SRC),
    "" if it is not known. `refusal` is why the archive could not be read, where it could not. `request` is which
    program printed the message, and of which version, if that is told.
    """

    host: Platform = Platform("linux", "amd64")  # noqa: RUF009 - it is frozen
    plans: Callable[[Rewrite], bool] = _never
    hash_blob: Callable[[Digest], Digest | None] = _unread
    import_command: Callable[[Rewrite | None, str, str], str] = _unknown
    refusal: OcitoolError | None = None
    request: Request | None = None

    @property
    def program(self) -> str:
        """The program that printed the message, "" if it is not told."""
        return "" if self.request is None else family(self.request.importer)

    @property
    def versions(self) -> VersionRange | None:
        """Its version, or all of a line; None if it is not told."""
        return None if self.request is None else self.request.versions


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause: what it is in this archive, whether it is certain, what to do; a command stands after a colon."""

    text: str
    certain: bool
    remedy: str
    id: str = ""


@dataclass(frozen=True)
class Case:
    """One message and the archive that it is about.

    Without slots, as what is worked out from the archive is kept.
    """

    found: Recognised
    facts: ArchiveFacts
    world: World
    roles: Roles
    digests: tuple[DigestRole, ...]

    @cached_property
    def platforms(self) -> tuple[Platform, ...]:
        """The platforms that the message names."""
        groups = self.found.groups
        if "architecture" in groups:
            return (Platform(groups.get("os", "linux"), groups["architecture"], groups.get("variant", "")),)
        text = groups.get("platform", "")
        return platforms_in(text or self.found.lines)

    @cached_property
    def asked(self) -> Platform:
        """The platform of the host: what the message says it is, else what was told."""
        return self.platforms[0] if "architecture" in self.found.groups else self.world.host

    @cached_property
    def images(self) -> tuple[ManifestNode, ...]:
        """All manifests that are images of some platform."""
        return tuple(
            node
            for image in self.facts.graph.images
            for node in image.manifests()
            if node.kind is Kind.IMAGE and node.platform is not None
        )

    @cached_property
    def complete(self) -> tuple[str, ...]:
        """The platforms of which something is there whole, the host's first."""
        names = {
            node.platform.display: self.world.host.matches(node.platform)
            for node in self.images
            if node.platform is not None and node.state is State.COMPLETE
        }
        return tuple(sorted(names, key=lambda name: not names[name]))

    @cached_property
    def named(self) -> tuple[Image, ...]:
        """The images that are no mere artifacts."""
        return tuple(image for image in self.facts.graph.images if not image.is_artifact)

    def state_of(self, platform: Platform) -> State | None:
        """Return the best state of a platform, None if it is not listed."""
        states = {node.state for node in self.images if node.platform and platform.matches(node.platform)}
        order = (State.COMPLETE, State.CORRUPT, State.PARTIAL, State.ABSENT)
        return next((state for state in order if state in states), None)

    def standing(self, *standings: Standing) -> tuple[DigestRole, ...]:
        """Return the digests of the message that stand so."""
        return tuple(role for role in self.digests if role.standing in standings)

    def first_that_plans(self, rewrites: Iterable[Rewrite]) -> Rewrite | None:
        """Return the first command that would work on this archive."""
        return next((each for each in rewrites if _can_be_typed(each) and self.world.plans(each)), None)

    def remedy(self, rewrites: Iterable[Rewrite], otherwise: str, then: str = "") -> str:
        """Return the first command that works; else what else is to be done.

        After it comes `then`, by default the import.
        """
        rewrite = self.first_that_plans(rewrites)
        if rewrite is None:
            return self.exported(otherwise)
        then = then or self.world.import_command(rewrite, self.found.program, "")
        steps = " && ".join(filter(None, (rewrite.command, then)))
        otherwise = without_ctr(rewrite.otherwise, self.found.program)
        return f"{rewrite.advice}: {steps}" + (f"; or {otherwise}" if otherwise else "")

    def exported(self, remedy: str, platform: str = "") -> str:
        """Return a remedy with the commands of the program at hand that export an image again, if it has any."""
        return filled(remedy, self.found.program, self.world.versions, platform)


def platforms_in(text: str) -> tuple[Platform, ...]:
    """Return the platforms that a text names, each once."""
    return tuple(dict.fromkeys(_platforms(text)))[:_PLATFORM_LIMIT]


def _platforms(text: str) -> Iterator[Platform]:
    for found in _PLATFORM.finditer(text):
        system, architecture, variant = (*found[1].split("/"), "")[:3]
        yield Platform(system, architecture, variant)


def _can_be_typed(rewrite: Rewrite) -> bool:
    return len(rewrite.command) <= _COMMAND_LIMIT and rewrite.command.isprintable()
