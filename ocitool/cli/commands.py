"""The commands by name, each loaded when it is asked for: a start pays for one of them, and `--version` for none."""

from __future__ import annotations

from collections.abc import MutableMapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typer._click import Command

_HOMES: Final = {
    "inspect": ("ocitool.cli.inspect", "inspect_command"),
    "filter": ("ocitool.cli.filter", "filter_command"),
    "split": ("ocitool.cli.split", "split_command"),
    "merge": ("ocitool.cli.merge", "merge_command"),
    "verify": ("ocitool.cli.verify", "verify_command"),
    "advise": ("ocitool.cli.advise", "advise_command"),
    "diff": ("ocitool.cli.diff", "diff_command"),
    "delta": ("ocitool.cli.delta", "delta_command"),
    "apply": ("ocitool.cli.apply", "apply_command"),
    "import": ("ocitool.cli.import_command", "import_command"),
    "batch": ("ocitool.cli.batch", "batch_command"),
    "schema": ("ocitool.cli.schema", "schema_command"),
}
"""The module and function of each command, in the order in which help lists them."""


class Commands(MutableMapping[str, "Command"]):
    """The commands by name, as typer keeps them; one that was never asked for is not even imported."""

    def __init__(self) -> None:
        self._loaded: dict[str, Command] = {}
        self._names = dict.fromkeys(_HOMES)

    def __getitem__(self, name: str) -> Command:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._loaded:
            self._loaded[name] = _load(name)
        return self._loaded[name]

    def __setitem__(self, name: str, command: Command) -> None:
        self._names[name] = None
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._names[name]
        self._loaded.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class CommandGroup(TyperGroup):
    """The group of all commands; it lists them by name and loads those that are run or described."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - typer's own, passed on
        super().__init__(**settings)
        self.commands = Commands()


def _load(name: str) -> Command:
    module, function = _HOMES[name]
    alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    alone.command(name)(getattr(import_module(module), function))
    return get_command(alone)
