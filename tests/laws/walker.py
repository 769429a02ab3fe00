"""A second, small reader of archives, on Python's own `tarfile`: the judge of what ocitool writes."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

INDEX_WORDS: Final = ("image.index.", "manifest.list.")
MANIFEST_WORDS: Final = ("image.manifest.", "distribution.manifest.v2")


class Walked:
    """The files of an archive, and what is reachable from its index.json."""

    def __init__(self, data: bytes) -> None:
        self.files: dict[str, bytes] = {}
        self.names: list[str] = []
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            for member in tar:
                assert member.isfile() or member.isdir()
                if member.isfile():
                    file = tar.extractfile(member)
                    assert file is not None
                    name = member.name.removeprefix("./")
                    self.names.append(name)
                    self.files[name] = file.read()
        self.index: dict[str, Any] = json.loads(self.files["index.json"])
        self.blobs = {
            name.removeprefix("blobs/").replace("/", ":"): data
            for name, data in self.files.items()
            if name.startswith("blobs/")
        }

    def descriptors(self) -> Iterator[dict[str, Any]]:
        """Yield every descriptor reachable from index.json, through what is there."""
        waiting = list(self.index["manifests"])
        while waiting:
            descriptor = waiting.pop()
            yield descriptor
            media_type = descriptor["mediaType"]
            raw = self.blobs.get(descriptor["digest"])
            if raw is None:
                continue
            if any(word in media_type for word in INDEX_WORDS):
                waiting += json.loads(raw)["manifests"]
            elif any(word in media_type for word in MANIFEST_WORDS) and "list" not in media_type:
                document = json.loads(raw)
                waiting += [document["config"], *(document["layers"] or [])]

    def manifests(self) -> set[str]:
        """Return the digests of all manifests that are there."""
        return {
            descriptor["digest"]
            for descriptor in self.descriptors()
            if descriptor["digest"] in self.blobs
            and any(word in descriptor["mediaType"] for word in MANIFEST_WORDS)
            and "list" not in descriptor["mediaType"]
        }

    def assert_right(self, *, closed: bool = True) -> None:
        """Hold the archive to: every digest and size right, nothing dangling, nothing unreachable or twice."""
        assert len(self.names) == len(set(self.names))
        reachable: set[str] = set()
        for descriptor in self.descriptors():
            digest = descriptor["digest"]
            reachable.add(digest)
            if closed:
                assert digest in self.blobs, f"dangling {descriptor}"
            if digest in self.blobs:
                assert len(self.blobs[digest]) == descriptor["size"]
        for digest, data in self.blobs.items():
            assert digest == "sha256:" + hashlib.sha256(data).hexdigest()
        assert set(self.blobs) <= reachable
        assert json.loads(self.files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
        for item in json.loads(self.files.get("manifest.json", b"[]")):
            assert all(name in self.files for name in (item["Config"], *item["Layers"]))
        assert set(self.files) - {f"blobs/{digest.replace(':', '/')}" for digest in self.blobs} <= {
            "oci-layout",
            "index.json",
            "manifest.json",
        }
