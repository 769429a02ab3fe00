"""Parts packed together so that no archive is larger than it may be."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ocitool.archive.contents import largest_contents
from ocitool.archive.headers import BLOCK, padding
from ocitool.archive.writer import END
from ocitool.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.model.platform import Platform
    from ocitool.plan.parts import Part
    from ocitool.plan.steps import OutputPlan

OPEN_BUNDLES: Final = 64
"""Groups that a part is tried in, the latest ones; with thousands of them, the others have long been full."""

_TOP_FILES: Final = frozenset({"index.json", "manifest.json"})
"""The files that grow with every image; of all others one is enough."""


@dataclass(slots=True)
class _Bundle:
    """Parts that share an archive, and what it holds so far: entries by name, and the bytes of the files that grow.

    `size` is what the archive has without those, and without the table of contents that it may have; `letters` are
    those of the names of `entries`.
    """

    members: list[int] = field(default_factory=list)
    entries: dict[str, int] = field(default_factory=dict)
    letters: int = 0
    size: int = len(END)
    documents: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    has_contents: bool = False

    def size_with(self, other: _Bundle, max_size: int) -> int:
        """Return an upper bound of the archive's bytes with all of `other` in it: shared blobs count once.

        Joined, two indexes are shorter than one after the other. No number in a table of contents is over `max_size`.
        """
        more = [(name, size) for name, size in other.entries.items() if name not in self.entries]
        names = self.documents.keys() | other.documents.keys()
        documents = sum(_in_tar(self.documents.get(name, 0) + other.documents.get(name, 0)) for name in names)
        contents = 0
        if self.has_contents:
            rows = len(self.entries) + len(more) + len(names)
            letters = self.letters + sum(len(name) for name in (*names, *(name for name, _ in more)))
            contents = largest_contents(rows, letters, max_size)
        return self.size + sum(size for _, size in more) + documents + contents

    def add(self, other: _Bundle) -> None:
        self.members += other.members
        for name, size in other.entries.items():
            if name not in self.entries:
                self.entries[name] = size
                self.size += size
                self.letters += len(name)
        for name, size in other.documents.items():
            self.documents[name] += size


def pack(parts: Sequence[tuple[Part, OutputPlan]], max_size: int) -> list[list[Part]]:
    """Group parts, each platform apart, so that each group's tar has at most `max_size` bytes.

    The largest come first, each into the first open group that has room for what it adds (first fit decreasing);
    groups and the parts in them then stand in document order. Raises `UsageError` for a part that is too large alone.
    """
    platforms: defaultdict[Platform | None, list[_Bundle]] = defaultdict(list)
    singles = [(part.platform, _single(number, plan), plan.size) for number, (part, plan) in enumerate(parts)]
    for platform, single, size in sorted(singles, key=lambda each: -each[2]):
        if size > max_size:
            part, _ = parts[single.members[0]]
            raise UsageError(
                f"{part.label} alone needs {size} bytes, more than --max-size allows ({max_size})",
                remedy="allow more" if part.platform else "allow more, or split --by platform too",
            )
        bundles = platforms[platform]
        for bundle in bundles[-OPEN_BUNDLES:]:
            if bundle.size_with(single, max_size) <= max_size:
                bundle.add(single)
                break
        else:
            bundles.append(single)
    groups = sorted(sorted(bundle.members) for bundles in platforms.values() for bundle in bundles)
    return [[parts[number][0] for number in group] for group in groups]


def _single(number: int, plan: OutputPlan) -> _Bundle:
    bundle = _Bundle([number], has_contents=plan.has_contents)
    for member in plan.members:
        if member.name in _TOP_FILES:
            bundle.documents[member.name] = member.content.size
        else:
            filling = plan.alignment + BLOCK if plan.is_aligned(member.content) else 0
            bundle.entries[member.name] = _in_tar(member.content.size) + filling
    bundle.size += sum(bundle.entries.values())
    bundle.letters = sum(map(len, bundle.entries))
    return bundle


def _in_tar(size: int) -> int:
    return BLOCK + size + padding(size)
