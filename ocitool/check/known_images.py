"""The images of an archive by all that a list may call them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocitool.model.reference import name_forms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ocitool.graph.image import Image
    from ocitool.model.reference import Reference


@dataclass(frozen=True, slots=True)
class KnownImages:
    """Images by name (every form of it), by repository, and by the digests of their roots, named or not."""

    by_name: Mapping[str, Sequence[Image]]
    by_repository: Mapping[str, Sequence[Image]]
    by_digest: Mapping[str, Sequence[Image]]

    @classmethod
    def of(cls, images: Iterable[Image]) -> KnownImages:
        """Sort images by their names and digests."""
        by_name: dict[str, list[Image]] = {}
        by_repository: dict[str, list[Image]] = {}
        by_digest: dict[str, list[Image]] = {}
        for image in images:
            for digest in dict.fromkeys(str(root.node.descriptor.digest) for root in image.roots):
                by_digest.setdefault(digest, []).append(image)
            if image.name is not None:
                by_repository.setdefault(_repository(image.name), []).append(image)
                for form in name_forms(image.name, tagged=True):
                    by_name.setdefault(form, []).append(image)
        return cls(by_name, by_repository, by_digest)

    def find(self, reference: Reference) -> tuple[Image, ...]:
        """Return the images of a name and tag, or those of a repository whose root has the digest.

        An image without a name is none of them: importers store it under none.
        """
        if not reference.digest:
            return tuple(self.by_name.get(reference.full, ()))
        return tuple(
            image
            for image in self.by_digest.get(reference.digest, ())
            if image.name is not None and _repository(image.name) == reference.repository
        )


def _repository(name: str) -> str:
    return name_forms(name, tagged=False)[0]
