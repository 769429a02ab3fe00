"""What `filter -p` would write for each platform of an archive, told by planning it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from ocitool.errors import OcitoolError
from ocitool.graph.image import Kind, State
from ocitool.graph.inventory import PlatformRow
from ocitool.model.platform_selection import PlatformSelection
from ocitool.plan.filter import plan_filter
from ocitool.plan.options import FilterOptions, Missing

if TYPE_CHECKING:
    from ocitool.graph.image import ImageGraph

WORK_LIMIT: Final = 100_000
"""Manifests looked at in all plans together, some seconds of work; platforms beyond it are not planned."""


def estimate_platforms(graph: ImageGraph, *, work_limit: int = WORK_LIMIT) -> tuple[PlatformRow, ...]:
    """Plan a filter to each platform alone, with the defaults of the command.

    One that no image holds complete is a row without a size; so are those that are left when `work_limit`
    manifests were looked at. The first is planned in any case.
    """
    holders: Counter[str] = Counter()
    manifests = 0
    for image in graph.images:
        found: dict[str, bool] = {}
        for node in image.manifests():
            manifests += 1
            if node.kind is Kind.IMAGE and node.platform is not None:
                name = node.platform.display
                found[name] = found.get(name, False) or node.state is State.COMPLETE
        holders.update({name: int(complete) for name, complete in found.items()})
    rows: list[PlatformRow] = []
    planned = 0
    for name, count in holders.items():
        if count == 0:
            rows.append(PlatformRow(name, 0, None, reason="no image holds it complete"))
            continue
        if planned and (planned + 1) * manifests > work_limit:
            rows.append(PlatformRow(name, count, None, reason="too many to plan each; filter --dry-run tells"))
            continue
        planned += 1
        rows.append(_estimate(graph, name, count))
    return tuple(rows)


def _estimate(graph: ImageGraph, name: str, images: int) -> PlatformRow:
    refusal = ""
    for missing in (Missing.ERROR, Missing.SKIP):
        try:
            plan = plan_filter(graph, FilterOptions(PlatformSelection.parse([name]), missing=missing))
        except OcitoolError as error:
            refusal = error.message
        else:
            return PlatformRow(name, images, plan.size, needs_skip=missing is Missing.SKIP)
    return PlatformRow(name, images, None, reason=refusal)
