"""Notes: what a user should know about a plan, without it being an error."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocitool.model.json_text import JsonObject


class Level(Enum):
    """How much it matters: a warning is likely to hurt, a note explains."""

    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Note:
    """One line for the user."""

    level: Level
    message: str

    def to_json(self) -> JsonObject:
        """Return the JSON form of reports."""
        return {"level": self.level.value, "message": self.message}


def warning(message: str) -> Note:
    """Make a warning."""
    return Note(Level.WARNING, message)


def note(message: str) -> Note:
    """Make a note."""
    return Note(Level.NOTE, message)
