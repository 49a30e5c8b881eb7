"""Changing Alembic's migrations."""

from __future__ import annotations

import re

from backend_analyzers.facts.migrations import Migration, Operation
from backend_analyzers.facts.migrations.safe import Steps
from backend_analyzers.facts.migrations.writing import Edits, Script, Writer
from backend_analyzers.facts.migrations.writing.python import call_with, indented, string

_BLOCK = "with op.get_context().autocommit_block():"
"""https://alembic.sqlalchemy.org/en/latest/api/runtime.html: `MigrationContext.autocommit_block`"""

_INDEX = re.compile(r"op\.create_index\(")


def _in_steps(text: Script, migration: Migration, operation: Operation, steps: Steps) -> Edits:
    indent = _alone_on_lines(text, operation)
    if indent is None or not migration.transaction:
        return None
    call = text.written(operation.at)
    if len(steps.do) == 1 and _INDEX.match(call):
        lines = [indented(call_with(call, "postgresql_concurrently=True"))]
    else:
        lines = [f"    op.execute({string(statement)})" for statement in steps.do]
    block = "\n".join([_BLOCK, *(f"{indent}{line}" for line in lines)])
    return (text.replace(operation.at, block),)


def _outside(text: Script, _migration: Migration, operation: Operation) -> Edits:
    indent = _alone_on_lines(text, operation)
    if indent is None:
        return None
    call = indented(text.written(operation.at))
    return (text.replace(operation.at, f"{_BLOCK}\n{indent}{call}"),)


def _first(text: Script, migration: Migration, statement: str) -> Edits:
    operation = migration.operations[0]
    indent = _alone_on_lines(text, operation)
    if indent is None:
        return None
    start = text.start(operation.at)
    return (text.change(start, start, f"op.execute({string(statement)})\n{indent}"),)


def _alone_on_lines(text: Script, operation: Operation) -> str | None:
    """The indentation of a call that is a statement of `upgrade`, straight below its head."""
    indent = text.indent(operation.at)
    rest = text.text[text.end(operation.at) :].split(b"\n", 1)[0].strip()
    is_call = text.written(operation.at).startswith("op.")
    return indent if is_call and indent == "    " and not rest else None


ALEMBIC = Writer(_in_steps, _outside, _first)
