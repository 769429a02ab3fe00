"""File names of the parts of a split, from a template with fields in braces."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ocitool.errors import DocumentError, UsageError
from ocitool.model.reference import Reference
from ocitool.plan.options import SplitBy, SplitOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ocitool.model.digest import Digest
    from ocitool.model.platform import Platform
    from ocitool.plan.parts import Part
    from ocitool.plan.steps import OutputPlan

FIELDS: Final[Mapping[str, str]] = {
    "stem": "name of the source, without its suffixes",
    "ext": ".tar, .tar.gz or .tar.zst, as --compress says",
    "os": "operating system, such as linux",
    "arch": "architecture, such as arm64",
    "variant": "variant, such as v7; empty for most",
    "os_version": "version of the operating system; empty for all but Windows",
    "image": "name of the image, such as alpine-3.20",
    "digest": "first 12 hex characters of the image's or manifest's digest",
    "part": "number of the part, counted from 1",
}
"""What a template may name; ``{-NAME}`` puts a hyphen before what is not empty."""

NAME_LIMIT: Final = 255
"""Bytes of a file name, as most file systems bound it."""

_FIELD: Final = re.compile(r"\{(-?)([a-z_]*)\}")
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9._+-]+")
_SUFFIXES: Final = re.compile(
    r"(?:\.oci)?(?:\.(?:tar(?:\.(?:gz|zst|zstd|xz|bz2|lz4))?|tgz|tzst|txz|tbz2?|oci))$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class NameTemplate:
    """A template that holds none but known fields."""

    text: str
    fields: frozenset[str] = field(default=frozenset())

    @classmethod
    def parse(cls, text: str) -> NameTemplate:
        """Check a template; raises `UsageError` for what it cannot mean."""
        fields = [name for _, name in _FIELD.findall(text)]
        unknown = [name for name in fields if name not in FIELDS]
        rest = _FIELD.sub("", text)
        if unknown or "{" in rest or "}" in rest:
            what = f"has no field {{{unknown[0]}}}" if unknown else "has a brace that is not part of a field"
            raise UsageError(f"--name-template {text!r} {what}", remedy=f"there are {', '.join(FIELDS)}")
        if not rest.removesuffix("/") and not fields:
            raise UsageError(
                "--name-template is empty", remedy="leave it out, or write {stem}-{os}-{arch}{-variant}{ext}"
            )
        if "/" in text.removesuffix("/") or "\0" in text:
            raise UsageError(
                f"--name-template {text!r} names a folder",
                remedy="parts lie side by side in the folder of -d; only its last character may be a slash",
            )
        return cls(text, frozenset(fields))

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the name for one part; raises `UsageError` if it cannot be that of a file.

        Values are from archives, so what is not plain in them becomes a hyphen, and none can lead to another folder.
        """

        def replace(match: re.Match[str]) -> str:
            hyphen, name = match.groups()
            if name not in values:
                raise UsageError(
                    f"--name-template: {{{name}}} means nothing for parts like these",
                    remedy=f"these parts have {', '.join(values)}",
                )
            value = values[name]
            return f"{hyphen}{value}" if value else ""

        name = _FIELD.sub(replace, self.text)
        plain = name.removesuffix("/")
        if plain in {"", ".", ".."} or len(plain.encode(errors="surrogateescape")) > NAME_LIMIT:
            raise UsageError(
                f"--name-template {self.text!r} gives {plain[:80]!r}, which cannot be the name of a file",
                remedy="choose another template",
            )
        return name


def platform_values(platform: Platform) -> dict[str, str]:
    """Return the fields of a platform, normalised as in `linux-arm64` and `linux-arm-v7`."""
    plain = platform.normalized()
    return {
        "os": plain_text(plain.os),
        "arch": plain_text(plain.architecture),
        "variant": plain_text(plain.variant),
        "os_version": plain_text(plain.os_version),
    }


def image_values(name: str | None, digest: Digest) -> dict[str, str]:
    """Return the fields of an image; one without a name goes by its digest."""
    if name is None:
        return {"image": digest.short, "digest": digest.short}
    try:
        shown = Reference.parse(name).familiar
    except DocumentError:
        shown = name
    return {"image": plain_text(shown), "digest": digest.short}


def source_stem(source: str) -> str:
    """Return the name of a source without folders and suffixes; "" for standard input."""
    base = source.rstrip("/").rpartition("/")[2]
    return "" if base in {"", "-", ".", ".."} else _SUFFIXES.sub("", base) or base


def name_parts(parts: Sequence[tuple[Part, OutputPlan]], split: SplitOptions) -> list[str]:
    """Name every part; raises `UsageError` if the template cannot tell them apart or names what they lack."""
    template = NameTemplate.parse(split.template or _usual_template(split))
    if "stem" in template.fields and not split.stem:
        raise UsageError(
            "the source has no name for {stem}",
            remedy="write one into --name-template, such as image-{os}-{arch}{ext}",
        )
    width = len(str(len(parts)))
    taken: dict[str, tuple[Part, dict[str, str]]] = {}
    for part, plan in parts:
        values = _values(part, plan, split, width)
        name = template.fill(values)
        if name in taken:
            raise _collision(name, taken[name], (part, values), template)
        taken[name] = part, values
    return list(taken)


def _usual_template(split: SplitOptions) -> str:
    words = ["{stem}"]
    packed = split.max_size is not None
    if split.by is not SplitBy.PLATFORM and not packed:
        words.append("{image}")
    if split.by is not SplitBy.IMAGE:
        words.append("{os}-{arch}{-variant}")
    if packed:
        words.append("{part}")
    return "-".join(words) + "{ext}"


def _values(part: Part, plan: OutputPlan, split: SplitOptions, width: int) -> dict[str, str]:
    values = {"stem": split.stem, "ext": split.extension}
    if part.number:
        values["part"] = f"{part.number:0{width}}"
    if part.platform is not None:
        values |= platform_values(part.platform)
    images = [image for image in plan.images if image.has_platforms] or plan.images[:1]
    if len(images) == 1:
        values |= image_values(images[0].name, images[0].digest)
    return values


def _collision(
    name: str, one: tuple[Part, Mapping[str, str]], other: tuple[Part, Mapping[str, str]], template: NameTemplate
) -> UsageError:
    apart = [key for key, value in one[1].items() if value != other[1].get(key) and key not in template.fields]
    remedy = f"put {{-{apart[0]}}} into --name-template" if apart else "choose them with -p or --image"
    return UsageError(f"two parts would both be {name}: {one[0].label} and {other[0].label}", remedy=remedy)


def plain_text(text: str) -> str:
    """Return text as a part of a file name: starting with no dot or hyphen, all that is not plain a hyphen."""
    return _NOT_IN_NAMES.sub("-", text).lstrip("-.").rstrip("-")
