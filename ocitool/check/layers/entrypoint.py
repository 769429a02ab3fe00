"""The program that an image starts: its name from the config, its file from the layers (config.md, "Entrypoint")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.check.layers.paths import follow
from ocitool.check.layers.program import Machine, Script
from ocitool.check.layers.record import InDoubt, LayerRecord, Link, Mark, thing_at
from ocitool.errors import DocumentError
from ocitool.model.json_text import JsonValue, parse_object

if TYPE_CHECKING:
    from collections.abc import Sequence

_DEFAULT_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""What engines set where a config has no PATH (moby oci/defaults.go, containerd oci/spec_opts.go)."""

_PLACES: Final = 64
"""Folders in a PATH; nothing is told of more."""

_LAYERS: Final = 128
"""Layers of an image, as many as engines stack; nothing is told of more."""

_PATH_COST: Final = 16_384
"""Bytes that following one path may cost (`follow`)."""

_SCRIPTS_IN_A_ROW: Final = 5
"""Interpreters that are scripts themselves, as far as Linux goes on."""


@dataclass(frozen=True, slots=True)
class Start:
    """The first word of what an image runs, and the paths where that may lie, in the order they are tried."""

    word: str
    paths: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class FoundProgram:
    """The file that runs in the end, as a path from the root, and the machine that it is for."""

    path: bytes
    machine: Machine


def read_start(raw: bytes) -> Start | None:
    """Read from a config what its image starts; None if it does not say, or is none that can be read."""
    try:
        config = parse_object(raw).get("config")
    except DocumentError:
        return None
    if not isinstance(config, dict):
        return None
    words = [*_strings(config.get("Entrypoint")), *_strings(config.get("Cmd"))]
    if not words or not words[0]:
        return None
    word = words[0]
    if "/" in word:
        folder = config.get("WorkingDir")
        places = [f"{folder if isinstance(folder, str) else ''}/" if not word.startswith("/") else ""]
    else:
        paths = [value.partition("=")[2] for value in _strings(config.get("Env")) if value.startswith("PATH=")]
        places = [f"{place}/" for place in (paths[-1] if paths else _DEFAULT_PATH).split(":") if place]
    return Start(word, tuple(f"{place}{word}".encode(errors="surrogateescape") for place in places))


def find_program(start: Start, layers: Sequence[LayerRecord], *, strict: bool = False) -> FoundProgram | None:
    """Find what runs in the end, through links and scripts; None if it is not there or cannot be told.

    If `strict`, also if anything else that the layers have may be in its place: that takes longer.
    """
    if len(start.paths) > _PLACES or len(layers) > _LAYERS:
        return None
    if strict and any(
        layer.writes_through(below) for number, layer in enumerate(layers) for below in layers[: number + 1]
    ):
        return None
    try:
        return _find(start, layers, strict=strict)
    except InDoubt:
        return None


def _find(start: Start, layers: Sequence[LayerRecord], *, strict: bool) -> FoundProgram | None:
    found = next(filter(None, (_at(path, layers, strict=strict) for path in start.paths)), None)
    for _ in range(_SCRIPTS_IN_A_ROW):
        if found is None:
            return None
        path, program = found
        if isinstance(program, Machine):
            return FoundProgram(path, program)
        if not isinstance(program, Script):
            return None
        found = _at(program.interpreter, layers, strict=strict)
    return None


def _at(path: bytes, layers: Sequence[LayerRecord], *, strict: bool) -> tuple[bytes, Machine | Script | Mark] | None:
    """Return the file at a path and where it lies; None if there is none that runs."""

    def link_at(place: bytes) -> bytes | None:
        thing = thing_at(place, layers, strict=strict)
        return thing.target if isinstance(thing, Link) else None

    end = follow(path, link_at, _PATH_COST).path
    thing = None if end is None else thing_at(end, layers, strict=strict)
    if end is None or thing is None or thing is Mark.FOLDER or thing is Mark.OTHER or isinstance(thing, Link):
        return None
    return end, thing


def _strings(value: JsonValue) -> list[str]:
    """Return the strings of a list that may be anything."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
