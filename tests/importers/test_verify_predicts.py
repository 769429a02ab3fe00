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
from .predictions import MUTATIONS, NOT_SEEN, SEEN, expected
from .reactions import Reaction, of_containerd, of_docker, of_podman, of_skopeo
from .sample import host_platform

if TYPE_CHECKING:
    from pathlib import Path

    from .containerd import ContainerdServer
    from .docker import DockerServer
    from .engines import Engines
    from .podman import Podman
    from .program import Program

ERRORS = sorted(rule for rule in MUTATIONS if RULES[rule].severity(Profile.IMPORT) is Severity.ERROR)
SHOWN = [rule for rule in ERRORS if rule in SEEN]


@pytest.fixture
def broken(rule: str, tmp_path: Path) -> Path:
    """Provide an archive that breaks one rule, and hold it to be found out."""
    if host_platform().architecture != "amd64":
        give_up("what breaks a rule is an image for amd64")
    path = tmp_path / "broken.tar"
    path.write_bytes(MUTATIONS[rule].breaks())
    found = verify_archive(path).findings
    assert rule in {finding.rule for finding in found if finding.severity is Severity.ERROR}
    return path


def test_every_error_is_seen_to_go_wrong_or_says_why_not() -> None:
    assert set(ERRORS) == set(SEEN) | set(NOT_SEEN)
    assert not set(SEEN) & set(NOT_SEEN)
    assert all(SEEN.values())
    assert all(NOT_SEEN.values())


def test_every_table_is_of_rules_that_an_import_can_show() -> None:
    assert all(RULES[rule].stage is Stage.ALWAYS for rule in SEEN)


@pytest.mark.parametrize("rule", SHOWN)
def test_what_breaks_a_rule_shows_in_containerd(rule: str, broken: Path, containerd: ContainerdServer) -> None:
    assert of_containerd(containerd, broken) is expected(rule, containerd.label)


@pytest.mark.parametrize("rule", SHOWN)
def test_what_breaks_a_rule_shows_in_docker(rule: str, broken: Path, dockerd: DockerServer) -> None:
    label = CONTAINERD_STORE if dockerd.containerd_store else dockerd.label
    assert of_docker(dockerd, broken) is expected(rule, label)


@pytest.mark.parametrize("rule", SHOWN)
def test_what_breaks_a_rule_shows_in_podman(rule: str, broken: Path, podman: Podman) -> None:
    assert of_podman(podman, broken) is expected(rule, podman.engine.label)


@pytest.mark.parametrize("rule", SHOWN)
def test_what_breaks_a_rule_shows_in_skopeo(
    rule: str, broken: Path, skopeo: Program, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    label = request.node.callspec.params["skopeo"]
    assert of_skopeo(skopeo, broken, tmp_path / "layout") is expected(rule, label)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_what_passes_imports_into_every_containerd(
    shape: Shape, engines: Engines, containerd: ContainerdServer, tmp_path: Path
) -> None:
    archive = archive_of(shape, engines, tmp_path)
    assert verify_archive(archive, VerifyOptions(profile=Profile.IMPORT)).ok
    for flags in shape.imports:
        assert of_containerd(containerd, archive, *flags) is Reaction.TAKES
