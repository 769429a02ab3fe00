"""What stops an import."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocitool.advice.outcome import RecordedImage


class ImportFailure(Exception):
    """An import stops here; `name` is the failure in the importer's table, `values` what its message is filled with.

    `template` is the failure whose message is printed, where that is another one's; `images` are those that are
    recorded all the same. It never leaves the function that predicts an import.
    """

    def __init__(self, name: str, /, *reasons: str, template: str = "", **values: object) -> None:
        super().__init__(name)
        self.name = name
        self.template = template or name
        self.reasons = reasons
        self.values = {key: str(value) for key, value in values.items()}
        self.images: tuple[RecordedImage, ...] = ()
        self.is_stable = True
