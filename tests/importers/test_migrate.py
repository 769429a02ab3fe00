"""Lines that are said to break do so on a live containerd 2 and worked on 1.x; what to write instead works."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from ocitool.advice.migrate import Script, ScriptFinding, Verdict, migrate
from ocitool.advice.version import Version
from ocitool.model.platform import host_platform
from tests.advice.shapes import facts_of
from tests.builders import NAME, multi_platform

from .availability import give_up, require
from .containerd import ContainerdServer
from .daemon import DaemonError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .engines import Engines

ARCHIVES: Final = {
    "whole.tar": multi_platform().pack(),
    "bare.tar": multi_platform(name="lab").pack(),
    "loose.tar": multi_platform(("linux/amd64", "linux/386")).pack(),
    "foreign.tar": multi_platform(("linux/s390x", "linux/riscv64")).pack(),
}


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Two running servers, and a folder where scripts run."""

    old: ContainerdServer
    new: ContainerdServer
    folder: Path


@dataclass(frozen=True, slots=True)
class Ran:
    """What a line did: its exit code, the images it recorded, the blobs that stay, the entries it wrote."""

    code: int
    names: frozenset[str]
    blobs: frozenset[str]
    entries: frozenset[str]

    def does_all_of(self, other: Ran) -> bool:
        """Whether it does what another did, or more."""
        return (
            self.code == other.code == 0
            and self.names >= other.names
            and self.blobs >= other.blobs
            and self.entries >= other.entries
        )


@pytest.fixture(scope="module", params=["containerd-1.6", "containerd-1.7"])
def upgrade(
    engines: Engines, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Upgrade]:
    folder = tmp_path_factory.mktemp("upgrade")
    for name, data in ARCHIVES.items():
        (folder / name).write_bytes(data)
    old, new = (ContainerdServer(require(engines, label)) for label in (request.param, "containerd-2"))
    try:
        with old, new:
            yield Upgrade(old, new, folder)
    except DaemonError as error:
        give_up(str(error))


def run(server: ContainerdServer, folder: Path, line: str) -> Ran:
    """Run a line in a shell where ``ctr`` is that of a server, in a namespace of its own."""
    output = folder / "out.tar"
    output.unlink(missing_ok=True)
    with server.namespace() as namespace:
        if " export " in line:
            source = str(folder / "whole.tar")
            done = server.ctr("images", "import", "--all-platforms", "--no-unpack", source, namespace=namespace)
            assert done.returncode == 0, done.stderr
        program = server.engine.program("ctr", "--address", server.socket, "--namespace", namespace)
        wrapper = folder / "bin" / "ctr"
        wrapper.parent.mkdir(exist_ok=True)
        variables = [f"{name}={value}" for name, value in program.environment.items()]
        words = ["exec", "env", *variables, str(program.path), *program.arguments]
        wrapper.write_text(f'#!/bin/sh\n{shlex.join(words)} "$@"\n')
        wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
        path = f"{wrapper.parent}:{os.environ['PATH']}"
        ended = subprocess.run(
            ["sh", "-c", line], cwd=folder, env={"PATH": path}, check=False, capture_output=True, timeout=60
        )
        names = frozenset(server.images(namespace))
        server.ctr("content", "prune", "references", namespace=namespace)
        blobs = frozenset(server.ctr("content", "list", "--quiet", namespace=namespace).stdout.split())
        return Ran(ended.returncode, names, blobs, _entries(output) if ended.returncode == 0 else frozenset())


def _entries(archive: Path) -> frozenset[str]:
    if not archive.exists():
        return frozenset()
    with tarfile.open(archive) as tar:
        return frozenset(entry.name for entry in tar)


def judged(upgrade: Upgrade, line: str) -> ScriptFinding:
    archive = next((name for name in ARCHIVES if name in line), "whole.tar")
    old, new = (Version.parse(server.version) for server in (upgrade.old, upgrade.new))
    (found,) = migrate([Script("run.sh", line)], old, new, facts_of(ARCHIVES[archive]), host_platform())
    return found


BREAKING: Final = (
    "ctr images import whole.tar --all-platforms",
    "ctr images import whole.tar --platform linux/arm64",
    "ctr images import --digests whole.tar",
    "ctr images import bare.tar",
    "ctr i import --no-unpack --all-platforms 'bare.tar'",
    "ctr image import --base-name example.org/other whole.tar",
    "ctr images export out.tar " + NAME + " --all-platforms",
    "ctr images export out.tar " + NAME + " --platform linux/arm64 > /dev/null",
)
WORKING: Final = (
    "ctr images import whole.tar",
    "ctr images import --all-platforms --no-unpack whole.tar",
    "ctr images import --platform linux/arm64 - < whole.tar",
    "ctr images export --platform linux/arm64 out.tar " + NAME,
)


