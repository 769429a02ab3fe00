"""What `split_options` makes of the name of a source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.api import split_options

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_stem_is_that_of_the_name_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "export-2024.tar").touch()
    (tmp_path / "image.tar").symlink_to("export-2024.tar")
    (tmp_path / "layout").mkdir()
    monkeypatch.chdir(tmp_path / "layout")
    assert split_options(tmp_path / "image.tar").stem == "image"
    assert split_options(".").stem == "layout"
    assert split_options("..").stem == tmp_path.name
    assert split_options("-").stem == ""
