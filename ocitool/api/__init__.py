"""One function per verb: what the command line calls, and what other programs may.

>>> from ocitool.api import FilterOptions, filter_archive
>>> from ocitool.model.platform_selection import PlatformSelection
>>> options = FilterOptions(PlatformSelection.parse(["linux/amd64"]))
>>> filter_archive("multi.tar", "amd64.tar", options)  # doctest: +SKIP

Nothing here prints or ends the process: results are values, errors are `ocitool.errors.OcitoolError`.
"""

from __future__ import annotations

from ocitool.api.filtering import FilterResult, filter_archive
from ocitool.api.inspecting import inspect_archive
from ocitool.api.listener import Listener
from ocitool.api.opening import SourceOptions
from ocitool.api.schemas import read_schema, schema_names
from ocitool.api.verifying import verify_archive
from ocitool.check.report import Finding, Report, Severity
from ocitool.graph.inventory import Inventory
from ocitool.model.platform_selection import PlatformSelection
from ocitool.model.reference import ImageFilter
from ocitool.plan.options import DockerManifest, FilterOptions, Followers, IndexForm, Missing
from ocitool.plan.steps import Plan

__all__ = [
    "DockerManifest",
    "FilterOptions",
    "FilterResult",
    "Finding",
    "Followers",
    "ImageFilter",
    "IndexForm",
    "Inventory",
    "Listener",
    "Missing",
    "Plan",
    "PlatformSelection",
    "Report",
    "Severity",
    "SourceOptions",
    "filter_archive",
    "inspect_archive",
    "read_schema",
    "schema_names",
    "verify_archive",
]
