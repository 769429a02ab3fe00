"""What the library promises: names that stay, complete signatures, and nothing that only the command line needs."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import subprocess
import sys
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any, Final

import pytest

from ocitool import api, errors
from ocitool.api.advising import default_host
from tests.builders import multi_platform
from tests.consumer import main

PUBLIC: Final = [
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
"""Names that programs may rely on: one is added here with what it names, and none goes without a major version."""

ALIASES: Final = {"JsonObject", "Output", "Source"}

INTERNAL: Final = {"ArchiveFacts", "Rewrite"}
"""What the plan of an import holds for whoever carries it out."""

FUNCTIONS: Final = [name for name in PUBLIC if isinstance(getattr(api, name), FunctionType)]
CLASSES: Final = [name for name in PUBLIC if isinstance(getattr(api, name), type)]

NEVER_RAISES: Final = {"schema_names"}


def test_no_name_vanishes() -> None:
    assert api.__all__ == PUBLIC


def test_public_names_are_sorted_and_complete() -> None:
    assert api.__all__ == sorted(api.__all__)
    assert list(api._HOMES) == api.__all__
    assert set(PUBLIC) == {*FUNCTIONS, *CLASSES, *ALIASES}


def test_every_public_name_is_what_it_is_called() -> None:
    for name in {*FUNCTIONS, *CLASSES}:
        assert getattr(api, name).__name__ == name
        assert not name.startswith("_")


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'filter'"):
        _ = api.filter


def test_type_checkers_are_told_the_same_homes() -> None:
    told = {
        alias.name: node.module
        for node in ast.walk(ast.parse(inspect.getsource(api)))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ocitool.")
        for alias in node.names
    }
    assert told == api._HOMES


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_have_a_complete_signature_and_say_what_they_raise(name: str) -> None:
    function = getattr(api, name)
    signature = inspect.signature(function)
    assert signature.return_annotation is not signature.empty
    assert all(parameter.annotation is not parameter.empty for parameter in signature.parameters.values())
    text = inspect.getdoc(function) or ""
    assert name in NEVER_RAISES or "Raises" in text or "raises" in text


@pytest.mark.parametrize("name", CLASSES)
def test_classes_say_what_they_are(name: str) -> None:
    text = inspect.getdoc(getattr(api, name)) or ""
    assert text
    assert not text.startswith(f"{name}("), "dataclasses make that up"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_a_signature_needs_can_be_imported(name: str) -> None:
    needed = annotated(getattr(api, name))
    assert set(needed) <= set(PUBLIC)
    for inner in needed.values():
        if isinstance(inner, type):
            assert set(annotated(inner)) <= {*PUBLIC, *INTERNAL}


def annotated(thing: Any) -> dict[str, Any]:
    """Return what is of ours in the annotations of a function, or of the fields and methods of a class."""
    annotations: list[object] = []
    if isinstance(thing, FunctionType):
        annotations += thing.__annotations__.values()
    else:
        if dataclasses.is_dataclass(thing):
            annotations += [field.type for field in dataclasses.fields(thing) if not field.name.startswith("_")]
        for name, member in vars(thing).items():
            inner = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
            if not name.startswith("_") and isinstance(inner, FunctionType):
                annotations += inner.__annotations__.values()
    words = {
        node.id
        for text in annotations
        if isinstance(text, str)
        for node in ast.walk(ast.parse(text, mode="eval"))
        if isinstance(node, ast.Name)
    }
    module = sys.modules[thing.__module__]
    homes = {
        alias.asname or alias.name: (node.module or "", alias.name)
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    found = {}
    for word in words:
        home, name = homes.get(word, (module.__name__, word))
        value = getattr(import_module(home), name, None) if home.startswith("ocitool") else None
        if value is not None and not isinstance(value, ModuleType):
            found[word] = value
    return found


def test_the_tree_of_errors_has_codes_of_its_own() -> None:
    tree = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert api.OcitoolError in tree
    assert all(issubclass(each, api.OcitoolError) for each in tree)


HEAVY: Final = {"dask", "distributed", "fsspec", "matplotlib", "pydantic", "rich", "s3fs", "typer", "click", "numpy"}


def loaded(script: str) -> set[str]:
    script = f"import sys; before = set(sys.modules)\n{script}\nprint(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_library_loads_next_to_nothing() -> None:
    modules = loaded("import ocitool.api") - loaded("import typing, importlib")
    assert modules == {"ocitool", "ocitool.api", "__future__"}


def test_all_of_the_library_needs_no_terminal_and_no_network() -> None:
    modules = loaded("from ocitool.api import *")
    assert not modules & HEAVY
    assert not modules & {"socket", "subprocess", "multiprocessing", "email", "logging"}
    assert "ocitool.cli" not in modules
    assert "ocitool.adapters" not in modules


def test_a_program_that_uses_it_runs() -> None:
    old, *_, system, code, ok, image = main(multi_platform().pack())
    assert old.startswith("sha256:")
    assert (code, ok) == ("not-an-archive", "True")
    assert system == default_host().os
    assert "lab:1.0" in image
