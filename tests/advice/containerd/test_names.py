"""Names, as each ctr records them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from ocitool.advice.importers import find_importer
from ocitool.advice.target import Target
from ocitool.advice.version import Version
from ocitool.model.platform import Platform
from tests.advice.shapes import MULTI, docker_archive, facts_of
from tests.builders import NAME, Layout, multi_platform

if TYPE_CHECKING:
    from ocitool.advice.outcome import Outcome

OWN: Final = "io.containerd.image.name"
REFERENCE: Final = "org.opencontainers.image.ref.name"
MEASURED: Final = [str(version) for version in find_importer("ctr").table.measured]
HOST: Final = Platform("linux", "amd64")


def run(layout: Layout | bytes, version: str, *arguments: str) -> Outcome:
    data = layout if isinstance(layout, bytes) else layout.pack()
    return find_importer("ctr").predict(facts_of(data), Target("ctr", Version.parse(version), HOST), arguments)


def annotated(**annotations: str) -> Layout:
    layout = multi_platform(MULTI, name=None)
    if annotations:
        layout.roots[0]["annotations"] = annotations
    return layout


def by_line(first: str, second: str, third: str, fourth: str) -> dict[str, str]:
    """Spread what 1.0 and 1.1, 1.2, 1.3 to 1.7 and 2.0 to 2.3 say over the versions that were run."""
    edges = {"1.0.0": first, "1.1.0": first, "1.2.0": second}
    return {version: edges.get(version, third if version.startswith("1.") else fourth) for version in MEASURED}


@pytest.mark.parametrize(
    ("annotations", "wanted"),
    [
        ({OWN: NAME, REFERENCE: "1.0"}, by_line("unknown/unknown:1.0", "import-DATE:1.0", NAME, NAME)),
        ({REFERENCE: NAME}, by_line(f"unknown/unknown:{NAME}", NAME, NAME, NAME)),
        ({REFERENCE: "1.0"}, by_line("unknown/unknown:1.0", *["import-DATE:1.0"] * 3)),
        ({}, by_line("unknown/unknown@", "", "", "")),
        ({OWN: "lab", REFERENCE: "1.0"}, by_line("unknown/unknown:1.0", "import-DATE:1.0", "lab", "")),
    ],
    ids=["both", "a full reference", "a tag", "nothing", "a bare name"],
)
def test_an_image_gets_its_name(annotations: dict[str, str], wanted: dict[str, str]) -> None:
    layout = annotated(**annotations)
    for version, name in wanted.items():
        names = [found.partition("@")[0] + "@" * ("@" in found) for found in run(layout, version).names]
        assert names == ([name] if name else []), version


def test_the_oldest_take_a_repository() -> None:
    layout = annotated(**{OWN: NAME, REFERENCE: "1.0"})
    for version in ("1.0.0", "1.1.0"):
        assert run(layout, version, "--oci-name", "docker.io/library/lab").names == (NAME,)
    assert run(layout, "1.2.0", "--base-name", "docker.io/library/lab").names == (NAME,)


def test_a_base_name_leaves_out_other_names() -> None:
    layout = annotated(**{REFERENCE: NAME})
    assert run(layout, "1.7.24", "--base-name", "docker.io/library/other").names == ()
    assert run(layout, "1.7.24", "--base-name", "docker.io/library/lab").names == (NAME,)
    own = annotated(**{OWN: NAME, REFERENCE: "1.0"})
    # The client does not filter containerd's own annotation, the daemon does.
    assert run(own, "1.7.24", "--base-name", "docker.io/library/other").names == (NAME,)
    assert run(own, "2.1.9", "--base-name", "docker.io/library/other").names == ()


def test_digests_are_recorded_besides() -> None:
    layout = annotated(**{OWN: NAME, REFERENCE: "1.0"})
    digest = layout.roots[0]["digest"]
    assert run(layout, "1.7.24", "--digests").names == (NAME, f"import-DATE@{digest}")
    assert run(layout, "1.7.24", "--digests", "--skip-digest-for-named").names == (NAME,)
    # The daemon is told the opposite.
    assert run(layout, "2.1.9", "--digests").names == (NAME,)
    assert run(layout, "2.1.9", "--digests", "--skip-digest-for-named").names == (NAME, f"import-DATE@{digest}")
    assert run(annotated(), "2.1.9", "--digests").names == (f"import-DATE@{digest}",)


def test_tags_of_a_docker_archive_are_written_out() -> None:
    for version in MEASURED[3:]:
        assert run(docker_archive("linux/amd64"), version, *()).names == (NAME,), version
    assert run(docker_archive("linux/amd64"), "1.1.0").failure == "no-index"


def test_one_name_for_several_images_depends_on_the_run() -> None:
    layout = Layout()
    for text in MULTI:
        layout.add(layout.manifest(text, (text,)))
    for version in ("1.7.24", "2.1.9"):
        outcome = run(layout, version, "--no-unpack")
        assert not outcome.is_stable
        assert outcome.names == (NAME,)
