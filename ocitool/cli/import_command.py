"""The command `import`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from ocitool.cli.arguments import takes
from ocitool.cli.import_options import ImportArguments
from ocitool.cli.options import Format, Source
from ocitool.cli.outcome import exit_codes, print_json, print_lines
from ocitool.cli.progress import showing_progress

if TYPE_CHECKING:
    from ocitool.api.import_plan import ImportOptions, ImportPlan
    from ocitool.api.import_report import ImportResult
    from ocitool.api.listener import Listener


@takes(ImportArguments)
def import_command(source: Source, shared: ImportArguments) -> None:
    """Import an archive with the command that works here, rewritten on the way where that is what helps.

    Every blob is verified on its way; the importer's own exit code is passed on. Afterwards it tells what is there.

    \b
    Examples:
      ocitool import image.tar
      ocitool import image.tar -p linux/arm64
      ocitool import image.tar.zst -n k8s.io
      ocitool import image.tar --dry-run --ctr-version 2.0.0
      ocitool import unnamed.tar --name registry.local/lab:1.0
      ocitool import image.tar --to docker
      ocitool import image.tar --to docker --dry-run --client-version 29.0 --docker-store classic
      ssh HOST ctr images export --local --all-platforms - REF | ocitool import - -p local
    """
    with exit_codes(shared.form):
        options = shared.options()
        with showing_progress(shared.progress, quiet=shared.quiet) as listener:
            result = _run(source, options, shared, listener)
        _report(result, shared)
        if not result.is_done and not shared.dry_run:
            raise typer.Exit(result.exit_code or 1)


def _run(source: str, options: ImportOptions, shared: ImportArguments, listener: Listener) -> ImportResult:
    """Import, or tell what would be done."""
    from ocitool.adapters.clients import make_client
    from ocitool.api.importing import import_archive, predict_import

    program, source_options = shared.program.value, shared.source_options()
    identity = shared.identity()
    if identity is None:
        client = make_client(program, options.client)
        if not shared.dry_run:
            return import_archive(
                source,
                options,
                client,
                program,
                redirected=shared.form is Format.JSON,
                source_options=source_options,
                listener=listener,
                on_plan=lambda plan: _announce(source, plan, shared, listener),
            )
        identity = client.identify()
    return predict_import(source, options, identity, program, source_options=source_options, listener=listener)


def _announce(source: str, plan: ImportPlan, shared: ImportArguments, listener: Listener) -> None:
    """Say what is about to be run, before the importer says anything itself."""
    from ocitool.api.places import place_name
    from ocitool.cli.import_text import plan_lines, warning_lines

    listener.finish()
    if shared.form is Format.TEXT:
        lines = warning_lines(plan) if shared.quiet else plan_lines(plan, place_name(source))
        print_lines(lines, stream=sys.stderr)


def _report(result: ImportResult, shared: ImportArguments) -> None:
    from ocitool.cli.import_text import forecast_lines, found_lines

    if shared.form is Format.JSON:
        print_json(result.to_json(), stream=sys.stdout)
    elif shared.dry_run:
        print_lines(forecast_lines(result, shared.store_line), stream=sys.stdout)
    else:
        print_lines(found_lines(result, quiet=shared.quiet), stream=sys.stderr)
