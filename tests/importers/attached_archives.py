"""Make the sample's image with everything that tools attach to images, and read such archives as they stand."""

from __future__ import annotations

import json
import tarfile
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tests.attached import attach
from tests.builders import Layout

from .sample import NAME, PLATFORMS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.builders import Json

ATTACHED_PLATFORMS = [str(platform) for platform in PLATFORMS if platform.architecture != "386"]
"""Without 386, which amd64 could run too: older containerds would want it whatever is attached."""


class AttachedArchives:
    """Write each shape once, from the blobs of the sample."""

    def __init__(self, sample: Path, folder: Path) -> None:
        """Keep the archives in ``folder``."""
        self._sample = Archive(sample)
        self._folder = folder

    def __call__(self, shape: str) -> Path:
        """Return the archive of one shape."""
        target = self._folder / f"{shape.replace(' ', '-')}.tar"
        if not target.exists():
            layout = Layout()
            (root,) = self._sample.roots
            children = self._sample.document(root["digest"])["manifests"]
            images = [child for child in children if platform_of(child) in ATTACHED_PLATFORMS]
            for image in images:
                for digest in self._sample.reached(image["digest"]):
                    layout.blobs[digest] = self._sample.blobs[digest]
            target.write_bytes(attach(shape, layout, images, NAME).pack())
        return target


@dataclass(frozen=True)
class Archive:
    """Read an OCI archive with Python's own tar and JSON readers."""

    path: Path

    @cached_property
    def files(self) -> dict[str, bytes]:
        """Return the content of every regular file."""
        with tarfile.open(self.path) as entries:
            found = {entry.name: entries.extractfile(entry) for entry in entries if entry.isfile()}
            return {name: file.read() for name, file in found.items() if file is not None}

    @cached_property
    def roots(self) -> list[Json]:
        """Return what index.json lists."""
        listed: list[Json] = json.loads(self.files["index.json"])["manifests"]
        return listed

    @cached_property
    def blobs(self) -> dict[str, bytes]:
        """Return every blob by digest."""
        return {
            name.removeprefix("blobs/").replace("/", ":"): content
            for name, content in self.files.items()
            if name.startswith("blobs/")
        }

    @cached_property
    def manifests(self) -> dict[str, Json]:
        """Return every manifest and index that is reached from index.json, by digest."""
        found: dict[str, Json] = {}
        pending = [root["digest"] for root in self.roots]
        while pending:
            digest = pending.pop()
            if digest in self.blobs and digest not in found:
                found[digest] = self.document(digest)
                pending += [child["digest"] for child in found[digest].get("manifests", ())]
        return found

    def document(self, digest: str) -> Json:
        """Return the JSON of one blob."""
        value: Json = json.loads(self.blobs[digest])
        return value

    def reached(self, digest: str) -> set[str]:
        """Return a manifest or index and all that it needs; what refers to it is not needed."""
        document = self.document(digest)
        parts = [document[key] for key in ("config",) if key in document] + document.get("layers", [])
        needed = {digest, *(part["digest"] for part in parts)}
        for child in document.get("manifests", ()):
            needed |= self.reached(child["digest"])
        return needed

    def names(self, annotation: str) -> list[str]:
        """Return the names that index.json gives, without those it does not give."""
        found = [root.get("annotations", {}).get(annotation) for root in self.roots]
        return sorted(name for name in found if name)

    def referrers(self, digest: str) -> set[str]:
        """Return the manifests whose subject is ``digest``."""
        return {
            referrer
            for referrer, document in self.manifests.items()
            if document.get("subject", {}).get("digest") == digest
        }


def platform_of(descriptor: Json) -> str:
    """Return the platform of a descriptor as ``os/architecture[/variant]``."""
    fields = descriptor["platform"]
    return "/".join(filter(None, (fields["os"], fields["architecture"], fields.get("variant"))))
