"""Rules as values: what must hold, where that is written, and how bad it is in each profile."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ocitool.model.json_text import JsonObject


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """A number that is lower the worse it is."""
        return (Severity.ERROR, Severity.WARNING, Severity.NOTE).index(self)


class Level(StrEnum):
    """How much weight the source of a rule gives it; a practice stands in no specification."""

    MUST = "must"
    SHOULD = "should"
    PRACTICE = "practice"


class Profile(StrEnum):
    """Whom an archive has to please.

    `SPEC`: the specification, to the letter. `IMPORT`: the importers; an error is what makes one of them fail, store
    nothing or store something else. `STRICT`: both, and what one of them warns of is an error.
    """

    SPEC = "spec"
    IMPORT = "import"
    STRICT = "strict"


class Stage(IntEnum):
    """What has to be read to judge a rule."""

    ALWAYS = 0
    DEEP = 1
    """The layers, decompressed."""

    ASKED = 2
    """What was asked for: platforms, images."""


_SPEC: Final = {Level.MUST: Severity.ERROR, Level.SHOULD: Severity.WARNING, Level.PRACTICE: None}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: `text` says what holds where it is kept, `remedy` what to do where it is broken.

    `importing` is its severity for importers, None where they do not care. `in_spec` is the severity in the profile
    `spec` where that is not what the level says.
    """

    id: str
    level: Level
    text: str
    source: str
    importing: Severity | None
    remedy: str
    in_spec: Severity | None = None
    stage: Stage = Stage.ALWAYS

    def severity(self, profile: Profile) -> Severity | None:
        """Return how bad breaking the rule is; None if this profile does not ask for it."""
        spec = self.in_spec or _SPEC[self.level]
        if profile is Profile.SPEC:
            return spec
        if profile is Profile.IMPORT:
            return self.importing
        worst = min(filter(None, (spec, self.importing)), key=lambda severity: severity.rank, default=None)
        return Severity.ERROR if worst is Severity.WARNING else worst

    def to_json(self) -> JsonObject:
        """Return the JSON form of ``--list-rules`` (schema ``output/rules``)."""
        severities = {profile.value: self.severity(profile) for profile in Profile}
        return {
            "id": self.id,
            "level": self.level.value,
            "text": self.text,
            "source": self.source,
            "severity": {name: None if severity is None else severity.value for name, severity in severities.items()},
            "stage": self.stage.name.lower(),
            "remedy": self.remedy,
        }
