"""What libraries say of a failure is passed on without what is secret in it."""

from __future__ import annotations

import pytest

from ocitool.adapters.remote.write_failures import told_by


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no room\nleft", "no room left"),
        ("Could not connect to https://host:9000/a", "Could not connect to https://host:9000/a"),
        ("Invalid endpoint: http://me:SECRET@my_host", "Invalid endpoint: http://my_host"),
        ("Invalid endpoint: http://me:9 SECRET@my_host", "Invalid endpoint"),
        ("Invalid endpoint: http://me:9/SECRET@my_host", "Invalid endpoint"),
        ("Invalid endpoint: http://me:A SECRET@my_host", "Invalid endpoint"),
        ("Invalid endpoint: me:SECRET@my_host", "Invalid endpoint"),
        ("Invalid endpoint: https://host/a?sig=SECRET", "Invalid endpoint"),
        ("me SECRET@my_host is wrong: no", ""),
        ("me:SECRET@my_host", "me"),
        ("", ""),
    ],
)
def test_nothing_secret_is_told(text: str, told: str) -> None:
    said = told_by(ValueError(text))
    assert said == (f"ValueError: {told}" if told else "ValueError")
    assert "SECRET" not in said
