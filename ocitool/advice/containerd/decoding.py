"""How Go words what is wrong with a document, as far as that is certain; what is not is left out as "…"."""

from __future__ import annotations

from typing import Final

OBJECT: Final = "not a JSON object but "
NOT_JSON: Final = "not JSON: "

_KINDS: Final = {"an array": "array", "a string": "string", "a number": "number", "a boolean": "bool"}


def go_words(message: str, go_type: str = "…") -> str:
    """Return what encoding/json says of a document that was to become a `go_type` (decode.go, scanner.go)."""
    if message.startswith(OBJECT):
        kind = _KINDS.get(message.removeprefix(OBJECT), "…")
        return f"json: cannot unmarshal {kind} into Go value of type {go_type}"
    if message.startswith(f"{NOT_JSON}Unterminated string"):
        return "unexpected end of JSON input"
    if message.endswith("byte order mark, which JSON does not allow"):
        return "invalid character … looking for beginning of value"
    return "…"
