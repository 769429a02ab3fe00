"""Write RULES.md from the catalogue: ``python -m tests.rules_page``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from ocitool.check.catalogue.groups import rules_by_group
from ocitool.check.rule import Profile, Stage

if TYPE_CHECKING:
    from ocitool.check.rule import Rule

PAGE: Final = Path(__file__).resolve().parent.parent / "RULES.md"

_HEAD: Final = """\
# Rules of `ocitool verify`

Made from `ocitool/check/catalogue/` by `python -m tests.rules_page`. `ocitool verify --list-rules` prints the same,
with `--format json` for programs. A rule keeps its id for good.

- **Level**: how much weight the source gives the rule; a *practice* stands in no specification. Files named without a
  project are those of the OCI image specification.
- **spec**, **import**, **strict**: what breaking the rule is in each profile (`--profile`), `-` where the profile
  does not ask for it. In `import`, the default, an error is what makes an importer fail, store nothing or store
  something else, and faults of layout or JSON that readers may take in two ways, which ocitool itself writes nothing
  from.
- *deep*: needs `--deep`. *asked*: needs an option that asks for something: `-p`, `--only`, `--require`.
- In remedies, SRC is the archive and IMAGE one of its images; reports have their names filled in.
"""


def page() -> str:
    """Return the whole page."""
    parts = [_HEAD]
    for title, rules in rules_by_group().items():
        rows = [
            "| id | what holds | level | spec | import | strict | source | remedy |",
            "|---|---|---|---|---|---|---|---|",
            *map(_row, rules),
        ]
        parts.append(f"## {title}\n\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _row(rule: Rule) -> str:
    severities = [severity.value if (severity := rule.severity(profile)) else "-" for profile in Profile]
    stage = "" if rule.stage is Stage.ALWAYS else f" *{rule.stage.name.lower()}*"
    cells = [rule.id, _cell(rule.text) + stage, rule.level.value, *severities, _cell(rule.source), _cell(rule.remedy)]
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """Keep Markdown from reading rules as markup."""
    for mark in "\\`*_{}[]<>|~":
        text = text.replace(mark, f"\\{mark}")
    return text


if __name__ == "__main__":
    PAGE.write_text(page())
