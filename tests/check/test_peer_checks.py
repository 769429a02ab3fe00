"""There are rules for what other tools check: crane, oci-image-tool, umoci, skopeo, regctl, oras, containerd.

The numbers are those of the survey that the rules were written from. V21, V22 and V27 are about how to check, not
what: nested indexes are walked, unknown media types are no error, and all findings are reported, as JSON too.
"""

from __future__ import annotations

import pytest

from ocitool.check.catalogue import RULES
from ocitool.check.rule import Profile, Severity, Stage

PEER_CHECKS: dict[str, tuple[str, tuple[str, ...]]] = {
    "V1": ("oci-layout exists, is JSON, of version 1.0.0", ("L2", "L3", "L4")),
    "V2": ("index.json exists and is valid", ("L6", "L7", "X1", "X3", "X5")),
    "V3": ("blobs/ exists and is a folder", ("L1",)),
    "V4": ("digests of descriptors are well formed", ("D3", "D4", "D5", "D6", "D7", "D8", "L10")),
    "V5": ("blobs are of their size", ("D14",)),
    "V6": ("blobs hash to their digest, listed or not", ("D15", "L9")),
    "V7": ("sizes are not negative", ("D12", "D13")),
    "V8": ("embedded data has size and digest", ("D19", "D20")),
    "V9": ("the empty descriptor is the canonical one", ("M20",)),
    "V10": ("manifests have the right fields, and are not ambiguous", ("M1", "M2", "M8", "M11", "M21")),
    "V11": ("the media type within is the one listed", ("M4",)),
    "V12": ("configs are there, of their size and digest", ("L12", "D14", "D15")),
    "V13": ("rootfs.type is layers", ("C5", "C6")),
    "V14": ("layers unpack to their diff_id", ("C7", "C8")),
    "V15": ("as many layers as diff_ids", ("C9",)),
    "V16": ("layers are tars without repeated paths", ("Y1", "Y2")),
    "V17": ("nothing in a layer leaves its root", ("Y9",)),
    "V18": ("platforms of index and config agree", ("X18",)),
    "V19": ("no blob is missing", ("L12",)),
    "V20": ("orphans are told", ("L11",)),
    "V23": (
        "JSON, names and annotations are what the specification asks for",
        ("J1", "J2", "J6", "D2", "D21", "M6", "A1", "A2", "A6", "X15", "L15"),
    ),
    "V24": ("the tar is sound: links, repeats, its end, other files", ("T1", "T3", "T4", "T5", "T6")),
    "V25": ("manifest.json and the index agree", ("V25",)),
    "V26": ("what attestations and subjects speak of is there", ("V26",)),
}


@pytest.mark.parametrize("check", PEER_CHECKS)
def test_there_are_rules_for_it(check: str) -> None:
    words, rules = PEER_CHECKS[check]
    assert words
    assert [rule for rule in rules if rule not in RULES] == []
    # A check that no profile ever fails on would be one in name only.
    assert any(RULES[rule].severity(Profile.STRICT) is Severity.ERROR for rule in rules) or rules == ("L11",)


@pytest.mark.parametrize("check", ["V14", "V16", "V17"])
def test_what_peers_do_at_unpacking_needs_the_layers(check: str) -> None:
    assert any(RULES[rule].stage is Stage.DEEP for rule in PEER_CHECKS[check][1])


def test_nothing_of_the_survey_is_left_out() -> None:
    how = {"V21", "V22", "V27"}
    assert {f"V{number}" for number in range(1, 28)} - how == set(PEER_CHECKS)
