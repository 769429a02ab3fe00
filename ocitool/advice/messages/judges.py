"""Which function looks for which cause in an archive, and what to tell of an archive that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.advice.messages import content_causes as content
from ocitool.advice.messages import docker_causes as docker
from ocitool.advice.messages import form_causes as form
from ocitool.advice.messages import platform_causes as platforms
from ocitool.advice.messages.case import Case, Cause
from ocitool.errors import MissingIndex, NotAnArchive, TruncatedArchive, UnsafeEntry, UnsupportedArchive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ocitool.errors import OcitoolError


def _ruled_out(_case: Case) -> Iterator[Cause]:
    """Yield nothing: an archive that could be read has no such cause."""
    yield from ()


JUDGES: Final[Mapping[str, Callable[[Case], Iterator[Cause]]]] = {
    "absent-fallback": content.absent_fallback,
    "absent-platform": content.absent_platform,
    "absent-attestation": content.absent_attestation,
    "partial-platform": content.partial_platform,
    "partial-platforms": content.partial_platforms,
    "link-entry": content.link_entry,
    "corrupt-blob": content.corrupt_blob,
    "corrupt-any": content.corrupt_any,
    "corrupt-document": content.corrupt_document,
    "foreign-digest": content.foreign_digest,
    "store-lost": content.store_lost,
    "sparse-push": content.sparse_push,
    "not-host-platform": platforms.not_host_platform,
    "absent-host-platform": platforms.absent_host_platform,
    "listed-platform": platforms.listed_platform,
    "wanted-platform": platforms.wanted_platform,
    "foreign-platform": platforms.foreign_platform,
    "platform-variant": platforms.platform_variant,
    "other-os": platforms.other_os,
    "wrong-architecture": platforms.wrong_architecture,
    "transfer-unpack": platforms.transfer_unpack,
    "flag-unknown": platforms.flag_unknown,
    "whole-file-compression": form.whole_file_compression,
    "zstd-window": form.zstd_window,
    "zstd-layers": form.zstd_layers,
    "encrypted-layers": form.encrypted_layers,
    "cut-short": form.cut_short,
    "not-an-image": _ruled_out,
    "root-files": _ruled_out,
    "missing-index": form.missing_index,
    "layout-version": form.layout_version,
    "no-layout-file": form.no_layout_file,
    "bad-docker-manifest": docker.bad_docker_manifest,
    "stale-docker-manifest": docker.stale_docker_manifest,
    "foreign-file": docker.foreign_file,
    "no-docker-manifest": docker.no_docker_manifest,
    "needs-docker-manifest": docker.needs_docker_manifest,
    "docker-archive-only": docker.docker_archive_only,
    "flat-platforms": form.flat_platforms,
    "several-images": form.several_images,
    "nested-index": form.nested_index,
    "layer-count": form.layer_count,
    "attestation-as-image": form.attestation_as_image,
    "artifact": form.artifact,
    "unnamed-image": form.unnamed_image,
    "bare-name": form.bare_name,
    "other-files": form.other_files,
    "loaded-well": form.loaded_well,
}
"""By cause; what has none here cannot be told from an archive, and is told in general words."""

_GIVE: Final = "give what ctr images export, docker save or skopeo copy writes"
_REFUSALS: Final = (
    (TruncatedArchive, ("cut-short",)),
    (MissingIndex, ("missing-index",)),
    ((NotAnArchive, UnsupportedArchive), ("root-files", "not-an-image", "no-docker-manifest")),
    (UnsafeEntry, ("link-entry", "other-files")),
)


def of_refusal(error: OcitoolError, causes: tuple[str, ...]) -> Cause | None:
    """Return what is wrong with an archive that could not be read, as far as it is a cause of the message."""
    for kinds, ids in _REFUSALS:
        if isinstance(error, kinds):
            known = next((cause for cause in ids if cause in causes), "")
            return Cause(f"the archive {error.message}", certain=bool(known), remedy=error.remedy or _GIVE, id=known)
    return Cause(f"the archive cannot be read: {error.message}", certain=False, remedy=error.remedy or _GIVE)
