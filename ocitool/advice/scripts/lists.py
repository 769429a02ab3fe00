"""Lists of the words of a command: ``["ctr", "images", "import", "x.tar"]``, the same as lines of YAML and in calls.

A call is ``run("ctr", "images", "import", path)`` or ``run("ctr", ["images", "import", path])``; what is not quoted
in one is a variable.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ocitool.advice.scripts.shell import VERB
from ocitool.advice.scripts.words import Form, Style, Word

if TYPE_CHECKING:
    from collections.abc import Iterator

_ITEM: Final = r"(?:\"(?:[^\"\\\n]|\\.)*+\"|'[^'\n]*+'|[^\s,\[\]{}\"'#][^,\[\]{}\"'\n]*+)"
_ONE: Final = re.compile(_ITEM)
_BARE: Final = r"[^,\[\]{}()\"'\n]*+"
_ARGUMENT: Final = (
    r"(?:\"(?:[^\"\\\n]|\\.)*+\"|'[^'\n]*+'"
    rf"|[^\s,\[\]{{}}()\"'#]{_BARE}(?:\([^()\n]{{0,200}}\){_BARE})?+)"
)
_ONE_ARGUMENT: Final = re.compile(_ARGUMENT)
_CALL: Final = re.compile(rf"\(\s*+{_ARGUMENT}\s*+(?:,\s*+{_ARGUMENT}\s*+)*+,?\s*+\)")
_CALLED: Final = re.compile(r"\(\s*+(?P<program>\"[^\"'\s]{1,100}\"|'[^\"'\s]{1,100}'),\s*+\Z")
_FLOW: Final = re.compile(rf"\[\s*+{_ITEM}\s*+(?:,\s*+{_ITEM}\s*+)*+,?\s*+\]")
_KEY: Final = re.compile(r"[ \t]*(?:- +)*[\"']?(?P<key>[\w.-]+)[\"']?[ \t]*:[ \t]*\Z")
_BLOCK_KEY: Final = re.compile(
    r"^(?P<indent>[ \t]*)(?P<dash>(?:- +)*)(?P<key>command|args|argv|cmd|entrypoint|exec):[ \t]*(?:#[^\n]*)?\r?\n",
    re.MULTILINE,
)
_BLOCK_ITEM: Final = re.compile(r"(?P<indent>[ \t]*)- +(?P<item>[^\n]*?)[ \t]*(?:\r?\n|\Z)")
_COMMENT: Final = re.compile(r"[ \t]+#.*")
_OPEN: Final = re.compile(r"\$[\w({]|\{\{")
_KEY_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class _List:
    key: str
    start: int
    end: int
    words: tuple[Word, ...]


def word_lists(text: str) -> Iterator[tuple[Word, ...]]:
    """Yield the lists of words; ``args`` that follow a ``command`` are one list together with it."""
    found = sorted([*_flow_lists(text), *_calls(text), *_block_lists(text)], key=lambda each: each.start)
    for number, each in enumerate(found):
        words = each.words
        if each.key == "args" and number and found[number - 1].key == "command":
            between = text[found[number - 1].end : each.start]
            if re.fullmatch(r"\s*(?:args\s*:\s*)?", between):
                words = (*found[number - 1].words, *words)
        if any(VERB.fullmatch(word.text) for word in words):
            yield words


def _flow_lists(text: str) -> Iterator[_List]:
    for found in _FLOW.finditer(text):
        words = _items(text, found, _ONE)
        early = max(0, found.start() - _KEY_LENGTH)
        if called := _CALLED.search(text, early, found.start()):
            start, end = called.span("program")
            words.insert(0, Word(text[start + 1 : end - 1], start, end, start))
        line = text.rfind("\n", early, found.start()) + 1
        key = _KEY.match(text, max(line, early), found.start())
        start = line if key else found.start()
        yield _List(key["key"] if key else "", max(start, found.start() - _KEY_LENGTH), found.end(), tuple(words))


def _calls(text: str) -> Iterator[_List]:
    for found in _CALL.finditer(text):
        words = [
            word if word.style.mark else replace(word, is_open=True) for word in _items(text, found, _ONE_ARGUMENT)
        ]
        if any(word.style.mark and VERB.fullmatch(word.text) for word in words):
            yield _List("", found.start(), found.end(), tuple(words))


def _items(text: str, found: re.Match[str], one: re.Pattern[str]) -> list[Word]:
    words: list[Word] = []
    gap = found.start() + 1
    for item in one.finditer(text, found.start() + 1, found.end() - 1):
        raw = item[0].rstrip()
        mark = raw[0] if raw[0] in "\"'" else ""
        end = item.start() + len(raw)
        is_open = bool(_OPEN.search(raw)) or _is_name(raw)
        words.append(Word(_value(raw), item.start(), end, gap, is_open, Style(Form.FLOW, ", ", mark)))
        gap = end
    return words


def _is_name(raw: str) -> bool:
    """Whether it may be a variable of a program: ``subprocess.run(["ctr", "images", "import", path])``."""
    return raw.isidentifier() and not VERB.fullmatch(raw) and raw not in {"ctr", "images", "image", "i"}


def _block_lists(text: str) -> Iterator[_List]:
    for found in _BLOCK_KEY.finditer(text):
        words: list[Word] = []
        place, gap, indent = found.end(), found.end(), None
        while item := _BLOCK_ITEM.match(text, place):
            raw = _COMMENT.sub("", item["item"])
            if indent is None:
                indent = item["indent"]
            if item["indent"] != indent or len(indent) < len(found["indent"]) or raw[:1] in {"|", ">", "[", "{", "&"}:
                break
            start = item.start("item")
            word = Word(_value(raw), start, start + len(raw), gap, bool(_OPEN.search(raw)))
            words.append(replace(word, style=Style(Form.BLOCK, f"\n{indent}- ")))
            place, gap = item.end(), start + len(raw)
        if words:
            yield _List(found["key"], found.start(), gap, tuple(words))


def _value(raw: str) -> str:
    if raw[:1] == '"' and raw[-1:] == '"' and len(raw) > 1:
        try:
            return str(json.loads(raw))
        except ValueError:
            return raw[1:-1]
    if raw[:1] == "'" and raw[-1:] == "'" and len(raw) > 1:
        return raw[1:-1].replace("''", "'")
    return raw
