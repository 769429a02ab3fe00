"""How others are asked; the way by hand is run."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from benchmarks import peer_commands
from benchmarks.corpus import NAME, TAG, Recipe, make_corpus
from benchmarks.layers import PLAIN_NOISE
from benchmarks.peer_commands import Job
from tests.command import ocitool

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Work in a folder whose name a shell would take apart."""
    folder = tmp_path / "with space" / "work"
    folder.mkdir(parents=True)
    return Job(folder.parent / "multi.tar", folder.parent / "out.tar", folder, "linux/arm64", NAME, TAG)


def texts(job: Job) -> dict[str, str]:
    return {
        "skopeo": peer_commands.skopeo("/opt/skopeo", job),
        "skopeo as it comes": peer_commands.skopeo_as_it_comes("/opt/skopeo", job),
        "oras": peer_commands.oras("/opt/oras", job),
        "umoci": peer_commands.umoci("/opt/umoci", job),
        "by hand": peer_commands.by_hand(job),
        "podman": peer_commands.podman("/opt/podman --root=/x", job),
        "containerd": peer_commands.containerd("/opt/ctr --address /x", job),
        "docker": peer_commands.docker("/opt/docker", job),
    }


def test_a_shell_reads_them(job: Job) -> None:
    for name, text in texts(job).items():
        assert subprocess.run(["sh", "-n", "-c", text], check=False).returncode == 0, name


def test_each_is_asked_for_the_platform_from_archive_to_archive(job: Job) -> None:
    source, output = job.source, job.output
    made = texts(job)
    assert made["skopeo"] == (
        f"/opt/skopeo --insecure-policy --tmpdir '{job.folder}' --override-os linux --override-arch arm64 copy -q "
        f"'oci-archive:{source}' 'oci-archive:{output}:1.0'"
    )
    assert "--tmpdir" not in made["skopeo as it comes"]
    assert made["oras"].splitlines()[1] == (
        f"/opt/oras copy --from-oci-layout '{source}:1.0' --platform linux/arm64 --to-oci-layout "
        f"'{job.folder}/layout:1.0'"
    )
    assert made["umoci"].splitlines()[-2] == "/opt/umoci gc --layout ."
    assert made["podman"].splitlines()[1:] == [
        f"image=$(/opt/podman --root=/x pull -q --platform linux/arm64 'oci-archive:{source}')",
        f"/opt/podman --root=/x save -q --format oci-archive -o '{output}' \"$image\"",
    ]
    assert made["containerd"].splitlines()[1:] == [
        f"/opt/ctr --address /x images import --local --no-unpack --platform linux/arm64 '{source}'",
        f"/opt/ctr --address /x images export --local --platform linux/arm64 '{output}' {NAME}",
    ]
    assert made["docker"].splitlines()[1:] == [
        f"/opt/docker load -q --platform linux/arm64 -i '{source}'",
        f"/opt/docker save --platform linux/arm64 -o '{output}' {NAME}",
    ]
    assert all(text.startswith("set -e\n") for name, text in made.items() if not name.startswith("skopeo"))


@pytest.mark.skipif(shutil.which("jq") is None, reason="no jq here")
def test_by_hand_keeps_one_platform_whole(job: Job) -> None:
    corpus = make_corpus(job.source, Recipe(5_000, 2, PLAIN_NOISE))
    subprocess.run(["sh", "-c", peer_commands.by_hand(job)], check=True)
    checked = ocitool("verify", "-p", "linux/arm64", "--only", str(job.output))
    assert checked.returncode == 0, checked.stdout
    assert job.output.stat().st_size < corpus.size("linux/arm64") + 32 * 1024
