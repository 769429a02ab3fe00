"""The verb `import`: an archive into an importer that is here, through a pipe, rewritten on the way if need be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from ocitool.advice.facts import ArchiveFacts
from ocitool.advice.importers import find_importer
from ocitool.advice.target import Target
from ocitool.api.advising import command_name, open_facts, typed_name
from ocitool.api.import_plan import ImportOptions, ImportPlan, plan_import
from ocitool.api.import_report import FoundImage, ImportResult, find_images
from ocitool.api.listener import Listener, Silence
from ocitool.api.opening import OpenedArchive, SourceOptions
from ocitool.api.places import Source, is_folder
from ocitool.api.recompressing import recompressed_layers
from ocitool.engine.execute import InOrder, execute_in_order
from ocitool.errors import ImporterError, IntegrityError, Interrupted, OcitoolError, OutputClosed
from ocitool.plan.filter import plan_filter, plan_layers
from ocitool.plan.preview import preview
from ocitool.plan.verbatim import TRUSTED, plan_verbatim

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ocitool.api.advising import OpenedFacts
    from ocitool.api.import_client import Client, Identity
    from ocitool.archive.source import ByteSource
    from ocitool.plan.filter_command import Rewrite

DOCKER: Final = "docker"
DOCKER_CONTAINERD: Final = "docker-containerd"


@dataclass(frozen=True, slots=True)
class _Fed:
    """How an import ended, and what it was fed."""

    exit_code: int
    facts: ArchiveFacts


def import_archive(
    source: Source,
    options: ImportOptions,
    client: Client,
    program: str = "ctr",
    *,
    redirected: bool = False,
    source_options: SourceOptions | None = None,
    listener: Listener | None = None,
    on_plan: Callable[[ImportPlan], None] = lambda _plan: None,
) -> ImportResult:
    """Import an archive with `client`, the one of `program`, and look at what is there afterwards.

    Clients are made by `ocitool.adapters.clients.make_client`. What is no file is spooled, since all of it is known
    before anything is fed.
    `on_plan` hears of the plan before anything is run. With `redirected` what the importer prints goes to standard
    error. The importer's exit code is in the result, whatever it is. Raises what `plan_import` raises;
    `ImporterError` if the client cannot be run or its daemon does not answer; `IntegrityError` for a blob that is not
    what its digest says, which the importer gets visibly cut, as it does after every other error of ours.
    """
    source_options, listener = source_options or SourceOptions(), listener or Silence()
    target = target_of(program, client.identify())
    with open_facts(source, source_options, listener) as opened:
        plan = _plan(opened, options, target, source)
        on_plan(plan)
        fed = _feed(opened, plan, client, source_options, listener, redirected=redirected)
    images: tuple[FoundImage, ...] = ()
    try:
        images = find_images(plan, fed.facts, client.look, datetime.now().astimezone().date())
    except ImporterError:
        if fed.exit_code == 0:
            raise  # after a failure the importer has said already what is wrong
    return ImportResult(typed_name(command_name(source)), plan, fed.exit_code, images)


def predict_import(
    source: Source,
    options: ImportOptions,
    identity: Identity,
    program: str = "ctr",
    *,
    source_options: SourceOptions | None = None,
    listener: Listener | None = None,
) -> ImportResult:
    """Tell what `import_archive` would do with a client that is `identity`; raises what planning raises."""
    with open_facts(source, source_options, listener) as opened:
        plan = _plan(opened, options, target_of(program, identity), source)
        return ImportResult(typed_name(command_name(source)), plan, None)


def target_of(program: str, identity: Identity) -> Target:
    """Return what advice calls a client that says of itself what `identity` holds."""
    importer = DOCKER_CONTAINERD if program == DOCKER and identity.is_containerd_store else program
    return Target(importer, identity.version, identity.host, identity.daemon)


def _plan(opened: OpenedFacts, options: ImportOptions, target: Target, source: Source) -> ImportPlan:
    importer = find_importer(target.importer)
    return plan_import(opened, options, importer, target, is_folder=is_folder(source))


def _feed(
    opened: OpenedFacts,
    plan: ImportPlan,
    client: Client,
    source_options: SourceOptions,
    listener: Listener,
    *,
    redirected: bool,
) -> _Fed:
    """Run the command on what the plan says; layers are compressed anew before the importer is started."""
    words = (client.path, *plan.words[1:])
    if plan.rewrite is None:
        verbatim = plan_verbatim(plan.facts.graph, opened.source.size)
        sources = (opened.source, opened.source)
        code = _run(verbatim, sources, (TRUSTED,), client, words, listener, redirected=redirected)
        return _Fed(code, plan.facts)
    return _feed_rewritten(opened, plan.rewrite, words, client, source_options, listener, redirected=redirected)


def _feed_rewritten(
    opened: OpenedFacts,
    rewrite: Rewrite,
    words: Sequence[str],
    client: Client,
    source_options: SourceOptions,
    listener: Listener,
    *,
    redirected: bool,
) -> _Fed:
    options, graph = rewrite.options(), opened.facts.graph
    archive, needed = OpenedArchive((opened.source,), graph), plan_layers(graph, options)
    with recompressed_layers(archive, needed, options.layers, source_options, listener) as layers:
        (output,) = plan_filter(graph, options, layers.done, layers.references).outputs
        sources = (opened.source, *layers.spools)
        fed = ArchiveFacts(preview(output, sources))
        return _Fed(_run(output, sources, (), client, words, listener, redirected=redirected), fed)


def _run(
    output: InOrder,
    sources: Sequence[ByteSource],
    trusted: Sequence[int],
    client: Client,
    words: Sequence[str],
    listener: Listener,
    *,
    redirected: bool,
) -> int:
    """Start the importer, feed it and return its exit code."""
    listener.start("importing", output.size)
    with client.start(words, redirected=redirected) as importing:
        try:
            execute_in_order(output, sources, importing.sink, trusted=trusted, on_bytes=listener.advance)
        except OutputClosed:
            pass  # it has ended, or read all that it wants: it says itself which
        except Interrupted:
            raise  # the importer is stopped then
        except IntegrityError:
            # The last part of the blob was held back.
            importing.cut(inside=True)
            raise
        except OcitoolError:
            importing.cut(inside=False)
            raise
        finally:
            listener.finish()
        return importing.finish()
