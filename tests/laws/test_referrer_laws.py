"""Laws of attestations, referrers and signatures: nothing dangles, nothing is lost without a word."""

from __future__ import annotations

import json
import re
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocitool.errors import IntegrityError
from ocitool.plan.choice import Cause
from ocitool.plan.options import Followers, IndexForm
from tests.builders import Json, Layout
from tests.laws.filtering import filtered, plan_of
from tests.laws.walker import INDEX_WORDS, Walked

if TYPE_CHECKING:
    from collections.abc import Iterator

PLATFORMS = ("linux/amd64", "linux/arm64", "linux/386")
FORMS = st.sampled_from([IndexForm.AUTO, IndexForm.NESTED, IndexForm.KEEP])
FOLLOWERS = st.sampled_from([None, Followers.FOLLOW, Followers.DROP])
SELECTIONS = st.sampled_from(["all", "linux/amd64", "linux/amd64,linux/arm64", "!linux/386"])


@dataclass
class Signed:
    """An archive of images with all that may refer to them, and to one another."""

    layout: Layout = field(default_factory=Layout)
    incomplete: set[str] = field(default_factory=set)

    @property
    def data(self) -> bytes:
        return self.layout.pack()

    def __repr__(self) -> str:
        return f"Signed({self.layout.roots}, incomplete={self.incomplete})"


@st.composite
def signed_archives(draw: st.DrawFn) -> Signed:
    """Generate images in nested indexes, flat or in an index within an index, with chains of referrers."""
    signed = Signed()
    layout = signed.layout
    roots: list[tuple[Json, str | None]] = []
    tags: set[str] = set()
    subjects: list[Json] = []
    for number in range(draw(st.integers(1, 2))):
        children = [layout.manifest(text, (f"{number} {text}",)) for text in PLATFORMS[: draw(st.integers(1, 3))]]
        inside = [*children]
        if draw(st.booleans()):
            inner = layout.index(children)
            subjects.append(inner)
            inside = [inner, *children[1:]] if draw(st.booleans()) else [inner]
        for _ in range(draw(st.integers(0, 3))):
            subject = draw(st.sampled_from([*inside, *children]))
            text = f"{number} {len(inside)}"
            inside.append(
                layout.attestation(subject, text) if draw(st.booleans()) else layout.artifact(text, subject)
            )
        subjects += inside
        root = inside[0] if len(inside) == 1 and draw(st.booleans()) else layout.index(inside)
        subjects.append(root)
        roots.append((root, draw(st.sampled_from([f"docker.io/library/lab{number}:1", None]))))
    gone = layout.manifest("linux/s390x", ("gone",))
    for number in range(draw(st.integers(0, 4))):
        subject = draw(st.sampled_from([*subjects, gone]))
        name = f"docker.io/library/lab{draw(st.integers(0, 1))}:sha256-{subject['digest'][7:]}.sig"
        if draw(st.booleans()) and name not in tags:
            made = layout.artifact(f"signature {number}")
            tags.add(name)
            roots.append(({key: made[key] for key in ("mediaType", "digest", "size")}, name))
        else:
            made = layout.artifact(f"referrer {number}", subject, artifactType="application/vnd.example.sbom")
            plain = {key: made[key] for key in ("mediaType", "digest", "size")}
            roots.append((made if draw(st.booleans()) else plain, None))
        subjects.append(made)
    if draw(st.booleans()):
        roots += _artifacts_of_one_name(draw, layout, [*subjects, gone], subjects)
    for root, own_name in draw(st.permutations(roots)):
        layout.add(root, own_name)
    for digest in (gone["digest"], *layout.read(gone)["layers"]):
        layout.blobs.pop(digest if isinstance(digest, str) else digest["digest"], None)
    for subject in draw(st.lists(st.sampled_from(subjects), max_size=2)):
        _lose(draw, signed, subject)
    return signed


def _artifacts_of_one_name(
    draw: st.DrawFn, layout: Layout, candidates: list[Json], subjects: list[Json]
) -> list[tuple[Json, str | None]]:
    """Make artifacts of several subjects, each a root of one name, or all in one index, perhaps with a signature."""
    name = draw(st.sampled_from(["docker.io/library/lab0:sboms", None]))
    made = [
        layout.artifact(f"bundled {number}", draw(st.sampled_from(candidates)))
        for number in range(draw(st.integers(1, 3)))
    ]
    subjects += made
    if draw(st.booleans()):
        return [(artifact, name) for artifact in made]
    bundle = layout.index(made)
    signature = layout.artifact("of the bundle", bundle)
    subjects += [bundle, signature]
    return [(bundle, name), *([(signature, None)] if draw(st.booleans()) else [])]


def _lose(draw: st.DrawFn, signed: Signed, descriptor: Json) -> None:
    """Let a follower be absent or partial; images stay whole."""
    layout = signed.layout
    if descriptor["digest"] not in layout.blobs or "index" in descriptor["mediaType"]:
        return
    document = layout.read(descriptor)
    if descriptor.get("platform", {}).get("os") == "linux" or not document["layers"]:
        return
    signed.incomplete.add(descriptor["digest"])
    layout.blobs.pop(document["layers"][0]["digest"], None) if draw(st.booleans()) else layout.drop(descriptor)


