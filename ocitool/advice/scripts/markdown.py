"""Markdown: its fenced blocks are read for commands, its prose is not."""

from __future__ import annotations

import re
from typing import Final

_SUFFIXES: Final = (".md", ".markdown", ".mdx")
_FENCE: Final = re.compile(r"[ \t]*(?P<fence>`{3,}|~{3,})(?P<rest>.*)")


def readable_part(name: str, text: str) -> str:
    """Return what of a file may hold commands, in its place: of Markdown all but fenced blocks becomes blank."""
    if not name.lower().endswith(_SUFFIXES):
        return text
    parts: list[str] = []
    fence = ""
    for line in text.splitlines(keepends=True):
        found = _FENCE.match(line)
        ends = found is not None and fence and found["fence"].startswith(fence) and not found["rest"].strip()
        parts.append(line if fence and not ends else re.sub(r"[^\r\n]", " ", line))
        if ends:
            fence = ""
        elif found is not None and not fence:
            fence = found["fence"]
    return "".join(parts)
