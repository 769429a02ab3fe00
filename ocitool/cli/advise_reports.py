"""The three things that `advise` reports on: an archive, an error message, scripts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ocitool.advice.explain import Explanation
    from ocitool.api.advising import AdviseOptions
    from ocitool.api.listener import Listener
    from ocitool.api.opening import SourceOptions
    from ocitool.model.json_text import JsonObject


@dataclass(frozen=True, slots=True)
class AdviceReport:
    """A report in both forms, and whether what was asked for fails."""

    document: JsonObject
    lines: list[str]
    fails: bool = False


def on_archive(
    source: str,
    options: AdviseOptions,
    opening: SourceOptions,
    listener: Listener,
    *,
    quiet: bool = False,
    verbose: bool = False,
) -> AdviceReport:
    """Report what importers do with an archive; it fails if one that was asked for has no command for it."""
    from ocitool.api.advising import advise_archive
    from ocitool.cli.advise_text import advice_lines

    advice = advise_archive(source, options, source_options=opening, listener=listener)
    lines = advice_lines(advice, quiet=quiet, verbose=verbose)
    return AdviceReport(advice.to_json(), lines, bool(options.requests) and not advice.works)


def on_error(
    text: str,
    source: str | None,
    importers: Sequence[str],
    host: str | None,
    opening: SourceOptions,
    listener: Listener,
) -> AdviceReport:
    """Report what an error message means for an archive; ``-`` is the text that standard input holds.

    `importers` is the one that printed the message, with its version, if that is told.
    """
    from ocitool.advice.explain import explain_to_json
    from ocitool.advice.request import Request
    from ocitool.api.explaining import explain_error
    from ocitool.api.places import place_name
    from ocitool.api.text_input import read_end
    from ocitool.cli.advise_options import one_platform
    from ocitool.cli.explain_text import explanation_lines, placeholder_lines
    from ocitool.model.limits import ERROR_TEXT_LIMIT

    request = Request.parse(importers[0]) if importers else None
    unread = 0
    if text == "-":
        data, unread = read_end("the message", ERROR_TEXT_LIMIT)
        text = data.decode("utf-8", "replace")
    platform = None if host is None else one_platform(host)
    explanations = explain_error(text, source, platform, request=request, source_options=opening, listener=listener)
    if source is not None:
        explanations = tuple(_with_names(explanation, source) for explanation in explanations)
    note = [f"note: the first {unread} bytes of the text were not read"] if unread else []
    lines = [*note, *explanation_lines(explanations), *placeholder_lines(explanations)]
    return AdviceReport(explain_to_json(explanations, "" if source is None else place_name(source), unread), lines)


def _with_names(explanation: Explanation, source: str) -> Explanation:
    """Return an explanation whose commands name the archive."""
    from ocitool.api.advising import output_name, typed_name
    from ocitool.api.places import place_name
    from ocitool.cli.remedy import fill_names

    name = place_name(source)
    names = typed_name(name), output_name(name, ())
    causes = tuple(replace(cause, remedy=fill_names(cause.remedy, *names)) for cause in explanation.causes)
    return replace(explanation, causes=causes)


def on_scripts(
    scripts: Sequence[Path],
    source: str | None,
    versions: tuple[str, str],
    host: str | None,
    opening: SourceOptions,
    listener: Listener,
) -> AdviceReport:
    """Report which commands of scripts an upgrade breaks; it fails if there are any."""
    from ocitool.advice.request import Upgrade
    from ocitool.api.migrating import migrate_scripts
    from ocitool.cli.advise_options import one_platform
    from ocitool.cli.migrate_text import migration_lines

    upgrade = Upgrade.parse(*versions)
    platform = None if host is None else one_platform(host)
    report = migrate_scripts(scripts, upgrade, source, host=platform, source_options=opening, listener=listener)
    return AdviceReport(report.to_json(), migration_lines(report), report.breaks)
