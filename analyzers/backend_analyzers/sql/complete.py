"""What may be written at a place in a statement: tables, columns, and the condition of a join.

A name is put where the pointer is and the statement is read as it would then be: the parser says
whether that name is a table's or a column's, and which tables it could belong to.  Text that is too
broken for that is looked at word by word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

import msgspec

from backend_analyzers.sql.names import quoted
from backend_analyzers.sql.parse import parse
from backend_analyzers.sql.schema import Schema, Table, find_table
from backend_analyzers.sql.statement import ColumnRef, Dialect, Statement, TableRef

_HERE = "completed_here"
_WORD = re.compile(rb"[\w$]*\Z")
_QUALIFIER = re.compile(rb"([\w$]+|\"[^\"]+\"|`[^`]+`)\s*\.\s*\Z")
_STARTS_TABLE = re.compile(
    rb"\b(?:from|join|into|update|table(?:\s+if\s+exists)?|truncate|references|only)\s+\Z"
    rb"|\bfrom\s+[\w\s.,\"`]*,\s*\Z",
    re.IGNORECASE,
)
_STARTS_CONDITION = re.compile(rb"\bon\s+\Z", re.IGNORECASE)
_TABLES = re.compile(
    r"\b(?:from|join|into|update)\s+([\w$.\"`]+)(?:\s+(?:as\s+)?(?!on\b|where\b|set\b|join\b|using\b"
    r"|left\b|inner\b|right\b|full\b|cross\b|order\b|group\b|values\b|limit\b)([\w$]+))?",
    re.IGNORECASE,
)
_MOST = 400


class Suggestion(msgspec.Struct, frozen=True, gc=False):
    """A name that fits.  It replaces the text from `start` to `end`; lower `rank` comes first."""

    label: str
    insert: str
    kind: Literal["table", "view", "query", "column", "condition"]
    start: int
    end: int
    detail: str = ""
    table: str = ""
    """The key of the table that it is, or is a column of."""
    rank: int = 0


class _Known(NamedTuple):
    """A table that a column could belong to."""

    label: str
    table: Table


def complete(
    text: str, offset: int, schemas: Iterable[Schema], dialect: Dialect = "postgresql"
) -> tuple[Suggestion, ...]:
    """What fits at an offset (in bytes) of a statement, in any of the schemas."""
    written = text.encode(errors="replace")
    before = written[:offset]
    if _in_text(before):
        return ()
    start = offset - len(_last(_WORD, before))
    asked = written[:start] + _HERE.encode() + written[_end_of_word(written, offset) :]
    place = _Place(written, start, _end_of_word(written, offset))
    found: dict[tuple[str, str], Suggestion] = {}
    statements = parse(asked.decode(errors="replace"), dialect=dialect)
    for schema in schemas:
        for suggestion in _suggested(place, statements, schema):
            found.setdefault((suggestion.insert, suggestion.table), suggestion)
    return tuple(sorted(found.values(), key=lambda s: (s.rank, s.label)))[:_MOST]


class _Place(NamedTuple):
    """The statement as it stands, and the word that is being written."""

    text: bytes
    start: int
    end: int

    @property
    def qualifier(self) -> str:
        """The name before a dot, folded; empty when there is none."""
        match = _QUALIFIER.search(self.text[: self.start])
        return _folded(match[1].decode(errors="replace")) if match else ""


def _suggested(
    place: _Place, statements: tuple[Statement, ...], schema: Schema
) -> Iterator[Suggestion]:
    for statement in statements:
        for table in statement.tables:
            if table.name == _HERE:
                yield from _tables(place, schema, statement, place.qualifier)
                return
        for column in statement.columns:
            if column.name == _HERE:
                yield from _conditions(place, statement, column, schema)
                yield from _columns(place, _around(statement, column, schema))
                return
    before = place.text[: place.start]
    if _STARTS_TABLE.search(before):
        yield from _tables(place, schema, None, "")
    elif place.qualifier or not _is_beginning(before):
        yield from _columns(place, _by_words(place.text, schema))


def _tables(
    place: _Place, schema: Schema, statement: Statement | None, namespace: str
) -> Iterator[Suggestion]:
    for cte in statement.ctes if statement is not None and not namespace else ():
        yield _suggestion(place, cte.name, "query", "WITH query", rank=0)
    for table in schema.tables.values():
        if namespace and table.schema != namespace:
            continue
        label = quoted(table.name)
        if table.schema not in {*schema.search_path, "public", namespace}:
            label = f"{quoted(table.schema)}.{label}"
        kind: Literal["view", "table"] = "view" if "view" in table.kind else "table"
        detail = f"{table.kind}, {len(table.columns)} columns"
        yield _suggestion(place, label, kind, detail, table=table.key, rank=1)


def _columns(place: _Place, known: list[_Known]) -> Iterator[Suggestion]:
    qualifier = place.qualifier
    chosen = [k for k in known if not qualifier or k.label.lower() == qualifier.lower()]
    names = [column.name for k in chosen for column in k.table.columns]
    for label, table in chosen:
        for number, column in enumerate(table.columns):
            name = quoted(column.name)
            if not qualifier and names.count(column.name) > 1:
                name = f"{quoted(label)}.{name}"
            null = "" if column.nullable else " NOT NULL"
            detail = f"{column.type}{null} · {table.label}"
            yield _suggestion(place, name, "column", detail, table=table.key, rank=2 + number)
    if not qualifier and len(known) > 1:
        for label, table in known:
            kind: Literal["table"] = "table"
            yield _suggestion(place, quoted(label), kind, table.label, table=table.key, rank=900)


def _conditions(
    place: _Place, statement: Statement, here: ColumnRef, schema: Schema
) -> Iterator[Suggestion]:
    """After ON: what the foreign keys between the joined tables say."""
    before = place.text[: place.start]
    if here.clause != "join" or not _STARTS_CONDITION.search(before):
        return
    known = _around(statement, here, schema, until=place.start)
    if len(known) < 2:  # noqa: PLR2004 - a join has two sides
        return
    joined = known[-1]
    for other in known[:-1]:
        for one, its in ((joined, other), (other, joined)):
            for key in one.table.foreign_keys:
                target = key.target_columns or its.table.primary_key or ()
                if key.target != its.table.key or len(target) != len(key.columns):
                    continue
                text = " AND ".join(
                    f"{quoted(one.label)}.{quoted(column)} = {quoted(its.label)}.{quoted(other_)}"
                    for column, other_ in zip(key.columns, target, strict=True)
                )
                yield _suggestion(place, text, "condition", "foreign key", rank=1)


def _around(
    statement: Statement, here: ColumnRef, schema: Schema, until: int | None = None
) -> list[_Known]:
    """The tables that a column may belong to: those of its scope first, then those around it."""
    if here.clause == "insert":
        written = [ref for ref in statement.tables if ref.role == "write"]
        return list(_found(written, schema))
    known: list[_Known] = []
    scope: int | None = here.scope
    while scope is not None and scope < len(statement.scopes):
        own = [
            ref
            for ref in statement.tables
            if ref.scope == scope and (until is None or ref.end <= until)
        ]
        known += _found(own, schema)
        scope = statement.scopes[scope].parent
    return known


def _found(refs: Iterable[TableRef], schema: Schema) -> Iterator[_Known]:
    for ref in refs:
        table = find_table(schema, ref.name, ref.schema) if ref.cte is None else None
        if table is not None:
            yield _Known(ref.label, table)


def _by_words(text: bytes, schema: Schema) -> list[_Known]:
    """The tables that a broken statement names, as far as words say."""
    known = []
    for match in _TABLES.finditer(text.decode(errors="replace")):
        namespace, _, name = match[1].rpartition(".")
        table = find_table(schema, _folded(name), _folded(namespace) or None)
        if table is not None:
            known.append(_Known(match[2] or table.name, table))
    return known


def _suggestion(
    place: _Place,
    text: str,
    kind: Literal["table", "view", "query", "column", "condition"],
    detail: str,
    *,
    table: str = "",
    rank: int,
) -> Suggestion:
    return Suggestion(text, text, kind, place.start, place.end, detail, table, rank)


def _is_beginning(before: bytes) -> bool:
    return not before.strip()


def _in_text(before: bytes) -> bool:
    """Whether the pointer is in a string or a comment."""
    bare = re.sub(rb"'(?:[^']|'')*'|/\*.*?\*/|--[^\n]*\n", b"", before, flags=re.DOTALL)
    return bare.count(b"'") % 2 == 1 or b"/*" in bare or b"--" in bare.rpartition(b"\n")[2]


def _end_of_word(text: bytes, offset: int) -> int:
    match = re.compile(rb"[\w$]*").match(text, offset)
    return match.end() if match else offset


def _last(pattern: re.Pattern[bytes], text: bytes) -> bytes:
    match = pattern.search(text)
    return match[0] if match else b""


def _folded(name: str) -> str:
    return name.strip('"`') if name[:1] in {'"', "`"} else name.lower()
