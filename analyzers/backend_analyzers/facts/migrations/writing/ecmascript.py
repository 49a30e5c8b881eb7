"""Changing the migrations of Knex."""

from __future__ import annotations

import json
import re

from backend_analyzers.facts.migrations import Migration, Operation
from backend_analyzers.facts.migrations.safe import Steps
from backend_analyzers.facts.migrations.writing import Edit, Edits, Script, Writer, is_alone

_UP = re.compile(
    rb"^(?:exports\.up\s*=\s*|export\s+)(?:async\s+)?(?:function\s*\w*\s*)?\(\s*(?P<knex>\w+)[^)]*\)"
    rb"[^{\n]*\{[ \t]*\n(?P<indent>[ \t]+)",
    re.MULTILINE,
)
_CONFIG = re.compile(rb"\bconfig\s*=")
_MODULE = re.compile(rb"^export\s", re.MULTILINE)


def _in_steps(text: Script, migration: Migration, operation: Operation, steps: Steps) -> Edits:
    marks = _without_transaction(text, migration, operation)
    call = re.match(r"await\s+(\w+)\.(?:schema|raw)\b", text.written(operation.at))
    indent = text.indent(operation.at)
    if marks is None or call is None or indent is None:
        return None
    runs = f";\n{indent}".join(f"await {call[1]}.raw({json.dumps(s)})" for s in steps.do)
    return (*marks, text.replace(operation.at, runs))


def _outside(text: Script, migration: Migration, operation: Operation) -> Edits:
    return _without_transaction(text, migration, operation) or None


def _without_transaction(
    text: Script, migration: Migration, operation: Operation
) -> tuple[Edit, ...] | None:
    """https://knexjs.org/guide/migrations.html#transactions-in-migrations"""
    if not migration.transaction:
        return ()
    if not is_alone(migration, operation) or _CONFIG.search(text.text):
        return None
    is_module = _MODULE.search(text.text) is not None
    word = "export const config" if is_module else "exports.config"
    end = len(text.text)
    return (text.change(end, end, f"\n{word} = {{ transaction: false }};\n"),)


def _first(text: Script, _migration: Migration, statement: str) -> Edits:
    head = _UP.search(text.text)
    if head is None or b"async" not in head[0]:
        return None
    run = f"await {head['knex'].decode()}.raw({json.dumps(statement)});\n{head['indent'].decode()}"
    return (text.change(head.end(), head.end(), run),)


KNEX = Writer(_in_steps, _outside, _first)
