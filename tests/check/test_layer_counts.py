"""Layers are counted as the document lists them, whether each can be read or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ocitool.check.document_rules.layer_counts import listed_layers
from ocitool.check.rule import Profile, Severity
from tests.check.sample import Sample
from tests.check.verified import findings, fired

if TYPE_CHECKING:
    from ocitool.model.json_text import JsonValue

HEX = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@pytest.mark.parametrize(
    ("field", "value"),
    [("digest", "sha256:0"), ("digest", "sha384:" + HEX + HEX[:32]), ("size", "7"), ("mediaType", 7)],
)
def test_a_layer_that_cannot_be_read_is_counted(field: str, value: object) -> None:
    assert "C9" not in fired(Sample().set(f"manifest/layers/0/{field}", value).pack())


def test_too_many_are_told_beside_one_that_cannot_be_read() -> None:
    sample = Sample().set("manifest/layers/0/size", "7").set("config/rootfs/diff_ids", ["sha256:" + HEX])
    (finding,) = (finding for finding in findings(sample.pack()) if finding.rule == "C9")
    assert finding.message == "there are 1 diff_ids, and the manifest has 2 layers"


@pytest.mark.parametrize(
    "digest",
    ["sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564", "sha384:" + HEX + HEX[:32], "blake3:" + HEX],
)
@pytest.mark.parametrize("place", ["manifest/layers/0", "artifact/layers/0", "index/manifests/3"])
def test_an_unknown_algorithm_is_no_error_of_the_specification(place: str, digest: str) -> None:
    data = Sample().set(f"{place}/digest", digest).pack()
    errors: list[Any] = [found for found in findings(data, Profile.SPEC) if found.severity is Severity.ERROR]
    assert errors == []
    assert "D9" in fired(data, Profile.IMPORT)


@pytest.mark.parametrize(
    ("manifest", "count"),
    [({"layers": [1, None]}, 2), ({"layers": None}, 0), ({"layers": []}, 0), ({"layers": {}}, None), ({}, None)],
)
def test_what_counts_as_layers(manifest: JsonValue, count: int | None) -> None:
    assert listed_layers(manifest) == count
