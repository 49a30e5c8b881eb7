"""A column gets another name in SQL, in the strings of code, in models, and by a new migration."""

from __future__ import annotations

import re

from lsprotocol import types as lsp

from backend_analyzers.renaming import Impossible, renamed_column
from backend_engineer.lsp import workspace_edit
from backend_engineer.lsp.protocol import REQUEST_FAILED, Refusal
from backend_engineer.lsp.question import Answer, Question
from backend_engineer.lsp.sql_names import Named, named_at

_NAME = re.compile(r"[^\W\d]\w*\Z")


def prepare(question: Question, params: lsp.PrepareRenameParams) -> Answer:
    """The range of the column under the pointer; None for what cannot be renamed."""
    named = _column(question, params.position)
    if named is None or named.column is None:
        return None
    span = question.workspace.span(named.at)
    return {"range": question.range(span.start, span.end), "placeholder": named.column.name}


def answer(question: Question, params: lsp.RenameParams) -> Answer:
    """The edit that renames the column under the pointer everywhere."""
    named = _column(question, params.position)
    if named is None or named.column is None:
        raise Refusal(REQUEST_FAILED, "there is no column here that is known")
    if not _NAME.match(params.new_name):
        raise Refusal(REQUEST_FAILED, f"`{params.new_name}` is no name of a column")
    try:
        changes = renamed_column(
            question.workspace, named.home, named.table, named.column.name, params.new_name
        )
    except Impossible as error:
        raise Refusal(REQUEST_FAILED, str(error)) from None
    edit = workspace_edit.of_changes(question, changes)
    if edit is None:
        raise Refusal(REQUEST_FAILED, "the editor cannot create the file of the migration")
    return edit


def _column(question: Question, position: lsp.Position) -> Named | None:
    found = named_at(question.workspace, question.path, question.offset(position))
    return next((one for one in found if one.column is not None), None)
