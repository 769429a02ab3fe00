"""What `--rename` and `--name` ask for: rules from old names to new ones, and names for an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.errors import DocumentError, UsageError
from ocitool.model.glob import captures, count_stars
from ocitool.model.reference import Reference, has_tag, name_forms, spellings, split_tag

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

_STAR: Final = "*"
_EXAMPLE: Final = "write OLD=NEW, such as lab=registry.local/lab or 'docker.io/*=registry.local/*'"


@dataclass(frozen=True, slots=True)
class OldName:
    """A name of an archive in all forms that a pattern may mean.

    `tagged` are those with tag, split in two; `whole` are those with tag or digest, as they are.
    """

    untagged: tuple[str, ...]
    tagged: tuple[tuple[str, str], ...]
    whole: tuple[str, ...]
    tag: str

    @classmethod
    def parse(cls, name: str) -> Self:
        """Read a name as it stands in an archive, valid or not."""
        whole = name_forms(name, tagged=True)
        tagged = tuple(split_tag(form) for form in whole if "@" not in form and has_tag(form))
        try:
            tag = Reference.parse(name).tag
        except DocumentError:
            tag = split_tag(name.partition("@")[0])[1]
        return cls(name_forms(name, tagged=False), tagged, whole, tag)

    @classmethod
    def of_digest(cls, digest: str) -> Self:
        """Take the digest of an image without a name, which nothing else matches."""
        return cls((), (), (digest,), "")

    @classmethod
    def of_tag(cls, tag: str) -> Self:
        """Take a tag that stands alone, as an image layout may have it for a name."""
        return cls((tag,), (), (tag,), tag)


@dataclass(frozen=True, slots=True)
class RenameRule:
    """One `OLD=NEW`: `old` is a name or a glob as in `--image`, `new` a name in which each `*` is filled in.

    An image without a name is meant by its digest alone.
    """

    old: str
    new: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a rule; raises `UsageError` with the reason."""
        # No name has an equals sign, but what an archive calls a name may.
        old, equals, new = text.rpartition("=")
        if not equals or not old or not new:
            raise UsageError(f"--rename {text!r} is not of the form OLD=NEW", remedy=_EXAMPLE)
        wanted, given = new.count(_STAR), count_stars(old)
        if wanted not in {0, given}:
            raise UsageError(
                f"--rename {text!r} has {given} * in OLD and {wanted} in NEW",
                remedy="each * in NEW takes what the * of that position in OLD matched: write as many, or none",
            )
        try:
            # What a `*` will stand for is not known yet; the digit may be a part of anything.
            _require_name(new.replace(_STAR, "1"))
        except DocumentError as error:
            raise UsageError(f"--rename {text!r}: {error.message}", remedy=_EXAMPLE) from None
        return cls(old, new)

    def matches(self, name: OldName) -> bool:
        """Tell whether the rule means `name`."""
        return self._match(name) is not None

    def apply(self, name: OldName) -> str:
        """Return the full new name of one that matches; raises `DocumentError` if a `*` took what makes none."""
        taken = self._match(name) or ()
        pieces = self.new.split(_STAR)
        # A rule without `*` in NEW gives one name to all that it matches.
        filled = pieces[0] + "".join(one + piece for one, piece in zip(taken, pieces[1:], strict=False))
        reference = _require_name(filled)
        if not reference.tag and name.tag and not has_tag(self.old):
            reference = _require_name(f"{filled}:{name.tag}")
        return reference.with_default_tag().full

    def _match(self, name: OldName) -> tuple[str, ...] | None:
        if self.old in name.whole and not count_stars(self.old):
            return ()
        if not name.untagged:
            return None
        if not has_tag(self.old):
            return _first_match(self.old, name.untagged)
        if "@" in self.old:
            return _first_match(self.old, name.whole)
        # The colon before the tag is no part of what a `*` takes: `*:*` is repository and tag.
        for spelling in spellings(self.old):
            pattern, tag_pattern = split_tag(spelling)
            for repository, tag in name.tagged:
                taken, tag_taken = _captures(pattern, repository), _captures(tag_pattern, tag)
                if taken is not None and tag_taken is not None:
                    return taken + tag_taken
        return None


@dataclass(frozen=True, slots=True)
class Renaming:
    """All that is asked of names: `names` for the one image (or all, if they are to `join`), `rules` for the rest.

    `names` are full. Several rules with the same OLD each give a name; else the first that matches wins.
    """

    names: tuple[str, ...] = ()
    rules: tuple[RenameRule, ...] = ()
    join: bool = False

    @classmethod
    def parse(cls, names: Sequence[str] = (), rules: Sequence[str] = (), *, join: bool = False) -> Self:
        """Parse the values of `--name` and `--rename`; raises `UsageError` with the reason."""
        return cls(
            tuple(dict.fromkeys(_parse_name(name) for name in names)),
            tuple(dict.fromkeys(RenameRule.parse(rule) for rule in rules)),
            join=join,
        )

    @property
    def patterns(self) -> tuple[str, ...]:
        """The different OLD, in their order."""
        return tuple(dict.fromkeys(rule.old for rule in self.rules))


def _parse_name(name: str) -> str:
    try:
        return _require_name(name).with_default_tag().full
    except DocumentError as error:
        raise UsageError(
            f"--name {name!r}: {error.message}", remedy="write a name such as registry.local/lab:1.0"
        ) from None


def _require_name(text: str) -> Reference:
    """Parse a new name; raises `DocumentError` if it is none or has a digest, which is not ours to give."""
    reference = Reference.parse(text)
    if reference.digest:
        raise DocumentError("a new name cannot have a digest, which is that of the content")
    return reference


def _first_match(pattern: str, forms: Sequence[str]) -> tuple[str, ...] | None:
    for spelling in spellings(pattern):
        for form in forms:
            if (taken := _captures(spelling, form)) is not None:
                return taken
    return None


def _captures(pattern: str, text: str) -> tuple[str, ...] | None:
    """Match a name as it is written too: the brackets of an IPv6 registry are no set of characters."""
    return () if pattern == text and not count_stars(pattern) else captures(pattern, text)
