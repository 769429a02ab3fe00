"""How an import ends, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocitool.model.digest import Digest


class Ending(StrEnum):
    """How an import ends, in a word.

    `OK`: exit code 0, every image that is recorded has a platform ready to run. `STORED`: exit code 0, at least one
    recorded image is not unpacked. `NOTHING`: exit code 0, and no image. `ERROR`: any other exit code.
    """

    OK = "ok"
    STORED = "stored"
    NOTHING = "nothing-stored"
    ERROR = "error"


class Evidence(StrEnum):
    """How well a prediction is known.

    `MEASURED`: this version was run. `INTERPOLATED`: one before it and one after it were. `BEYOND`: it is newer or
    older than any that was run. `SOURCE`: read from the program's source, no version of it was run.
    """

    MEASURED = "measured"
    INTERPOLATED = "interpolated"
    BEYOND = "beyond"
    SOURCE = "source"


@dataclass(frozen=True, slots=True)
class RecordedImage:
    """An image as an importer records it.

    Platforms are named as `Platform.display` has them: `ready` are unpacked, or would be at once when they are run;
    `kept` are stored whole and stay; `lost` were read, but nothing holds them, so that the next garbage collection
    takes them (or some of what they need is not there).
    """

    name: str
    digest: Digest
    ready: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an import ends.

    `failure` is the name of the error in the importer's table, `message` what it prints. After an error, `images`
    are those that are recorded all the same. `reasons` say in words why, the deciding one first. `is_stable` is False
    where the same import ends differently from run to run.
    """

    ending: Ending
    failure: str = ""
    message: str = ""
    images: tuple[RecordedImage, ...] = ()
    reasons: tuple[str, ...] = ()
    is_stable: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """The names that are recorded."""
        return tuple(image.name for image in self.images)

    def in_words(self) -> str:
        """Say how it ends, for an import that does not do what is wanted."""
        if self.ending is Ending.ERROR:
            return self.message
        if self.ending is Ending.NOTHING:
            return "exit 0, and no image is there"
        if not self.is_stable:
            return "ends differently from run to run"
        lost = sorted({platform for image in self.images for platform in image.lost})
        if lost:
            return f"exit 0, but {', '.join(lost)} {'are' if len(lost) > 1 else 'is'} lost"
        return f"exit 0, with {', '.join(self.names)}, which is not all that is wanted"
