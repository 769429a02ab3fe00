"""The remedies of an archive: commands that mend it as it is, with all that is wrong with it; words where none does.

A command is told only if it would work: `filter` is planned with its options, and what it would write is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from ocitool.check.catalogue import RULES
from ocitool.check.catalogue.remedies import (
    ADD_IMAGE,
    ANY_WRITING,
    BUILD_AGAIN,
    EXPORT_TOGETHER,
    LISTED,
    MENDING,
    NAME_AT_EXPORT,
    NAMING,
    TRANSFER_AGAIN,
    weaker,
)
from ocitool.check.naming import name_rewrites
from ocitool.errors import OcitoolError
from ocitool.graph.image import Kind
from ocitool.graph.layout_files import BLOBS_FOLDER, DOCKER_NAME
from ocitool.plan.filter import plan_filter, plan_layers
from ocitool.plan.filter_command import Rewrite
from ocitool.plan.options import Layers
from ocitool.plan.steps import Copy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ocitool.check.checked import CheckedArchive
    from ocitool.check.report import Finding
    from ocitool.model.platform_selection import PlatformSelection
    from ocitool.plan.steps import Plan

_LENGTH_LIMIT: Final = 1_500
"""Characters of a command; longer ones are cut where they are printed, and nobody types them."""

_OF_DOCUMENT: Final = frozenset({"L9", "L11", "X9", "X12", "X18", "V26", "I8"})
"""Rules that an entry of the archive breaks, so that it must not be in what is written."""

_ALONE: Final = {"X9": BUILD_AGAIN, "X12": BUILD_AGAIN, "X18": BUILD_AGAIN, "I8": "build the image again"}
"""What is left to do where no command helps, if it is not to export the archive again."""


def with_remedies(
    archive: CheckedArchive, findings: Sequence[Finding], wanted: PlatformSelection | None
) -> tuple[Finding, ...]:
    """Return the findings with remedies that work on this archive; `wanted` is what it was held to."""
    chooser = _Chooser(archive, findings, wanted)
    return tuple(replace(finding, remedy=chooser.remedy(finding)) for finding in findings)


@dataclass(slots=True)
class _Chooser:
    """Tells which commands work; what was planned is kept, as many findings have the same remedy."""

    archive: CheckedArchive
    findings: Sequence[Finding]
    wanted: PlatformSelection | None
    _outlooks: dict[Rewrite, _Outlook | None] = field(default_factory=dict)
    _naming: tuple[Rewrite, ...] | None = None

    def remedy(self, finding: Finding) -> str:
        """Return what to do about a finding."""
        rule = finding.rule
        if rule in NAMING:
            return self._first(None, self._name_rewrites()) or NAME_AT_EXPORT
        if rule == "G2":
            return self._first(finding, self._narrower()) or "export the platforms that are wanted alone"
        if rule == "G3" and finding.remedy == ADD_IMAGE:
            return ADD_IMAGE if self._outlook(Rewrite("")) is not None else EXPORT_TOGETHER
        if rule not in MENDING or finding.remedy != RULES[rule].remedy:
            return finding.remedy
        found = self._first(finding, MENDING[rule])
        if not found and rule in ANY_WRITING:  # what keeps the archive from being written may be mended along
            found = self._first(finding, (*self._name_rewrites(), LISTED))
        return found or MENDING[rule][0].otherwise or _ALONE.get(rule, TRANSFER_AGAIN)

    def _name_rewrites(self) -> tuple[Rewrite, ...]:
        """Return what gives all images their names that have none, or none that serves."""
        if self._naming is None:
            broken = [finding for finding in self.findings if finding.rule in NAMING]
            self._naming = tuple(name_rewrites(self.archive.graph, broken)) if broken else ()
        return self._naming

    def _narrower(self) -> Iterator[Rewrite]:
        """Yield what leaves out all platforms but those that are wanted, and are there."""
        if self.wanted is None:
            return
        advice = "leave the others out"
        yield Rewrite(advice, tuple(map(str, self.wanted.specifiers)))
        platforms = [
            node.platform
            for image in self.archive.graph.images
            for node in image.manifests()
            if node.kind is Kind.IMAGE and node.platform is not None
        ]
        there = tuple(
            str(specifier)
            for specifier in self.wanted.specifiers
            if specifier.exclude or any(map(specifier.matches, platforms))
        )
        if there and len(there) < len(self.wanted.specifiers):
            yield Rewrite(advice, there)

    def _first(self, finding: Finding | None, rewrites: Iterable[Rewrite]) -> str:
        """Return the first command that mends a finding, "" if none does."""
        candidates = [weaker(rewrite) for rewrite in rewrites]
        # All that is complete is worth more than the better of two ways to write less.
        for strength in range(max(map(len, candidates), default=0)):
            for steps in candidates:
                outlook = self._outlook(steps[strength]) if strength < len(steps) else None
                if outlook is not None and (finding is None or outlook.mends(finding)):
                    return outlook.remedy
        return ""

    def _outlook(self, rewrite: Rewrite) -> _Outlook | None:
        if rewrite not in self._outlooks:
            self._outlooks[rewrite] = _look_ahead(self.archive, rewrite)
        return self._outlooks[rewrite]


@dataclass(frozen=True, slots=True)
class _Outlook:
    """What a command would write: the names of the entries and of the images, what stays as it was; and its words."""

    remedy: str
    entries: frozenset[str]
    names: frozenset[str | None]
    has_first_level: bool
    leaves_layers: bool

    def mends(self, finding: Finding) -> bool:
        """Tell whether nothing of a finding is left."""
        rule, place = finding.rule, finding.place
        if rule in _OF_DOCUMENT and place.entry.startswith(BLOBS_FOLDER) and place.entry in self.entries:
            return False
        match rule:
            case "I8":
                return not self.has_first_level
            case "I9":
                return DOCKER_NAME in self.entries
            case "I10":
                return not self.leaves_layers
            case "I17":
                return place.image not in self.names
            case _:
                return True


def _look_ahead(archive: CheckedArchive, rewrite: Rewrite) -> _Outlook | None:
    """Plan a command; None if it cannot be typed or would fail, be it for bytes that are not what they should be."""
    if len(rewrite.command) > _LENGTH_LIMIT or not rewrite.command.isprintable():
        return None
    try:
        options = rewrite.options()
        layers = plan_layers(archive.graph, options)
        plan = plan_filter(archive.graph, options)
    except OcitoolError:
        return None
    actual, unpacked = archive.actual, archive.layers.unpacked
    copies = [content for member in plan.outputs[0].members if isinstance(content := member.content, Copy)]
    if any(actual.get(copy.digest, copy.digest) != copy.digest for copy in copies):
        return None
    anew = [unpacked[job.copy.digest] for job in layers.jobs if job.copy.digest in unpacked]
    if any(not layer.is_whole for layer in anew):
        return None
    return _Outlook(
        str(rewrite),
        frozenset(member.name for member in plan.outputs[0].members),
        frozenset(image.name for image in plan.images),
        _says_first_level(archive, plan),
        rewrite.layers is not Layers.KEEP and bool(layers.left),
    )


def _says_first_level(archive: CheckedArchive, plan: Plan) -> bool:
    """Tell whether the config of an image that is kept says amd64/v1 itself."""
    kept = {manifest.digest for manifest in plan.kept}
    return any(
        node.configured is not None
        and (node.configured.architecture.lower(), node.configured.variant.lower()) == ("amd64", "v1")
        for image in archive.graph.images
        for node in image.manifests()
        if node.descriptor.digest in kept
    )
