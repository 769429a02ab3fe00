"""Keys are folded as Go's decoder folds them, rune by rune."""

from __future__ import annotations

import sys

import pytest

from ocitool.errors import DocumentError
from ocitool.model.fields import CONFIG_FIELDS, folded, require_exact_names


def test_capitals_and_two_other_letters_fold_to_ascii() -> None:
    """Those that Go's unicode.SimpleFold lists with an ASCII letter (unicode/tables.go, caseOrbit)."""
    changed = {chr(code) for code in range(sys.maxunicode + 1) if folded(chr(code)) != chr(code)}
    assert changed == {*map(chr, range(ord("A"), ord("Z") + 1)), "\N{LATIN SMALL LETTER LONG S}", "\N{KELVIN SIGN}"}
    assert folded("OS.Ver\N{LATIN SMALL LETTER LONG S}ion_\N{KELVIN SIGN}") == "os.version_k"


@pytest.mark.parametrize("key", ["OS", "o\N{LATIN SMALL LETTER LONG S}", "rootFS", "Variant"])
def test_a_key_that_go_takes_for_another_is_refused(key: str) -> None:
    with pytest.raises(DocumentError, match="which importers read as"):
        require_exact_names({key: ""}, CONFIG_FIELDS)


@pytest.mark.parametrize(
    "key", ["os", "rootf\N{LATIN SMALL LETTER SHARP S}", "o\N{LATIN SMALL LIGATURE ST}", "variant "]
)
def test_a_key_that_go_does_not_know_is_no_matter(key: str) -> None:
    require_exact_names({key: ""}, CONFIG_FIELDS)


def test_ligatures_are_not_taken_apart() -> None:
    """`str.casefold` makes two letters of one, Go does not."""
    assert "con\N{LATIN SMALL LIGATURE FI}g".casefold() == "config" != folded("con\N{LATIN SMALL LIGATURE FI}g")
    require_exact_names({"manife\N{LATIN SMALL LIGATURE ST}s": []}, {"manifests": "manifests"})
