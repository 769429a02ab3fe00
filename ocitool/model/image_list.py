"""Lists of images as air-gapped installers ship them (k3s-images.txt): one reference a line, comments after `#`."""

from __future__ import annotations

import re
from typing import Final

from ocitool.errors import DocumentError, UsageError
from ocitool.model.limits import IMAGE_LIST_LIMIT, LIST_LIMIT
from ocitool.model.reference import Reference

_COMMENT: Final = re.compile(r"(?:^|\s)#.*", re.DOTALL)
_GLOB: Final = re.compile(r"[*?\[]")


def parse_image_list(data: bytes, where: str) -> tuple[Reference, ...]:
    """Read the images of a list, each once, in its order; without tag and digest `latest` is meant, as for docker.

    A byte order mark, blank lines and the line ends of Windows are taken. Raises `UsageError` naming `where` and the
    line for one that is no reference, and for a list that names nothing.
    """
    if len(data) > IMAGE_LIST_LIMIT:
        raise UsageError(
            f"the list has more than {IMAGE_LIST_LIMIT} bytes", where=where, remedy="name a list of images"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("the list is not UTF-8", where=where, remedy="save it as UTF-8, without UTF-16") from None
    images: dict[str, Reference] = {}
    # Not splitlines: it would count lines that no editor shows.
    for number, line in enumerate(text.split("\n"), start=1):
        name = _COMMENT.sub("", line).strip()
        if name:
            reference = _parse_line(name, f"{where}:{number}")
            images.setdefault(reference.full, reference)
    if not images:
        raise UsageError("the list names no image", where=where, remedy="write one image a line, such as alpine:3.20")
    if len(images) > LIST_LIMIT:
        raise UsageError(f"the list names more than {LIST_LIMIT} images", where=where, remedy="split it")
    return tuple(images.values())


def _parse_line(name: str, where: str) -> Reference:
    shown = repr(name if len(name) <= 80 else name[:77] + "...")
    if len(name.split()) > 1:
        raise UsageError(f"{shown} is more than one word", where=where, remedy="write one image a line")
    if _GLOB.search(name):
        raise UsageError(f"{shown} is a pattern", where=where, remedy="write each image out")
    try:
        return Reference.parse(name).with_default_tag()
    except DocumentError as error:
        raise UsageError(error.message, where=where, remedy="write such as alpine:3.20 or ghcr.io/a/b:1.0") from None
