"""What each importer at hand does with an archive that breaks a rule, as it was seen to do.

An error in the profile `import` says that some importer fails, stores nothing or stores something else. Which one
that is stands here for every such rule; those that are not named take the archive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.check import mutations_importing

from .engines import labels
from .reactions import Reaction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.check.mutation import Mutation

TABLES: Final[tuple[Mapping[str, Mutation], ...]] = (mutations_importing.MUTATIONS,)
"""The mutations of all rules, area by area."""

MUTATIONS: Final[dict[str, Mutation]] = {rule: mutation for table in TABLES for rule, mutation in table.items()}

FAILS, NOTHING, ANOTHER, LIES = Reaction.FAILS, Reaction.NOTHING, Reaction.ANOTHER, Reaction.LIES

CONTAINERD: Final = tuple(labels("containerd"))
DOCKER_CLASSIC: Final = tuple(labels("docker"))
DOCKER_CONTAINERD: Final = ("docker-sid-containerd-store",)
PODMAN: Final = tuple(labels("podman"))
SKOPEO: Final = tuple(labels("skopeo"))


def _fail(*engines: tuple[str, ...]) -> dict[str, Reaction]:
    return dict.fromkeys((label for group in engines for label in group), FAILS)


_WITHOUT_CONTENT: Final = _fail(CONTAINERD, DOCKER_CLASSIC, PODMAN, SKOPEO)
"""The containerd store of docker says that it loaded the image, and finds out when it is run."""

_NOTHING_TO_READ: Final = _WITHOUT_CONTENT | _fail(DOCKER_CONTAINERD)

SEEN: Final[dict[str, dict[str, Reaction]]] = {
    "L6": _NOTHING_TO_READ,
    "L12": _WITHOUT_CONTENT,
    "D14": _fail(SKOPEO),
    "D15": _WITHOUT_CONTENT,
    "X18": {"containerd-1.6": FAILS, "containerd-1.7": FAILS, "containerd-2": LIES} | _fail(SKOPEO),
    "T1": _WITHOUT_CONTENT,
    # containerd stores both contents, each under its own digest; who unpacks the tar has the last.
    "T3": _fail(DOCKER_CLASSIC, SKOPEO),
    "V25": dict.fromkeys(DOCKER_CLASSIC, ANOTHER),
    "I1": dict.fromkeys(CONTAINERD, NOTHING),
    "I3": {"containerd-2": NOTHING, **dict.fromkeys(DOCKER_CONTAINERD, NOTHING)}
    | dict.fromkeys((*DOCKER_CLASSIC, *PODMAN), ANOTHER),
    # containerd stores one of the two, which of them changes from run to run; docker and podman go by manifest.json.
    "I4": _fail(SKOPEO),
    "I15": _NOTHING_TO_READ,
}
"""By rule and label of the engine."""

NOT_SEEN: Final[dict[str, str]] = {}
"""Why a rule is an error though no importer at hand shows it."""


def expected(rule: str, label: str) -> Reaction:
    """Return what an engine does with what breaks a rule."""
    return SEEN[rule].get(label, Reaction.TAKES)
