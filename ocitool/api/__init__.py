"""One function per verb: what the command line calls, and what other programs may.

>>> from ocitool.api import FilterOptions, filter_archive
>>> from ocitool.model.platform_selection import PlatformSelection
>>> options = FilterOptions(PlatformSelection.parse(["linux/amd64"]))
>>> filter_archive("multi.tar", "amd64.tar", options)  # doctest: +SKIP

Nothing here prints or ends the process: results are values, errors are `ocitool.errors.OcitoolError`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ocitool.api.advising import AdviseOptions, advise_archive
    from ocitool.api.comparing import diff_archives
    from ocitool.api.deltas import ApplyResult, DeltaResult, apply_delta, make_delta
    from ocitool.api.explaining import explain_error
    from ocitool.api.filtering import FilterResult, filter_archive, merge_archives
    from ocitool.api.image_lists import read_image_list
    from ocitool.api.import_client import ClientOptions
    from ocitool.api.import_plan import ImportOptions, ImportPlan
    from ocitool.api.import_report import ImportResult
    from ocitool.api.importing import import_archive, predict_import
    from ocitool.api.inspecting import inspect_archive
    from ocitool.api.listener import Listener
    from ocitool.api.migrating import migrate_scripts
    from ocitool.api.opening import SourceOptions
    from ocitool.api.splitting import SplitResult, split_archive, split_options
    from ocitool.api.verifying import VerifyOptions, verify_archive
    from ocitool.api.writing import WriteOptions, Written
    from ocitool.check.gates import Gates
    from ocitool.check.report import Finding, Place, Report
    from ocitool.check.rule import Level, Profile, Rule, Severity
    from ocitool.graph.inventory import Inventory
    from ocitool.model.platform_selection import PlatformSelection
    from ocitool.model.reference import ImageFilter, Reference
    from ocitool.model.renaming import Renaming
    from ocitool.model.schemas import read_schema, schema_names
    from ocitool.plan.changes import Comparison
    from ocitool.plan.options import (
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
    from ocitool.plan.steps import Plan

__all__ = [
    "AdviseOptions",
    "ApplyResult",
    "ClientOptions",
    "Comparison",
    "DeltaResult",
    "DockerManifest",
    "FilterOptions",
    "FilterResult",
    "Finding",
    "Followers",
    "Gates",
    "ImageFilter",
    "ImportOptions",
    "ImportPlan",
    "ImportResult",
    "IndexForm",
    "Inventory",
    "Layers",
    "Level",
    "Listener",
    "Missing",
    "Place",
    "Plan",
    "PlatformSelection",
    "Profile",
    "Reference",
    "Reflink",
    "Renaming",
    "Report",
    "Rule",
    "Severity",
    "SourceOptions",
    "SplitBy",
    "SplitOptions",
    "SplitResult",
    "VerifyOptions",
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
    "merge_archives",
    "migrate_scripts",
    "predict_import",
    "read_image_list",
    "read_schema",
    "schema_names",
    "split_archive",
    "split_options",
    "verify_archive",
]

_HOMES: Final = {
    "AdviseOptions": "ocitool.api.advising",
    "ApplyResult": "ocitool.api.deltas",
    "ClientOptions": "ocitool.api.import_client",
    "Comparison": "ocitool.plan.changes",
    "DeltaResult": "ocitool.api.deltas",
    "DockerManifest": "ocitool.plan.options",
    "FilterOptions": "ocitool.plan.options",
    "FilterResult": "ocitool.api.filtering",
    "Finding": "ocitool.check.report",
    "Followers": "ocitool.plan.options",
    "Gates": "ocitool.check.gates",
    "ImageFilter": "ocitool.model.reference",
    "ImportOptions": "ocitool.api.import_plan",
    "ImportPlan": "ocitool.api.import_plan",
    "ImportResult": "ocitool.api.import_report",
    "IndexForm": "ocitool.plan.options",
    "Inventory": "ocitool.graph.inventory",
    "Layers": "ocitool.plan.options",
    "Level": "ocitool.check.rule",
    "Listener": "ocitool.api.listener",
    "Missing": "ocitool.plan.options",
    "Place": "ocitool.check.report",
    "Plan": "ocitool.plan.steps",
    "PlatformSelection": "ocitool.model.platform_selection",
    "Profile": "ocitool.check.rule",
    "Reference": "ocitool.model.reference",
    "Reflink": "ocitool.plan.options",
    "Renaming": "ocitool.model.renaming",
    "Report": "ocitool.check.report",
    "Rule": "ocitool.check.rule",
    "Severity": "ocitool.check.rule",
    "SourceOptions": "ocitool.api.opening",
    "SplitBy": "ocitool.plan.options",
    "SplitOptions": "ocitool.plan.options",
    "SplitResult": "ocitool.api.splitting",
    "VerifyOptions": "ocitool.api.verifying",
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
    "merge_archives": "ocitool.api.filtering",
    "migrate_scripts": "ocitool.api.migrating",
    "predict_import": "ocitool.api.importing",
    "read_image_list": "ocitool.api.image_lists",
    "read_schema": "ocitool.model.schemas",
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
