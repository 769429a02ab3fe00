"""An importer made up for tests, with just enough rules for each thing that an import can come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocitool.advice.outcome import Ending, Outcome, RecordedImage
from ocitool.advice.table import Table
from ocitool.advice.version import Version
from ocitool.graph.image import IndexNode, Kind, State
from ocitool.model.media_type import layer_compression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.target import Target
    from ocitool.graph.image import Image
    from ocitool.model.platform import Platform

TABLE = Table("ctr", "ctr images import", Version(1), (Version(1, 7, 24),), (), (), ())


@dataclass(frozen=True)
class SimpleImporter:
    """Takes plain tars of gzip layers and the host's platform, or with ``--all`` all of them; needs names.

    A manifest that index.json lists itself is of any platform. With `prefix` it gives images names of its own.
    """

    table: Table = TABLE
    prefix: str = ""

    def predict(self, facts: ArchiveFacts, target: Target, arguments: Sequence[str]) -> Outcome:
        if facts.compression:
            return Outcome(Ending.ERROR, "compressed", "no tar")
        recorded = []
        for image in facts.graph.images:
            if image.name is None:
                continue
            taken = [node for node in image.manifests() if node.kind is Kind.IMAGE and node.platform]
            if any(isinstance(root.node, IndexNode) for root in image.roots) and "--all" not in arguments:
                taken = [node for node in taken if node.platform and target.host.matches(node.platform)]
            if not taken or any(node.state is State.ABSENT for node in taken):
                return Outcome(Ending.ERROR, "no-match", "no match for platform")
            if any(layer_compression(layer.media_type) == "zstd" for node in taken for layer in node.layers):
                return Outcome(Ending.ERROR, "zstd", "cannot unpack zstd")
            recorded.append(_recorded(image, self.prefix, tuple(n.platform.display for n in taken if n.platform)))
        return Outcome(Ending.OK if recorded else Ending.NOTHING, images=tuple(recorded))

    def candidates(
        self, facts: ArchiveFacts, target: Target, wanted: Sequence[Platform]
    ) -> tuple[tuple[str, ...], ...]:
        return (), ("--all",)

    def usual(self, target: Target, wanted: Sequence[Platform]) -> tuple[tuple[str, ...], ...]:
        return (("--all",),)

    def words(self, arguments: Sequence[str], source: str) -> tuple[str, ...]:
        return ("ctr", "images", "import", *arguments, source)


def _recorded(image: Image, prefix: str, ready: tuple[str, ...]) -> RecordedImage:
    return RecordedImage(f"{prefix}{image.name}", image.roots[0].node.descriptor.digest, ready=ready)
