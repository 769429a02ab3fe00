from __future__ import annotations

import pytest

from ocitool import api


def test_every_public_name_can_be_imported() -> None:
    for name in api.__all__:
        assert getattr(api, name).__name__ == name


def test_public_names_are_sorted_and_complete() -> None:
    assert api.__all__ == sorted(api.__all__)
    assert set(api.__all__) == set(api._HOMES)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'filter'"):
        _ = api.filter
