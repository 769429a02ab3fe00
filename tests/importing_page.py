"""Write IMPORTING.md from the tables of importers: ``python -m tests.importing_page``."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from ocitool.advice.choice import Quality
from ocitool.advice.outcome import Evidence
from ocitool.api.advising import AdviseOptions, advise_archive
from ocitool.cli.text import printable
from ocitool.model.platform import Platform
from ocitool.model.platform_selection import PlatformSelection
from tests.builders import NAME, Layout, multi_platform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ocitool.advice.choice import Command
    from ocitool.advice.report import Advice, ImporterAdvice, VersionAdvice

PAGE: Final = Path(__file__).resolve().parent.parent / "IMPORTING.md"
HOST: Final = Platform("linux", "amd64")

_HEAD: Final = """\
# Importing multi-platform images

Made from `ocitool/advice/tables/` by `python -m tests.importing_page`. `ocitool advise image.tar` tells the same of
your own archive, host and versions.

The host is linux/amd64. Of the versions in **bold** some were run; what is said of others is read from their sources.
Where a command starts with `ocitool filter`, none does all that is wanted with the archive as it is. REPOSITORY and
TAG are yours to choose.
"""


@dataclass(frozen=True, slots=True)
class Typical:
    """An archive that people carry: a title, what it is, how it is made, and the platforms wanted of it."""

    title: str
    text: str
    data: Callable[[], bytes]
    wanted: tuple[str, ...] = ("linux/amd64",)
    importers: tuple[str, ...] = ("ctr",)


def _flat(platform: str) -> bytes:
    layout = Layout()
    manifest = {key: value for key, value in layout.manifest(platform).items() if key != "platform"}
    return layout.add(manifest, NAME).pack()


def _sparse() -> bytes:
    layout = multi_platform(("linux/amd64", "linux/386", "linux/arm64"))
    _, *others = layout.read(layout.roots[0])["manifests"]
    return layout.drop(*others).pack()


EVERY: Final = ("ctr", "docker", "docker-containerd", "podman", "skopeo", "nerdctl", "kind", "k3s", "k0s")

TYPICAL: Final = (
    Typical(
        "Several platforms, the host's wanted",
        "What `ctr images export --all-platforms`, `docker buildx -o type=oci` and `skopeo copy --all` write: "
        "one name, an index, everything in the file.",
        lambda: multi_platform().pack(),
        importers=EVERY,
    ),
    Typical(
        "Several platforms, another one wanted",
        "The same file, of which a linux/amd64 host shall get linux/arm64.",
        lambda: multi_platform().pack(),
        ("linux/arm64",),
        EVERY,
    ),
    Typical(
        "One platform of the host's, flat",
        "What `ocitool filter -p linux/amd64` writes: `index.json` points at the manifest itself.",
        lambda: _flat("linux/amd64"),
        importers=EVERY,
    ),
    Typical(
        "One platform of another host's, flat",
        "What `ocitool filter -p linux/arm64` writes.",
        lambda: _flat("linux/arm64"),
        ("linux/arm64",),
        EVERY,
    ),
    Typical(
        "One platform of another host's, nested",
        "An index with one manifest, as `ctr images export --platform linux/arm64` of an image pulled for it alone.",
        lambda: multi_platform(("linux/arm64",)).pack(),
        ("linux/arm64",),
        EVERY,
    ),
    Typical(
        "An index that lists more than the file holds",
        "What `ctr images export --platform linux/amd64` and `docker save` of an image pulled for one platform "
        "write: linux/386 and linux/arm64 are listed, and are not there.",
        _sparse,
        importers=EVERY,
    ),
    Typical(
        "A compressed file",
        "The first of these, `image.tar.gz`.",
        lambda: gzip.compress(multi_platform().pack(), mtime=0),
        importers=EVERY,
    ),
    Typical(
        "No name",
        "An export without a name, as `buildx -o type=oci` without `name=` writes it.",
        lambda: multi_platform(name=None).pack(),
        importers=EVERY,
    ),
)


def page() -> str:
    """Return the whole page."""
    return "\n".join([_HEAD, *map(_section, TYPICAL)])


def _section(typical: Typical) -> str:
    data = typical.data()
    with TemporaryDirectory() as folder:
        path = Path(folder) / ("image.tar.gz" if data.startswith(b"\x1f\x8b") else "image.tar")
        path.write_bytes(data)
        options = AdviseOptions(host=HOST, wanted=PlatformSelection.parse(typical.wanted))
        advice = advise_archive(path, options)
        rows = [line for row in _rows(advice, typical.importers) if (line := row.replace(f"{folder}/", ""))]
    table = ["| importer | versions | command | fails |", "|---|---|---|---|", *rows]
    return f"## {typical.title}\n\n{typical.text}\n\n" + "\n".join(table) + "\n"


def _rows(advice: Advice, importers: tuple[str, ...]) -> Iterator[str]:
    for importer in advice.importers:
        if importer.importer in importers:
            title = importer.title
            for line in importer.versions:
                cells = (title, _versions(line), _commands(advice, importer, line), "<br>".join(_failures(line)))
                yield f"| {' | '.join(cells)} |"
                title = ""


def _versions(line: VersionAdvice) -> str:
    return f"**{line.label}**" if line.evidence is Evidence.MEASURED else line.label


def _commands(advice: Advice, importer: ImporterAdvice, line: VersionAdvice) -> str:
    best, mending = line.choice.best, line.choice.mending
    told = []
    if mending is not None:
        told += [f"`{mending.rewrite.typed(advice.source)}`"]
        told += [f"`{importer.typed(mending.command, mending.rewrite.output)}`"]
    elif best is None:
        told += ["none"]
    if best is not None and mending is None:
        told += [f"`{importer.typed(best, advice.source)}`{_grade(best)}"]
    return "<br>".join(told)


def _grade(command: Command) -> str:
    return {Quality.WORKS: "", Quality.STORES: " (stored, not unpacked)", Quality.MISNAMES: " (under another name)"}[
        command.quality
    ]


def _failures(line: VersionAdvice) -> Iterator[str]:
    for words, commands in line.failures().items():
        yield f"{', '.join(map(_flags, commands))}: {_cell(printable(words))}"
    if line.unknown_flags:
        yield f"no {', '.join(f'`{flag}`' for flag in line.unknown_flags)}"


def _flags(command: Command) -> str:
    return f"`{' '.join(command.arguments)}`" if command.arguments else "plain"


def _cell(text: str) -> str:
    """Keep Markdown from reading a message as markup, and digests short."""
    text = re.sub(r"\b([0-9a-f]{12})[0-9a-f]{52}\b", r"\1…", text)
    return re.sub(r"([\\`*_{}\[\]<>|~])", r"\\\1", text)


if __name__ == "__main__":
    PAGE.write_text(page())
