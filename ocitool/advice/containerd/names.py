"""The names that containerd records for what index.json lists (importers' `imageName` and reference translators)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ocitool.model.descriptor import CONTAINERD_NAME, REF_NAME
from ocitool.model.reference import has_reference_separator

if TYPE_CHECKING:
    from ocitool.model.descriptor import Descriptor


class NameRule(StrEnum):
    """Which annotation names an image, and what becomes of it.

    `OCI_NAME`: a repository that is given, and the reference as its tag (1.0, 1.1). `REFERENCE`: the reference alone
    (1.2). `ANNOTATION`: containerd's own annotation as it is, else the reference. `TRANSFER`: the same, but what the
    prefix would change is left out.
    """

    OCI_NAME = "oci-name"
    REFERENCE = "reference"
    ANNOTATION = "annotation"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class Naming:
    """How images are named.

    `prefix` makes a full name of a tag; None leaves references as they are. With `only_prefix` full names that do not
    begin with it are left out. `digests` adds ``prefix@digest``, with `skip_named` only where there is no name.
    """

    rule: NameRule
    prefix: str | None
    only_prefix: bool = False
    digests: bool = False
    skip_named: bool = False

    def names(self, descriptor: Descriptor) -> tuple[str, ...]:
        """Return the names that are recorded for a descriptor of index.json, none if there is none."""
        name = self._name(descriptor)
        found = [name] if name else []
        if self.digests and not (name and self.skip_named):
            found.append(f"{self.prefix}@{descriptor.digest}")
        return tuple(found)

    def _name(self, descriptor: Descriptor) -> str:
        own, reference = (descriptor.annotations.get(key, "") for key in (CONTAINERD_NAME, REF_NAME))
        if self.rule is NameRule.OCI_NAME:
            return f"{self.prefix}:{reference}" if reference else f"{self.prefix}@{descriptor.digest}"
        if own and self.rule is not NameRule.REFERENCE:
            return own if self.rule is NameRule.ANNOTATION or self._translated(own) == own else ""
        return self._translated(reference) if reference else ""

    def _translated(self, reference: str) -> str:
        if self.prefix is None:
            return reference
        if not has_reference_separator(reference):
            return f"{self.prefix}:{reference}"
        return "" if self.only_prefix and not _begins_with(reference, self.prefix) else reference


def _begins_with(name: str, prefix: str) -> bool:
    return name.startswith(prefix) and name[len(prefix) : len(prefix) + 1] in {"", "/", ":", "@"}
