"""Kinds of places told apart, and URLs wherever a place is meant."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ocitool.adapters.clients import make_client
from ocitool.api import (
    ClientOptions,
    ImportOptions,
    Reflink,
    Source,
    WriteOptions,
    advise_archive,
    explain_error,
    filter_archive,
    import_archive,
    inspect_archive,
    merge_archives,
    split_archive,
    split_options,
    verify_archive,
)
from ocitool.api.places import is_folder, local_path, place_name, place_stem, typed
from ocitool.api.writing import becomes_folder, choose_compression, folder_beside
from ocitool.errors import ArchiveError, OutputError, UsageError
from tests.builders import multi_platform
from tests.laws.filtering import filtered, options_of
from tests.remote_stand_in import StandInStore
from tests.stand_in import StandIn

if TYPE_CHECKING:
    from collections.abc import Callable

ARM = options_of(["linux/arm64"])
DATA = multi_platform().pack()
URL = "s3://bucket/in.tar"
EXPECTED = filtered(DATA, ["linux/arm64"])


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> StandInStore:
    return StandInStore({URL: DATA, f"{URL}.stream": DATA}).serve(monkeypatch)


class Named(io.BytesIO):
    def __init__(self, name: object) -> None:
        super().__init__()
        self.name = name


class OpenPath(io.BytesIO):
    """An open file that knows its path, as fsspec's local ones do."""

    def __fspath__(self) -> str:
        return "/there/x.tar"


class OldPath(os.PathLike[str]):
    """A path that can read what is there, and is no open file for that."""

    def __fspath__(self) -> str:
        return "there/x.tar"

    def read(self, mode: str = "r") -> str:
        return mode


@pytest.mark.parametrize(
    ("place", "name", "local", "stem"),
    [
        ("a/x.tar.gz", "a/x.tar.gz", "a/x.tar.gz", "x"),
        (Path("a/x.tar"), "a/x.tar", "a/x.tar", "x"),
        (OldPath(), "there/x.tar", "there/x.tar", "x"),
        ("-", "-", None, ""),
        (Path("-"), "./-", "./-", ""),
        ("./a://b", "./a://b", "./a://b", "b"),
        ("s3://b/x.tar?versionId=1", "s3://b/x.tar?versionId=1", None, "x"),
        ("https://me:key@h/a%00b%2Fc d.tar.zst?sig=key", "https://h/a%00b%2Fc d.tar.zst?sig=...", None, "c-d"),
        ("https://h/%2e%2e", "https://h/%2e%2e", None, ""),
        ("s3://bucket", "s3://bucket", None, ""),
        (io.BytesIO(), "<BytesIO>", None, ""),
        (OpenPath(), "<OpenPath>", None, ""),
        (Named("/tmp/x.tar.zst"), "/tmp/x.tar.zst", None, "x"),
        (Named("https://me:key@h/x.tar?sig=key"), "https://h/x.tar?sig=...", None, "x"),
        (Named(7), "<Named>", None, ""),
        (Named(""), "<Named>", None, ""),
        (Named("<stdin>"), "<stdin>", None, ""),
        (Named("../\0evil/-x y.tar"), "../\0evil/-x y.tar", None, "x-y"),
    ],
)
def test_names(place: Any, name: str, local: str | None, stem: str) -> None:
    assert (place_name(place), local_path(place), place_stem(place)) == (name, local, stem)


def test_a_property_that_raises_is_no_name() -> None:
    class Shy(io.BytesIO):
        @property
        def name(self) -> str:
            raise RuntimeError

    assert place_name(Shy()) == "<Shy>"


@pytest.mark.parametrize("place", [URL, "-", io.BytesIO()], ids=["url", "-", "file"])
def test_what_is_not_here_has_no_folder(place: Any) -> None:
    assert folder_beside(place) is None
    assert not is_folder(place)
    assert not becomes_folder(place)


def test_paths_of_other_kinds_are_type_errors() -> None:
    class BytesPath(os.PathLike[bytes]):
        def __fspath__(self) -> bytes:
            return b"x"

    with pytest.raises(TypeError, match="not BytesPath"):
        typed(BytesPath())  # type: ignore[arg-type]


@pytest.mark.parametrize("source", [URL, f"{URL}.stream"])
def test_every_verb_reads_a_url(source: str, store: StandInStore, tmp_path: Path) -> None:
    path = tmp_path / "in.tar"
    path.write_bytes(DATA)
    filter_archive(source, tmp_path / "out.tar", ARM)
    assert (tmp_path / "out.tar").read_bytes() == EXPECTED
    result = split_archive(source, tmp_path / "parts", ARM, split_options(URL))
    assert [output.path for output in result.outputs] == [str(tmp_path / "parts" / "in-linux-arm64.tar")]
    merge_archives([source, path], tmp_path / "merged.tar", ARM)
    assert inspect_archive(source).source == source
    assert verify_archive(source).findings == verify_archive(path).findings
    assert explain_error("no match for platform", source) == explain_error("no match for platform", path)


