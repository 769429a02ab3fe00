"""Every import that was run is predicted exactly."""

from __future__ import annotations

import io
import json
import tarfile
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from ocitool.advice.importers import find_importer
from ocitool.advice.outcome import Ending
from ocitool.advice.target import Target
from ocitool.advice.version import Version
from ocitool.graph.image import Kind, State
from ocitool.model.platform import Platform
from tests.advice.shapes import SHAPES, facts_of

if TYPE_CHECKING:
    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.outcome import Outcome

MATRIX: Final = Path(__file__).parents[2] / "data" / "import-matrix.jsonl"
RACES: Final = {("flat-foreign-platform", "1.5.0", "")}
"""What was filtered out is unpacked while the garbage collector runs: seen to end either way with 1.6.20."""

HOST: Final = Platform("linux", "amd64")


@cache
def lines() -> dict[str, list[dict[str, Any]]]:
    by_shape: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for text in MATRIX.read_text().splitlines():
        line = json.loads(text)
        by_shape[line["shape"]].append(line)
    return by_shape


def key_of(line: dict[str, Any]) -> tuple[str, str, str]:
    return line["shape"], line["ctr"], line["args"]


def predict(facts: ArchiveFacts, version: str, arguments: str) -> Outcome:
    return find_importer("ctr").predict(facts, Target("ctr", Version.parse(version), HOST), arguments.split())


def as_line(outcome: Outcome, *, is_flat: bool) -> dict[str, Any]:
    """Tell an outcome as the matrix does; digests in names are those of its own archives."""
    if outcome.ending is Ending.ERROR:
        return {"outcome": outcome.failure}
    return {
        "outcome": "nothing-stored" if outcome.ending is Ending.NOTHING else "ok",
        "hostPlatformUnpacked": any(
            HOST.display in image.ready or (is_flat and bool(image.ready)) for image in outcome.images
        ),
        "images": [name.partition("@")[0] for name in outcome.names],
    }


def test_the_matrix_is_whole() -> None:
    assert sum(map(len, lines().values())) == 1859
    assert set(lines()) == set(SHAPES) - {"flat-multi"}


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape != "flat-multi"])
def test_every_run_is_predicted(shape: str) -> None:
    facts = facts_of(SHAPES[shape]())
    wrong = []
    for line in lines()[shape]:
        outcome = predict(facts, line["ctr"], line["args"])
        found = as_line(outcome, is_flat=shape.startswith("flat"))
        wanted = {key: line[key] for key in found if key in line}
        if "images" in wanted:
            wanted["images"] = [name.partition("@")[0] for name in wanted["images"]]
        if found != wanted or outcome.is_stable is (key_of(line) in RACES) or len(found) != len(line) - 3:
            wrong.append((line["ctr"], line["args"], wanted, found, outcome.reasons))
    assert wrong == []


def with_docker_manifest(data: bytes, facts: ArchiveFacts) -> bytes:
    """Add the manifest.json that exporters write: one platform of each image, which containerd reads and ignores."""
    items = []
    for image in facts.graph.images:
        whole = (node for node in image.manifests() if node.state is State.COMPLETE and node.kind is Kind.IMAGE)
        node = next(whole, None)
        if node is not None and node.config is not None:
            layers = [layer.digest.blob_name for layer in node.layers]
            tags = [] if image.name is None else [image.name]
            items.append({"Config": node.config.digest.blob_name, "RepoTags": tags, "Layers": layers})
    buffer = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(data)) as source, tarfile.open(fileobj=buffer, mode="w") as target:
        for entry in source:
            target.addfile(entry, source.extractfile(entry))
        text = json.dumps(items).encode()
        info = tarfile.TarInfo("manifest.json")
        info.size = len(text)
        target.addfile(info, io.BytesIO(text))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "shape", [shape for shape in SHAPES if not shape.startswith("outer-") and shape != "bad-docker-manifest"]
)
def test_a_manifest_json_beside_the_layout_changes_nothing(shape: str) -> None:
    data = SHAPES[shape]()
    facts = facts_of(data)
    beside = facts_of(with_docker_manifest(data, facts))
    assert beside.graph.docker_manifest is not None
    for _, version, arguments in {key_of(line) for line in lines()["nested-multi"]}:
        assert predict(beside, version, arguments) == predict(facts, version, arguments), (version, arguments)
