"""Archives that lack what is asked for, or hold more, and such as hold just that (G1, G2, G3)."""

from __future__ import annotations

from typing import Final

from ocitool.check.gates import Gates
from ocitool.model.platform_selection import PlatformSelection
from ocitool.model.reference import Reference
from ocitool.plan.options import Followers
from tests.builders import NAME, multi_platform
from tests.check.mutation import Mutation
from tests.laws.filtering import filtered


def _archive(*platforms: str, name: str = NAME, attestations: Followers = Followers.DROP) -> bytes:
    """Make an archive as `filter` writes it, which breaks no other rule."""
    layout = multi_platform(platforms, name=name, attested=True)
    return filtered(layout.pack(), ["all"], attestations=attestations)


MUTATIONS: Final[dict[str, Mutation]] = {
    "G1": Mutation(
        breaks=lambda: _archive("linux/amd64", "linux/arm/v7"),
        keeps=lambda: _archive("linux/amd64", "linux/arm64"),
        gates=Gates(PlatformSelection.parse(["linux/arm64"])),
    ),
    "G2": Mutation(
        breaks=lambda: _archive("linux/amd64", "linux/arm64"),
        # Attestations are listed as unknown/unknown, which is no platform.
        keeps=lambda: _archive("linux/amd64", attestations=Followers.FOLLOW),
        gates=Gates(PlatformSelection.parse(["linux/amd64"]), only=True),
    ),
    "G3": Mutation(
        breaks=lambda: _archive("linux/amd64", name="docker.io/library/lab:1.0-debug"),
        keeps=lambda: _archive("linux/amd64"),
        gates=Gates(images=(Reference.parse("lab:1.0"),)),
    ),
}
