"""The plan of a filter: a graph and options in, one output out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.graph.image import ArchiveForm
from ocitool.plan.compatibility import early_notes
from ocitool.plan.note import note, warning
from ocitool.plan.options import Layers
from ocitool.plan.output import plan_output, planned_dropped
from ocitool.plan.preparation import prepare
from ocitool.plan.recompression import Recompression, RecompressionPlan, plan_recompression
from ocitool.plan.selection import select
from ocitool.plan.steps import Plan, SourceReference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ocitool.graph.image import ImageGraph
    from ocitool.plan.note import Note
    from ocitool.plan.options import FilterOptions


def plan_layers(graph: ImageGraph, options: FilterOptions) -> RecompressionPlan:
    """Return what must be compressed anew before `plan_filter` can tell any digest; raises what that raises."""
    if options.layers is Layers.KEEP:
        return RecompressionPlan()
    prepared = prepare(graph, options)
    return plan_recompression(prepared.graph, select(prepared.graph, options), options.layers)


def plan_filter(
    graph: ImageGraph,
    options: FilterOptions,
    done: Recompression | None = None,
    spools: Sequence[SourceReference] = (),
) -> Plan:
    """Plan an archive that holds what `options` select, and nothing else.

    `done` is what became of the jobs that `plan_layers` returned, its layers in `spools`, the sources after those
    of the graph; without it the plan is that of the layers as they are. Raises the first fault of the graph (what
    cannot be trusted is not rewritten) and what `prepare`, `select` and `plan_output` raise.
    """
    prepared = prepare(graph, options)
    selection = select(prepared.graph, options)
    planned = plan_output(prepared.graph, selection, options, done)
    return Plan(
        sources=(*source_references(graph), *spools),
        outputs=(planned.plan,),
        dropped=planned_dropped((*prepared.dropped, *selection.dropped)),
        notes=(
            *source_notes(graph),
            *layer_notes(plan_recompression(prepared.graph, selection, options.layers), done, options.layers),
            *prepared.notes,
            *selection.notes,
            *planned.notes,
            *early_notes([planned.images]),
        ),
    )


def source_references(graph: ImageGraph) -> tuple[SourceReference, ...]:
    """Return what a plan says of the archives that a graph was read from."""
    return tuple(SourceReference(origin.name, origin.size) for origin in graph.origins)


def layer_notes(needed: RecompressionPlan, done: Recompression | None, layers: Layers) -> Iterator[Note]:
    """Say what `--layers` does to digests and sizes, and what it does not do."""
    if needed.left:
        yield warning(
            f"{needed.left} layer(s) stay as they are and are not {layers.value}: they are non-distributable, or of "
            "something that is no image of a platform"
        )
    count = len(needed.jobs)
    if not count:
        return
    if done is None:
        yield note(
            f"{count} layer(s) would be compressed anew ({layers.value}), which gives them and all above them "
            "new digests; sizes and digests here are those before that"
        )
        return
    after = sum(layer.size for layer in done.layers.values())
    yield note(
        f"{count} layer(s) compressed anew ({layers.value}, {needed.size} bytes before, {after} now): they and all "
        "above them have new digests, configs and diff_ids are unchanged"
    )


def source_notes(graph: ImageGraph) -> Iterator[Note]:
    """Say what reading this archive had to make up or leave out."""
    if graph.form is ArchiveForm.DOCKER_ARCHIVE:
        yield note(
            "a docker-archive holds no manifests, so they were made: their digests are not those of a registry; "
            "image ids (the configs) and layer contents (diff_ids) are unchanged"
        )
    if graph.repeats:
        yield note(
            f"{len(graph.repeats)} entries occur more than once in the source, such as {graph.repeats[0]}, always "
            "with the same bytes; the output has each once"
        )
