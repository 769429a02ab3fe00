"""Text as it was pasted: what logs, terminals and quotes add is taken away, so that messages can be recognised."""

from __future__ import annotations

import re
from typing import Final

from ocitool.model.digest import HEX_LENGTH
from ocitool.model.limits import ERROR_TEXT_LIMIT

TEXT_LIMIT: Final = ERROR_TEXT_LIMIT
"""Characters that are looked at; of longer text the first and the last half of that."""

_COLOUR: Final = re.compile(r"\x1b(?:\[[0-?]{0,32}[ -/]{0,8}[@-~]|\][^\x07\x1b\n]{0,500}(?:\x07|\x1b\\))")
_ESCAPED: Final = re.compile(r'\\(["\\nt])')
_ESCAPES: Final = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}
_QUOTE_MARK: Final = re.compile(r"^[ \t]{0,8}[>|│]{1,3}[ \t]", re.MULTILINE)
_DIGEST_START: Final = re.compile(r"(sha(?:256|512))(:|/)\s{0,12}(?=[0-9a-f])")
_UPPER_CASE: Final = re.compile(r"[Ss][Hh][Aa](?:256|512)[:/][0-9A-Fa-f]{6,128}|\b[0-9A-F]{64}\b")
_HEX: Final = re.compile(r"[0-9a-f]{1,128}")
_FOREIGN: Final = re.compile(
    r"^[ \t]{0,8}(?:curl|wget|git|ssh|scp|sftp|rsync|python[0-9.]{0,6}|pip[0-9.]{0,6}|npm|java|aws|gsutil|apt-get"
    r"|cp|mv|mkdir|ln|dd|cat)(?:\[\d{1,9}\])?: [^\n]{0,20000}",
    re.MULTILINE,
)
"""Lines of programs that import nothing; some of their words are an importer's too."""

_BREAK: Final = re.compile(r"[ \t]{0,12}\n[ \t]{0,12}")


def clean(text: str) -> str:
    """Return the text without what terminals and logs add; digests that are broken over lines are whole again.

    Lines of programs that are no importers are left out.
    """
    if len(text) > TEXT_LIMIT:
        text = f"{text[: TEXT_LIMIT // 2]}\n{text[-TEXT_LIMIT // 2 :]}"
    text = _COLOUR.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    for _ in range(2):  # a log in a log quotes twice
        text = _ESCAPED.sub(lambda found: _ESCAPES[found[1]], text)
    text = _UPPER_CASE.sub(lambda found: found[0].lower(), _QUOTE_MARK.sub("", text))
    return _with_whole_digests(_FOREIGN.sub("", text))


def unwrapped(text: str) -> str:
    """Return the text as it was before a terminal broke it, words too, at the end of its lines."""
    return text.replace("\n", "")


def _with_whole_digests(text: str) -> str:
    parts: list[str] = []
    done = 0
    for found in _DIGEST_START.finditer(text):
        if found.start() < done:
            continue
        whole, end = _joined(text, found.end(), HEX_LENGTH[found[1]])
        if whole:
            parts += [text[done : found.start()], found[1], found[2], whole]
            done = end
    return "".join([*parts, text[done:]])


def _joined(text: str, start: int, length: int) -> tuple[str, int]:
    """Return the digits from `start` on if lines together make up just as many as a digest has, else ""."""
    digits, place = "", start
    while len(digits) < length and (found := _HEX.match(text, place)):
        digits, place = digits + found[0], found.end()
        if len(digits) < length:
            gap = _BREAK.match(text, place)
            if gap is None:
                break
            place = gap.end()
    return (digits, place) if len(digits) == length else ("", start)
