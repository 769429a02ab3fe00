"""Generated image archives for hypothesis, built on `tests.builders`.

An `Archive` is a layout, the platforms that are complete in at least one image, and one way to pack it; the
way of packing must never matter.
"""

from __future__ import annotations

import hashlib
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from tests.builders import Json, Layout, as_json

if TYPE_CHECKING:
    from collections.abc import Callable

PLATFORMS: Final = (
    "linux/amd64",
    "linux/amd64/v2",
    "linux/arm64",
    "linux/arm64/v8",
    "linux/arm/v6",
    "linux/arm/v7",
    "linux/386",
    "linux/s390x",
    "windows(10.0.20348.1)/amd64",
)

UNKNOWN: Final[tuple[Json, ...]] = (
    {},
    {"x-text": "ünï \u2028 </script>"},
    {"x-object": {"z": 1, "a": [True, None, 1.5]}, "x-number": 2**63},
    {"x-z": 1, "x-a": 2},
)


@dataclass(frozen=True)
class Packing:
    """One way to write a layout as a tar; `seed` shuffles the entries unless it is None."""

    seed: int | None = None
    prefix: str = ""
    tar_format: int = tarfile.USTAR_FORMAT
    folders: bool = False

    def pack(self, layout: Layout) -> bytes:
        return layout.pack(order=self._order(), prefix=self.prefix, tar_format=self.tar_format, folders=self.folders)

    def _order(self) -> Callable[[str], object] | None:
        seed = self.seed
        if seed is None:
            return None
        return lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest()


@dataclass(frozen=True)
class Archive:
    """A layout with the specifiers of its complete platforms, and how it is packed."""

    layout: Layout
    platforms: tuple[str, ...]
    packing: Packing

    @property
    def data(self) -> bytes:
        return self.packing.pack(self.layout)

    def __repr__(self) -> str:
        return f"Archive({self.platforms}, {self.packing}, index={as_json(self.layout.roots).decode()})"


packings: Final = st.builds(
    Packing,
    seed=st.none() | st.integers(0, 1000),
    prefix=st.sampled_from(["", "./"]),
    tar_format=st.sampled_from([tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
    folders=st.booleans(),
)

unknown_fields: Final = st.sampled_from(UNKNOWN)


def _platform(specifier: str) -> Json:
    """Return the platform object of a specifier, with `os.version` where it has one."""
    system, *rest = specifier.split("/")
    name, _, version = system.partition("(")
    value: Json = dict(zip(("os", "architecture", "variant"), (name, *rest), strict=False))
    return value | {"os.version": version.rstrip(")")} if version else value


def make_manifest(layout: Layout, specifier: str, layers: tuple[str, ...], *, docker: bool = False) -> Json:
    """Add an image of a platform; its config and its descriptor agree, the version of the system included."""
    value = _platform(specifier)
    system = "/".join(value[key] for key in ("os", "architecture", "variant") if key in value)
    descriptor = layout.manifest(system, layers, docker=docker, config=value)
    descriptor["platform"] = value
    return descriptor


@st.composite
def archives(draw: st.DrawFn, *, damaged: bool = True, artifacts: bool = True) -> Archive:
    """Generate an archive in which at least one platform of one image is complete."""
    layout = Layout(index_fields=dict(draw(unknown_fields)))
    complete: set[str] = set()
    for number in range(draw(st.integers(1, 3))):
        complete |= _draw_image(draw, layout, number, damaged=damaged, artifacts=artifacts)
    if artifacts and draw(st.integers(0, 3)) == 0:
        layout.add(layout.artifact("an artifact of its own"), name=None)
    return Archive(layout, tuple(sorted(complete)), draw(packings))


def _draw_image(draw: st.DrawFn, layout: Layout, number: int, *, damaged: bool, artifacts: bool) -> set[str]:
    chosen = draw(st.lists(st.sampled_from(PLATFORMS), min_size=1, max_size=4, unique_by=_normal))
    docker = draw(st.booleans())
    children = [
        make_manifest(layout, text, ("base", f"of {number} {text}"), docker=docker) | draw(unknown_fields)
        for text in chosen
    ]
    kept = set(chosen)
    lost: list[Json] = []
    if damaged and len(children) > 1:
        if draw(st.booleans()):
            lost.append(layout.read(children[-1])["layers"][-1])
            kept.discard(chosen[-1])
        if len(children) > 2 and draw(st.booleans()):
            lost.append(children[-2])
            kept.discard(chosen[-2])
    attested = artifacts and draw(st.booleans())
    extra = [layout.attestation(child) for child in children] if attested else []
    if artifacts and draw(st.integers(0, 3)) == 0:
        extra.append(layout.artifact(f"sbom of {number}", children[0]))
    _add_roots(draw, layout, number, [*children, *extra], flat=children, docker=docker and not extra)
    if artifacts and draw(st.integers(0, 3)) == 0:
        layout.add(layout.artifact(f"referrer of {number}", children[0]), name=None)
    layout.drop(*lost)
    return kept


def _add_roots(
    draw: st.DrawFn, layout: Layout, number: int, children: list[Json], *, flat: list[Json], docker: bool
) -> None:
    name = draw(st.sampled_from([f"docker.io/library/lab{number}:1.0", f"registry.example:5000/a/b{number}:2", None]))
    form = draw(st.sampled_from(["nested", "nested", "inner", "flat"]))
    if form == "flat":
        # Without a name every root stands alone, so one root is all that this image can have.
        for child in flat if name else flat[:1]:
            layout.add(child, name)
        for child in () if name else flat[1:]:
            layout.add(child, f"docker.io/library/part{number}:{len(layout.roots)}")
        return
    if form == "inner":
        first = layout.index(children[:1], docker=docker, **draw(unknown_fields)) | draw(unknown_fields)
        root = layout.index([first, *children[1:]], **draw(unknown_fields))
    else:
        root = layout.index(children, docker=docker, **draw(unknown_fields))
    root |= draw(unknown_fields)
    layout.add(root, name)
    if name and draw(st.booleans()):
        layout.add(root, name + "-again")


def _normal(text: str) -> str:
    return {"linux/arm64/v8": "linux/arm64"}.get(text, text)


def selections(archive: Archive) -> st.SearchStrategy[list[str]]:
    """Choose one or more of the platforms that are complete somewhere."""
    return st.lists(st.sampled_from(archive.platforms), min_size=1, unique=True)


@st.composite
def selected_archives(draw: st.DrawFn, *, damaged: bool = True, artifacts: bool = True) -> tuple[Archive, list[str]]:
    """Generate an archive and a selection that leaves something."""
    archive = draw(archives(damaged=damaged, artifacts=artifacts))
    return archive, draw(selections(archive))


__all__ = [
    "PLATFORMS",
    "Archive",
    "Packing",
    "archives",
    "make_manifest",
    "packings",
    "selected_archives",
    "selections",
    "unknown_fields",
]
