"""What writing commands print of their plan: rows kept and dropped, new digests, notes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, Protocol

from ocitool.cli.options import Format
from ocitool.cli.outcome import print_error, print_json, print_lines
from ocitool.cli.text import align, format_count, format_size, percent_less, printable
from ocitool.errors import OutputError
from ocitool.plan.note import Level
from ocitool.plan.options import Reflink
from ocitool.plan.steps import ALIGNED_FROM

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ocitool.api.writing import Written
    from ocitool.cli.streams import ReportStreams
    from ocitool.model.delta import ListedBlob
    from ocitool.model.digest import Digest
    from ocitool.model.json_text import JsonObject
    from ocitool.plan.steps import OutputPlan, Plan, PlannedManifest

NOTE_LIMIT: Final = 20
"""Notes printed without `-v`; bundles of hundreds of images may earn hundreds."""


class ReportArguments(Protocol):
    """What a writing command was asked of its report."""

    @property
    def form(self) -> Format:
        """Text or JSON."""

    @property
    def quiet(self) -> bool:
        """Whether only errors and warnings are printed."""

    @property
    def verbose(self) -> bool:
        """Whether all of it is printed."""


def print_report(
    plan: Plan,
    lines: Callable[[], Sequence[str]],
    document: Callable[[], JsonObject],
    streams: ReportStreams,
    shared: ReportArguments,
    *,
    written: bool,
) -> None:
    """Print the report of a writing command: `lines` and the notes of its plan, or `document`.

    What cannot be printed of outputs that are written, whole and named is told, and is no failure.
    """
    try:
        if shared.form is Format.JSON:
            print_json(document(), stream=streams.report)
            return
        if not shared.quiet:
            print_lines(lines(), stream=streams.report)
        print_lines(_note_lines(plan, quiet=shared.quiet, verbose=shared.verbose), stream=streams.notes)
    except OutputError as error:
        if not written:
            raise
        # The outputs are whole and have their names: that is what the exit code speaks of.
        print_error(error, shared.form)


def manifest_lines(plan: Plan) -> list[str]:
    """Return a line for each manifest: kept or dropped, and why."""
    kept = [_manifest_cells("keep", manifest) for manifest in plan.kept]
    return align([*kept, *_dropped_rows(plan)], right=frozenset({3}))


def dropped_lines(plan: Plan) -> list[str]:
    """Return a line for each manifest that goes into no output, and why."""
    return align(_dropped_rows(plan), right=frozenset({3}))


def _dropped_rows(plan: Plan) -> list[tuple[str, ...]]:
    return [_manifest_cells("drop", manifest) for manifest in plan.dropped]


def _manifest_cells(what: str, manifest: PlannedManifest) -> tuple[str, ...]:
    name = manifest.platform or manifest.kind
    return what, name, manifest.image, format_size(manifest.size), manifest.reason


def outlook_lines(plan: Plan, outputs: Sequence[Written]) -> list[str]:
    """Answer what a plan would ship and what it would save, compressed or not as it is without that."""
    size = sum(output.size for output in outputs)
    packed = " before compression" if any(output.is_compressed for output in outputs) else ""
    before, kept = plan.source_size, [manifest for manifest in plan.kept if manifest.platform]
    platforms = len({(manifest.image, manifest.digest) for manifest in kept})
    dropped = len({(manifest.image, manifest.digest) for manifest in plan.dropped if manifest.platform})
    others = len({(manifest.image, manifest.digest) for manifest in plan.kept}) - platforms
    also = f" and {format_count(others, 'attestation or artifact')}" if others else ""
    ship = f"ship {format_count(platforms, 'platform image')}{also}, {format_size(size)}{packed}"
    save = f"{format_size(max(before - size, 0))} ({percent_less(before, size)} %)"
    left = f", leaving out {format_count(dropped, 'platform image')}" if dropped else ""
    return [f"{ship}; save {save}{left}; read {format_size(plan.read)} of {format_size(before)}"]


def shared_lines(plan: Plan, outputs: Sequence[Written], reflink: Reflink) -> list[str]:
    """Return a line on what takes no room of its own, if anything does not, or on why nothing can that was to."""
    shared = sum(output.shared for output in outputs)
    if not shared:
        contents = (output.is_aligned(member.content) for output in plan.outputs for member in output.members)
        if reflink is Reflink.ALWAYS and not any(contents):
            return [f"shares no blocks: no blob has {format_size(ALIGNED_FROM)}, from which on they are shared"]
        return []
    sources = [printable(source.name) for source in plan.sources if not source.is_spool]
    other = sources[0] if len(sources) == 1 else "its sources"
    return [f"shares {format_size(shared)} of its blocks with {other}"]


def digest_lines(output: OutputPlan, *, verbose: bool) -> list[str]:
    """Return a line for each digest that is another one now."""
    lines: list[str] = []
    counts = Counter(output.digest_map.values())
    for image in output.images:
        if image.digest != image.original:
            name = printable(image.name or "(unnamed)")
            old, new = (shown_digest(digest, verbose=verbose) for digest in (image.original, image.digest))
            count = counts[image.digest]
            was = {0: "", 1: f"{old} is "}.get(count, f"{count} digests are ")
            lines.append(f"{name}: {was}now {new} ({image.form})")
    if verbose:
        roots = {image.original for image in output.images}
        lines += [f"{old} is now {new}" for old, new in output.digest_map.items() if old not in roots]
    return lines


def shown_digest(digest: Digest, *, verbose: bool) -> str:
    """Return a digest for people: short unless they asked for more."""
    return str(digest) if verbose else f"{digest.algorithm}:{digest.short}"


def blob_words(blobs: Sequence[ListedBlob]) -> str:
    """Return how many blobs these are, and their bytes."""
    return f"{format_count(len(blobs), 'blob')} ({format_size(sum(blob.size for blob in blobs))})"


def _note_lines(plan: Plan, *, quiet: bool, verbose: bool) -> list[str]:
    notes = [
        f"{note.level.value}: {printable(note.message)}"
        for note in plan.notes
        if not quiet or note.level is Level.WARNING
    ]
    if len(notes) > NOTE_LIMIT and not verbose:
        notes[NOTE_LIMIT:] = [f"note: and {len(notes) - NOTE_LIMIT} more; -v prints all of them"]
    return notes
