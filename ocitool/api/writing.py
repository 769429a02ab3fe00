"""The outputs of a writing verb: opened early, written from a plan, named together at the end."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias, cast

from ocitool.api.places import Output, local_path, place_name, remote_store, typed
from ocitool.api.reflinking import replaced_files, require_sharing, share_or_require_space, shared_size
from ocitool.api.sharing import shared_once
from ocitool.archive.codec.compress import THREAD_LIMIT, CompressingSink, Compression
from ocitool.archive.file_object_sink import FileObjectSink
from ocitool.archive.new_file import Appender, NewFile
from ocitool.archive.new_folder import FOLDER_DESCRIPTORS, NewFolder, names_folder
from ocitool.archive.open_files import allow_open_files
from ocitool.archive.sink import StreamSink, open_sink, publish_all
from ocitool.archive.spool import default_spool_directory
from ocitool.engine.execute import Target, digest_files, execute
from ocitool.engine.workers import processor_count
from ocitool.errors import OcitoolError, OutputError, UsageError
from ocitool.model.json_text import JsonObject, dump_json
from ocitool.model.url import object_of_url, url_file_name, url_scheme
from ocitool.plan.options import Reflink
from ocitool.plan.steps import Copy, OutputPlan, Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from ocitool.api.listener import Listener
    from ocitool.archive.arrivals import Arrivals
    from ocitool.archive.file_objects import WritableFile
    from ocitool.archive.remote import Upload
    from ocitool.archive.source import ByteSource
    from ocitool.engine.rate import Rate
    from ocitool.model.digest import Digest

Sink: TypeAlias = "NewFile | NewFolder | StreamSink | FileObjectSink | Upload"


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How outputs are written, whatever is in them.

    `verify` holds every blob to its digest. Without `clobber` an existing file is not replaced; with `force` an image
    layout folder is. `compression` None is what the suffix of each output promises. `digest_map` is a file for old
    and new digests as JSON. `standard_output` is the descriptor behind ``-``. `before_naming` is called when all
    bytes are on the disk and only the names are left to give: what interrupts before it leaves nothing behind, and
    nothing should after it. `rate` bounds the bytes that are read for it in a second.
    """

    verify: bool = True
    clobber: bool = True
    force: bool = False
    compression: Compression | None = None
    digest_map: Path | None = None
    standard_output: int = 1
    before_naming: Callable[[], None] = lambda: None
    rate: Rate | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """One output as it is, or would be; `size` in bytes, compressed or not, `sha256` of the file if asked for.

    `shared` are the bytes of it whose blocks belong to a source too, which take no room of their own.
    """

    path: str
    size: int
    is_compressed: bool = False
    sha256: Digest | None = None
    shared: int = 0


