"""Commands of a script, a CI file or a unit: whatever in it is a command line, or a list of the words of one.

Neither YAML nor JSON is parsed: a command line is one behind a key as well, and lists of words are found by their
shape. So files that are no valid YAML (templates of it, pieces of it) are read too. Comments are left out, and so is
what only people read: the arguments of ``echo`` and its like unless they are piped into a shell, and the values of
keys such as ``name`` and ``description``. What is piped or written somewhere by ``cat <<EOF`` is taken for a script.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ocitool.advice.scripts.lists import word_lists
from ocitool.advice.scripts.shell import VERB, simple_commands
from ocitool.advice.scripts.words import CommandLine
from ocitool.model.limits import SCRIPT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMMENT: Final = re.compile(r"[ \t]*(?:#|//|;)")
_FOR_PEOPLE: Final = re.compile(
    r"[ \t]*(?:- +)?[\"']?(?:name|description|title|summary|help|message|msg|comment|label|fail_msg|success_msg)"
    r"[\"']?[ \t]*:[ \t]|Description=|Documentation="
)
_FOLDED: Final = re.compile(
    r"(?P<indent>[ \t]*)(?:- +)*(?:[\w.\"'-]+:[ \t]+)?(?:&\w+[ \t]+)?>[+-]?\d?[+-]?[ \t]*\r?\n"
)


def read_commands(text: str) -> Iterator[CommandLine]:
    """Yield the commands of a text in no particular order; some are no commands at all. Never raises."""
    text = text[:SCRIPT_LIMIT]
    if not VERB.search(text):
        return
    for words in word_lists(text):
        yield CommandLine(words, words[-1].end)
    for start, end, is_folded in _logical_lines(text):
        if VERB.search(text, start, end) and not _FOR_PEOPLE.match(text, start, end):
            yield from simple_commands(text, start, end, is_folded=is_folded)


def _logical_lines(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield where each line starts and ends, and whether it is folded; lines that continue it are part of it."""
    start = 0
    while start < len(text):
        end = _line_end(text, start)
        if not _COMMENT.match(text, start, end):
            while _continues(text, end) and end < len(text):
                end = _line_end(text, end)
            if folded := _FOLDED.fullmatch(text, start, end):
                end = _folded_end(text, end, len(folded["indent"]))
                yield from ((*block, True) for block in _blocks(text, folded.end(), end))
            else:
                yield start, end, False
        start = end


def _line_end(text: str, start: int) -> int:
    found = text.find("\n", start)
    return len(text) if found < 0 else found + 1


def _continues(text: str, end: int) -> bool:
    return text[max(0, end - 2) : end] == "\\\n" or text[max(0, end - 3) : end] == "\\\r\n"


def _folded_end(text: str, start: int, indent: int) -> int:
    """Return where lines end that are blank or stand further to the right than `indent`."""
    while start < len(text):
        end = _line_end(text, start)
        line = text[start:end]
        if line.strip() and len(line) - len(line.lstrip(" \t")) <= indent:
            break
        start = end
    return start


def _blocks(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the paragraphs of a folded text: its lines are one, blank lines part them."""
    block = start
    while start < end:
        stop = _line_end(text, start)
        if not text[start:stop].strip():
            yield block, start
            block = stop
        start = stop
    yield block, end
