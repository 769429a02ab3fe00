"""A start loads what its own command needs, and nothing of the others."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from tests.builders import multi_platform
from tests.deltas import delta

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT: Final = """
import sys
from ocitool.__main__ import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""

HEAVY: Final = {
    *("asyncio", "concurrent", "email", "isal", "jsonschema", "logging", "lz4", "matplotlib", "multiprocessing"),
    *("aiohttp", "fsspec", "numpy", "pydantic", "rich", "s3fs", "socket", "xml", "zstandard"),
}

OTHERS: Final = {
    "inspect": ("advice", "adapters", "check", "engine"),
    "filter": ("advice", "adapters", "check"),
    "split": ("advice", "adapters", "check"),
    "diff": ("advice", "adapters", "check", "engine"),
    "delta": ("advice", "adapters", "check"),
    "apply": ("advice", "adapters", "check"),
    "verify": ("advice", "adapters"),
}


def loaded(*arguments: str | Path) -> set[str]:
    """Run the program and return the modules that it had loaded when it ended."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines()[-1].split())


def own(modules: set[str]) -> set[str]:
    return {name.removeprefix("ocitool.") for name in modules if name.startswith("ocitool.")}


def test_the_version_loads_no_command() -> None:
    modules = loaded("--version")
    assert own(modules) == {"__main__", "cli", "cli.app", "cli.commands", "cli.signals", "cli.streams", "errors"}
    assert not modules & HEAVY
    assert not modules & {"_hashlib", "hashlib", "json", "tempfile"}


@pytest.mark.parametrize(
    "command",
    [
        "inspect",
        "filter",
        "split",
        "merge",
        "verify",
        "advise",
        "diff",
        "delta",
        "apply",
        "import",
        "batch",
        "schema",
    ],
)
def test_help_of_a_command_loads_that_command_alone(command: str) -> None:
    modules = loaded(command, "--help")
    assert not {name.split(".")[0] for name in own(modules)} & {"adapters", "advice", "check", "engine", "graph"}
    homes = {"import": "import_command"}
    others = {
        "inspect",
        "split",
        "verify",
        "advise",
        "import_command",
        "schema",
        "batch",
        "diff",
        "delta",
        "apply",
    } - {homes.get(command, command)}
    assert not {name.removeprefix("cli.") for name in own(modules)} & others
    assert not modules & HEAVY


@pytest.mark.parametrize("command", OTHERS)
def test_a_run_loads_nothing_of_other_commands(command: str, tmp_path: Path) -> None:
    source = tmp_path / "image.tar"
    source.write_bytes(multi_platform().pack())
    more = {"filter": ("-p", "linux/arm64", "-o", tmp_path / "out.tar"), "split": ("-d", tmp_path / "parts")}
    more |= {"diff": (source,), "delta": (source, "-o", tmp_path / "d.tar")}
    if command == "apply":
        (tmp_path / "made.tar").write_bytes(delta())
        more["apply"] = (tmp_path / "made.tar", "-o", tmp_path / "whole.tar")
    modules = loaded(command, source, *more.get(command, ()))
    assert not [name for name in own(modules) if name.split(".")[0] in OTHERS[command]]
    assert not modules & HEAVY
    # The folder of the schemas, which is all that needs them, is found by importlib.resources.
    assert command == "verify" or not modules & {"tempfile", "zipfile"}
