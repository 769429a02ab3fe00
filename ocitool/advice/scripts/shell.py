"""The shell's words of one line, wherever the line stands: in a script, in a CI file, behind a key of YAML.

``shlex`` knows words, but neither where they stand nor what separates commands, substitutes or redirects. This reads
a line once, from left to right, and never fails: a quote, bracket or backtick that is not closed separates words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ocitool.advice.scripts.frames import Command, Frame
from ocitool.advice.scripts.words import CommandLine, Word

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPTH_LIMIT: Final = 6
"""How deep a command may stand in strings of others, as in ``ssh node "sh -c 'ctr …'"``."""

NESTING_LIMIT: Final = 32
"""How deep commands may stand in brackets; deeper ones are read as if they stood there."""

SUBSTITUTION_LIMIT: Final = 10_000
"""How many brackets a line may open; later ones are read as if they were not there."""

VERB: Final = re.compile(r"\b(?:import|export|load|save)\b")
"""What a text has to hold to be looked at."""

_PLAIN: Final = re.compile(r"[^\s'\"`$\\;|&<>(){#]+")
_SPACE: Final = re.compile(r"\s+")
_QUOTED: Final = re.compile(r"[^\\$\"`{]+")
_REDIRECTION: Final = re.compile(r"\d*(?:<<<|<<-?|<>|>\||>>|>&|<&|<|>)|&>>?")
_DESCRIPTOR: Final = re.compile(r"[\d-]+")
_VARIABLE: Final = re.compile(r"\$(?:\{[^}\n]{0,200}\}|\w+|[@*#?!$-])")
_TEMPLATE: Final = re.compile(r"\$?\{\{.*?\}\}")
_CONTINUATION: Final = re.compile(r"\\\r?\n")


def simple_commands(
    text: str, start: int, end: int, *, is_folded: bool = False, is_printed: bool = False, depth: int = DEPTH_LIMIT
) -> Iterator[CommandLine]:
    """Yield the simple commands of a part of a text, those in strings and substitutions too.

    In one that `is_folded`, the ends of lines are blanks.
    """
    for command in _Reader(text, start, end, ends_lines=not is_folded).read():
        inside = is_printed or command.is_printing()
        if command.words:
            yield CommandLine(tuple(command.words), command.end, inside)
        for inner_start, inner_end in command.strings if depth else ():
            if VERB.search(text, inner_start, inner_end):
                yield from simple_commands(
                    text, inner_start, inner_end, is_folded=is_folded, is_printed=inside, depth=depth - 1
                )


class _Reader:
    """Read one part of a text; each character is looked at once, whatever is nested."""

    def __init__(self, text: str, start: int, end: int, *, ends_lines: bool) -> None:
        self._ends_lines = ends_lines
        self._text, self._place, self._end = text, start, end
        self._done: list[Command] = []
        self._stack = [Frame("", start, start)]
        self._missing: set[str] = set()
        self._pushed = 0

    def read(self) -> list[Command]:
        while self._place < self._end:
            self._step()
        while self._stack:
            self._end_command()
            self._stack.pop()
        return self._done

    @property
    def _frame(self) -> Frame:
        return self._stack[-1]

    def _step(self) -> None:
        frame = self._frame
        if frame.quote:
            self._quoted_step(frame)
        elif (found := _PLAIN.match(self._text, self._place, self._end)) and not self._is_descriptor(found):
            self._add(found[0], found.end())
        elif found := _SPACE.match(self._text, self._place, self._end):
            self._space(found)
        elif found := _REDIRECTION.match(self._text, self._place, self._end):
            self._redirect(found)
        else:
            self._mark(self._text[self._place])

    def _is_descriptor(self, found: re.Match[str]) -> bool:
        """Whether it is the number of a redirection, as in ``2>&1``."""
        return (
            self._frame.start < 0 and found[0].isdigit() and self._text[found.end() : found.end() + 1] in {"<", ">"}
        )

    def _quoted_step(self, frame: Frame) -> None:
        character = self._text[self._place]
        if found := _QUOTED.match(self._text, self._place, self._end):
            self._add(found[0], found.end())
        elif character == '"':
            frame.strings.append((frame.quote_start, self._place))
            self._place += 1
            frame.quote = False
        else:
            self._mark(character)

    def _mark(self, character: str) -> None:
        if character == "\\":
            self._escape()
        elif character in "${":
            self._substitution()
        elif character in "\"'":
            self._quote(character)
        elif character == "`":
            self._backtick()
        elif character == "#":
            self._number_sign()
        else:
            self._operator(character)

    def _space(self, found: re.Match[str]) -> None:
        self._end_word()
        self._place = found.end()
        if self._ends_lines and "\n" in found[0]:
            self._end_command()

    def _number_sign(self) -> None:
        if self._frame.start >= 0:
            self._add("#", self._place + 1)
            return
        stop = self._text.find("\n", self._place, self._end)
        self._place = self._end if stop < 0 else stop

    def _escape(self) -> None:
        if found := _CONTINUATION.match(self._text, self._place, self._end):
            if not self._frame.quote:
                self._end_word()
            self._place = found.end()
            return
        stop = min(self._place + 2, self._end)
        self._add(self._text[self._place + 1 : stop], stop)

    def _substitution(self) -> None:
        text, place = self._text, self._place
        is_template = "}}" not in self._missing and text.startswith(("{{", "${{"), place)
        if is_template and (found := _TEMPLATE.match(text, place, self._end)):
            self._add(found[0], found.end(), is_open=True)
            return
        if is_template:
            self._missing.add("}}")
        if text.startswith("$(", place) and place + 1 < self._end:
            self._open("$(")
        elif found := _VARIABLE.match(text, place, self._end):
            self._add(found[0], found.end(), is_open=True)
        else:
            self._add(text[place], place + 1)

    def _quote(self, mark: str) -> None:
        place = self._place
        stop = -1 if mark in self._missing else self._text.find(mark, place + 1, self._end)
        if stop < 0:
            self._missing.add(mark)
            self._end_word()
            self._place = place + 1
        elif mark == "'":
            inside = self._text[place + 1 : stop]
            self._add(inside, stop + 1, is_open="{{" in inside)
            self._frame.strings.append((place + 1, stop))
        else:
            self._add("", place + 1)
            self._frame.quote, self._frame.quote_start = True, place + 1

    def _backtick(self) -> None:
        place = self._place
        if self._frame.closing == "`" and not self._frame.quote:
            self._close()
        elif "`" not in self._missing and self._text.find("`", place + 1, self._end) >= 0:
            self._open("`")
        else:
            self._missing.add("`")
            if not self._frame.quote:
                self._end_word()
            self._place = place + 1

    def _redirect(self, found: re.Match[str]) -> None:
        if found[0] in {"<", ">"} and self._text.startswith("(", found.end()) and found.end() < self._end:
            self._open(found[0] + "(")
            return
        self._end_word()
        self._frame.is_target = True
        self._place = self._frame.gap = found.end()
        number = _DESCRIPTOR.match(self._text, found.end(), self._end) if found[0].endswith("&") else None
        if number:  # 2>&1
            self._place = self._frame.gap = number.end()
            self._frame.is_target = False

    def _operator(self, character: str) -> None:
        text, place = self._text, self._place
        self._end_word()
        if character == "(":
            self._end_command()
            self._push(")", place + 1)
        elif character == ")":
            self._close()
        else:
            is_pipe = character == "|" and not text.startswith("||", place)
            self._place += 2 if text[place : min(place + 2, self._end)] in {"||", "&&", "|&", ";;"} else 1
            command = self._end_command()
            if is_pipe:
                command.into = self._frame.command

    def _open(self, mark: str) -> None:
        """Begin a command within a word."""
        self._add(mark, self._place + len(mark), is_open=True)
        self._push(")" if mark.endswith("(") else mark, self._place)

    def _push(self, closing: str, place: int) -> None:
        self._place = place
        self._pushed += 1
        if len(self._stack) < NESTING_LIMIT and self._pushed < SUBSTITUTION_LIMIT:
            self._stack.append(Frame(closing, place, place))

    def _close(self) -> None:
        self._end_command()
        self._place += 1
        if len(self._stack) == 1 or self._text[self._place - 1] != self._frame.closing:
            return
        inner = self._stack.pop()
        outer = self._frame
        if outer.start >= 0:  # a substitution: the word around it goes on
            outer.parts.append(self._text[inner.opened : self._place])
        else:
            outer.gap = self._place

    def _add(self, value: str, stop: int, *, is_open: bool = False) -> None:
        frame = self._frame
        if frame.start < 0:
            frame.start = self._place
        frame.parts.append(value)
        frame.is_open |= is_open
        self._place = stop

    def _end_word(self) -> None:
        frame = self._frame
        if frame.start < 0:
            return
        if frame.is_target:
            frame.command.targets.append("".join(frame.parts))
        else:
            word = Word("".join(frame.parts), frame.start, self._place, frame.gap, frame.is_open)
            frame.command.words.append(word)
            frame.command.strings.extend(frame.strings)
        frame.gap = self._place
        frame.start, frame.is_open, frame.is_target = -1, False, False
        frame.parts, frame.strings = [], []

    def _end_command(self) -> Command:
        frame = self._frame
        frame.quote = False
        self._end_word()
        command, frame.command = frame.command, Command()
        command.end = frame.gap
        frame.gap = self._place
        frame.is_target = False
        if command.words:
            self._done.append(command)
        return command
