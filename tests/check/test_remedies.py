"""A command that a remedy tells works on the archive that it is told for, and mends what it is told for."""

from __future__ import annotations

import shlex
import signal
from typing import TYPE_CHECKING, Final

import pytest
from typer.testing import CliRunner

from ocitool.api.verifying import VerifyOptions, verify_archive
from ocitool.check.gates import Gates
from ocitool.check.rule import Profile
from ocitool.cli.app import app
from ocitool.cli.remedy import COMMAND, fill_remedies
from ocitool.cli.signals import SIGNALS
from ocitool.model.platform_selection import PlatformSelection
from tests.builders import multi_platform
from tests.check import mutations_documents, mutations_gates, mutations_importing, mutations_layers
from tests.check.broken_archives import ARCHIVES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MUTATIONS: Final = {
    f"{area.__name__.rpartition('_')[2]} {rule}": mutation
    for area in (mutations_documents, mutations_gates, mutations_importing, mutations_layers)
    for rule, mutation in area.MUTATIONS.items()
}


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    """Undo what a command does to the signals of its process: tests that come after start programs in this one."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def command_of(remedy: str) -> str:
    """Return the command of a remedy, "" for one in words."""
    found = COMMAND.fullmatch(remedy)
    return "" if found is None else found["command"]


def told(path: Path, options: VerifyOptions) -> dict[str, set[str]]:
    """Return the rules that each remedy is told for."""
    remedies: dict[str, set[str]] = {}
    for finding in fill_remedies(verify_archive(path, options), str(path)).findings:
        remedies.setdefault(finding.remedy, set()).add(finding.rule)
    return remedies


def run(command: str, output: Path) -> int:
    """Run a command with names of our own where it leaves them to the reader."""
    words = shlex.split(command)
    assert words[:2] == ["ocitool", "filter"]
    filled = [
        str(output)
        if word in {"OUT", "OUT.tar"}
        else word.replace("REPOSITORY", f"registry.local/new-{number}").replace("TAG", "1.0")
        if words[number - 1] in {"--name", "--rename"}
        else word
        for number, word in enumerate(words)
    ]
    return CliRunner().invoke(app, [*filled[1:], "-q"]).exit_code


def check(data: bytes, options: VerifyOptions, folder: Path) -> set[str]:
    """Run all commands that are told; return the rules that have one."""
    path, output = folder / "image.tar", folder / "out.tar"
    path.write_bytes(data)
    mended = set()
    for remedy, rules in told(path, options).items():
        command = command_of(remedy)
        if not command.startswith("ocitool filter"):
            continue
        output.unlink(missing_ok=True)
        assert run(command, output) == 0, (rules, command)
        left = {finding.rule for finding in verify_archive(output, options).findings}
        assert not rules & left, (rules & left, command)
        mended |= rules
    return mended


@pytest.mark.parametrize("name", MUTATIONS)
def test_what_breaks_one_rule(name: str, tmp_path: Path) -> None:
    mutation = MUTATIONS[name]
    check(mutation.breaks(), VerifyOptions(Profile.STRICT, mutation.gates, deep=True), tmp_path)


@pytest.mark.parametrize("profile", [Profile.IMPORT, Profile.STRICT])
@pytest.mark.parametrize("name", ARCHIVES)
def test_what_breaks_more(name: str, profile: Profile, tmp_path: Path) -> None:
    check(ARCHIVES[name]().pack(), VerifyOptions(profile), tmp_path)


@pytest.mark.parametrize(
    "platforms", ["linux/amd64", "linux/amd64,linux/s390x", "!linux/arm64", "available,!linux/arm64", "linux/a*64"]
)
def test_only(platforms: str, tmp_path: Path) -> None:
    gates = Gates(PlatformSelection.parse([platforms]), only=True)
    layout = multi_platform(["linux/amd64", "linux/arm64", "linux/arm/v7"])
    assert "G2" in check(layout.pack(), VerifyOptions(gates=gates), tmp_path)


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("two images without a name", {"I1", "I9"}),
        ("one of two without a name", {"I2", "I9"}),
        ("two bare names", {"I3", "I9"}),
        ("a bare name with a blank", {"I3", "I9"}),
        ("two tags", {"I5", "I9"}),
        ("a short name of two", {"I14", "I9"}),
        ("a layer absent", set()),
        ("a layer absent, and other files and images", {"L12", "L9", "T6", "I9"}),
        ("an index absent, and a whole image", {"L12", "L11", "I9"}),
        ("a referrer absent", {"L12", "L11", "I2", "I9"}),
        ("a layer corrupt, and a whole image", set()),
        ("no platform", {"X9", "I9"}),
        ("two platforms swapped", {"X18", "I9"}),
        ("v1 in the index", {"I8", "I9"}),
        ("v1 in the config", {"I9"}),
        ("an artifact with a name", set()),
    ],
)
def test_what_has_a_command(name: str, rules: set[str], tmp_path: Path) -> None:
    assert check(ARCHIVES[name]().pack(), VerifyOptions(), tmp_path) == rules


def test_an_option_for_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-x.tar").write_bytes(ARCHIVES["other files"]().pack())
    (report,) = {
        finding.remedy
        for finding in fill_remedies(verify_archive("-x.tar"), "-x.tar").findings
        if finding.rule == "T6"
    }
    assert run(command_of(report), tmp_path / "out.tar") == 0
