"""Rules of configs that a schema cannot say, or that are advice (C3, C4, C10, C11, C12, C16, C17)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ocitool.check.document import Breach, Path, brief
from ocitool.check.document_rules.dates import is_date_time
from ocitool.check.document_rules.descriptors import is_digest
from ocitool.check.document_rules.platforms import config_platform_breaches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.model.json_text import JsonObject, JsonValue

_PORT: Final = re.compile(r"(\d{1,5})(?:/(?:tcp|udp))?", re.ASCII)
_PORTS: Final = 65536


def config_breaches(value: JsonObject) -> Iterator[Breach]:
    """Yield what is wrong with a config beyond its schema."""
    yield from config_platform_breaches(value)
    yield from _date(value, ())
    history = value.get("history")
    for position, item in enumerate(history if isinstance(history, list) else ()):
        if isinstance(item, dict):
            yield from _date(item, ("history", position))
    rootfs = value.get("rootfs")
    diff_ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    if isinstance(diff_ids, list):
        yield from _algorithms(diff_ids)
        yield from _history(history, diff_ids)
    runtime = value.get("config")
    if isinstance(runtime, dict):
        yield from _environment(runtime.get("Env"))
        yield from _ports(runtime.get("ExposedPorts"))


def _date(value: JsonObject, path: Path) -> Iterator[Breach]:
    created = value.get("created")
    if isinstance(created, str) and not is_date_time(created):
        yield Breach("C11", f"{brief(created)} is no date and time of RFC 3339", (*path, "created"))


def _algorithms(diff_ids: list[JsonValue]) -> Iterator[Breach]:
    """Find digests of other algorithms than sha256; what is no digest at all the schema says."""
    for position, diff_id in enumerate(diff_ids):
        if isinstance(diff_id, str) and not diff_id.startswith("sha256:") and is_digest(diff_id):
            algorithm = brief(diff_id.partition(":")[0])
            message = f"the diff_id is of {algorithm}, which containerd does not compute"
            yield Breach("C17", message, ("rootfs", "diff_ids", position))


def _history(history: JsonValue, diff_ids: list[JsonValue]) -> Iterator[Breach]:
    """Compare the number of layers that history tells of with that of diff_ids; no history is no claim."""
    if not isinstance(history, list) or not history:
        return
    told = sum(not (isinstance(item, dict) and item.get("empty_layer") is True) for item in history)
    if told != len(diff_ids):
        yield Breach("C10", f"history tells of {told} layers, there are {len(diff_ids)} diff_ids", ("history",))


def _environment(variables: JsonValue) -> Iterator[Breach]:
    for position, variable in enumerate(variables if isinstance(variables, list) else ()):
        if isinstance(variable, str) and variable.find("=") < 1:
            yield Breach("C12", f"{brief(variable)} is not NAME=VALUE", ("config", "Env", position))


def _ports(ports: JsonValue) -> Iterator[Breach]:
    for key in ports if isinstance(ports, dict) else ():
        match = _PORT.fullmatch(key)
        if match is None or not 0 < int(match[1]) < _PORTS:
            yield Breach("C16", f"{brief(key)} is no port", ("config", "ExposedPorts", key))
