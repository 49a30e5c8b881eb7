"""The queries of the workspace as the planner takes them: `$1` for each value, and a schema each.

A query that is put together from parts which are no values is left out: what the database gets is
not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from backend_analyzers.facts.all_queries import all_queries
from backend_analyzers.facts.homes import Home
from backend_analyzers.facts.queries import Query
from backend_analyzers.facts.schema import Database, database
from backend_analyzers.facts.scripts import home_of, scripts
from backend_analyzers.oracle import Script
from backend_analyzers.source import Place
from backend_analyzers.sql.lexing import prepare
from backend_analyzers.sql.statement import Statement
from backend_analyzers.workspace import Workspace

_PLANNED = frozenset({"select", "update", "delete", "insert", "merge"})
_NUMBERED = re.compile(r"\$(\d+)\Z")
_USED = re.compile(r"\$(\d+)")
_BEFORE_VALUE = re.compile(
    rb"(?:[=<>(,+\-*/|%~\[]|\b(?:LIKE|ILIKE|IN|LIMIT|OFFSET|AND|BETWEEN|VALUES|WHEN|THEN|ELSE|ANY|ALL"
    rb"|INTERVAL|TO))\s*\Z",
    re.IGNORECASE,
)
_BEFORE_LIST = re.compile(rb"\bIN\s*\Z", re.IGNORECASE)


class Plannable(msgspec.Struct, frozen=True):
    """One statement of a query, as the planner takes it.

    `values` are the texts that `$1`, `$2` and so on stand for, as the host writes them.
    """

    query: Query
    statement: Statement
    home: Home
    script: Script
    sql: str
    values: tuple[str, ...]

    @property
    def at(self) -> Place:
        """Where the statement is."""
        return self.query.place(self.statement.start, self.statement.end)

    def written_back(self, sql: str) -> str | None:
        """Another text for the same values as the host would write it.

        None when that needs other code around: a placeholder without a number or name takes its value
        by its place, so that each must be there once and in the same order.
        """
        used = [int(number) for number in _USED.findall(sql)]
        if any(number > len(self.values) for number in used):
            return None
        by_place = any(value in {"?", "%s", "%b", "%d"} for value in self.values)
        if by_place and used != list(range(1, len(self.values) + 1)):
            return None
        if any(value.startswith("%") for value in self.values):
            sql = sql.replace("%", "%%")
        return _USED.sub(lambda match: self.values[int(match[1]) - 1], sql)


def plannable(workspace: Workspace) -> Mapping[str, tuple[Plannable, ...]]:
    """The statements of each file that can be planned, in order."""
    asked = {path: found for path, found in workspace.fact(all_queries).items() if found}
    found = workspace.by_path(_of_file, asked, workspace.fact(_shared))
    return {path: some for path, some in found.items() if some}


class _Shared:
    """What all files are planned with; one object as long as nothing of it changes."""

    def __init__(self, declared: Database, made: Mapping[str, Script]) -> None:
        self.declared = declared
        self.scripts = made


def _shared(workspace: Workspace) -> _Shared:
    return _Shared(workspace.fact(database), workspace.fact(scripts))


def _of_file(path: str, found: tuple[Query, ...], shared: _Shared) -> tuple[Plannable, ...]:
    del path
    return tuple(
        one
        for query in found
        if (home := home_of(shared.declared, query)) is not None
        for one in _of_query(query, home, shared.scripts[home.key])
    )


def _of_query(query: Query, home: Home, script: Script) -> Iterator[Plannable]:
    for statement in query.statements:
        if statement.kind in _PLANNED and statement.tables and statement.complete:
            made = planned_text(query, statement)
            if made is not None:
                yield Plannable(query, statement, home, script, *made)


def planned_text(query: Query, statement: Statement) -> tuple[str, tuple[str, ...]] | None:
    """The text of a statement with `$1` for each value, and what these stand for.

    None when a part that is not known is no value.
    """
    text = query.text.encode(errors="replace")
    taken = prepare(text, statement.dialect, query.holes)
    ends = dict(taken.parameters)
    holes = dict(query.holes)
    pieces: list[bytes] = []
    values: list[str] = []
    at = statement.start
    for start, end in sorted({**ends, **holes, **dict(taken.holes)}.items()):
        if start < at or end > statement.end:
            continue
        before = text[max(0, start - 40) : start]
        if start not in ends and not _BEFORE_VALUE.search(before):
            return None
        pieces.append(text[at:start])
        number = _number(text[start:end].decode(errors="replace"), values)
        is_list = _BEFORE_LIST.search(before)
        pieces.append(f"(${number})".encode() if is_list else f"${number}".encode())
        at = end
    pieces.append(text[at : statement.end])
    told = b"".join(pieces).decode(errors="replace")
    if any(value.startswith("%") for value in values):
        told = told.replace("%%", "%")
    return told, tuple(values)


def _number(written: str, values: list[str]) -> int:
    """The number of a value; one that has a number or a name may come again."""
    numbered = _NUMBERED.match(written)
    if numbered is not None and 0 < int(numbered[1]) < 1000:  # noqa: PLR2004 - no driver takes more
        while len(values) < int(numbered[1]):
            values.append(f"${len(values) + 1}")
        return int(numbered[1])
    if written[:1] in {":", "@", "$"} or written.startswith("%("):
        if written not in values:
            values.append(written)
        return values.index(written) + 1
    values.append(written)
    return len(values)
