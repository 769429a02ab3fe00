"""Run the command that is advised for every archive on every containerd, and hold it to what was said of it."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ocitool.advice.choice import Command, Quality, choose, default_wanted, wanted_manifests
from ocitool.advice.importers import IMPORTERS
from ocitool.advice.target import Target
from ocitool.advice.version import Version
from ocitool.api.advising import open_facts
from ocitool.model.platform import host_platform
from ocitool.plan.filter_command import REPOSITORY, chosen
from ocitool.plan.options import Layers

from .advice_comparison import archive_facts, differences
from .advice_runs import run_import
from .advice_shapes import SHAPES
from .test_advice_predicts import CASES
from .test_filtered_archives import OCITOOL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ocitool.advice.facts import ArchiveFacts
    from ocitool.model.platform import Platform
    from ocitool.plan.filter_command import Rewrite

    from .advice_runs import Seen
    from .containerd import ContainerdServer


@pytest.mark.parametrize(("any_containerd", "shape"), CASES, indirect=["any_containerd"])
def test_advised_command_does_what_was_said(any_containerd: ContainerdServer, shape: str, tmp_path: Path) -> None:
    archive = tmp_path / "archive.tar"
    archive.write_bytes(SHAPES[shape]())
    facts = archive_facts(archive)
    host = host_platform()
    target = Target("ctr", Version.parse(any_containerd.version), host)
    wanted = default_wanted(facts, host)
    with open_facts(archive) as opened:
        # What `advise` leaves to `verify` is known here, so that nothing is advised for an archive that is corrupt.
        mendings = replace(opened, facts=facts).mendings(wanted, "archive.tar")
        choice = choose(facts, IMPORTERS["ctr"], target, wanted, mendings)
    if choice.best is not None:
        seen = run_import(any_containerd, archive, choice.best.arguments)
        assert_as_said(facts, wanted, choice.best, seen)
    if choice.mending is not None:
        mended = tmp_path / "mended.tar"
        result = OCITOOL.run(*filter_words(choice.mending.rewrite, archive, mended))
        assert result.returncode == 0, (choice.mending.rewrite.command, result)
        seen = run_import(any_containerd, mended, choice.mending.command.arguments)
        is_repacked = choice.mending.rewrite.layers is not Layers.KEEP
        assert_as_said(archive_facts(mended), wanted, choice.mending.command, seen, is_repacked=is_repacked)


def assert_as_said(
    facts: ArchiveFacts, wanted: Sequence[Platform], command: Command, seen: Seen, *, is_repacked: bool = False
) -> None:
    """Hold an import to the outcome that was predicted, and to the worth of its command, told from content alone.

    What layers that are compressed anew will hash to, nobody can say before.
    """
    if is_repacked:
        assert sorted(command.outcome.names) == list(seen.names), (command, seen)
    else:
        assert not list(differences(facts, command.outcome, seen)), (command, seen)
    assert seen.exit_code == 0, (command, seen)
    images = {image.name: image for image in seen.images}
    for image in facts.graph.images:
        for manifest in wanted_manifests(image, wanted):
            name = image.name or ""
            if command.quality is Quality.MISNAMES:
                assert name not in images, (command, seen)
                continue
            parts = {str(part.digest) for part in manifest.contents}
            assert parts <= images[name].held, (command, seen)
            if command.quality is Quality.WORKS:
                assert str(manifest.config and manifest.config.digest) in images[name].unpacked, (command, seen)


def filter_words(rewrite: Rewrite, source: Path, target: Path) -> Iterator[str]:
    """Yield the arguments of a filter command as somebody types them who has chosen names."""
    number = 0
    for word in shlex.split(rewrite.command)[1:]:
        if word in {"SRC", rewrite.output}:
            yield str(source if word == "SRC" else target)
            continue
        if "=" in word and REPOSITORY in word:
            yield chosen(word, number)
            number += 1
            continue
        yield chosen(word, 0)
