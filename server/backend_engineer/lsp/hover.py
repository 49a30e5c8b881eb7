"""Hover that explains what is under the pointer."""

from __future__ import annotations

from lsprotocol import types as lsp

from backend_engineer.lsp.question import Question


def answer(question: Question, params: lsp.HoverParams) -> object:
    return None