class Outputs:
    """The outputs of one command; whatever ends it before `write` has returned leaves none of them behind."""

    def __init__(self, options: WriteOptions, reflink: Reflink = Reflink.NEVER) -> None:
        self._options = options
        self._reflink = reflink
        self._stack = ExitStack()
        self._sinks: list[Sink] = []
        self._outputs: list[Output] = []
        self._compressions: list[Compression] = []
        self._places: dict[str, str] = {}
        self._map: NewFile | StreamSink | None = None

    def __enter__(self) -> Self:
        """Open nothing yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of all that was opened; bytes without a name are gone."""
        if isinstance(error, OcitoolError):
            for sink in self._sinks:
                if isinstance(sink, FileObjectSink):
                    sink.add_to(error)
        self._stack.close()

    def open(self, *outputs: Output) -> None:
        """Open the places of outputs.

        Raises `UsageError` for a name that promises what is not written, or where nothing can be shared that must be,
        `OutputError` if there is no way to write, to so many at once, or if two of them are one.
        """
        compressions = [choose_compression(output, self._options.compression) for output in outputs]
        for output, compression in zip(outputs, compressions, strict=True):
            require_sharing(self._reflink, output, compression)
        folders = sum(map(becomes_folder, outputs))
        files = len(outputs) - folders
        # A blob that all folders share is a file in each of them, and every thread may be at one; at the end what is
        # replaced is held too.
        passing = folders * processor_count() + len(outputs)
        allow_open_files(folders * FOLDER_DESCRIPTORS + files, passing=passing)
        self._sinks.extend(map(self._open, outputs))
        self._outputs.extend(outputs)
        self._compressions.extend(compressions)

    def open_digest_map(self) -> None:
        """Open the file for the digest map, if one is to be written; raises `OutputError` if that cannot be."""
        path = self._options.digest_map
        if path is not None:
            if local_path(os.fspath(path)) is None:
                raise UsageError(
                    "the digest map is written to a file of this machine",
                    where=place_name(os.fspath(path)),
                    remedy="name a local one; the result has the map too",
                )
            self._map = open_sink(path, clobber=self._options.clobber)
            self._stack.callback(self._map.close)
            self._occupy(path, self._map)

    def write(
        self,
        plan: Plan,
        digest_map: JsonObject,
        sources: Sequence[ByteSource],
        listener: Listener,
        *,
        phase: str,
        checksums: bool = False,
        arrivals: Arrivals | None = None,
    ) -> tuple[Written, ...]:
        """Write all outputs of `plan` into the places opened, in their order, and give them their names.

        With `arrivals` the source arrives meanwhile, and outputs that are written in order are one at most. Sources
        are closed. With `checksums` each file's own sha256 is computed. Raises what `execute` raises.
        """
        _announce(plan, sources)
        listener.start(phase, plan.read)
        results = self._write(plan, sources, listener.advance, arrivals)
        if self._map is not None:
            _write_small(self._map, digest_map_bytes(digest_map))
        # A spool's pages need not reach the disk any more: what is saved next has it to itself.
        for used in sources:
            used.close()
        if checksums:
            results = self._with_checksums(results, listener)
        # The disk may take longer than the copying did.
        listener.start("saving", None)
        sinks = [sink for sink in (*self._sinks, self._map) if sink is not None]
        for sink in sinks:
            if isinstance(sink, FileObjectSink):
                sink.flush()
        named = [sink for sink in sinks if not isinstance(sink, StreamSink | FileObjectSink)]
        # What took the place of a remote object may not be taken back, so that nothing may fail after it.
        named.sort(key=lambda sink: not isinstance(sink, NewFile | NewFolder))
        for new in named:
            new.stage()
        self._options.before_naming()
        publish_all(named)
        for sink in sinks:
            sink.close()
        listener.finish()
        return results

    def _open(self, output: Output) -> Sink:
        options = self._options
        path = typed(output)
        if path is None:
            return FileObjectSink(cast("WritableFile", output))
        if scheme := url_scheme(path):
            upload = remote_store(scheme).open_output(path, clobber=options.clobber)
            self._stack.callback(upload.close)
            self._occupy(path, upload)
            return upload
        if not names_folder(path):
            sink = open_sink(path, standard_output=options.standard_output, clobber=options.clobber)
            self._stack.callback(sink.close)
            self._occupy(path, sink)
            return sink
        folder = NewFolder(Path(path), force=options.force)
        self._stack.callback(folder.close)
        self._occupy(path, folder)
        folder.begin()
        return folder

    def _occupy(self, path: str | os.PathLike[str], sink: Sink) -> None:
        """Note what is to get a name; raises `OutputError` if that leads, by links, to where another output goes."""
        if isinstance(sink, StreamSink):
            return
        typed_path, name = os.fspath(path), place_name(path)
        place = object_of_url(typed_path) if url_scheme(typed_path) else os.path.realpath(path)
        if place in self._places:
            raise OutputError(
                f"is the same place as {self._places[place]}", where=name, remedy="remove the link, or name another"
            )
        self._places[place] = name

    def _write(
        self,
        plan: Plan,
        sources: Sequence[ByteSource],
        on_bytes: Callable[[int], None],
        arrivals: Arrivals | None,
    ) -> tuple[Written, ...]:
        """Write the plain outputs together, so that each range is read once, then the compressed ones."""
        verify = self._options.verify
        plain: list[Target] = []
        packed: list[int] = []
        results: dict[int, Written] = {}
        for number, (output, sink, place, compression) in enumerate(
            zip(plan.outputs, self._sinks, self._outputs, self._compressions, strict=True)
        ):
            if compression.is_needed:
                packed.append(number)
                continue
            if not isinstance(sink, NewFile | NewFolder | StreamSink | FileObjectSink):
                sink.begin(output.size)
            plain.append((output, sink))
            size = output.content_size if isinstance(sink, NewFolder) else output.size
            results[number] = Written(place_name(place), size)
        share_or_require_space(plain, sources, self._reflink)
        replaced = replaced_files(self._sinks)
        for number, result in results.items():
            if isinstance(sink := self._sinks[number], NewFile):
                shared = shared_size(plan.outputs[number], sink, sources, replaced)
                results[number] = replace(result, shared=shared)
        if plain:
            execute(plain, sources, verify=verify, on_bytes=on_bytes, arrivals=arrivals, rate=self._options.rate)
        if packed:
            outputs = [plan.outputs[number] for number in packed]
            sizes = self._write_compressed(outputs, packed, sources, on_bytes, arrivals)
            for number, size in zip(packed, sizes, strict=True):
                results[number] = Written(place_name(self._outputs[number]), size, is_compressed=True)
        return tuple(results[number] for number in range(len(plan.outputs)))

    def _write_compressed(
        self,
        outputs: Sequence[OutputPlan],
        numbers: Sequence[int],
        sources: Sequence[ByteSource],
        on_bytes: Callable[[int], None],
        arrivals: Arrivals | None,
    ) -> list[int]:
        """Write outputs into the sinks of those numbers, one after the other; return their sizes in bytes."""
        verify, sizes = self._options.verify, []
        # One alone shares with no other, so that it may be anywhere.
        folder = folder_beside(self._outputs[numbers[0]]) or default_spool_directory()
        rate = self._options.rate
        with shared_once(outputs, sources, folder, verify=verify, on_bytes=on_bytes, rate=rate) as shared:
            for number, output in zip(numbers, shared.outputs, strict=True):
                sink = self._sinks[number]
                if isinstance(sink, NewFolder):
                    raise TypeError("a folder is not compressed")
                if not isinstance(sink, NewFile | StreamSink | FileObjectSink):
                    sink.begin(None)
                target = Appender(sink) if isinstance(sink, NewFile) else sink
                threads = min(processor_count(), THREAD_LIMIT)
                compressing = CompressingSink(target, self._compressions[number], output.size, threads=threads)
                execute(
                    [(output, compressing)],
                    shared.sources,
                    verify=verify,
                    trusted=shared.trusted,
                    on_bytes=on_bytes,
                    arrivals=arrivals,
                    rate=rate,
                )
                compressing.finish()
                sizes.append(target.written)
        return sizes

    def _with_checksums(self, results: Sequence[Written], listener: Listener) -> tuple[Written, ...]:
        files = {number: sink for number, sink in enumerate(self._sinks) if isinstance(sink, NewFile)}
        sizes = [results[number].size for number in files]
        listener.start("hashing", sum(sizes))
        written = list(zip(files.values(), sizes, strict=True))
        digests = digest_files(written, on_bytes=listener.advance, rate=self._options.rate)
        found = dict(zip(files, digests, strict=True))
        return tuple(replace(result, sha256=found.get(number)) for number, result in enumerate(results))


