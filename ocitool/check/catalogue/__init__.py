"""Every rule that `verify` knows, by id: the one list that reports, docs and tests are made from.

L layout, D descriptors, M manifests, X indexes, C configs, A annotations and J JSON are the rules of the OCI image
specification (image-spec commit 13cff54), Y those of layers, which need `--deep`. T and V are about the archive and
manifest.json, which no specification covers, I about what importers do, G about what was asked for. A rule keeps its
id for good; the gaps are rules that no archive can break, or that another one covers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.check.catalogue import (
    archive,
    config,
    descriptor,
    gate,
    importing,
    index,
    json_text,
    layer,
    layout,
    manifest,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ocitool.check.rule import Rule

_GROUPS: Final = (layout, descriptor, manifest, index, config, layer, json_text, archive, importing, gate)

RULES: Final[Mapping[str, Rule]] = {rule.id: rule for group in _GROUPS for rule in group.RULES}
"""All rules in the order of the groups."""
