"""The plan of a split: one archive a platform, an image, or as many images as fit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ocitool.errors import SelectionError
from ocitool.plan.choice import Dropped, Ledger, Selection
from ocitool.plan.compatibility import early_notes
from ocitool.plan.docker_manifest import configs_of
from ocitool.plan.filter import layer_notes, source_notes, source_references
from ocitool.plan.followers import NO_PLATFORM, NOT_KEPT
from ocitool.plan.options import Layers, SplitBy, SplitOptions
from ocitool.plan.output import PlannedOutput, plan_output, planned_dropped
from ocitool.plan.packing import pack
from ocitool.plan.part_names import name_parts
from ocitool.plan.parts import Part, check_count, join_parts, parts_of
from ocitool.plan.platform_choice import PlatformChoice, choose_platforms, there_is
from ocitool.plan.preparation import Preparation, prepare
from ocitool.plan.recompression import Recompression, RecompressionPlan, plan_recompression
from ocitool.plan.referrers import ReferrerSelector
from ocitool.plan.selection import settle
from ocitool.plan.signatures import require_signatures, unknown_losses
from ocitool.plan.steps import Plan, SourceReference
from ocitool.plan.subjects import is_follower

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ocitool.graph.image import ImageGraph
    from ocitool.plan.note import Note
    from ocitool.plan.options import FilterOptions


def plan_split_layers(graph: ImageGraph, options: FilterOptions, split: SplitOptions) -> RecompressionPlan:
    """Return what must be compressed anew before `plan_split` can tell any digest; raises what that raises."""
    if options.layers is Layers.KEEP:
        return RecompressionPlan()
    return _recompression_plan(_Splitter(graph, options, split).selections(), graph, options)


def plan_split(
    graph: ImageGraph,
    options: FilterOptions,
    split: SplitOptions,
    done: Recompression | None = None,
    spools: Sequence[SourceReference] = (),
) -> Plan:
    """Plan one archive for each part: each is what a filter to that part gives, byte for byte.

    `done` and `spools` are as in `plan_filter`. Raises what that raises, and `UsageError` if two parts would have one
    name or one image is larger than a part may be.
    """
    splitter = _Splitter(graph, options, split)
    outputs = splitter.outputs(done)
    selections = splitter.selections()
    return Plan(
        sources=(*source_references(graph), *spools),
        outputs=tuple(output.plan for output in outputs),
        dropped=planned_dropped(splitter.dropped()),
        notes=_once(
            (
                *source_notes(graph),
                *layer_notes(_recompression_plan(selections, graph, options), done, options.layers),
                *splitter.prepared.notes,
                *splitter.choice.notes,
                *splitter.left.notes,
                *(note for selection in selections for note in selection.notes),
                *(note for output in outputs for note in output.notes),
                *early_notes([output.images for output in outputs]),
            )
        ),
    )


@dataclass(frozen=True, slots=True)
class _Settled:
    """A part, and what goes into it."""

    part: Part
    graph: ImageGraph
    selection: Selection


class _Splitter:
    def __init__(self, graph: ImageGraph, options: FilterOptions, split: SplitOptions) -> None:
        self._options = options
        self._split = split
        self.prepared: Preparation = prepare(graph, options)
        self.choice: PlatformChoice = choose_platforms(self.prepared.graph, options)
        # An artifact without a platform is a part of its own, and goes with no platform's.
        self._everything = self.choice.everything and split.by is SplitBy.IMAGE
        self._places = {id(image): place for place, image in enumerate(self.prepared.graph.images)}
        self._loaded_before = configs_of(graph.docker_manifest)
        parts = parts_of(self.prepared.graph, self.choice, split)
        self._settled = [settled for part in parts if (settled := self._settle(part)) is not None]
        self.left = self._leave_over()
        if options.require_signatures:
            require_signatures([*self.left.lost, *unknown_losses(self.prepared.graph.images)])
        if not self._settled:
            alone = any(map(is_follower, self.prepared.graph.images)) and split.by is not SplitBy.IMAGE
            raise SelectionError(
                f"nothing in the archive is left for {options.platforms}",
                remedy="--by image splits artifacts, which have no platform" if alone else there_is(graph.images),
            )

    def selections(self) -> list[Selection]:
        """Return what goes into each part, before parts are packed together."""
        return [settled.selection for settled in self._settled]

    def outputs(self, done: Recompression | None) -> list[PlannedOutput]:
        """Plan every output, under its name."""
        planned = [(settled, self._plan(settled, done)) for settled in self._settled]
        if self._split.max_size is not None:
            bundles = pack([(settled.part, output.plan) for settled, output in planned], self._split.max_size)
            joined = [self._settle(join_parts(parts, number)) for number, parts in enumerate(bundles, start=1)]
            planned = [(settled, self._plan(settled, done)) for settled in joined if settled is not None]
        check_count([settled.part for settled, _ in planned])
        names = name_parts([(settled.part, output.plan) for settled, output in planned], self._split)
        return [
            replace(output, plan=replace(output.plan, name=name))
            for (_, output), name in zip(planned, names, strict=True)
        ]

    def dropped(self) -> tuple[Dropped, ...]:
        """Return what goes into no part, each with a reason of the part that it could have gone into."""
        kept = {
            (chosen.image.label, node.descriptor.digest)
            for selection in self.selections()
            for chosen in selection.images
            for node in chosen.kept
        }
        found: dict[object, Dropped] = {}
        for each in (
            *self.prepared.dropped,
            *self.choice.dropped,
            *(each for selection in self.selections() for each in selection.dropped),
            *self.left.dropped,
        ):
            key = (each.image, each.manifest.descriptor.digest)
            if key in kept:
                continue
            earlier = found.setdefault((*key, each.manifest.descriptor.platform), each)
            if earlier.reason == NOT_KEPT:
                found[*key, each.manifest.descriptor.platform] = each
        return tuple(found.values())

    def _settle(self, part: Part) -> _Settled | None:
        """Give a part its forms and followers; None if nothing goes into it."""
        members = (*(chosen.image for chosen in part.images), *part.artifacts)
        images = sorted(members, key=lambda image: self._places[id(image)])
        graph = replace(self.prepared.graph, images=tuple(images))
        choice = PlatformChoice(part.images, self._everything, (), ())
        try:
            return _Settled(part, graph, settle(graph, self._options, choice))
        except SelectionError:
            if part.images:
                raise
            return None

    def _plan(self, settled: _Settled, done: Recompression | None) -> PlannedOutput:
        return plan_output(settled.graph, settled.selection, self._options, done, self._loaded_before)

    def _leave_over(self) -> Ledger:
        """Write down the artifacts that are in no part at all, with what the archive lacks of them."""
        placed = {id(image) for settled in self._settled for image in settled.part.artifacts}
        artifacts = [image for image in self.prepared.graph.images if is_follower(image) and id(image) not in placed]
        ledger = Ledger()
        ReferrerSelector(artifacts, (), self._options, ledger, everything=self._everything).choose()
        unplaced = {NO_PLATFORM, NOT_KEPT}
        ledger.dropped[:] = [
            replace(each, reason="belongs to no platform") if each.reason in unplaced else each
            for each in ledger.dropped
        ]
        return ledger


def _recompression_plan(
    selections: Sequence[Selection], graph: ImageGraph, options: FilterOptions
) -> RecompressionPlan:
    images = tuple(chosen for selection in selections for chosen in selection.images)
    return plan_recompression(graph, Selection(images, (), ()), options.layers)


def _once(notes: Iterable[Note]) -> tuple[Note, ...]:
    return tuple(dict.fromkeys(notes))
