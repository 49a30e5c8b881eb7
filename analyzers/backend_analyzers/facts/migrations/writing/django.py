"""Changing Django's migrations."""

from __future__ import annotations

import re

from backend_analyzers.facts.migrations import Migration, Operation
from backend_analyzers.facts.migrations.safe import Steps
from backend_analyzers.facts.migrations.writing import Edit, Edits, Script, Writer, is_alone
from backend_analyzers.facts.migrations.writing.python import indented, string

_CLASS = re.compile(rb"^class Migration\(.*\):[^\n]*\n", re.MULTILINE)
_OPERATIONS = re.compile(rb"^(?P<indent>[ \t]+)operations\s*=\s*\[[ \t]*\n", re.MULTILINE)
_ATOMIC = re.compile(rb"^[ \t]+atomic\s*=", re.MULTILINE)
_IMPORT = re.compile(rb"^from django\.db import [^\n(]*\n", re.MULTILINE)
_INDEX = re.compile(r"migrations\.(?P<how>Add|Remove)Index\(")
_CONCURRENT = "from django.contrib.postgres.operations import {}\n"
"""https://docs.djangoproject.com/en/stable/ref/contrib/postgres/operations/#concurrent-index-operations"""


def _in_steps(text: Script, migration: Migration, operation: Operation, steps: Steps) -> Edits:
    marks = _not_atomic(text, migration, operation)
    written = text.written(operation.at)
    indent = text.indent(operation.at)
    if marks is None or indent is None or not written.startswith("migrations."):
        return None
    match = _INDEX.match(written)
    if match is not None:
        name = f"{match['how']}IndexConcurrently"
        imported = _IMPORT.search(text.text)
        if imported is None or not _follows(migration, operation):
            return None
        line = text.change(imported.start(), imported.start(), _CONCURRENT.format(name))
        return (line, *marks, text.replace(operation.at, f"{name}({written[match.end() :]}"))
    do, undo = (_listed(some, f"{indent}            ") for some in (steps.do, steps.undo))
    state = indented(indented(written))
    apart = (
        "migrations.SeparateDatabaseAndState(\n"
        f"{indent}    state_operations=[\n{indent}{state},\n{indent}    ],\n"
        f"{indent}    database_operations=[\n"
        f"{indent}        migrations.RunSQL(\n"
        f"{indent}            {do},\n"
        f"{indent}            reverse_sql={undo},\n"
        f"{indent}        ),\n"
        f"{indent}    ],\n{indent})"
    )
    return (*marks, text.replace(operation.at, apart)) if not _is_sql(written) else None


def _is_sql(written: str) -> bool:
    return written.startswith("migrations.RunSQL")


def _listed(statements: tuple[str, ...], indent: str) -> str:
    inside = "".join(f"{indent}    {string(one)},\n" for one in statements)
    return f"[\n{inside}{indent}]"


def _follows(migration: Migration, operation: Operation) -> bool:
    """Whether the index is the only thing that the operation does."""
    return sum(other.at == operation.at for other in migration.operations) == 1


def _outside(text: Script, migration: Migration, operation: Operation) -> Edits:
    return _not_atomic(text, migration, operation) or None


def _not_atomic(
    text: Script, migration: Migration, operation: Operation
) -> tuple[Edit, ...] | None:
    if not migration.transaction:
        return ()
    head = _CLASS.search(text.text)
    if not is_alone(migration, operation) or head is None or _ATOMIC.search(text.text):
        return None
    return (text.change(head.end(), head.end(), "    atomic = False\n\n"),)


def _first(text: Script, _migration: Migration, statement: str) -> Edits:
    head = _OPERATIONS.search(text.text)
    if head is None:
        return None
    inside = head["indent"].decode() + "    "
    run = f"{inside}migrations.RunSQL({string(statement)}, migrations.RunSQL.noop),\n"
    return (text.change(head.end(), head.end(), run),)


DJANGO = Writer(_in_steps, _outside, _first)
