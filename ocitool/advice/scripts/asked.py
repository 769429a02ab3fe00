"""What a command asks for by its flags, so that no other line is offered that asks for something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.advice.outcome import Ending
from ocitool.model.platform import KNOWN_ARCHITECTURES, Platform

if TYPE_CHECKING:
    from collections.abc import Collection

    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.outcome import Outcome
    from ocitool.advice.scripts.commands import ArchiveCommand

PLATFORM_FLAGS: Final = frozenset({"--platform", "--all-platforms", "--arch", "--os", "--variant"})
"""Flags that say which platforms are meant."""

_SEEN: Final = frozenset({"--base-name", "--digests", "--format", "--index-name", "--oci-name"})
"""Flags that decide names, which an outcome shows unless it is an error."""

_UNSEEN: Final = frozenset({"--snapshotter"})
"""Flags that ask for what no outcome shows."""

_HOST_ALONE: Final = frozenset({"ctr", "nerdctl", "podman"})
"""Programs that are asked for the host's platform where no flag says otherwise; others take all that is there."""


def read_word(text: str) -> Platform | None:
    """Read the value of ``--platform``, None if it is no platform."""
    parts = text.split("/")
    if len(parts) == 1 and text in KNOWN_ARCHITECTURES:
        return Platform("linux", text)
    return Platform(parts[0], parts[1], "".join(parts[2:])) if len(parts) in {2, 3} else None


def asked_platforms(command: ArchiveCommand, platform: str, host: Platform) -> frozenset[str] | None:
    """Return the platforms that a command asks for, as `Platform.display` names them, None for all.

    `platform` is the value of its ``--platform``, "" without one.
    """
    if any(flag.name == "--all-platforms" and flag.value in {None, "true", "1"} for flag in command.flags):
        return None
    if platform:
        words = platform.split(",")
        return frozenset(word if (read := read_word(word)) is None else read.display for word in words)
    return frozenset({host.display}) if command.program in _HOST_ALONE else None


def is_answered(
    dropped: Collection[str], asked: frozenset[str] | None, facts: ArchiveFacts, before: Outcome, after: Outcome
) -> bool:
    """Whether all is there that dropped flags asked for; an import that fails puts nothing in its place."""
    if after.ending is Ending.ERROR:
        return True
    if _UNSEEN & {*dropped} or (before.ending is Ending.ERROR and _SEEN & {*dropped}):
        return False
    if not PLATFORM_FLAGS & {*dropped}:
        return True
    held = {platform for image in after.images for platform in (*image.ready, *image.kept)}
    return (_listed(facts) if asked is None else asked) <= held


def _listed(facts: ArchiveFacts) -> frozenset[str]:
    return frozenset(
        node.platform.display
        for image in facts.graph.images
        if not image.is_artifact
        for node in image.manifests()
        if node.platform and not node.platform.is_unknown
    )