@pytest.mark.parametrize("line", BREAKING)
def test_what_is_said_to_break_does(upgrade: Upgrade, line: str) -> None:
    found = judged(upgrade, line)
    assert found.verdict is Verdict.BREAKS
    before, after = (run(server, upgrade.folder, line) for server in (upgrade.old, upgrade.new))
    assert before.code == 0
    assert not after.does_all_of(before)
    assert found.replacement is not None
    assert run(upgrade.new, upgrade.folder, found.replacement).does_all_of(before)
    if found.works_on_both:
        assert run(upgrade.old, upgrade.folder, found.replacement).does_all_of(before)


@pytest.mark.parametrize("line", WORKING)
def test_what_is_not_said_to_break_does_not(upgrade: Upgrade, line: str) -> None:
    found = judged(upgrade, line)
    assert found.verdict is not Verdict.BREAKS
    before = run(upgrade.old, upgrade.folder, line)
    assert before.code == 0
    if found.verdict is Verdict.WORKS:
        assert run(upgrade.new, upgrade.folder, line).does_all_of(before)
    if found.replacement is not None:
        assert run(upgrade.new, upgrade.folder, found.replacement).does_all_of(before)


def test_a_failure_that_became_silent_is_told(upgrade: Upgrade) -> None:
    """An archive of foreign platforms alone: 1.x refuses it, 2.x takes it and keeps nothing of it."""
    line = "ctr images import foreign.tar"
    found = judged(upgrade, line)
    assert found.verdict is Verdict.CHANGES
    before, after = (run(server, upgrade.folder, line) for server in (upgrade.old, upgrade.new))
    assert before.code != 0
    assert after.code == 0
    assert found.replacement is not None
    mended = run(upgrade.new, upgrade.folder, found.replacement)
    assert mended.code == 0
    assert mended.blobs > after.blobs


def test_what_nobody_asked_for_does_not_break(upgrade: Upgrade) -> None:
    """1.x keeps linux/386 on linux/amd64 as well, which 2.1 does not: the image is as ready to run as before."""
    if host_platform().display != "linux/amd64":
        pytest.skip("linux/386 runs on linux/amd64")
    line = "ctr images import loose.tar"
    found = judged(upgrade, line)
    assert found.verdict is Verdict.CHANGES
    before, after = (run(server, upgrade.folder, line) for server in (upgrade.old, upgrade.new))
    assert before.code == after.code == 0
    assert before.names == after.names
    assert before.blobs > after.blobs
    assert found.replacement is not None
    assert run(upgrade.new, upgrade.folder, found.replacement).does_all_of(before)


@pytest.mark.parametrize("flag", ["--sync-fs", "--my-flag"])
def test_what_fails_already_is_told(upgrade: Upgrade, flag: str) -> None:
    line = f"ctr images import {flag} whole.tar"
    old = Version.parse(upgrade.old.version)
    (found,) = migrate([Script("run.sh", line)], old, old, facts_of(ARCHIVES["whole.tar"]), host_platform())
    assert found.verdict is Verdict.FAILS
    ran = run(upgrade.old, upgrade.folder, line)
    assert ran.code != 0
    assert (found.replacement is None) is (flag == "--my-flag")
    if found.replacement is not None:
        assert found.works_on_both
        assert run(upgrade.old, upgrade.folder, found.replacement).code == 0


def test_flags_that_need_another_one(upgrade: Upgrade) -> None:
    """`--discard-unpacked-layers`, which 1.6 does not know either, wants --local in 2.x."""
    found = judged(upgrade, "ctr images import --discard-unpacked-layers whole.tar")
    knows = not upgrade.old.version.startswith("1.6")
    assert found.verdict is (Verdict.BREAKS if knows else Verdict.FAILS)
    assert (run(upgrade.old, upgrade.folder, found.command).code == 0) is knows
    assert run(upgrade.new, upgrade.folder, found.command).code != 0
    assert found.replacement is not None
    assert run(upgrade.new, upgrade.folder, found.replacement).names == {NAME}
    assert (run(upgrade.old, upgrade.folder, found.replacement).code == 0) is found.works_on_both
