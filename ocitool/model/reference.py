"""Names of images, normalised as docker and containerd do, and the globs of `--image`.

The grammar and the defaults are those of the distribution project's reference library (regexp.go and
normalize.go): a name without a registry is on Docker Hub, one without a namespace in its `library`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from ocitool.errors import DocumentError
from ocitool.model.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

DEFAULT_DOMAIN: Final = "docker.io"
DEFAULT_TAG: Final = "latest"
LENGTH_LIMIT: Final = 255
"""Characters of registry and path together."""

_LEGACY_DOMAIN: Final = "index.docker.io"
_OFFICIAL: Final = "library/"

_DOMAIN_COMPONENT: Final = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)"
_DOMAIN: Final = re.compile(rf"(?:{_DOMAIN_COMPONENT}(?:\.{_DOMAIN_COMPONENT})*|\[[A-Fa-f0-9:]+\])(?::[0-9]+)?")
_PATH_COMPONENT: Final = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH: Final = re.compile(rf"{_PATH_COMPONENT}(?:/{_PATH_COMPONENT})*")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_IDENTIFIER: Final = re.compile(r"[a-f0-9]{64}")


@dataclass(frozen=True, slots=True)
class Reference:
    """A registry, a repository on it, and a tag or digest or both; `parse` checks, the fields do not."""

    domain: str
    path: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a full or familiar name; raises `DocumentError` saying what no registry would take."""
        if _IDENTIFIER.fullmatch(text):
            raise DocumentError(f"{_short(text)} is no image name: 64 hex characters mean an image's id")
        name, at, digest = text.partition("@")
        if at:
            Digest.parse(digest)
        domain, remainder = _split_domain(name)
        path, colon, tag = remainder.partition(":")
        if not _DOMAIN.fullmatch(domain):
            raise DocumentError(f"{_short(text)} is no image name: {_short(domain)} is no registry")
        if path != path.lower():
            raise DocumentError(f"{_short(text)} is no image name: a repository is lower-case")
        if not _PATH.fullmatch(path):
            raise DocumentError(f"{_short(text)} is no image name: {_short(path)} is no repository")
        if colon and not _TAG.fullmatch(tag):
            raise DocumentError(f"{_short(text)} is no image name: {_short(tag)} is no tag")
        if len(domain) + 1 + len(path) > LENGTH_LIMIT:
            raise DocumentError(f"{_short(text)} is no image name: more than {LENGTH_LIMIT} characters")
        return cls(domain, path, tag, digest)

    def with_default_tag(self) -> Reference:
        """Return this with `latest` where neither a tag nor a digest says which image."""
        return self if self.tag or self.digest else replace(self, tag=DEFAULT_TAG)

    @property
    def repository(self) -> str:
        """The name without tag and digest, such as `docker.io/library/alpine`."""
        return f"{self.domain}/{self.path}"

    @property
    def familiar_repository(self) -> str:
        """The shortest form of `repository` that still means the same, such as `alpine`.

        Some paths on Docker Hub look like a registry once it is left out; those keep it.
        """
        if self.domain == DEFAULT_DOMAIN:
            for short in (self.path.removeprefix(_OFFICIAL), self.path):
                if not _IDENTIFIER.fullmatch(short) and _split_domain(short) == (self.domain, self.path):
                    return short
        return self.repository

    @property
    def full(self) -> str:
        """Everything written out, such as `docker.io/library/alpine:3.20`."""
        return self.repository + self._suffix

    @property
    def familiar(self) -> str:
        """What docker shows, such as `alpine:3.20`."""
        return self.familiar_repository + self._suffix

    @property
    def _suffix(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def __str__(self) -> str:
        return self.full


@dataclass(frozen=True, slots=True)
class ImageFilter:
    """The values of `--image`: names or globs, of which one has to match; none given takes every image."""

    patterns: tuple[str, ...] = ()

    def matches(self, name: str | None) -> bool:
        """Tell whether the image called `name` is wanted; an image without a name only by `*`."""
        return not self.patterns or any(self.matches_pattern(pattern, name) for pattern in self.patterns)

    def unmatched(self, names: Iterable[str | None]) -> tuple[str, ...]:
        """Return the patterns that none of `names` matches, in their order."""
        present = list(names)
        return tuple(
            pattern for pattern in self.patterns if not any(self.matches_pattern(pattern, name) for name in present)
        )

    @staticmethod
    def matches_pattern(pattern: str, name: str | None) -> bool:
        """Tell whether one pattern means the image called `name`, in its full or its familiar form.

        A pattern without a tag takes any tag. `*` covers `/` too, as `docker.io/*` is meant to be all of it.
        """
        if name is None or pattern == "*":
            return pattern == "*"
        forms = name_forms(name, tagged=has_tag(pattern))
        return any(
            spelling == form or fnmatchcase(form, spelling) for spelling in spellings(pattern) for form in forms
        )


def has_reference_separator(text: str) -> bool:
    """Tell whether `text` holds one of `/:@`, without which containerd 2.x takes it for no name."""
    return any(separator in text for separator in "/:@")


def is_bare_tag(text: str) -> bool:
    """Tell whether `text` is a tag alone, as an image layout may have it for a name."""
    return _TAG.fullmatch(text) is not None


def _split_domain(name: str) -> tuple[str, str]:
    """Split off the registry as docker tells it from a namespace; fills in what Docker Hub leaves out."""
    first, slash, rest = name.partition("/")
    named = slash and (first == "localhost" or any(mark in first for mark in ".:") or first != first.lower())
    domain, remainder = (first, rest) if named else (DEFAULT_DOMAIN, name)
    if domain == _LEGACY_DOMAIN:
        domain = DEFAULT_DOMAIN
    if domain == DEFAULT_DOMAIN and "/" not in remainder:
        remainder = _OFFICIAL + remainder
    return domain, remainder


def has_tag(pattern: str) -> bool:
    """Tell whether a name or a pattern of names says which tag or digest."""
    last = pattern.rpartition("/")[2]
    return ":" in last or "@" in last


def spellings(pattern: str) -> tuple[str, ...]:
    """Return `pattern` and, if it is a plain name, its full form: `docker.io/lab` means `lab` as well."""
    try:
        return tuple(dict.fromkeys((pattern, Reference.parse(pattern).full)))
    except DocumentError:
        return (pattern,)


def name_forms(name: str, *, tagged: bool) -> tuple[str, ...]:
    """Return the ways to write `name`, with or without tag and digest, the full one first.

    A name outside the grammar has one.
    """
    try:
        reference = Reference.parse(name)
    except DocumentError:
        repository = split_tag(name.partition("@")[0])[0]
        return (name,) if tagged else tuple(dict.fromkeys((repository, name)))
    if not tagged:
        return tuple(dict.fromkeys((reference.repository, reference.familiar_repository, name)))
    shown = [reference.with_default_tag()]
    if reference.tag and reference.digest:
        shown += [replace(reference, tag=""), replace(reference, digest="")]
    return tuple(dict.fromkeys((*(form for one in shown for form in (one.full, one.familiar)), name)))


def split_tag(name: str) -> tuple[str, str]:
    """Split a name or a pattern, without a digest, into repository and tag ("" if there is none)."""
    place, slash, last = name.rpartition("/")
    repository, _, tag = last.partition(":")
    return place + slash + repository, tag


def _short(text: str) -> str:
    """Quote untrusted text for a one-line message."""
    return repr(text if len(text) <= 80 else text[:77] + "...")
