"""Causes that lie in the platforms: which the archive has, how it lists them, which are asked for."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from ocitool.advice.messages import rewrites
from ocitool.advice.messages.case import Case, Cause
from ocitool.graph.image import IndexNode, Kind, ManifestNode, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ocitool.model.platform import Platform

_WORDS = {
    None: "is not listed in this archive",
    State.ABSENT: "is listed, but is not in the archive",
    State.PARTIAL: "is there in part only",
    State.CORRUPT: "is there, but damaged",
    State.COMPLETE: "is in the archive, whole",
}


def not_host_platform(case: Case) -> Iterator[Cause]:
    """Find an archive of other platforms than the host's."""
    host = case.asked
    if not case.images or case.state_of(host) is not None:
        return
    yield Cause(
        f"{host.display}, the host's platform, {_WORDS[None]}{_there(case)}",
        certain=True,
        remedy=case.remedy(rewrites.one_platform(case.complete, _with_platform(case)), _export(case, host)),
    )


def absent_host_platform(case: Case) -> Iterator[Cause]:
    """Find an archive that lists the host's platform and does not hold all of it."""
    host = case.asked
    state = case.state_of(host)
    if state in {State.ABSENT, State.PARTIAL, State.CORRUPT}:
        yield Cause(
            f"{host.display}, the host's platform, {_WORDS[state]}{_there(case)}",
            certain=True,
            remedy=_export(case, host),
        )


def listed_platform(case: Case) -> Iterator[Cause]:
    """Find entries of index.json that name a platform which is not the one asked for."""
    wanted = case.platforms[0] if case.platforms else case.world.host
    roots = [root.node for image in case.named for root in image.roots]
    listed = [node for node in roots if isinstance(node, ManifestNode) and node.kind is Kind.IMAGE and node.listed]
    if not listed or any(isinstance(node, IndexNode) for node in roots):
        return
    if any(node.listed and wanted.matches(node.listed) for node in listed):
        return
    names = ", ".join(sorted({node.listed.display for node in listed if node.listed}))
    yield Cause(
        f"index.json lists the image as {names} itself, which is not {wanted.display}; without that entry it would "
        "import on any host",
        certain=True,
        remedy=case.remedy(rewrites.one_platform(case.complete, _with_platform(case)), _export(case, wanted)),
    )


def wanted_platform(case: Case) -> Iterator[Cause]:
    """Find platforms that the message names and that are not there; any, if it names none."""
    listed = (node.platform for node in case.images if node.platform and node.state is State.ABSENT)
    for platform in case.platforms or tuple(dict.fromkeys(listed)):
        state = case.state_of(platform)
        if state is not State.COMPLETE:
            yield Cause(
                f"{platform.display} {_WORDS[state]}{_there(case)}",
                certain=bool(case.platforms),
                remedy=(_another(case) if state is None else case.remedy(rewrites.what_is_there(), ""))
                or _export(case, platform),
            )


def foreign_platform(case: Case) -> Iterator[Cause]:
    """Find platforms that the message misses and that the archive has."""
    if case.platforms and all(case.state_of(platform) is State.COMPLETE for platform in case.platforms):
        names = ", ".join(platform.display for platform in case.platforms)
        yield Cause(
            f"{names} {_WORDS[State.COMPLETE]}: the message is about another file, or what was loaded from it is "
            "another image of that name",
            certain=False,
            remedy=case.remedy(
                rewrites.one_platform([platform.display for platform in case.platforms]),
                "see what is there: ocitool inspect SRC",
            ),
        )


def platform_variant(case: Case) -> Iterator[Cause]:
    """Find a platform that is there under another variant, or that is listed as another than its config says."""
    for wanted in case.platforms:
        if case.state_of(wanted) is State.COMPLETE:
            continue
        for node in case.images:
            platform = node.platform
            if platform is None or node.state is not State.COMPLETE:
                continue
            alike = platform.normalized().architecture == wanted.normalized().architecture
            if alike or node.platforms_disagree:
                as_listed = node.listed.display if node.listed else "no platform"
                yield Cause(
                    f"the archive lists {as_listed}, where {wanted.display} is asked for letter by letter",
                    certain=not node.platforms_disagree,
                    remedy=case.remedy(
                        (*rewrites.fixed_platforms(), *rewrites.one_platform([platform.display])),
                        _export(case, wanted),
                    ),
                )
                return


