"""The explanation of error messages for people: what each means, what it is about in the archive, what to do."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Final

from ocitool.advice.explain import WHAT_TO_SEND
from ocitool.advice.messages.roles import Standing
from ocitool.cli.remedy import COMMAND
from ocitool.cli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ocitool.advice.explain import Explanation, Mention
    from ocitool.advice.messages.case import Cause
    from ocitool.advice.messages.roles import DigestRole

WIDTH: Final = 80
_TEXT_LIMIT: Final = 400
_CAUSES_SHOWN: Final = 4
_HEX: Final = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52,116}\b")
_ANY_COMMAND: Final = re.compile(
    r"(?P<advice>.*?): (?P<command>(?:ocitool|ctr|docker|podman|nerdctl|skopeo|tar) \S.*?)(?P<otherwise>; or .*)?",
    re.DOTALL,
)
_STEP: Final = re.compile(r" && (?=(?:ocitool|ctr|docker|podman|nerdctl|skopeo|kind|cp) )")

_PLACEHOLDERS: Final = {
    "SRC": "the archive",
    "OUT": "a name for what is written",
    "DIR": "a folder for what is written",
    "IMAGE": "the name of the image",
    "PLATFORM": "such as linux/arm64",
    "SNAPSHOTTER": "such as native",
    "REPOSITORY": "such as registry.example/app",
    "TAG": "such as 1.0",
    "DESTINATION": "where it goes, such as docker://registry.example/app:1.0",
}

_STANDINGS: Final = {
    Standing.THERE: "is there",
    Standing.ABSENT: "is listed, not there",
    Standing.CORRUPT: "is there, with other bytes",
    Standing.LINK: "is a link",
    Standing.UNLISTED: "is there, but no image uses it",
    Standing.FOREIGN: "is not of this archive",
}


def explanation_lines(explanations: Sequence[Explanation], width: int | None = WIDTH) -> list[str]:
    """Write what was recognised, or what to send where nothing was.

    Commands are never broken; a `width` of None breaks nothing.
    """
    if not explanations:
        return [
            "no message in this text is known",
            *_wrapped("to do: ", WHAT_TO_SEND, "  ", width),
        ]
    lines: list[str] = []
    for explanation in explanations:
        lines += [*([""] if lines else []), *_explanation(explanation, width)]
    return lines


def placeholder_lines(explanations: Sequence[Explanation], width: int | None = WIDTH) -> list[str]:
    """Write what the words stand for that commands leave to be filled in, after an empty line; none gives none."""
    commands = " ".join(
        cause.remedy.partition(": ")[2] for each in explanations for cause in each.causes[:_CAUSES_SHOWN]
    )
    told = [f"{word}: {text}" for word, text in _PLACEHOLDERS.items() if re.search(rf"\b{word}\b", commands)]
    return ["", *_wrapped("in these commands, ", "; ".join(told), "  ", width)] if told else []


def _explanation(explanation: Explanation, width: int | None) -> Iterator[str]:
    yield from _wrapped(f"{explanation.program}: ", _short(explanation.text), "  ", width)
    yield from _wrapped("  means: ", explanation.summary, "    ", width)
    for role in explanation.digests:
        if role.standing is not Standing.UNREAD:
            yield from _wrapped("  about: ", _digest(role), "    ", width)
    for mention in (*explanation.platforms, *explanation.names):
        if mention.state != "unread":
            yield from _wrapped("  about: ", _mention(mention), "    ", width)
    for cause in explanation.causes[:_CAUSES_SHOWN]:
        yield from _cause(cause, width)
    if len(explanation.causes) > _CAUSES_SHOWN:
        yield f"  and {len(explanation.causes) - _CAUSES_SHOWN} less likely"
    if explanation.ruled_out and not any(cause.certain for cause in explanation.causes):
        yield from _wrapped("  not it: ", "; ".join(explanation.ruled_out), "    ", width)


def _cause(cause: Cause, width: int | None) -> Iterator[str]:
    yield from _wrapped("  because: " if cause.certain else "  perhaps: ", _short(cause.text), "    ", width)
    found = _ANY_COMMAND.fullmatch(cause.remedy) or COMMAND.fullmatch(cause.remedy)
    if found is None:
        yield from _wrapped("    to do: ", printable(cause.remedy), "      ", width)
        return
    yield from _wrapped("    to do: ", printable(found["advice"]), "      ", width)
    yield from (f"      {printable(line)}" for line in _STEP.sub(" &&\n", found["command"]).split("\n"))
    otherwise = (found["otherwise"] or "").removeprefix("; or ")
    if otherwise:
        other = _ANY_COMMAND.fullmatch(otherwise)
        text = otherwise if other is None else other["advice"]
        yield from _wrapped("    or: ", printable(text), "      ", width)
        if other is not None:
            yield f"      {printable(other['command'])}"


def _digest(role: DigestRole) -> str:
    of = f" ({role.role})" if role.role else ""
    more = f", and {role.others} other uses of it" if role.others else ""
    return _short(f"{role.text}{of} {_STANDINGS[role.standing]}{more}")


def _mention(mention: Mention) -> str:
    words = {"not listed": "is not listed", "there": "is an image of it", "complete": "is there whole"}
    return _short(f"{mention.text} {words.get(mention.state, f'is {mention.state}')}")


def _short(text: str) -> str:
    text = _HEX.sub(r"\1...", printable(" ".join(text.split())))
    return text if len(text) <= _TEXT_LIMIT else f"{text[: _TEXT_LIMIT // 2]} [...] {text[-_TEXT_LIMIT // 2 :]}"


def _wrapped(head: str, text: str, below: str, width: int | None) -> list[str]:
    if width is None or len(head) + len(text) <= width:
        return [head + text]
    return textwrap.wrap(head + text, width, subsequent_indent=below, break_long_words=True, break_on_hyphens=False)
