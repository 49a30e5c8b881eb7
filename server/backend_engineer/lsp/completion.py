"""Completion of tables, columns and join conditions in SQL, also inside strings of code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from lsprotocol import types as lsp

from backend_analyzers.facts.homes import Home
from backend_analyzers.facts.queries import Query, queries
from backend_analyzers.facts.resolved import fits
from backend_analyzers.facts.schema import database
from backend_analyzers.source import File, Language
from backend_analyzers.sql.complete import Suggestion, complete
from backend_analyzers.sql.statement import Dialect
from backend_analyzers.syntax import module
from backend_analyzers.syntax.sql import dialect
from backend_engineer.lsp.question import Answer, Question
from backend_engineer.lsp.sql_names import shared_folders

_KINDS = {
    "table": lsp.CompletionItemKind.Struct,
    "view": lsp.CompletionItemKind.Interface,
    "query": lsp.CompletionItemKind.Variable,
    "column": lsp.CompletionItemKind.Field,
    "condition": lsp.CompletionItemKind.Snippet,
}


class _Written(NamedTuple):
    """A statement around the pointer: its text, the offset in it, and how to get back."""

    text: str
    offset: int
    dialect: Dialect
    shift: int
    """What leads from an offset in the statement to one in the file."""
    query: Query | None


def answer(question: Question, params: lsp.CompletionParams) -> Answer:
    """What fits at the pointer; None where there is no SQL."""
    file = question.file
    if file is None:
        return None
    offset = question.offset(params.position)
    written = next(_at(question, file, offset), None)
    if written is None:
        return None
    homes = sorted(
        question.workspace.fact(database).homes,
        key=lambda home: -shared_folders(home.folder, question.path),
    )
    found = complete(written.text, written.offset, [home.schema for home in homes], written.dialect)
    items = [
        _item(question, written, homes, suggestion)
        for suggestion in found
        if written.query is None or ('"' not in suggestion.insert and _fits(written, suggestion))
    ]
    return {"isIncomplete": False, "items": items}


def _fits(written: _Written, suggestion: Suggestion) -> bool:
    return written.query is None or fits(written.query, suggestion.insert)


def _at(question: Question, file: File, offset: int) -> Iterator[_Written]:
    if file.language is Language.SQL:
        yield from _in_sql(file, offset)
        return
    for query in question.workspace.one(question.path, queries) or ():
        start = question.workspace.span(query.at).start - query.at.start
        for first, last, begin, end in query.segments:
            if start + begin <= offset <= start + end and last - first == end - begin:
                shift = start + begin - first
                spoken = query.statements[0].dialect if query.statements else "postgresql"
                yield _Written(query.text, offset - shift, spoken, shift, query)
                return


def _in_sql(file: File, offset: int) -> Iterator[_Written]:
    """The statement before the pointer, unless a semicolon ended it; the blanks after it belong to it."""
    lowered = module(file)
    for unit, start in reversed(tuple(zip(lowered.units, lowered.offsets, strict=True))):
        if start <= offset:
            end = start + unit.node.end
            if end < offset and file.text[end:offset].strip():
                return
            text = file.text[start : max(end, offset)].decode(errors="replace")
            yield _Written(text, offset - start, dialect(file), start, None)
            return


def _item(
    question: Question, written: _Written, homes: list[Home], suggestion: Suggestion
) -> dict[str, Any]:
    start, end = suggestion.start + written.shift, suggestion.end + written.shift
    item: dict[str, Any] = {
        "label": suggestion.label,
        "kind": int(_KINDS[suggestion.kind]),
        "detail": suggestion.detail,
        "sortText": f"{suggestion.rank:04d}",
        "textEdit": {"range": question.range(start, end), "newText": suggestion.insert},
    }
    if suggestion.kind in {"table", "view"} and question.client.markdown:
        home = next((h for h in homes if suggestion.table in h.schema.tables), None)
        if home is not None:
            columns = home.schema.tables[suggestion.table].columns
            lines = "\n".join(f"{column.name} {column.type}" for column in columns)
            item["documentation"] = {"kind": "markdown", "value": f"```sql\n{lines}\n```"}
    return item
