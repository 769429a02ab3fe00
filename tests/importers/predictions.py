"""What each importer at hand does with an archive that breaks a rule, as it was seen to do.

An error in the profile `import` says that some importer fails, stores nothing or stores something else. Which one
that is stands here for every such rule; those that are not named take the archive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.check import mutations_importing, mutations_layers

from .broken_documents import BROKEN
from .engines import labels
from .reactions import Reaction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.check.mutation import Mutation

TABLES: Final[tuple[Mapping[str, Mutation], ...]] = (mutations_importing.MUTATIONS, mutations_layers.MUTATIONS)
"""The mutations of rules, area by area."""

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

_AS_CONTAINERD_READS: Final = _fail(CONTAINERD, DOCKER_CONTAINERD)
_AS_GO_READS: Final = _AS_CONTAINERD_READS | _fail(SKOPEO)
"""What no program in Go decodes; docker's classic store and podman fall back on manifest.json."""

_NOT_UNPACKED: Final = {"containerd-1.6": FAILS, "containerd-1.7": FAILS, "containerd-2": LIES}
"""containerd 2 stores what it cannot unpack without a word, and the collector of garbage takes the layers."""

_LAYER_NOT_FOUND: Final = _fail(CONTAINERD, SKOPEO)
_CONFIG_NOT_READ: Final = _NOT_UNPACKED | _fail(DOCKER_CLASSIC, PODMAN)

_DOCUMENTS: Final[dict[str, dict[str, Reaction]]] = {
    **dict.fromkeys(("L2", "L3", "L4", "M4"), _AS_CONTAINERD_READS),
    **dict.fromkeys(("L7", "J1", "J3", "J6", "J7", "A1"), _AS_GO_READS),
    **dict.fromkeys(("D12", "D13", "D19", "D24", "M11", "M17", "M21", "X6", "X19"), _AS_GO_READS),
    **dict.fromkeys(("J2", "J8", "M8"), _NOT_UNPACKED),
    **dict.fromkeys(("D1", "D2"), _fail(CONTAINERD)),
    **dict.fromkeys(("D3", "D4", "D5", "D6", "D7", "D8", "D9", "D11"), _LAYER_NOT_FOUND),
    **dict.fromkeys(("X5", "X10"), _NOT_UNPACKED | _fail(SKOPEO)),
    # containerd takes its host's operating system for one that is missing.
    "X11": _fail(SKOPEO),
    # The others do not read it.
    "X16": _fail(("containerd-1.7", "containerd-2", "skopeo-sid"), DOCKER_CONTAINERD),
    "M20": {"containerd-2": LIES},
    "C6": {"containerd-2": LIES},
    "C5": _fail(CONTAINERD, DOCKER_CLASSIC),
    **dict.fromkeys(("C7", "C9", "C17"), _fail(CONTAINERD, DOCKER_CLASSIC, ("podman-sid",))),
    **dict.fromkeys(("C11", "C13", "C14"), _CONFIG_NOT_READ),
    "M14": _fail(CONTAINERD),
    # Without a manifest.json, which docker needs, and which podman would go by.
    "M22": _fail(PODMAN, DOCKER_CLASSIC),
}

SEEN: Final[dict[str, dict[str, Reaction]]] = {
    **_DOCUMENTS,
    "L6": _NOTHING_TO_READ,
    **dict.fromkeys(("L12", "L17"), _WITHOUT_CONTENT),
    "D14": _fail(SKOPEO),
    "D15": _WITHOUT_CONTENT,
    # Docker and podman go by manifest.json, skopeo copies the artifact.
    "X15": {"containerd-1.6": FAILS, "containerd-1.7": LIES, "containerd-2": LIES},
    "X18: a feature that is not configured": {"containerd-2": LIES},
    "X18": {"containerd-1.6": FAILS, "containerd-1.7": FAILS, "containerd-2": LIES} | _fail(SKOPEO),
    "T1": _WITHOUT_CONTENT,
    # containerd stores both contents, each under its own digest; who unpacks the tar has the last.
    "T3": _fail(DOCKER_CLASSIC, SKOPEO),
    # Docker, podman and skopeo decompress more than containerd does.
    **dict.fromkeys(("T8", "T8: bzip2"), _fail(CONTAINERD)),
    **dict.fromkeys(("V25", "V25: no tags"), dict.fromkeys(DOCKER_CLASSIC, ANOTHER)),
    "V25: a name without a tag": _fail(DOCKER_CLASSIC),
    "I1": dict.fromkeys(CONTAINERD, NOTHING),
    "I3": {"containerd-2": NOTHING, **dict.fromkeys(DOCKER_CONTAINERD, NOTHING)}
    | dict.fromkeys((*DOCKER_CLASSIC, *PODMAN), ANOTHER),
    **dict.fromkeys(("I18", "I18: an attestation alone"), _NOT_UNPACKED | _fail(SKOPEO, PODMAN, DOCKER_CLASSIC)),
    # Where docker's manifest.json cannot have the name either.
    **dict.fromkeys(
        ("I21", "I21: a reference alone"),
        dict.fromkeys(DOCKER_CONTAINERD, NOTHING) | dict.fromkeys((*DOCKER_CLASSIC, *PODMAN), ANOTHER),
    ),
    # Docker and podman go by manifest.json.
    "I4": _fail(SKOPEO),
    "I15": _NOTHING_TO_READ,
    "C8": _fail(CONTAINERD, DOCKER_CLASSIC, ("podman-sid",)),
    "Y1": _fail(CONTAINERD, DOCKER_CLASSIC, PODMAN),
    "Y5": _fail(CONTAINERD, DOCKER_CLASSIC),
    "Y12": _fail(CONTAINERD, DOCKER_CLASSIC, PODMAN),
    # The others go by the bytes; docker 20.10 does so too, and knows no zstd.
    "Y3": _fail(("docker-20.10",)),
    # Importers have no bound on layers, but find that a bomb does not unpack to its diff_id.
    "Y11": _fail(CONTAINERD, DOCKER_CLASSIC, ("podman-sid",)),
}
"""By what is broken, a rule and maybe a way (`rule_of`), and label of the engine."""

_REFUSED: Final = "no importer at hand looks at it; ocitool writes nothing from it"
_NO_PLATFORM: Final = "no importer at hand looks at it; ocitool takes what has no platform for no image"

NOT_SEEN: Final[dict[str, str]] = {
    **dict.fromkeys(("A2", "D20", "D21", "M1", "M2", "M6", "X1", "X3", "X4"), _REFUSED),
    **dict.fromkeys(("C1", "C2"), _NO_PLATFORM),
}
"""Why a rule is an error though no importer at hand shows it."""


NOT_READ: Final = {"T9": "importers pass over a table of contents; ocitool reads one only of what a URL names"}
"""Why a rule is an error though every importer takes the archive, and so does ocitool where it is a file."""


def rule_of(case: str) -> str:
    """Return the rule of a key of `SEEN`."""
    return case.partition(":")[0]


def breaking(case: str) -> bytes:
    """Return an archive that breaks a rule where importers look."""
    return BROKEN[case]() if case in BROKEN else MUTATIONS[case].breaks()


_UNSTABLE: Final = {("I4", label) for label in CONTAINERD}
"""Where containerd stores one of two, or stops at the one that it has not stored, as it happens."""


def expected(case: str, label: str) -> frozenset[Reaction]:
    """Return what an engine does with what breaks a rule: one thing, but where it changes from run to run."""
    if (case, label) in _UNSTABLE:
        return frozenset({Reaction.TAKES, FAILS, LIES})
    return frozenset({SEEN[case].get(label, Reaction.TAKES)})