@dataclass
class Listed:
    """What an archive lists, read anew: who refers to whom, and what is inside what."""

    walked: Walked

    def __post_init__(self) -> None:
        self.subjects: dict[str, set[str]] = {}
        self.images: set[str] = set()
        self.indexes: dict[str, set[str]] = {}
        self.promised: dict[str, set[str]] = {}
        """What is listed of absent ones that they refer to; nothing where that is not known."""
        for root in self.walked.index["manifests"]:
            self._walk(root)

    def _walk(self, descriptor: Json) -> Iterator[str] | set[str]:
        digest = str(descriptor["digest"])
        raw = self.walked.blobs.get(digest)
        if raw is None and descriptor.get("platform", {}).get("os") == "linux":
            return set()
        document: dict[str, Any] = json.loads(raw or b"{}")
        if any(word in descriptor["mediaType"] for word in INDEX_WORDS):
            below = set().union(*(self._walk(child) for child in document["manifests"]))
            self.indexes[digest] = below
            return {digest, *below}
        annotations = descriptor.get("annotations", {})
        tag = re.search(r":sha256-([0-9a-f]{64})\.sig$", annotations.get("io.containerd.image.name", ""))
        subject: str | None = annotations.get("vnd.docker.reference.digest") or document.get("subject", {}).get(
            "digest"
        )
        if tag and not subject:
            subject = f"sha256:{tag[1]}"
        if raw is None:
            self.promised.setdefault(digest, set()).update({subject} if subject else ())
            return set()
        if subject:
            self.subjects.setdefault(digest, set()).add(subject)
        else:
            self.images.add(digest)
        return {digest}

    @property
    def digests(self) -> set[str]:
        return self.images | self.indexes.keys() | self.subjects.keys()

    def is_grounded(self, digest: str) -> bool:
        """Tell whether a chain of subjects ends at an image that is there, or at an index with one."""
        seen: set[str] = set()
        waiting = {digest}
        while waiting:
            current = waiting.pop()
            seen.add(current)
            if current in self.images or self.indexes.get(current, set()) & self.images:
                return True
            waiting |= (self.subjects.get(current, set()) | self.indexes.get(current, set())) - seen
        return False


@given(signed_archives(), SELECTIONS, FORMS, FOLLOWERS, FOLLOWERS)
def test_nothing_dangles_and_nothing_is_orphaned(
    signed: Signed, platforms: str, form: IndexForm, attestations: Followers | None, referrers: Followers | None
) -> None:
    output = Walked(filtered(signed.data, [platforms], index=form, attestations=attestations, referrers=referrers))
    output.assert_right(closed=form is not IndexForm.KEEP)
    listed = Listed(output)
    for digest in listed.subjects:
        assert listed.subjects[digest] & listed.digests
        assert listed.is_grounded(digest)


@given(signed_archives(), SELECTIONS, FORMS)
def test_what_refers_to_something_in_the_output_is_in_it(signed: Signed, platforms: str, form: IndexForm) -> None:
    follow = Followers.FOLLOW if form is IndexForm.AUTO else None
    before = Listed(Walked(signed.data))
    after = Listed(Walked(filtered(signed.data, [platforms], index=form, attestations=follow, referrers=follow)))
    for digest, subjects in before.subjects.items():
        if digest not in signed.incomplete and subjects & after.digests:
            assert digest in after.digests


@given(signed_archives(), SELECTIONS, FORMS)
def test_required_signatures_are_there_or_it_is_refused(signed: Signed, platforms: str, form: IndexForm) -> None:
    before = Listed(Walked(signed.data))
    plain = Listed(Walked(filtered(signed.data, [platforms], index=form)))
    # What signs an SBOM is a signature of something in the output as well.
    kept = plain.digests | {index for index, below in before.indexes.items() if below & plain.digests}
    followers = {
        digest for digest, subjects in (before.subjects | before.promised).items() if subjects & kept or not subjects
    }
    is_refused = bool(followers - plain.digests)
    with pytest.raises(IntegrityError, match="--require-signatures") if is_refused else nullcontext():
        plan_of(signed.data, [platforms], index=form, require_signatures=True)


@given(signed_archives(), SELECTIONS, FORMS, FOLLOWERS)
def test_filter_of_the_filtered_changes_nothing(
    signed: Signed, platforms: str, form: IndexForm, referrers: Followers | None
) -> None:
    once = filtered(signed.data, [platforms], index=form, attestations=referrers, referrers=referrers)
    assert filtered(once, [platforms], index=form, attestations=referrers, referrers=referrers) == once


@given(signed_archives(), SELECTIONS)
def test_every_dropped_signature_is_told(signed: Signed, platforms: str) -> None:
    plan = plan_of(signed.data, [platforms])
    kept = {str(manifest.digest) for manifest in plan.kept}
    dropped = {str(manifest.digest): manifest.reason for manifest in plan.dropped}
    for digest in Listed(Walked(signed.data)).subjects:
        assert digest in kept or dropped[digest]
    text = "\n".join(note.message for note in plan.notes)
    lost = {digest for digest, reason in dropped.items() if reason == Cause.INDEX.value} - signed.incomplete
    assert ("no longer apply" in text) == bool(lost)
