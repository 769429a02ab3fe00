"""What no schema can say of a document: rules of names, of content against content, and what is only advised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.check.document import DocumentKind
from ocitool.check.document_rules.annotations import annotation_breaches
from ocitool.check.document_rules.configs import config_breaches
from ocitool.check.document_rules.descriptors import descriptor_breaches, descriptors_of
from ocitool.check.document_rules.field_names import name_breaches
from ocitool.check.document_rules.indexes import index_breaches
from ocitool.check.document_rules.manifests import manifest_breaches
from ocitool.check.document_rules.platforms import platform_breaches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.check.document import Breach, Surroundings
    from ocitool.model.json_text import JsonValue


def rule_breaches(kind: DocumentKind, value: JsonValue, around: Surroundings) -> Iterator[Breach]:
    """Yield every breach of these rules in a document; whatever is not of the type it should be is passed over."""
    yield from name_breaches(kind, value)
    if not isinstance(value, dict):
        return
    if kind.is_index or kind.is_manifest:
        descriptors = descriptors_of(kind, value)
        for path, descriptor in descriptors:
            yield from descriptor_breaches(descriptor, path)
            yield from platform_breaches(descriptor.get("platform"), (*path, "platform"))
        yield from annotation_breaches(value, descriptors, is_top=around.is_top)
    if kind.is_index:
        yield from index_breaches(value, around)
    elif kind.is_manifest:
        yield from manifest_breaches(kind, value, is_image=around.is_image)
    elif kind is DocumentKind.CONFIG:
        yield from config_breaches(value)
