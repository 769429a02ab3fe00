"""Causes that lie in manifest.json, which docker lists its images in: is there one, is it right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.advice.messages import rewrites
from ocitool.advice.messages.case import Case, Cause
from ocitool.advice.messages.roles import Standing
from ocitool.graph.image import ArchiveForm
from ocitool.graph.layout_files import DOCKER_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator


def bad_docker_manifest(case: Case) -> Iterator[Cause]:
    """Find a manifest.json that cannot be read."""
    for fault in case.facts.graph.faults:
        if fault.where == DOCKER_NAME:
            yield Cause(
                f"{DOCKER_NAME}: {fault.message}",
                certain=True,
                remedy=case.remedy(
                    rewrites.written_again("write it anew"),
                    f"delete it where index.json is there: cp SRC OUT && tar --delete -f OUT {DOCKER_NAME}",
                ),
            )
            return


def stale_docker_manifest(case: Case) -> Iterator[Cause]:
    """Find a manifest.json that names files which are not there."""
    graph = case.facts.graph
    if graph.form is ArchiveForm.OCI_LAYOUT and case.standing(Standing.ABSENT, Standing.LINK):
        return  # the image itself lacks it
    there = {entry.name for entry in (*graph.blobs.values(), *graph.other_files)}
    lacking = [
        name
        for item in graph.docker_manifest or ()
        for name in (item.config, *item.layers)
        if name.removeprefix("./") not in there
    ]
    named = case.found.groups.get("file", "")
    if graph.form is ArchiveForm.DOCKER_ARCHIVE and not lacking:
        lacking = [missing.digest.blob_name for node in case.images for missing in node.missing]
    if lacking:
        first = next((name for name in lacking if named.endswith(name)), lacking[0])
        yield Cause(
            f"{DOCKER_NAME} names {first}, which is not in the archive",
            certain=True,
            remedy=case.remedy(
                rewrites.written_again("write it anew"), "save the image again: docker save -o OUT IMAGE"
            ),
        )


def foreign_file(case: Case) -> Iterator[Cause]:
    """Find a file that the message misses and that this archive does not name."""
    named = case.found.groups.get("file", "")
    graph = case.facts.graph
    if named and not any(named in (item.config, *item.layers) for item in graph.docker_manifest or ()):
        yield Cause(
            f"{DOCKER_NAME} of this archive does not name {named}: the message is about another archive",
            certain=graph.docker_manifest is not None,
            remedy="see what the archive holds: ocitool inspect SRC",
        )


def no_docker_manifest(case: Case) -> Iterator[Cause]:
    """Find an OCI layout without manifest.json."""
    graph = case.facts.graph
    if graph.docker_manifest is None and not any(fault.where == DOCKER_NAME for fault in graph.faults):
        yield Cause(
            f"the archive is an OCI layout without {DOCKER_NAME}, the only thing that docker's classic store reads",
            certain=True,
            remedy=case.remedy(rewrites.written_again("write it with one"), rewrites.EXPORT_ALL),
        )


def needs_docker_manifest(case: Case) -> Iterator[Cause]:
    """Find an archive given to a program that wants docker's form, or a folder."""
    how = "write it with a manifest.json" if case.facts.graph.docker_manifest is None else "write it anew"
    yield Cause(
        "the program reads an archive of docker, or an OCI layout as a folder",
        certain=case.facts.graph.docker_manifest is None,
        remedy=case.remedy(
            rewrites.written_again(how, otherwise="as a folder: ocitool filter SRC -p all -o OUT/"),
            "give it as a folder: ocitool filter SRC -p all -o OUT/",
        ),
    )


def docker_archive_only(case: Case) -> Iterator[Cause]:
    """Find an archive of docker that was taken for an OCI archive."""
    if case.facts.graph.form is ArchiveForm.DOCKER_ARCHIVE:
        yield Cause(
            "the archive is one of docker, without index.json",
            certain=True,
            remedy=case.remedy(
                rewrites.written_again(
                    "write it as an OCI archive", otherwise="name it so: skopeo copy docker-archive:SRC DESTINATION"
                ),
                "name it so: skopeo copy docker-archive:SRC DESTINATION",
            ),
        )
