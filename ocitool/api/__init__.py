"""Everything that the command line does, for programs: one function per verb, and the types that it takes and gives.

>>> from ocitool.api import FilterOptions, PlatformSelection, filter_archive
>>> options = FilterOptions(PlatformSelection.parse("linux/arm64"))
>>> filter_archive("multi.tar", "arm64.tar", options)  # doctest: +SKIP

**Sources and outputs.** A `Source` is a path, a URL, ``-``, or an open binary file: `io.BytesIO`, the body of a
response, the member of a zip. An `Output` is a path, a URL, ``-``, or an open binary file to write to. The same
archive has the same result whichever of them it comes through. Open files are never closed here.

**Results are values**: frozen dataclasses, whose `to_json` is the report that the command prints. Nothing here
prints, changes a signal handler or ends the process.

**Errors** are `OcitoolError`, with `message`, `where`, `remedy`, a `code` for programs and the `exit_code` of the
command line; the classes below it are in `ocitool.errors`, which is public, too. What is no source or output at all
is a `TypeError`. After an error of a function that writes, what stood under the name of an output is untouched.

**Progress** goes to a `Listener`, if one is given.

What `__all__` names stays, and so do parameters and fields; new ones have defaults. Everything else may move. Types
carry inline annotations (PEP 561).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ocitool.advice.explain import Explanation, Mention
    from ocitool.advice.messages.case import Cause
    from ocitool.advice.messages.roles import DigestRole
    from ocitool.advice.migrate import Migration, ScriptFinding
    from ocitool.advice.outcome import Evidence, Outcome
    from ocitool.advice.report import Advice, ImporterAdvice
    from ocitool.advice.request import Request, Upgrade
    from ocitool.advice.scripts.verdict import Verdict
    from ocitool.advice.target import Target
    from ocitool.advice.version import Version, VersionRange
    from ocitool.api.advising import AdviseOptions, advise_archive
    from ocitool.api.comparing import diff_archives
    from ocitool.api.deltas import ApplyResult, DeltaResult, apply_delta, make_delta
    from ocitool.api.explaining import explain_error
    from ocitool.api.filtering import FilterResult, filter_archive, merge_archives
    from ocitool.api.image_lists import read_image_list
    from ocitool.api.import_client import Client, ClientOptions, Identity, Importing, Sought, Store
    from ocitool.api.import_plan import ImportOptions, ImportPlan
    from ocitool.api.import_report import FoundImage, ImportResult
    from ocitool.api.importing import import_archive, predict_import
    from ocitool.api.inspecting import inspect_archive
    from ocitool.api.jobs.batching import BatchOptions, run_batch
    from ocitool.api.jobs.crew import Completion, Crew, CrewWatch
    from ocitool.api.jobs.lists import EarlierResults, make_jobs, read_jobs, read_results
    from ocitool.api.jobs.running import run_job
    from ocitool.api.jobs.verb import JobSetting
    from ocitool.api.listener import Listener
    from ocitool.api.migrating import migrate_scripts
    from ocitool.api.opening import SourceOptions
    from ocitool.api.places import Output, Source
    from ocitool.api.splitting import SplitResult, split_archive, split_options
    from ocitool.api.verifying import VerifyOptions, verify_archive
    from ocitool.api.writing import WriteOptions, Written
    from ocitool.archive.codec.compress import Compression
    from ocitool.archive.file_objects import ReadableFile, WritableFile
    from ocitool.check.gates import Gates
    from ocitool.check.report import Finding, Place, Report
    from ocitool.check.rule import Level, Profile, Rule, Severity
    from ocitool.engine.rate import Rate
    from ocitool.errors import OcitoolError
    from ocitool.graph.image import ArchiveForm
    from ocitool.graph.inventory import Inventory, PlatformRow
    from ocitool.graph.rows import ImageRow
    from ocitool.graph.sizes import DistinctLayer, Totals
    from ocitool.model.delta import DeltaList
    from ocitool.model.digest import Digest
    from ocitool.model.fault import Fault
    from ocitool.model.json_text import JsonObject
    from ocitool.model.platform import Platform
    from ocitool.model.platform_selection import PlatformSelection, PlatformSpecifier
    from ocitool.model.reference import ImageFilter, Reference
    from ocitool.model.renaming import Renaming
    from ocitool.model.schemas import read_schema, schema_names
    from ocitool.plan.batch.job import Job
    from ocitool.plan.batch.result import JobError, JobOutput, JobResult, JobStatus, SourceState
    from ocitool.plan.changes import Amount, Compared, Comparison, ImageChange
    from ocitool.plan.note import Note
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
    )
    from ocitool.plan.steps import OutputPlan, Plan, PlannedImage, PlannedManifest, SourceReference

__all__ = [
    "Advice",
    "AdviseOptions",
    "Amount",
    "ApplyResult",
    "ArchiveForm",
    "BatchOptions",
    "Cause",
    "Client",
    "ClientOptions",
    "Compared",
    "Comparison",
    "Completion",
    "Compression",
    "Contents",
    "Crew",
    "CrewWatch",
    "DeltaList",
    "DeltaResult",
    "Digest",
    "DigestRole",
    "DistinctLayer",
    "DockerManifest",
    "EarlierResults",
    "Evidence",
    "Explanation",
    "Fault",
    "FilterOptions",
    "FilterResult",
    "Finding",
    "Followers",
    "FoundImage",
    "Gates",
    "Identity",
    "ImageChange",
    "ImageFilter",
    "ImageRow",
    "ImportOptions",
    "ImportPlan",
    "ImportResult",
    "ImporterAdvice",
    "Importing",
    "IndexForm",
    "Inventory",
    "Job",
    "JobError",
    "JobOutput",
    "JobResult",
    "JobSetting",
    "JobStatus",
    "JsonObject",
    "Layers",
    "Level",
    "Listener",
    "Mention",
    "Migration",
    "Missing",
    "Note",
    "OcitoolError",
    "Outcome",
    "Output",
    "OutputPlan",
    "Place",
    "Plan",
    "PlannedImage",
    "PlannedManifest",
    "Platform",
    "PlatformRow",
    "PlatformSelection",
    "PlatformSpecifier",
    "Profile",
    "Rate",
    "ReadableFile",
    "Reference",
    "Reflink",
    "Renaming",
    "Report",
    "Request",
    "Rule",
    "ScriptFinding",
    "Severity",
    "Sought",
    "Source",
    "SourceOptions",
    "SourceReference",
    "SourceState",
    "SplitBy",
    "SplitOptions",
    "SplitResult",
    "Store",
    "Target",
    "Totals",
    "Upgrade",
    "Verdict",
    "VerifyOptions",
    "Version",
    "VersionRange",
    "WritableFile",
    "WriteOptions",
    "Written",
    "advise_archive",
    "apply_delta",
    "diff_archives",
    "explain_error",
    "filter_archive",
    "import_archive",
    "inspect_archive",
    "make_delta",
    "make_jobs",
    "merge_archives",
    "migrate_scripts",
    "predict_import",
    "read_image_list",
    "read_jobs",
    "read_results",
    "read_schema",
    "run_batch",
    "run_job",
    "schema_names",
    "split_archive",
    "split_options",
    "verify_archive",
]

_HOMES: Final = {
    "Advice": "ocitool.advice.report",
    "AdviseOptions": "ocitool.api.advising",
    "Amount": "ocitool.plan.changes",
    "ApplyResult": "ocitool.api.deltas",
    "ArchiveForm": "ocitool.graph.image",
    "BatchOptions": "ocitool.api.jobs.batching",
    "Cause": "ocitool.advice.messages.case",
    "Client": "ocitool.api.import_client",
    "ClientOptions": "ocitool.api.import_client",
    "Compared": "ocitool.plan.changes",
    "Comparison": "ocitool.plan.changes",
    "Completion": "ocitool.api.jobs.crew",
    "Compression": "ocitool.archive.codec.compress",
    "Contents": "ocitool.plan.options",
    "Crew": "ocitool.api.jobs.crew",
    "CrewWatch": "ocitool.api.jobs.crew",
    "DeltaList": "ocitool.model.delta",
    "DeltaResult": "ocitool.api.deltas",
    "Digest": "ocitool.model.digest",
    "DigestRole": "ocitool.advice.messages.roles",
    "DistinctLayer": "ocitool.graph.sizes",
    "DockerManifest": "ocitool.plan.options",
    "EarlierResults": "ocitool.api.jobs.lists",
    "Evidence": "ocitool.advice.outcome",
    "Explanation": "ocitool.advice.explain",
    "Fault": "ocitool.model.fault",
    "FilterOptions": "ocitool.plan.options",
    "FilterResult": "ocitool.api.filtering",
    "Finding": "ocitool.check.report",
    "Followers": "ocitool.plan.options",
    "FoundImage": "ocitool.api.import_report",
    "Gates": "ocitool.check.gates",
    "Identity": "ocitool.api.import_client",
    "ImageChange": "ocitool.plan.changes",
    "ImageFilter": "ocitool.model.reference",
    "ImageRow": "ocitool.graph.rows",
    "ImportOptions": "ocitool.api.import_plan",
    "ImportPlan": "ocitool.api.import_plan",
    "ImportResult": "ocitool.api.import_report",
    "ImporterAdvice": "ocitool.advice.report",
    "Importing": "ocitool.api.import_client",
    "IndexForm": "ocitool.plan.options",
    "Inventory": "ocitool.graph.inventory",
    "Job": "ocitool.plan.batch.job",
    "JobError": "ocitool.plan.batch.result",
    "JobOutput": "ocitool.plan.batch.result",
    "JobResult": "ocitool.plan.batch.result",
    "JobSetting": "ocitool.api.jobs.verb",
    "JobStatus": "ocitool.plan.batch.result",
    "JsonObject": "ocitool.model.json_text",
    "Layers": "ocitool.plan.options",
    "Level": "ocitool.check.rule",
    "Listener": "ocitool.api.listener",
    "Mention": "ocitool.advice.explain",
    "Migration": "ocitool.advice.migrate",
    "Missing": "ocitool.plan.options",
    "Note": "ocitool.plan.note",
    "OcitoolError": "ocitool.errors",
    "Outcome": "ocitool.advice.outcome",
    "Output": "ocitool.api.places",
    "OutputPlan": "ocitool.plan.steps",
    "Place": "ocitool.check.report",
    "Plan": "ocitool.plan.steps",
    "PlannedImage": "ocitool.plan.steps",
    "PlannedManifest": "ocitool.plan.steps",
    "Platform": "ocitool.model.platform",
    "PlatformRow": "ocitool.graph.inventory",
    "PlatformSelection": "ocitool.model.platform_selection",
    "PlatformSpecifier": "ocitool.model.platform_selection",
    "Profile": "ocitool.check.rule",
    "Rate": "ocitool.engine.rate",
    "ReadableFile": "ocitool.archive.file_objects",
    "Reference": "ocitool.model.reference",
    "Reflink": "ocitool.plan.options",
    "Renaming": "ocitool.model.renaming",
    "Report": "ocitool.check.report",
    "Request": "ocitool.advice.request",
    "Rule": "ocitool.check.rule",
    "ScriptFinding": "ocitool.advice.migrate",
    "Severity": "ocitool.check.rule",
    "Sought": "ocitool.api.import_client",
    "Source": "ocitool.api.places",
    "SourceOptions": "ocitool.api.opening",
    "SourceReference": "ocitool.plan.steps",
    "SourceState": "ocitool.plan.batch.result",
    "SplitBy": "ocitool.plan.options",
    "SplitOptions": "ocitool.plan.options",
    "SplitResult": "ocitool.api.splitting",
    "Store": "ocitool.api.import_client",
    "Target": "ocitool.advice.target",
    "Totals": "ocitool.graph.sizes",
    "Upgrade": "ocitool.advice.request",
    "Verdict": "ocitool.advice.scripts.verdict",
    "VerifyOptions": "ocitool.api.verifying",
    "Version": "ocitool.advice.version",
    "VersionRange": "ocitool.advice.version",
    "WritableFile": "ocitool.archive.file_objects",
    "WriteOptions": "ocitool.api.writing",
    "Written": "ocitool.api.writing",
    "advise_archive": "ocitool.api.advising",
    "apply_delta": "ocitool.api.deltas",
    "diff_archives": "ocitool.api.comparing",
    "explain_error": "ocitool.api.explaining",
    "filter_archive": "ocitool.api.filtering",
    "import_archive": "ocitool.api.importing",
    "inspect_archive": "ocitool.api.inspecting",
    "make_delta": "ocitool.api.deltas",
    "make_jobs": "ocitool.api.jobs.lists",
    "merge_archives": "ocitool.api.filtering",
    "migrate_scripts": "ocitool.api.migrating",
    "predict_import": "ocitool.api.importing",
    "read_image_list": "ocitool.api.image_lists",
    "read_jobs": "ocitool.api.jobs.lists",
    "read_results": "ocitool.api.jobs.lists",
    "read_schema": "ocitool.model.schemas",
    "run_batch": "ocitool.api.jobs.batching",
    "run_job": "ocitool.api.jobs.running",
    "schema_names": "ocitool.model.schemas",
    "split_archive": "ocitool.api.splitting",
    "split_options": "ocitool.api.splitting",
    "verify_archive": "ocitool.api.verifying",
}
"""Where each public name lives; it is imported when it is first asked for, so that a command loads only its own."""


def __getattr__(name: str) -> object:
    """Import a public name from its module (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
