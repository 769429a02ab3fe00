"""What `verify` says comes true: what passes imports everywhere, what is an error goes wrong somewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ocitool.api.verifying import VerifyOptions, verify_archive
from ocitool.check.catalogue import RULES
from ocitool.check.rule import Profile, Severity, Stage

from .availability import give_up
from .conftest import CONTAINERD_STORE
from .passing import SHAPES, Shape, archive_of
from .predictions import MUTATIONS, NOT_READ, NOT_SEEN, SEEN, breaking, expected, rule_of
from .reactions import Reaction, of_containerd, of_docker, of_podman, of_skopeo
from .sample import host_platform
from .test_filtered_archives import OCITOOL

if TYPE_CHECKING:
    from pathlib import Path

    from .containerd import ContainerdServer
    from .docker import DockerServer
    from .engines import Engines
    from .podman import Podman
    from .program import Program

ERRORS = {
    rule.id
    for rule in RULES.values()
    if rule.severity(Profile.IMPORT) is Severity.ERROR and rule.stage is not Stage.ASKED
}
SHOWN = sorted(case for case in SEEN if rule_of(case) in ERRORS)


@pytest.fixture
def broken(rule: str, tmp_path: Path) -> Path:
    """Provide an archive that breaks one rule, and hold it to be found out."""
    if host_platform().architecture != "amd64":
        give_up("what breaks a rule is an image for amd64")
    path = tmp_path / "broken.tar"
    path.write_bytes(breaking(rule))
    report = verify_archive(path, VerifyOptions(deep=RULES[rule_of(rule)].stage is Stage.DEEP))
    found = {finding.rule for finding in report.findings if finding.severity is Severity.ERROR}
    assert rule_of(rule) in found or rule not in MUTATIONS
    return path


def test_every_error_is_seen_to_go_wrong_or_says_why_not() -> None:
    assert set(SEEN) | set(NOT_SEEN) | set(NOT_READ) >= ERRORS
    assert not set(SEEN) & set(NOT_SEEN)
    assert all(SEEN.values())


@pytest.mark.parametrize("rule", sorted(NOT_SEEN))
def test_what_no_importer_minds_is_no_source_of_images(rule: str, tmp_path: Path) -> None:
    source = tmp_path / "broken.tar"
    source.write_bytes(breaking(rule))
    result = OCITOOL.run("filter", str(source), "-p", "linux/amd64", "-o", str(tmp_path / "out.tar"))
    assert result.returncode in {3, 4}, result


@pytest.mark.parametrize("rule", SHOWN)
def test_what_breaks_a_rule_shows_in_containerd(rule: str, broken: Path, containerd: ContainerdServer) -> None:
    assert of_containerd(containerd, broken) in expected(rule, containerd.label)


@pytest.mark.parametrize("rule", SHOWN)
def test_what_breaks_a_rule_shows_in_docker(rule: str, broken: Path, dockerd: DockerServer) -> None:
    label = CONTAINERD_STORE if dockerd.containerd_store else dockerd.label
    assert of_docker(dockerd, broken) in expected(rule, label)


@pytest.mark.parametrize("rule", SHOWN)
def test_what_breaks_a_rule_shows_in_podman(rule: str, broken: Path, podman: Podman) -> None:
    assert of_podman(podman, broken) in expected(rule, podman.engine.label)


@pytest.mark.parametrize("rule", SHOWN)
def test_what_breaks_a_rule_shows_in_skopeo(
    rule: str, broken: Path, skopeo: Program, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    label = request.node.callspec.params["skopeo"]
    assert of_skopeo(skopeo, broken, tmp_path / "layout") in expected(rule, label)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_what_passes_imports_into_every_containerd(
    shape: Shape, engines: Engines, containerd: ContainerdServer, tmp_path: Path
) -> None:
    archive = archive_of(shape, engines, tmp_path)
    assert verify_archive(archive, VerifyOptions(profile=Profile.IMPORT)).ok
    for flags in shape.imports:
        assert of_containerd(containerd, archive, *flags) is Reaction.TAKES
