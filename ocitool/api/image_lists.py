"""Read the list of images that an archive has to hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.api.text_input import input_name, read_text_input
from ocitool.model.image_list import parse_image_list
from ocitool.model.limits import IMAGE_LIST_LIMIT

if TYPE_CHECKING:
    import os

    from ocitool.model.reference import Reference


def read_image_list(path: str | os.PathLike[str], *, standard_input: int = 0) -> tuple[Reference, ...]:
    """Read a list of images, one reference a line, from a file or ``-``.

    Raises `UsageError` if it cannot be read, names nothing, or holds a line that is no reference.
    """
    data = read_text_input(path, "the list of images", IMAGE_LIST_LIMIT, standard_input=standard_input)
    return parse_image_list(data, input_name(path))
