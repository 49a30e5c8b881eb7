"""A column with a list in one text: `'3,17,4'`.

The table is not in first normal form.  No foreign key can say that the numbers exist, no index finds the
rows with one of them, a join has to take the text apart first, and removing a value means rewriting it.

## Example

```sql
CREATE TABLE articles (
  id bigint PRIMARY KEY,
  tag_ids text NOT NULL DEFAULT ''
--^^^^^^^ `articles.tag_ids` keeps a list in one text
);
SELECT id FROM articles WHERE ',' || tag_ids || ',' LIKE '%,17,%';
--                            ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ takes it apart
```

Use instead:

```sql
CREATE TABLE articles (
  id bigint PRIMARY KEY
);
CREATE TABLE article_tags (
  article_id bigint NOT NULL REFERENCES articles,
  tag_id bigint NOT NULL,
  PRIMARY KEY (article_id, tag_id)
);
```

## Not reported

Arrays, JSON, sets and full-text vectors; text that nothing takes apart, unless its name says that it is a
list of keys (`tag_ids`); texts that are split for another reason, such as names at a space; scopes and
redirect addresses, which are lists by standard; tables with a comment that it is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from backend_analyzers.facts.designed import Designed, designed
from backend_analyzers.facts.paths import is_test
from backend_analyzers.facts.resolved import Resolved, findings_of
from backend_analyzers.facts.schema import Database
from backend_analyzers.facts.splits import splits
from backend_analyzers.facts.table_forms import form_of, table_forms
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.source import Place
from backend_analyzers.sql.named_dependencies import singulars
from backend_analyzers.sql.schema import SchemaColumn
from backend_analyzers.workspace import Workspace

_KEYS = re.compile(r"_ids\Z|(?<=[a-z])Ids\Z")
_TEXT = re.compile(r"text|character varying|character\(|\w*text\Z|varchar")
_BY_STANDARD = re.compile(
    r"scope|redirect_ur[il]|grant_type|response_type|header|path|url|email", re.IGNORECASE
)
_BEFORE = re.compile(
    r"(?:find_in_set\s*\([^()]*,|(?:string_to_array|split_part|regexp_split_to_array|regexp_split_to_table"
    r"|string_split|string_to_table)\s*\()\s*\Z",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"'[,;|]'\s*\|\|\s*\Z|\bconcat\s*\(\s*'[,;|]'\s*,\s*\Z", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s*(?:\)|,\s*(?:E)?'[^']?[,;|][^']{0,3}')", re.IGNORECASE)
_INSIDE = re.compile(r"N?'%[,;|][^%]*[,;|]%'\Z|.*'%[,;|]'\s*\|\|.*\|\|\s*'[,;|]%'\Z", re.DOTALL)


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.MEDIUM)
def multivalued_column(workspace: Workspace) -> Iterator[Finding]:
    forms = workspace.fact(table_forms)
    used: dict[tuple[str, str], list[Place]] = {}
    for use in findings_of(workspace, _uses):
        used.setdefault((use.table, use.column), []).append(use.at)
    split = _splits(workspace)
    for one in workspace.fact(designed):
        form = form_of(forms, one.home, one.table)
        if form is not None and form.denormalised:
            continue
        for column in one.table.columns:
            if _TEXT.match(column.type) and not column.type.endswith("[]"):
                places = used.get((one.table.key, column.name), [])
                places = [*places, *_of(one, column, split)]
                if places or _is_list_by_name(column):
                    yield _finding(one, column, places)


class _Use(msgspec.Struct, frozen=True):
    """A column that a query takes apart."""

    table: str
    column: str
    at: Place


def _uses(statements: tuple[Resolved, ...], database: Database) -> Iterator[_Use]:
    del database
    for one in statements:
        if "'" not in one.query.text and "find_in_set" not in one.query.text.lower():
            continue
        for ref in one.statement.columns:
            before = one.source(max(0, ref.start - 60), ref.start)
            after = one.source(ref.end, ref.end + 12)
            start = end = 0
            if _BEFORE.search(before) and _SEPARATOR.match(after):
                start, end = ref.start, ref.end
            else:
                pattern = next(
                    (
                        p
                        for p in one.statement.predicates
                        if p.operator in {"like", "ilike"}
                        and ref in p.left.columns
                        and p.right is not None
                        and (_INSIDE.match(p.right.text) or _BETWEEN.search(before))
                    ),
                    None,
                )
                if pattern is not None:
                    start, end = pattern.start, pattern.end
            if end:
                for table, column in one.columns(ref):
                    yield _Use(table.key, column.name, one.query.place(start, end))


def _splits(workspace: Workspace) -> Mapping[str, list[tuple[str, Place]]]:
    """The variables that code takes a part of apart, by the name of the part."""
    found: dict[str, list[tuple[str, Place]]] = {}
    for path, some in workspace.each(splits).items():
        if some and not is_test(path):
            for split in some:
                found.setdefault(split.name, []).append((split.owner.lower(), split.at))
    return found


def _of(
    one: Designed, column: SchemaColumn, split: Mapping[str, list[tuple[str, Place]]]
) -> Iterator[Place]:
    """Where code takes the column of a row of this table apart: the variable is called like the row."""
    if column.name not in split or _BY_STANDARD.search(column.name):
        return
    rows = {*singulars(one.table.name), *singulars(one.table.name.rpartition("_")[2])}
    if one.model is not None:
        rows.add(one.model.key.rpartition(".")[2].lower())
    for owner, at in split[column.name]:
        if owner.replace("_", "") in {row.replace("_", "") for row in rows}:
            yield at


def _is_list_by_name(column: SchemaColumn) -> bool:
    if not _KEYS.search(column.name) or _BY_STANDARD.search(column.name):
        return False
    return not (column.default or "").strip("'( ").startswith(("[", "{"))


def _finding(one: Designed, column: SchemaColumn, places: list[Place]) -> Finding:
    said = "the name says so" if not places else f"taken apart in {len(places)} places"
    return Finding(
        at=one.column_at(column.name),
        message=f"`{one.table.label}.{column.name}` keeps a list in one text",
        help="Keep each value in a row of a table of its own, or the list in an array.",
        related=tuple(Related(at, "takes it apart") for at in places[:5]),
        evidence={"type": column.type, "because": said},
        confidence=None if places else Confidence.MEDIUM,
    )
