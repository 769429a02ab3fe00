"""What to do: words that are the same for many rules, and the commands that mend what a rule finds.

Which of the commands helps depends on what else is wrong with an archive: `ocitool.check.mending` decides.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final

from ocitool.plan.filter_command import REPOSITORY, TAG, Rewrite
from ocitool.plan.options import Followers, Layers, Missing

if TYPE_CHECKING:
    from collections.abc import Mapping

EXPORT_AGAIN: Final = "the tool that made the archive wrote it wrong: export it again with another"
TRANSFER_AGAIN: Final = "transfer or export the archive again"
BUILD_AGAIN: Final = "build the image again with a current builder"
_PULL_ALL: Final = "ctr images pull --all-platforms IMAGE && ctr images export --all-platforms MORE.tar IMAGE"
EXPORT_ALL: Final = f"export all of it: {_PULL_ALL}"
ADD_IMAGE: Final = f"add it: {_PULL_ALL} && ocitool merge SRC MORE.tar -o OUT"
EXPORT_TOGETHER: Final = "export the archive again, and this image with it"

_BUILT_AGAIN: Final = "build the image again"
_WRITE: Final = Rewrite("write it again")
_LEAVE_OUT: Final = Rewrite("leave them out")
_COMPLETE: Final = Rewrite("keep the complete platforms only", ("available",), otherwise="export it again")
LISTED: Final = Rewrite("list what the config says", fix_platforms=True, otherwise=_BUILT_AGAIN)
_AS_CONFIGURED: Final = Rewrite("list what the config says", otherwise=_BUILT_AGAIN)
_PLAIN: Final = Rewrite("write it plain", output="OUT.tar")
_GZIP: Final = Rewrite("compress them with gzip", layers=Layers.GZIP)
_NO_ARTIFACTS: Final = Rewrite(
    "leave artifacts out", referrers=Followers.DROP, otherwise="import it with --no-unpack"
)
_NO_FOLLOWERS: Final = Rewrite(
    "leave out all that refers to images", attestations=Followers.DROP, referrers=Followers.DROP
)

NAME_IT: Final = str(Rewrite("give it its full name", name=f"{REPOSITORY}:{TAG}"))
NAME_AT_EXPORT: Final = "export each image under a full name, REPOSITORY:TAG, or see --name and --rename of filter"
NAMING: Final = frozenset({"I1", "I2", "I3", "I5", "I14", "I20", "I21", "L15"})
"""Rules of names: one command gives all images that break them a name."""

MENDING: Final[Mapping[str, tuple[Rewrite, ...]]] = {
    "L1": (_WRITE,),
    "L9": (_WRITE,),
    "L10": (_WRITE,),
    "L11": (_LEAVE_OUT,),
    "L12": (_COMPLETE,),
    "L16": (_WRITE,),
    "X9": (LISTED,),
    "X12": (_AS_CONFIGURED, LISTED),
    "X18": (LISTED,),
    "T4": (Rewrite("write it once"),),
    "T6": (_WRITE,),
    "T7": (_PLAIN,),
    "T9": (_WRITE,),
    "V25": (Rewrite("write it anew"),),
    "V26": (_LEAVE_OUT, _NO_FOLLOWERS),
    "I6": (_WRITE,),
    "I7": (_WRITE,),
    "I8": (_AS_CONFIGURED, LISTED),
    "I9": (Rewrite("write one"),),
    "I10": (_GZIP,),
    "I16": (_WRITE,),
    "I17": (_NO_ARTIFACTS,),
}
"""The commands that may mend what a rule finds, the best first."""

ANY_WRITING: Final = frozenset(rule for rule, (first, *_) in MENDING.items() if not first.is_special)
"""Rules that all commands mend which write the archive again, whatever else they do."""


def usual(rule: str) -> str:
    """Return the remedy of a rule where nothing else is wrong."""
    return str(MENDING[rule][0])


@cache
def weaker(rewrite: Rewrite) -> tuple[Rewrite, ...]:
    """Return a command and what is left of it where not everything is there that is listed."""
    if rewrite.platforms == ("all",):
        partly = replace(
            rewrite, advice=f"{rewrite.advice}, and keep the complete platforms only", platforms=("available",)
        )
        return rewrite, partly, replace(partly, missing=Missing.SKIP)
    return rewrite, replace(rewrite, missing=Missing.SKIP)
