"""Prove that a filtered foreign platform is what it says: its programs run, emulated, after a plain import."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from . import emulation
from .availability import give_up
from .debian import DebianError
from .sample import NAME, PLATFORMS, greeting
from .test_filtered_archives import FOREIGN, Contents, Cutter, imported
from .test_split_and_merge import merge, split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .containerd import ContainerdServer

PLATFORM = next(platform for platform in PLATFORMS if str(platform) == FOREIGN)


@pytest.fixture(scope="session")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Cutter:
    """Provide the tool, with its outputs kept for the whole run."""
    return Cutter(tmp_path_factory.mktemp("cut"))


@pytest.fixture(scope="session")
def interpreter() -> Path:
    """Provide the qemu of the foreign architecture."""
    try:
        return emulation.emulator(PLATFORM.architecture)
    except DebianError as error:
        give_up(str(error))


@contextmanager
def mounted(server: ContainerdServer, namespace: str, folder: Path) -> Iterator[Path]:
    """Yield ``folder`` with the unpacked foreign image mounted."""
    folder.mkdir()
    result = server.ctr("images", "mount", "--platform", FOREIGN, NAME, str(folder), namespace=namespace)
    assert result.returncode == 0, result
    try:
        yield folder
    finally:
        unmounted = server.ctr("images", "unmount", "--rm", str(folder), namespace=namespace)
        assert unmounted.returncode == 0, unmounted


@pytest.fixture(scope="session")
def archives(export: Path, cut: Cutter, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Provide the foreign platform as every verb writes it."""
    folder = tmp_path_factory.mktemp("emulated")
    parts = split(export, folder / "parts", "--name-template", "{arch}{ext}")
    whole = merge(sorted(parts.iterdir()), folder / "whole.tar")
    part = parts / f"{PLATFORM.architecture}.tar"
    return {"filter": cut(export, FOREIGN).path, "split": part, "merge": whole}


@pytest.mark.parametrize(("verb", "flags"), [("filter", ()), ("split", ()), ("merge", ("--platform", FOREIGN))])
def test_foreign_image_was_unpacked_and_its_program_runs(
    containerd: ContainerdServer,
    archives: dict[str, Path],
    interpreter: Path,
    tmp_path: Path,
    verb: str,
    flags: tuple[str, ...],
) -> None:
    """Needs nothing of the kernel: qemu is given the program that the image's config names."""
    contents = Contents(archives["filter"])
    manifest = json.loads(contents.blobs[contents.root["digest"]])
    command = json.loads(contents.blobs[manifest["config"]["digest"]])["config"]["Cmd"]
    with containerd.namespace() as namespace:
        imported(containerd, namespace, archives[verb], *flags)
        with mounted(containerd, namespace, tmp_path / "root") as root:
            ran = emulation.run_below(root, command, interpreter)
    assert (ran.returncode, ran.stdout.strip()) == (0, greeting(PLATFORM)), ran


def test_foreign_container_runs_where_the_kernel_emulates(
    containerd: ContainerdServer,
    export: Path,
    cut: Cutter,
    interpreter: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """Where it cannot, the container must have tried a program this machine does not know; the report says which."""
    filtered = cut(export, FOREIGN)
    with containerd.namespace() as namespace, ExitStack() as stack:
        imported(containerd, namespace, filtered.path)
        refusal = ""
        try:
            stack.enter_context(emulation.registered(PLATFORM.architecture, interpreter))
        except emulation.EmulationError as error:
            refusal = str(error)
        ran = containerd.run_image(NAME, namespace=namespace)
    record_property("emulation", refusal or "binfmt_misc")
    if refusal:
        assert ran.returncode != 0, refusal
        assert "exec format error" in ran.stderr, refusal
    else:
        assert (ran.returncode, ran.stdout.strip()) == (0, greeting(PLATFORM)), ran