def digest_map_bytes(digest_map: JsonObject) -> bytes:
    """Return what the file for a digest map holds."""
    return dump_json(digest_map) + b"\n"


def choose_compression(output: Output, wanted: Compression | None) -> Compression:
    """Return what an output is compressed with; raises `UsageError` for one that cannot be."""
    path = typed(output)
    if path is None:
        return wanted or Compression()
    if not path:
        raise UsageError(
            "the name of the output is empty", remedy="name a file, a folder with a slash at its end, or -"
        )
    if not becomes_folder(output):
        return wanted or Compression.for_name(url_file_name(path) if url_scheme(path) else path)
    if url_scheme(path):
        raise UsageError(
            "an image layout folder is written on this machine only",
            where=place_name(output),
            remedy="name an object, or a local folder",
        )
    if wanted is not None:
        raise UsageError(
            "a folder is not compressed",
            where=path,
            remedy="leave out --compress, or the slash for a file",
        )
    return Compression()


def becomes_folder(output: Output) -> bool:
    """Tell whether an output is to be an OCI layout folder."""
    path = typed(output)
    return path is not None and names_folder(path)


def towards(plan: Plan, outputs: Sequence[Output]) -> Plan:
    """Return a plan that knows which of its outputs are going to be folders."""
    planned = (
        replace(planned, is_folder=becomes_folder(output))
        for planned, output in zip(plan.outputs, outputs, strict=True)
    )
    return replace(plan, outputs=tuple(planned))


def folder_beside(output: Output) -> Path | None:
    """Return the folder of an output file, where there is room for what is made of the spool anyway."""
    path = local_path(output)
    if path is None:
        return None
    if names_folder(path):
        parent = Path(os.path.realpath(path)).parent
        return parent if parent.is_dir() else None
    try:
        if not Path(path).is_file():
            parent = Path(path).parent
            return None if Path(path).exists() or not parent.is_dir() else parent
    except OSError:
        return None
    return Path(os.path.realpath(path)).parent


def _announce(plan: Plan, sources: Sequence[ByteSource]) -> None:
    """Tell each source what will be copied from it, which is all that is read of it after this."""
    wanted: list[dict[tuple[int, int], None]] = [{} for _ in sources]
    for output in plan.outputs:
        for member in output.members:
            if isinstance(copy := member.content, Copy):
                wanted[copy.source][copy.offset, copy.size] = None
    for source, ranges in zip(sources, wanted, strict=True):
        source.will_read(ranges)


def _write_small(sink: NewFile | StreamSink, data: bytes) -> None:
    if isinstance(sink, NewFile):
        sink.write_at(0, data)
    else:
        sink.write(data)
