"""Find the messages of the catalogue in a text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from ocitool.advice.messages.catalogue import Message, read_catalogue
from ocitool.advice.messages.pasted import clean, unwrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOUND_LIMIT: Final = 20
"""Messages that are told of one text; more of them are of the same kinds."""

_SEEN_LIMIT: Final = 200

_PROGRAMS: Final = (
    ("kind", re.compile(r"failed to load image: command \"|\bkind load\b|kind-control-plane")),
    ("k3s", re.compile(r"\bk3s\b|/var/lib/rancher/k3s")),
    ("rke2", re.compile(r"\brke2\b")),
    ("minikube", re.compile(r"\bminikube\b")),
    ("microk8s", re.compile(r"\bmicrok8s\b")),
    ("nerdctl", re.compile(r"\bnerdctl\b|(?:^|\n)FATA\[")),
    ("trivy", re.compile(r"\btrivy\b")),
    ("podman", re.compile(r"payload does not match|\bpodman\b")),
    ("skopeo", re.compile(r"\bskopeo\b|level=fatal msg=[^\n]{0,200}oci-archive:|FATA\[[^\n]{0,200}oci-archive:")),
    ("docker", re.compile(r"Error response from daemon|docker-import-|\bdocker (?:load|save|image|buildx)\b")),
    ("ctr", re.compile(r"\bctr(?::| -| i| images)\b|\bctr: ")),
    ("kubelet", re.compile(r"\bkubelet\b|ImagePull")),
)
"""How a text says which program it is of; the outermost program first."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """A message in a text: its `groups` by name, itself as `text`, the lines it is in, and the program it is of.

    `pasted` is all of the text, in which the command may stand.
    """

    message: Message
    groups: Mapping[str, str]
    text: str
    lines: str
    program: str
    start: int
    pasted: str


def recognise(text: str, program: str = "") -> tuple[Recognised, ...]:
    """Return the messages in a text: those that say what is wrong in their order, then those that are generic.

    `program` is what printed them, if that is told.
    """
    cleaned = clean(text)
    found = list(_in(cleaned, program))
    known = {each.message.id for each in found}
    # A terminal breaks lines within words too.
    found += (
        [each for each in _in(unwrapped(cleaned), program) if each.message.id not in known] if "\n" in cleaned else []
    )
    if any(not each.message.is_alone for each in found):
        found = [each for each in found if not each.message.is_alone]
    unique: dict[tuple[object, ...], Recognised] = {}
    for each in sorted(found, key=lambda each: (each.message.is_generic, each.start)):
        unique.setdefault((each.message.id, *sorted(each.groups.items())), each)
    return tuple(islice(unique.values(), FOUND_LIMIT))


def _in(text: str, program: str) -> Iterator[Recognised]:
    programs = [name for name, pattern in _PROGRAMS if pattern.search(text)]
    taken: list[tuple[int, int]] = []
    for message in read_catalogue().messages:
        if message.unless and message.unless in text:
            continue
        for found in islice(message.pattern.finditer(text), _SEEN_LIMIT):
            if any(start <= found.start() and found.end() <= end for start, end in taken):
                continue
            if not message.is_generic:
                taken.append(found.span())
            yield Recognised(
                message,
                {name: value for name, value in found.groupdict().items() if value},
                " ".join(found[0].split()),
                _lines(text, *found.span()),
                program or _program(message, programs),
                found.start(),
                text,
            )


def _lines(text: str, start: int, end: int) -> str:
    first = max(text.rfind("\n", 0, start) + 1, start - 2_000)
    last = text.find("\n", end)
    return text[first : min(len(text) if last < 0 else last, end + 2_000)]


def _program(message: Message, programs: list[str]) -> str:
    able = [printed.program for printed in message.printed]
    return next((name for name in programs if name in able), programs[0] if programs else able[0])
