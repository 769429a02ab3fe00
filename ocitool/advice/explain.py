"""Explain error messages of importers: what they mean, what they are about in an archive, what to do."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ocitool.advice.messages.case import Case, Cause, World, platforms_in
from ocitool.advice.messages.catalogue import DIGEST_GROUPS, read_catalogue
from ocitool.advice.messages.exports import filled, without_ctr
from ocitool.advice.messages.judges import JUDGES, of_refusal
from ocitool.advice.messages.recognise import recognise
from ocitool.advice.messages.roles import DigestRole, Roles
from ocitool.graph.image import Kind, State

if TYPE_CHECKING:
    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.messages.catalogue import GeneralCause
    from ocitool.advice.messages.recognise import Recognised
    from ocitool.model.json_text import JsonObject
    from ocitool.model.platform import Platform

WHAT_TO_SEND = (
    "give the whole message as the program printed it, with the line before it; say too which program and version "
    "it is, and see what is wrong with the archive: ocitool verify SRC"
)
"""What to do about a text in which nothing is recognised."""

_NAME_LIMIT = 8
_WORD = re.compile(r"\b[A-Z]{5,}\b")
_CHECK = "check all of it: ocitool verify --deep SRC"


@dataclass(frozen=True, slots=True)
class Mention:
    """A platform or an image name of the message, and what the archive has of it."""

    text: str
    state: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """One message explained.

    `message` is its id in the catalogue, `text` the message as it stands in what was pasted, `program` what printed
    it, `summary` what it means, `failure` its name in the tables of importers ("" if it has none). `digests`,
    `platforms` and `names` are what it speaks of; `causes` what is behind it, the likeliest first; `ruled_out` what
    might have been and is not, in this archive.
    """

    message: str
    text: str
    program: str
    summary: str
    failure: str = ""
    digests: tuple[DigestRole, ...] = ()
    platforms: tuple[Mention, ...] = ()
    names: tuple[Mention, ...] = ()
    causes: tuple[Cause, ...] = ()
    ruled_out: tuple[str, ...] = ()

    def to_json(self) -> JsonObject:
        """Return the object for reports (schema ``output/explain``, ``$defs/explanation``)."""
        return {
            "message": self.message,
            "text": self.text,
            "program": self.program,
            "summary": self.summary,
            "failure": self.failure,
            "digests": [
                {
                    "text": role.text,
                    "digest": None if role.digest is None else str(role.digest),
                    "standing": role.standing.value,
                    "role": role.role,
                    "image": role.image,
                    "platform": role.platform,
                    "others": role.others,
                }
                for role in self.digests
            ],
            "platforms": [{"text": mention.text, "state": mention.state} for mention in self.platforms],
            "names": [{"text": mention.text, "state": mention.state} for mention in self.names],
            "causes": [
                {"id": cause.id, "text": cause.text, "certain": cause.certain, "remedy": cause.remedy}
                for cause in self.causes
            ],
            "ruledOut": list(self.ruled_out),
        }


def explain(text: str, facts: ArchiveFacts | None, world: World | None = None) -> tuple[Explanation, ...]:
    """Explain every message that is recognised in a text, the most specific first; none recognised gives none.

    Without an archive the causes are told in general; why it could not be read is `World.refusal`. Never raises,
    whatever the text is.
    """
    world = world or World()
    found = recognise(text, world.program)
    if not found:
        return ()
    roles = Roles(facts, world.hash_blob)
    explained = [_explained(each, facts, world, roles) for each in found]
    if all(each.message.is_generic for each in found):
        return tuple(explained)
    # What the generic ones are caused by is told with the others.
    return tuple(
        replace(explanation, causes=(), ruled_out=()) if each.message.is_generic else explanation
        for each, explanation in zip(found, explained, strict=True)
    )


def explain_to_json(explanations: tuple[Explanation, ...], source: str, unread: int = 0) -> JsonObject:
    """Return the report about a text (schema ``output/explain``); `source` is the archive, "" if there was none.

    `unread` is how many bytes at its beginning were not looked at.
    """
    return {
        "schemaVersion": 1,
        "kind": "explain",
        "source": source,
        "recognised": bool(explanations),
        "explanations": [explanation.to_json() for explanation in explanations],
        "remedy": "" if explanations else WHAT_TO_SEND,
        "unreadBytes": unread,
    }


def _explained(found: Recognised, facts: ArchiveFacts | None, world: World, roles: Roles) -> Explanation:
    named = {found.groups.get(name, "") for name in DIGEST_GROUPS}
    digests = roles.in_text(found.text, named) or roles.in_text(found.lines)
    causes, ruled_out = _causes(found, facts, world, roles, digests)
    return Explanation(
        found.message.id,
        found.text,
        found.program,
        found.message.means,
        found.message.failure,
        digests,
        _platforms(found, facts),
        _names(found, facts),
        causes,
        ruled_out,
    )


def _causes(
    found: Recognised, facts: ArchiveFacts | None, world: World, roles: Roles, digests: tuple[DigestRole, ...]
) -> tuple[tuple[Cause, ...], tuple[str, ...]]:
    general = _possible(found, world)
    if facts is None:
        refusal = None if world.refusal is None else of_refusal(world.refusal, found.message.causes)
        told = [] if refusal is None else [refusal]
        told += (
            [] if refusal is not None and refusal.certain else [_in_general(cause, found, world) for cause in general]
        )
        return tuple(told), ()
    case = Case(found, facts, world, roles, digests)
    causes: list[Cause] = []
    ruled_out: list[str] = []
    for cause in general:
        judge = JUDGES.get(cause.id)
        fitting = (
            [_in_general(cause, found, world)] if judge is None else [_as_told(each, cause) for each in judge(case)]
        )
        causes += fitting
        ruled_out += [] if fitting else [cause.name]
    # What is certain comes first; after it there is no need for what cannot be told from an archive.
    if any(cause.certain for cause in causes):
        causes = [cause for cause in causes if cause.certain or cause.id in JUDGES]
    causes.sort(key=lambda cause: not cause.certain)
    remedies: dict[str, Cause] = {}
    for each in causes:
        remedies.setdefault(each.remedy, each)
    return tuple(remedies.values()) or (_nothing_found(case),), tuple(ruled_out)


def _possible(found: Recognised, world: World) -> list[GeneralCause]:
    """Return the causes that the version and the command leave; the one that is left of several is certain."""
    causes = [read_catalogue().causes[cause] for cause in found.message.causes]
    told = world.versions
    if told is not None:
        causes = [each for each in causes if each.versions is None or each.versions.overlaps(told)] or causes
    causes = [each for each in causes if each.flag is not None and each.flag.search(found.pasted)] or causes
    return [replace(each, is_certain=each.is_certain or len(causes) == 1) if each.flag else each for each in causes]


def _as_told(found: Cause, cause: GeneralCause) -> Cause:
    return replace(found, id=cause.id, certain=found.certain and (cause.flag is None or cause.is_certain))


def _in_general(cause: GeneralCause, found: Recognised, world: World) -> Cause:
    flag = None if cause.flag is None else cause.flag.search(found.pasted)
    words = {name: word for name, word in (flag.groupdict() if flag else {}).items() if word}
    platforms = platforms_in(found.text)
    platform = platforms[0].display if len(platforms) == 1 else ""
    if platform:
        words.setdefault("PLATFORM", shlex.quote(platform))
    advice, *others = cause.remedy.split("; or ")
    others = [other for other in others if without_ctr(other, found.program)]
    remedy = filled("; or ".join((advice, *others)), found.program, world.versions, platform)
    return Cause(cause.text, cause.is_certain, _WORD.sub(lambda word: words.get(word[0], word[0]), remedy), cause.id)


def _nothing_found(case: Case) -> Cause:
    host = case.world.host
    whole = host.display in case.complete
    certain = f"{host.display} is there whole" if whole else "what its index lists was looked at"
    return Cause(
        f"nothing in this archive explains the message ({certain}): it may be about another file, or about the host",
        certain=False,
        remedy=_CHECK,
    )


def _platforms(found: Recognised, facts: ArchiveFacts | None) -> tuple[Mention, ...]:
    return tuple(Mention(platform.display, _state(platform, facts)) for platform in platforms_in(found.lines))


def _state(platform: Platform, facts: ArchiveFacts | None) -> str:
    if facts is None:
        return "unread"
    states = {
        node.state
        for image in facts.graph.images
        for node in image.manifests()
        if node.kind is Kind.IMAGE and node.platform is not None and platform.matches(node.platform)
    }
    return next((state.value for state in State if state in states), "not listed")


def _names(found: Recognised, facts: ArchiveFacts | None) -> tuple[Mention, ...]:
    names: dict[str, str] = {}
    for image in facts.graph.images if facts is not None else ():
        if image.name and len(names) < _NAME_LIMIT and _is_named(image.name, found.lines):
            names[image.name] = "there"
    asked = found.groups.get("name", "")
    if asked and facts is not None and not names:
        names[asked] = "not listed"
    return tuple(Mention(name, state) for name, state in names.items())


def _is_named(name: str, text: str) -> bool:
    return name in text or name.removeprefix("docker.io/library/") in text.split()
