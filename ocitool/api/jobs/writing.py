"""The jobs that write: filter, merge, split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.api.filtering import filter_archive, merge_archives
from ocitool.api.jobs.reading import flag, path, source_options, text, texts, word
from ocitool.api.jobs.verb import JobSetting, Outcome
from ocitool.api.splitting import digest_maps_json, require_folder, split_archive, split_options
from ocitool.api.writing import WriteOptions, choose_compression, digest_map_bytes
from ocitool.archive.codec.compress import Compression
from ocitool.errors import UsageError
from ocitool.model.digest import Digest
from ocitool.model.platform_selection import PlatformSelection
from ocitool.model.reference import ImageFilter
from ocitool.model.renaming import Renaming
from ocitool.model.size import parse_size
from ocitool.plan.batch.result import JobOutput
from ocitool.plan.options import (
    Contents,
    DockerManifest,
    FilterOptions,
    Followers,
    IndexForm,
    Layers,
    Missing,
    Reflink,
    SplitBy,
    SplitOptions,
    parse_split_by,
)
from ocitool.plan.steps import digest_map_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.api.writing import Written
    from ocitool.model.json_text import JsonObject
    from ocitool.plan.batch.job import Job
    from ocitool.plan.steps import Plan


def check_filter(job: Job) -> None:
    """Raise `UsageError` for a filter or merge that cannot be meant."""
    filter_options(job)
    choose_compression(job.output, write_options_of(job, JobSetting()).compression)


def check_split(job: Job) -> None:
    """Raise `UsageError` for a split that cannot be meant."""
    require_folder(job.output)
    filter_options(job)
    _split_options(job, write_options_of(job, JobSetting()).compression)


def run_filter(job: Job, setting: JobSetting) -> Outcome:
    """Carry out a filter."""
    result = filter_archive(
        job.sources[0],
        job.output,
        filter_options(job),
        dry_run=setting.dry_run,
        write_options=write_options_of(job, setting),
        source_options=source_options(job, setting.rate),
        listener=setting.listener,
    )
    return outcome_of(job, result.plan, [result.output], digest_map_json(result.digest_map))


def run_merge(job: Job, setting: JobSetting) -> Outcome:
    """Carry out a merge."""
    result = merge_archives(
        job.sources,
        job.output,
        filter_options(job),
        dry_run=setting.dry_run,
        write_options=write_options_of(job, setting),
        source_options=source_options(job, setting.rate),
        listener=setting.listener,
    )
    return outcome_of(job, result.plan, [result.output], digest_map_json(result.digest_map))


def run_split(job: Job, setting: JobSetting) -> Outcome:
    """Carry out a split."""
    write_options = write_options_of(job, setting)
    result = split_archive(
        job.sources[0],
        job.output,
        filter_options(job),
        _split_options(job, write_options.compression),
        dry_run=setting.dry_run,
        write_options=write_options,
        source_options=source_options(job, setting.rate),
        listener=setting.listener,
    )
    return outcome_of(job, result.plan, result.outputs, digest_maps_json(result.plan))


def outcome_of(job: Job, plan: Plan, written: Sequence[Written], digest_map: JsonObject) -> Outcome:
    """Return what is told of a plan that was carried out, or only made."""
    outputs = zip(plan.outputs, written, strict=True)
    has_map = path(job, "digest-map") is not None
    return Outcome(
        tuple(JobOutput(file.path, file.size, output.content_digest) for output, file in outputs),
        plan.read,
        Digest.of(digest_map_bytes(digest_map)) if has_map else None,
        tuple(frozenset(member.name for member in output.members) for output in plan.outputs),
    )


def filter_options(job: Job) -> FilterOptions:
    """Return what is kept, and in which form; raises `UsageError` for what cannot be meant."""
    platforms = texts(job, "platform") or (() if job.verb == "filter" else ("all",))
    if not platforms:
        raise UsageError("has no option platform", remedy='write such as "options": {"platform": "linux/arm64"}')
    return FilterOptions(
        platforms=PlatformSelection.parse(platforms),
        images=ImageFilter(texts(job, "image")),
        renaming=Renaming.parse(texts(job, "name"), texts(job, "rename"), join=job.verb == "merge"),
        index=word(job, "index", IndexForm.AUTO),
        attestations=_followers(job, "attestations"),
        referrers=_followers(job, "referrers"),
        require_signatures=flag(job, "require-signatures"),
        fix_platforms=flag(job, "fix-platforms"),
        missing=word(job, "missing", Missing.ERROR),
        docker_manifest=word(job, "docker-manifest", DockerManifest.AUTO),
        layers=word(job, "layers", Layers.KEEP),
        reflink=word(job, "reflink", Reflink.NEVER),
        contents=word(job, "contents", Contents.AUTO),
    )


def _followers(job: Job, name: str) -> Followers | None:
    value = text(job, name)
    return None if value is None else Followers(value)


def write_options_of(job: Job, setting: JobSetting) -> WriteOptions:
    """Return how outputs are written; raises `UsageError` for options that contradict each other."""
    compression = text(job, "compress")
    if flag(job, "force") and flag(job, "no-clobber"):
        raise UsageError("force and no-clobber contradict each other", remedy="leave one of them out")
    return WriteOptions(
        verify=flag(job, "verify", default=True),
        clobber=setting.may_replace or not flag(job, "no-clobber"),
        force=setting.may_replace or flag(job, "force"),
        compression=None if compression is None else Compression.parse(compression),
        digest_map=path(job, "digest-map"),
        before_naming=setting.before_naming,
        rate=setting.rate,
    )


def _split_options(job: Job, compression: Compression | None) -> SplitOptions:
    size, by = text(job, "max-size"), text(job, "by")
    usual = SplitBy.PLATFORM if size is None else SplitBy.IMAGE
    return split_options(
        job.sources[0],
        by=usual if by is None else parse_split_by(by),
        template=text(job, "name-template"),
        compression=compression,
        max_size=None if size is None else parse_size(size),
    )
