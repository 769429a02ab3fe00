"""The options of jobs, by the names and values of the command line's long options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.plan.batch.shape import Kind, Option, Produces, Shape, by_name
from ocitool.plan.options import Contents, DockerManifest, Followers, IndexForm, Layers, Missing, Reflink

if TYPE_CHECKING:
    from enum import Enum


def _words(words: type[Enum]) -> tuple[str, ...]:
    return tuple(word.value for word in words)


_READING: Final = (Option("tmp-dir", Kind.PLACE), Option("max-ratio", Kind.COUNT))
_NO_CLOBBER: Final = Option("no-clobber", Kind.FLAG)
_FORCE: Final = Option("force", Kind.FLAG)
_CARRYING: Final = (
    Option("platform", Kind.TEXTS),
    Option("image", Kind.TEXTS),
    Option("rename", Kind.TEXTS),
    Option("name", Kind.TEXTS),
    Option("index", words=_words(IndexForm)),
    Option("attestations", words=_words(Followers)),
    Option("referrers", words=_words(Followers)),
    Option("require-signatures", Kind.FLAG),
    Option("fix-platforms", Kind.FLAG),
    Option("missing", words=_words(Missing)),
    Option("docker-manifest", words=_words(DockerManifest)),
    Option("verify", Kind.FLAG),
    Option("compress"),
    Option("contents", words=_words(Contents)),
    Option("digest-map", Kind.PLACE, is_output=True),
    _NO_CLOBBER,
    *_READING,
)
_WRITING: Final = (
    *_CARRYING,
    Option("layers", words=_words(Layers)),
    Option("reflink", words=_words(Reflink)),
    _FORCE,
)

FILTER: Final = Shape(by_name(*_WRITING))
MERGE: Final = Shape(by_name(*_WRITING), takes_several=True)
SPLIT: Final = Shape(
    by_name(*_WRITING, Option("by"), Option("name-template"), Option("max-size")), produces=Produces.FOLDER
)
DELTA: Final = Shape(by_name(*_CARRYING), roles=("OLD", "NEW"))
APPLY: Final = Shape(by_name(Option("compress"), _NO_CLOBBER, _FORCE, *_READING), roles=("OLD", "D"))
VERIFY: Final = Shape(
    by_name(
        Option("platform", Kind.TEXTS),
        Option("image", Kind.TEXTS),
        Option("only", Kind.FLAG),
        Option("require", Kind.PLACE, is_source=True),
        Option("deep", Kind.FLAG),
        Option("profile", words=("import", "spec", "strict")),
        Option("fail-on", words=("error", "warning")),
        *_READING,
    ),
    produces=Produces.NOTHING,
)
