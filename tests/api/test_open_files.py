"""Every verb takes open files: the same results as of paths, nothing closed, nothing half done without a word."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import zstandard

from ocitool.adapters.clients import make_client
from ocitool.advice.request import Upgrade
from ocitool.api import (
    Advice,
    AdviseOptions,
    Compression,
    ImporterAdvice,
    ImportOptions,
    Reflink,
    SourceOptions,
    VerifyOptions,
    WriteOptions,
    advise_archive,
    explain_error,
    filter_archive,
    inspect_archive,
    merge_archives,
    migrate_scripts,
    split_archive,
    split_options,
    verify_archive,
)
from ocitool.api.import_client import ClientOptions
from ocitool.api.importing import import_archive
from ocitool.errors import (
    ArchiveError,
    IntegrityError,
    NotAnArchive,
    OcitoolError,
    OutputError,
    TruncatedArchive,
    UsageError,
)
from tests.builders import OCI_LAYERS_PLAIN, OCI_MANIFEST, Layout, as_json, multi_platform
from tests.file_objects import IN_ORDER, KINDS, SEEKABLE, Readable, buffered, memory, pipe, zip_member
from tests.laws.filtering import options_of
from tests.stand_in import StandIn

if TYPE_CHECKING:
    from collections.abc import Callable

ARM = options_of(["linux/arm64"])
DATA = multi_platform().pack()
END = len(DATA.rstrip(b"\0"))
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "image.tar"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def expected(archive: Path) -> bytes:
    filter_archive(archive, archive.with_name("expected.tar"), ARM)
    return archive.with_name("expected.tar").read_bytes()


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@each_kind
def test_filter(kind: Any, expected: bytes, tmp_path: Path) -> None:
    with kind(DATA, tmp_path) as source:
        output = io.BytesIO()
        result = filter_archive(source, output, ARM)
        assert output.getvalue() == expected
        assert result.output.path == "<BytesIO>"
        assert result.written
        assert not output.closed
        assert not getattr(source, "closed", False)


@each_kind
def test_split_names_parts_after_the_file(kind: Any, archive: Path, tmp_path: Path) -> None:
    split_archive(archive, tmp_path / "expected", ARM, split_options("in.tar"))
    with kind(DATA, tmp_path) as source:
        options = split_options(source)
        if not options.stem:
            with pytest.raises(UsageError, match=r"the source has no name for \{stem\}"):
                split_archive(source, tmp_path / "parts", ARM, options)
            assert not (tmp_path / "parts").exists()
            return
        assert options.stem.startswith("in") or "temporary" in kind.__name__
        split_archive(source, tmp_path / "parts", ARM, options)
    (part,) = files_in(tmp_path / "parts").values()
    assert [part] == list(files_in(tmp_path / "expected").values())


@each_kind
def test_merge_and_reports(kind: Any, archive: Path, tmp_path: Path) -> None:
    output, again = io.BytesIO(), io.BytesIO()
    merge_archives([archive], again, ARM)
    with kind(DATA, tmp_path) as source:
        merge_archives([source], output, ARM)
    assert output.getvalue() == again.getvalue()
    with kind(DATA, tmp_path) as source:
        assert [row.name for row in inspect_archive(source).images] == [
            row.name for row in inspect_archive(archive).images
        ]
    with kind(DATA, tmp_path) as source:
        report = verify_archive(source, VerifyOptions(deep=True))
    assert report.findings == verify_archive(archive, VerifyOptions(deep=True)).findings
    with kind(DATA, tmp_path) as source:
        advice = advise_archive(source, AdviseOptions())
    assert advice.source == "-"
    with archive.open("rb") as file:
        expected = advise_archive("-", source_options=SourceOptions(file.fileno()))
    # What k3s and the like take depends on the name of the file.
    assert of_ctr(advice) == of_ctr(expected)


def of_ctr(advice: Advice) -> list[ImporterAdvice]:
    return [importer for importer in advice.importers if importer.importer == "ctr"]


def test_explanations_and_scripts_take_one_too(archive: Path) -> None:
    text = "ctr: no match for platform in manifest"
    assert explain_error(text, io.BytesIO(DATA)) == explain_error(text, archive)
    script = archive.with_name("deploy.sh")
    script.write_text("ctr images import --local=true image.tar\n")
    upgrade = Upgrade.parse("1.7", "2.1")
    assert migrate_scripts([script], upgrade, io.BytesIO(DATA)) == migrate_scripts([script], upgrade, archive)


def test_a_position_is_where_the_archive_begins(expected: bytes) -> None:
    source, output = io.BytesIO(b"before" + DATA), io.BytesIO(b"kept")
    source.seek(6)
    output.seek(4)
    filter_archive(source, output, ARM)
    assert source.tell() == 6
    assert output.getvalue() == b"kept" + expected


def test_what_stands_at_its_end_is_said_to() -> None:
    source = io.BytesIO(DATA)
    source.seek(0, 2)
    with pytest.raises(NotAnArchive, match="<BytesIO>: stands at its end; seek to where the archive begins"):
        filter_archive(source, io.BytesIO(), ARM)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
@pytest.mark.parametrize("kind", [*SEEKABLE, *IN_ORDER], ids=lambda kind: kind.__name__)
def test_what_is_compressed_is_decompressed(
    kind: Any, pack: Callable[[bytes], bytes], expected: bytes, tmp_path: Path
) -> None:
    output = io.BytesIO()
    with kind(pack(DATA), tmp_path) as source:
        filter_archive(source, output, ARM)
    assert output.getvalue() == expected


def test_a_file_is_compressed_only_where_that_is_asked_for(expected: bytes, tmp_path: Path) -> None:
    with (tmp_path / "out.tar.gz").open("wb") as plain:
        filter_archive(io.BytesIO(DATA), plain, ARM)
        assert Path(plain.name).read_bytes() == expected
    packed = io.BytesIO()
    options = WriteOptions(compression=Compression.parse("gzip"))
    result = filter_archive(io.BytesIO(DATA), packed, ARM, write_options=options)
    assert gzip.decompress(packed.getvalue()) == expected
    assert result.size == len(packed.getvalue())
    with gzip.open(tmp_path / "other.tar.gz", "wb") as packer:
        filter_archive(io.BytesIO(DATA), packer, ARM)
    assert gzip.decompress((tmp_path / "other.tar.gz").read_bytes()) == expected


def test_output_of_another_program(expected: bytes) -> None:
    script = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as cat:
        assert cat.stdin is not None
        filter_archive(io.BytesIO(DATA), cat.stdin, ARM)
        assert cat.communicate()[0] == expected


def test_dry_run_touches_no_output(archive: Path) -> None:
    output = io.BytesIO()
    result = filter_archive(io.BytesIO(DATA), output, ARM, dry_run=True)
    assert (output.getvalue(), result.written, result.output.path) == (b"", False, "<BytesIO>")
    result.plan.to_json()
    result.to_json()


def test_digest_map_is_there_with_the_output_or_not_at_all(tmp_path: Path) -> None:
    class Full(io.BytesIO):
        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    options = WriteOptions(digest_map=tmp_path / "map.json")
    with pytest.raises(OutputError, match="No space left on device; what was written is incomplete"):
        filter_archive(io.BytesIO(DATA), Full(), ARM, write_options=options)
    assert not list(tmp_path.iterdir())
    filter_archive(io.BytesIO(DATA), io.BytesIO(), ARM, write_options=options)
    assert (tmp_path / "map.json").exists()


def test_damage_says_that_the_output_is_incomplete(tmp_path: Path) -> None:
    layout = Layout()
    manifest = layout.manifest(layers=())
    layer = layout.blob(bytes(3_000_000), OCI_LAYERS_PLAIN)
    document = layout.read(manifest) | {"layers": [layer]}
    layout.add(layout.blob(as_json(document), OCI_MANIFEST, platform=manifest["platform"]))
    layout.blobs[layer["digest"]] = bytes(2_999_999) + b"!"
    output = io.BytesIO()
    with pytest.raises(IntegrityError, match="; what was written is incomplete"):
        filter_archive(io.BytesIO(layout.pack()), output, options_of(["all"]))
    assert 0 < len(output.getvalue()) < 3_000_000


@pytest.mark.parametrize("length", [0, 1, 700, END // 2, END - 100])
@pytest.mark.parametrize("kind", [*SEEKABLE, *IN_ORDER], ids=lambda kind: kind.__name__)
def test_what_is_cut_short_is_never_taken_for_whole(kind: Any, length: int, tmp_path: Path) -> None:
    if length == 0 and kind.__name__ == "mapped":
        return  # there is no mapping of nothing
    output = io.BytesIO()
    with kind(DATA[:length], tmp_path) as source, pytest.raises((NotAnArchive, TruncatedArchive)):
        filter_archive(source, output, ARM)
    assert not output.getvalue()


@pytest.mark.parametrize("after", [0, 3, 7])
def test_reading_that_fails_on_the_way_is_an_error(after: int, tmp_path: Path) -> None:
    class Failing(Readable):
        left = after

        def read(self, size: int, /) -> bytes:
            if not self.left:
                raise ConnectionResetError(104, "Connection reset by peer")
            self.left -= 1
            return super().read(min(size, 2000))

    with pytest.raises(ArchiveError, match="<Failing>: cannot read: Connection reset by peer"):
        filter_archive(Failing(DATA), tmp_path / "out.tar", ARM)
    assert not list(tmp_path.iterdir())


def test_one_file_is_not_two_things(tmp_path: Path) -> None:
    file = io.BytesIO(DATA)
    with pytest.raises(UsageError, match="<BytesIO>: is the source and the output; write to another file"):
        filter_archive(file, file, ARM)
    with pytest.raises(UsageError, match="an open file can be read once"):
        merge_archives([file, tmp_path / "other.tar", file], io.BytesIO(), ARM)
    assert (file.getvalue(), file.tell()) == (DATA, 0)


def test_merging_names_the_file_that_is_wrong() -> None:
    with pytest.raises(OcitoolError, match=r"^<BytesIO>"):
        merge_archives([io.BytesIO(DATA), io.BytesIO(b"nothing" * 1000)], io.BytesIO(), ARM)


@pytest.mark.parametrize("place", [7, b"image.tar", None, object()], ids=["int", "bytes", "None", "object"])
def test_what_is_no_place_is_a_type_error(place: Any, archive: Path) -> None:
    message = f"a path, a URL or an open binary file is needed, not {type(place).__name__}"
    with pytest.raises(TypeError, match=message):
        inspect_archive(place)
    with pytest.raises(TypeError, match=message):
        filter_archive(archive, place, ARM)


def test_sources_of_a_merge_are_several() -> None:
    with pytest.raises(TypeError, match="several"):
        merge_archives("image.tar", io.BytesIO(), ARM)


def test_a_file_shares_no_blocks() -> None:
    options = options_of(["linux/arm64"], reflink=Reflink.ALWAYS)
    with pytest.raises(UsageError, match="<BytesIO>: what is no file shares no blocks"):
        filter_archive(io.BytesIO(DATA), io.BytesIO(), options)


def test_a_path_that_is_a_dash_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: bytes) -> None:
    monkeypatch.chdir(tmp_path)
    Path("./-").write_bytes(DATA)
    filter_archive(Path("-"), Path("out.tar"), ARM)
    filter_archive(Path("out.tar"), Path("-"), ARM)
    assert Path("./-").read_bytes() == Path("out.tar").read_bytes() == expected


@pytest.mark.parametrize("platforms", [(), ("linux/arm64",)], ids=["as-it-is", "filtered"])
@pytest.mark.parametrize("kind", [buffered, memory, zip_member, pipe], ids=lambda kind: kind.__name__)
def test_import(kind: Any, platforms: tuple[str, ...], archive: Path, tmp_path: Path) -> None:
    fed = []
    for number in range(2):
        stand_in = StandIn(tmp_path / f"ctr{number}")
        client = make_client("ctr", ClientOptions(str(stand_in.path)))
        if number:
            import_archive(archive, ImportOptions(platforms), client)
        else:
            with kind(DATA, tmp_path) as source:
                result = import_archive(source, ImportOptions(platforms), client)
            assert result.source == "-"
        fed.append(stand_in.fed)
    assert fed[0] == fed[1]
    assert fed[0]
