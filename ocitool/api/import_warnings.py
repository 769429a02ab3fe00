"""What the user should know of an import before it is run; pure functions of values."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ocitool.advice.choice import Quality, wanted_manifests
from ocitool.advice.outcome import Ending, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ocitool.advice.choice import Command
    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.importer import Importer
    from ocitool.advice.target import Target
    from ocitool.model.platform import Platform

_TRIED: Final = 32
"""Platforms that are tried on a host of their own: each costs a prediction of the whole archive."""


def import_warnings(
    facts: ArchiveFacts, importer: Importer, target: Target, wanted: Sequence[Platform], command: Command
) -> Iterator[str]:
    """Yield what a command that was chosen does not do: names that it changes, platforms that it does not unpack."""
    if command.quality is Quality.MISNAMES:
        names = ", ".join(filter(None, command.outcome.names))
        how = f"as {names}, which is not what the archive calls it" if names else "without a name"
        yield f"it is stored {how}; --name REF names it"
    by_reason: dict[str, list[str]] = {}
    for number, platform in enumerate(_stored(facts, wanted, command.outcome)):
        fault = _fault(facts, importer, target, platform) if number < _TRIED else ""
        by_reason.setdefault(fault or _reason_here(target, platform, command), []).append(platform.display)
    for reason, platforms in by_reason.items():
        yield f"{', '.join(platforms)} {'is' if len(platforms) == 1 else 'are'} stored, not unpacked: {reason}"


def reason_of(outcome: Outcome) -> str:
    """Return why an import does not do what is wanted."""
    reason = next(iter(outcome.reasons), "")
    return outcome.message or reason or {Ending.NOTHING: "nothing is stored"}.get(outcome.ending, "not all is kept")


def _stored(facts: ArchiveFacts, wanted: Sequence[Platform], outcome: Outcome) -> tuple[Platform, ...]:
    """Return the wanted platforms that an image keeps and is not ready to run on."""
    unready = {platform for image in outcome.images for platform in image.kept if platform not in image.ready}
    nodes = (node for image in facts.graph.images for node in wanted_manifests(image, wanted))
    found = dict.fromkeys(node.platform for node in nodes if node.platform is not None)
    return tuple(platform for platform in found if platform.display in unready)


def _fault(facts: ArchiveFacts, importer: Importer, target: Target, platform: Platform) -> str:
    """Say what keeps a platform from being unpacked on a host of its own too, "" if nothing does."""
    home = replace(target, host=platform)
    commands = importer.candidates(facts, home, (platform,))
    outcomes = [importer.predict(facts, home, arguments) for arguments in commands]
    if any(platform.display in image.ready for outcome in outcomes for image in outcome.images):
        return ""
    # An importer may end with exit code 0 all the same: what ends with an error says best why.
    outcomes.sort(key=lambda outcome: outcome.ending is not Ending.ERROR)
    why = next((outcome.reasons[0] for outcome in outcomes if outcome.reasons), "")
    return f"even a host of its own platform cannot unpack it{f': {why}' if why else ''}"


def _reason_here(target: Target, platform: Platform, command: Command) -> str:
    if not target.host.matches(platform):
        return f"this is a {target.host.display} host"
    return next(iter(command.outcome.reasons), "the command leaves that for later")