def test_a_url_is_written_whole_or_not_at_all(store: StandInStore, tmp_path: Path) -> None:
    target = "s3://bucket/out.tar"
    result = filter_archive(io.BytesIO(DATA), target, ARM)
    assert store.objects[target] == EXPECTED
    assert (result.output.path, store.begun) == (target, [len(EXPECTED)])
    packed = "s3://bucket/out.tar.gz?partNumber=secret"
    result = filter_archive(URL, packed, ARM)
    assert result.output.is_compressed
    assert result.output.path == "s3://bucket/out.tar.gz?partNumber=..."
    assert store.objects[packed][:2] == b"\x1f\x8b"
    with pytest.raises(OutputError, match="exists already"):
        filter_archive(URL, target, ARM, write_options=WriteOptions(clobber=False))
    before = dict(store.objects)
    with pytest.raises(ArchiveError):
        filter_archive(io.BytesIO(DATA[:9000]), "s3://bucket/new.tar", ARM)
    assert store.objects == before


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (
            lambda _: filter_archive(URL, "s3://me:key@bucket/folder/", ARM),
            (
                "s3://bucket/folder/: an image layout folder is written on this machine only; name an object, "
                "or a local folder"
            ),
        ),
        (
            lambda _: filter_archive(URL, "s3://b/x.tar.xz?key=1", ARM),
            "x.tar.xz: that compression is not written; write .tar, .tar.gz or .tar.zst",
        ),
        (
            lambda _: split_archive(URL, "s3://me:key@b/parts", ARM, split_options(URL)),
            (
                "s3://b/parts: the parts of a split go into a folder of this machine; name a local one, or write "
                "one archive at a time with filter -o"
            ),
        ),
        (
            lambda folder: filter_archive(
                URL,
                folder / "x",
                ARM,
                write_options=WriteOptions(digest_map="https://b/map?key"),  # type: ignore[arg-type]
            ),
            (
                "https://b/map?...: the digest map is written to a file of this machine; name a local one; the "
                "result has the map too"
            ),
        ),
        (
            lambda _: filter_archive(URL, "s3://b/x", options_of(["all"], reflink=Reflink.ALWAYS)),
            (
                "s3://b/x: what is no file shares no blocks with its source; name a file with -o, or take "
                "--reflink auto, which has the same bytes"
            ),
        ),
    ],
    ids=["folder", "suffix", "parts", "digest-map", "reflink"],
)
def test_where_a_url_cannot_be(
    run: Callable[[Path], object], message: str, store: StandInStore, tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as raised:
        run(tmp_path)
    assert str(raised.value) == message
    assert not list(tmp_path.iterdir())


def test_an_error_in_one_of_several_shows_no_secret(store: StandInStore) -> None:
    store.objects["https://me:secret@h/x.tar?secret"] = b"nothing" * 1000
    with pytest.raises(ArchiveError) as raised:
        merge_archives([URL, "https://me:secret@h/x.tar?secret"], io.BytesIO(), ARM)
    assert str(raised.value).startswith("https://h/x.tar?...: ")
    assert "secret" not in str(raised.value)


def test_the_query_of_a_url_is_no_suffix() -> None:
    assert choose_compression("https://h/x.tar.gz?y", None).is_needed
    assert not choose_compression("https://h/x.tar?y.gz", None).is_needed


def test_a_scheme_that_nothing_serves_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    StandInStore().serve(monkeypatch, "s3")
    with pytest.raises(UsageError) as raised:
        inspect_archive("gopher://h/x.tar")
    line = "nothing that is installed serves gopher://"
    assert str(raised.value) == f"{line}; install it: pip install 'ocitool[remote]'; a file of that name is ./NAME"
    assert not isinstance(raised.value, ArchiveError)


def test_a_store_that_cannot_be_loaded_serves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def load() -> StandInStore:
        raise ModuleNotFoundError("No module named 'fsspec'")

    store = StandInStore()
    monkeypatch.setattr(StandInStore, "__call__", lambda _: load())
    store.serve(monkeypatch)
    with pytest.raises(UsageError, match="nothing that is installed serves s3://"):
        inspect_archive(URL)


def test_a_local_file_that_looks_like_a_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a:").mkdir()
    Path("a:/b").write_bytes(DATA)
    filter_archive("./a://b", "./a://c", ARM)
    assert Path("a:/c").read_bytes() == EXPECTED
    filter_archive(Path("a://b"), Path("a://d"), ARM)
    assert Path("a:/d").read_bytes() == EXPECTED


def test_advice_on_a_url_names_the_file_that_it_becomes(store: StandInStore) -> None:
    advice = advise_archive(URL)
    assert advice.source == URL
    (ctr,) = (importer for importer in advice.importers if importer.importer == "ctr")
    commands = [ctr.typed(line.choice.best, advice.source) for line in ctr.versions if line.choice.best is not None]
    assert commands
    assert all(command.endswith(" in.tar") for command in commands)


@pytest.mark.parametrize("source", [URL, f"{URL}.stream"])
@pytest.mark.parametrize("platforms", [(), ("linux/arm64",)], ids=["as-it-is", "filtered"])
def test_import_of_a_url(source: str, platforms: tuple[str, ...], store: StandInStore, tmp_path: Path) -> None:
    (tmp_path / "in.tar").write_bytes(DATA)
    fed = []
    places: tuple[Source, ...] = (tmp_path / "in.tar", source)
    for number, place in enumerate(places):
        stand_in = StandIn(tmp_path / f"ctr{number}")
        client = make_client("ctr", ClientOptions(str(stand_in.path)))
        result = import_archive(place, ImportOptions(platforms), client)
        assert result.source == str(place)
        fed.append(stand_in.fed)
    assert fed[0] == fed[1]
    assert fed[0]
