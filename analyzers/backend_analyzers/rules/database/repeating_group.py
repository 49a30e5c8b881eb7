"""Columns that are a list written out: `phone1`, `phone2`, `phone3`.

The table is not in first normal form.  The fourth value has no place, a search has to look into every
column and an index into each of them, and nobody knows whether `phone2` may be set while `phone1` is
not.

## Example

```sql
CREATE TABLE contacts (
  id bigint PRIMARY KEY,
  name text NOT NULL,
  phone1 text,
--^^^^^^ `contacts` writes a list of `phone` out in 3 columns
  phone2 text,
--~~~~~~ another one
  phone3 text
--~~~~~~ another one
);
```

Use instead:

```sql
CREATE TABLE contacts (
  id bigint PRIMARY KEY,
  name text NOT NULL
);
CREATE TABLE contact_phones (
  contact_id bigint NOT NULL REFERENCES contacts,
  position int NOT NULL,
  phone text NOT NULL,
  PRIMARY KEY (contact_id, position)
);
```

## Not reported

Fewer than three; numbers that do not follow each other (`sha1`, `p50`, `utf8`); columns of different
types; lines of an address, coordinates, levels, quarters and other parts that a thing has just so many
of; tables with a comment that it is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_analyzers.facts.designed import Designed, designed
from backend_analyzers.facts.table_forms import form_of, table_forms
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.workspace import Workspace

_NUMBERED = re.compile(r"(?P<stem>.*?[^\W\d_])_?(?P<number>[0-9]{1,2})(?P<rest>_[^\W\d]+)?\Z")
_PARTS = re.compile(
    r"(?:^|_)(?:address|addr|line|street|level|lvl|tier|layer|quarter|q|half|month|day|week|hour|year|x|y|z"
    r"|lat|lon|lng|dim|axis|coef|coeff|param|factor|bucket|percentile|p|md|sha|crc|ipv|utf|base|bit|byte"
    r"|octet|hash|key|side|player|team|home|away|parent|point|stage|phase|step|round|period|version|v|hll"
    r"|register|channel|band|metric|stat|counter|value|arg|digit|iso|isbn|ean|alpha|numeric|region|admin"
    r"|category|class|type|group|rgb|term|name|firstname|lastname|surname|middle)\Z",
    re.IGNORECASE,
)
_FEWEST = 3


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.MEDIUM)
def repeating_group(workspace: Workspace) -> Iterator[Finding]:
    forms = workspace.fact(table_forms)
    for one in workspace.fact(designed):
        form = form_of(forms, one.home, one.table)
        if form is None or not form.denormalised:
            for stem, columns in _groups(one).items():
                yield _finding(one, stem, columns)


def _groups(one: Designed) -> dict[str, list[str]]:
    """The columns of each list that is written out, in order."""
    found: dict[tuple[str, str, str], dict[int, str]] = {}
    for column in one.table.columns:
        match = _NUMBERED.match(column.name)
        if match is not None and column.type:
            kind = column.type.partition("(")[0]
            kind = "text" if kind in {"character varying", "character"} else kind
            key = (match["stem"], match["rest"] or "", kind)
            found.setdefault(key, {})[int(match["number"])] = column.name
    groups: dict[str, list[str]] = {}
    for (stem, rest, _), numbered in found.items():
        first, last = min(numbered), max(numbered)
        follows = first in {0, 1} and last - first + 1 == len(numbered)
        if len(numbered) >= _FEWEST and follows and len(stem) > 1 and not _PARTS.search(stem):
            groups.setdefault(f"{stem}{rest}", [numbered[n] for n in sorted(numbered)])
    return groups


def _finding(one: Designed, stem: str, columns: list[str]) -> Finding:
    return Finding(
        at=one.column_at(columns[0]),
        message=f"`{one.table.label}` writes a list of `{stem.rstrip('_')}` out in {len(columns)} columns",
        help="Move the list to a table of its own, with a row for each value.",
        related=tuple(Related(one.column_at(name), "another one") for name in columns[1:]),
        evidence={"columns": ", ".join(columns)},
    )
