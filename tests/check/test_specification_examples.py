"""The image specification's own examples: each is valid, and what is said of it is advice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from ocitool.check.catalogue import RULES
from ocitool.check.document import DocumentKind, Surroundings, json_path
from ocitool.check.documents import breaches
from ocitool.check.rule import Profile, Severity

EXAMPLES: Final[list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent.parent / "data" / "image-spec-examples.json").read_bytes()
)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["source"])
def test_example(example: dict[str, Any]) -> None:
    kind, value = example["document"], example["value"]
    if kind == "oci/descriptor":
        kind, value = "oci/index", {"schemaVersion": 2, "mediaType": INDEX, "manifests": [value]}
    is_top = kind == "index.json"
    found = list(breaches(DocumentKind("oci/index" if is_top else kind), value, Surroundings(is_top, is_image=False)))
    advice = [f"{breach.rule} {json_path(breach.path)}" for breach in found if breach.rule != "X7" or is_top]
    assert sorted(advice) == example["breaches"]
    assert not [
        breach
        for breach in found
        for profile in (Profile.SPEC, Profile.IMPORT)
        if RULES[breach.rule].severity(profile) is Severity.ERROR
    ]


INDEX: Final = "application/vnd.oci.image.index.v1+json"