def other_os(case: Case) -> Iterator[Cause]:
    """Find images of the operating system that the host refused."""
    system = case.found.groups.get("os", "windows")
    if any(node.platform and node.platform.os.lower() == system for node in case.images):
        fitting = [name for name in case.complete if name.startswith(f"{case.world.host.os}/")]
        yield Cause(
            f"the archive holds an image for {system}{_there(case)}",
            certain=True,
            remedy=case.remedy(rewrites.one_platform(fitting), _export(case, case.world.host)),
        )


def wrong_architecture(case: Case) -> Iterator[Cause]:
    """Find images for another processor, or labelled as what they are not."""
    host = case.world.host
    for node in case.images:
        if node.platforms_disagree and node.listed and node.configured:
            yield Cause(
                f"an image is listed as {node.listed.display}, but its config says {node.configured.display}",
                certain=False,
                remedy=case.remedy(rewrites.fixed_platforms(), "build the image again"),
            )
            return
    state = case.state_of(host)
    if case.images and state is not State.COMPLETE:
        text = f"{host.display}, the host's platform, {_WORDS[state]}{_there(case)}"
        yield Cause(text, certain=True, remedy=_export(case, host))
    elif len(case.complete) > 1:
        yield Cause(
            f"the archive also holds {', '.join(case.complete[1:])}: the import may have taken that",
            certain=False,
            remedy=case.remedy(rewrites.one_platform([host.display]), "import with --platform"),
        )


def flag_unknown(case: Case) -> Iterator[Cause]:
    """Find a flag that is too new; what it was to do can be done to the archive."""
    flag = case.found.groups.get("flag", "").lstrip("-")
    remedy = {
        "local": "leave it out: ctr up to 1.6 does the work itself anyway",
        "no-unpack": "leave it out, with an archive of one platform",
    }.get(flag, "")
    if flag in {"platform", "all-platforms"}:
        wanted = [name for name in (platform.display for platform in case.platforms) if name in case.complete]
        remedy = case.remedy(
            rewrites.one_platform(wanted or case.complete), "leave it out, with an archive of one platform"
        )
    yield Cause(
        f"--{flag} came with a later version of the program",
        certain=True,
        remedy=remedy or "leave it out, or take a newer version",
    )


def transfer_unpack(case: Case) -> Iterator[Cause]:
    """Find nothing: the archive is not at fault; but the command that works there may be known."""
    command = case.world.import_command(None, case.found.program, "2.0.0")
    command = command or "ctr images import --local --all-platforms --no-unpack SRC"
    yield Cause(
        "with --all-platforms, ctr 2.0.0 and 2.0.1 ask the daemon to unpack for no platform at all",
        certain=True,
        remedy=f"import it in the way that works there: {command}",
    )


def _there(case: Case) -> str:
    return f"; it has {_listed(case.complete)}" if case.complete else "; no platform of it is whole"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _another(case: Case) -> str:
    """Return how to load a platform that is there, as no rewrite brings one that is not."""
    if not case.complete:
        return ""
    words = f"load one of {_listed(case.complete)}" if len(case.complete) > 1 else "load the one that is there"
    command = f"docker load -i SRC --platform {shlex.quote(case.complete[0])}"
    return f"{words}: {command}; or all that it has: docker load -i SRC"


def _with_platform(case: Case) -> str:
    name = shlex.quote(next(iter(case.complete), ""))
    return (
        f"import that platform (1.5.15 and later): ctr images import --platform {name} SRC" if case.complete else ""
    )


def _export(case: Case, platform: Platform) -> str:
    return case.exported(rewrites.EXPORT_PLATFORM, platform.display)
