"""One job: a verb, what it reads, what it writes, and its options, as JSON on the way to whoever runs it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ocitool.errors import DocumentError
from ocitool.model.digest import Digest

if TYPE_CHECKING:
    from ocitool.model.json_text import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class Job:
    """A job that was checked: its places are absolute paths or URLs; `output` is "" where nothing is written.

    `options` are by the names of the command line's long options, and those that may be repeated are lists.
    """

    id: str
    verb: str
    sources: tuple[str, ...]
    output: str = ""
    options: JsonObject = field(default_factory=dict)
    takes_several: bool = False

    def to_json(self) -> JsonObject:
        """Return the job as it travels (schema ``batch/job``)."""
        source: JsonValue = [*self.sources] if self.takes_several else self.sources[0]
        result: JsonObject = {"id": self.id, "verb": self.verb, "source": source}
        if self.output:
            result["output"] = self.output
        if self.options:
            result["options"] = self.options
        return result

    @classmethod
    def from_json(cls, value: JsonObject) -> Job:
        """Read what `to_json` wrote; raises `DocumentError` for anything else."""
        source, options = value.get("source"), value.get("options", {})
        sources = source if isinstance(source, list) else [source]
        name, verb, output = value.get("id"), value.get("verb"), value.get("output", "")
        if not (isinstance(name, str) and isinstance(verb, str) and isinstance(output, str)):
            raise DocumentError("is no job of a batch")
        if not (isinstance(options, dict) and all(isinstance(place, str) for place in sources)):
            raise DocumentError("is no job of a batch")
        return cls(name, verb, tuple(map(str, sources)), output, options, isinstance(source, list))

    @property
    def digest(self) -> Digest:
        """The sha256 of its canonical JSON: compact, keys sorted by code point, UTF-8."""
        text = json.dumps(self.to_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return Digest.of(text.encode())
