"""Changing migrations that are SQL files."""

from __future__ import annotations

import re

from backend_analyzers.facts.migrations import Migration, Operation, Tool
from backend_analyzers.facts.migrations.safe import Steps
from backend_analyzers.facts.migrations.writing import Edit, Edits, Script, Writer, is_alone

_MARKS: dict[Tool, tuple[re.Pattern[bytes], str]] = {
    # https://github.com/amacneil/dbmate#migration-options
    "dbmate": (re.compile(rb"^[ \t]*--[ \t]*migrate:up\b()", re.MULTILINE), " transaction:false"),
    # https://pressly.github.io/goose/documentation/annotations/#-goose-no-transaction
    "goose": (re.compile(rb"\A()"), "-- +goose NO TRANSACTION\n"),
    # https://github.com/rubenv/sql-migrate#transactions
    "sql": (re.compile(rb"^[ \t]*--[ \t]*\+migrate[ \t]+Up\b()", re.MULTILINE), " notransaction"),
}
"""What says that a migration runs without a transaction, and after what it stands."""


def _in_steps(text: Script, migration: Migration, operation: Operation, steps: Steps) -> Edits:
    marks = _without_transaction(text, migration, operation)
    if marks is None:
        return None
    if migration.tool in {"golang-migrate", "prisma"} and len(steps.do) > 1:
        return None  # several statements in one file are one transaction
    if migration.tool == "flyway" and len(steps.do) > 1:
        return None  # it takes no other statements beside those that run without a transaction
    if text.written(operation.at) != operation.sql:
        return None
    indent = text.indent(operation.at) or ""
    joined = f";\n{indent}".join(statement.strip() for statement in steps.do)
    return (*marks, text.replace(operation.at, joined))


def _outside(text: Script, migration: Migration, operation: Operation) -> Edits:
    return _without_transaction(text, migration, operation) or None


def _without_transaction(
    text: Script, migration: Migration, operation: Operation
) -> tuple[Edit, ...] | None:
    """What makes a migration run without one; nothing when it does."""
    if not migration.transaction:
        return ()
    if not is_alone(migration, operation):
        return None
    if migration.tool == "flyway":
        return ()  # it sees by itself that the only statement needs none
    mark = _MARKS.get(migration.tool)
    place = mark[0].search(text.text) if mark is not None else None
    if mark is None or place is None:
        return None
    return (text.change(place.start(1), place.start(1), mark[1]),)


def _first(text: Script, migration: Migration, statement: str) -> Edits:
    if migration.tool in {"golang-migrate", "prisma"} and not migration.transaction:
        return None  # two statements would make it a transaction
    operation = migration.operations[0]
    indent = text.indent(operation.at)
    if indent is None:
        return None
    start = text.start(operation.at)
    return (text.change(start, start, f"{statement};\n{indent}"),)


SQL_FILES = Writer(_in_steps, _outside, _first)
