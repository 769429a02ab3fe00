"""A law of previews: what a plan is said to write is what it writes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from ocitool.plan.options import Followers, IndexForm, Layers
from ocitool.plan.preview import preview, with_layers
from tests.laws.filtering import filtered, graph_of, plan_of
from tests.sources import BytesSource
from tests.strategies import Archive, archives

if TYPE_CHECKING:
    from ocitool.graph.image import ImageGraph

FORMS = st.sampled_from([IndexForm.AUTO, IndexForm.NESTED, IndexForm.KEEP])


def without_places(graph: ImageGraph) -> ImageGraph:
    """Leave out where the bytes lie, which only the written archive knows."""
    blobs = {digest: replace(entry, header_offset=0, data_offset=0) for digest, entry in graph.blobs.items()}
    return replace(graph, origins=(), blobs=blobs)


@given(archives(), FORMS, st.sampled_from([None, Followers.DROP]))
def test_preview_is_the_graph_of_what_is_written(
    archive: Archive, form: IndexForm, attestations: Followers | None
) -> None:
    options = {"index": form, "attestations": attestations}
    data = archive.data
    (output,) = plan_of(data, ["all"], **options).outputs
    seen = preview(output, (BytesSource(data),))
    assert without_places(seen) == without_places(graph_of(filtered(data, ["all"], **options)))


@given(archives())
def test_preview_of_layers_changes_nothing_but_their_type(archive: Archive) -> None:
    graph = graph_of(archive.data)
    assert with_layers(graph, Layers.KEEP) is graph
    for before, after in zip(graph.images, with_layers(graph, Layers.GZIP).images, strict=True):
        for old, new in zip(before.manifests(), after.manifests(), strict=True):
            assert replace(new, layers=old.layers) == old
            assert [layer.digest for layer in new.layers] == [layer.digest for layer in old.layers]
