"""Symbols: the routes and tables of a document, and of the workspace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from lsprotocol import types as lsp

from backend_analyzers.facts.routes import Route, routes
from backend_analyzers.facts.schema import database, place_of
from backend_analyzers.source import Place, Span
from backend_analyzers.sql.schema import Table
from backend_analyzers.workspace import Workspace
from backend_engineer.lsp.client import Client
from backend_engineer.lsp.projects import Project
from backend_engineer.lsp.protocol import Call
from backend_engineer.lsp.question import Answer, Question
from backend_engineer.lsp.to_lsp import Json, Places

_METHOD, _FIELD, _STRUCT = 6, 8, 23
_MOST = 500


class Symbol(msgspec.Struct, frozen=True):
    """Something worth finding by name."""

    name: str
    kind: int
    at: Place
    selected: Place
    detail: str = ""
    children: tuple[Symbol, ...] = ()


def of_document(question: Question, _: lsp.DocumentSymbolParams) -> Answer:
    """The routes and tables that a document declares."""
    found = [s for s in _symbols(question.workspace) if s.at.path == question.path]
    if question.client.nested_symbols:
        return [_nested(question, symbol) for symbol in found]
    flat = [one for symbol in found for one in (symbol, *symbol.children)]
    return [
        {
            "name": symbol.name,
            "kind": symbol.kind,
            "location": question.location(question.workspace.span(symbol.at)),
        }
        for symbol in flat
    ]


def of_workspace(projects: Iterable[Project], client: Client, call: Call, query: str) -> Answer:
    """The routes, tables and columns whose names hold the letters of `query` in order."""
    found: list[Json] = []
    for project in projects:
        workspace = project.session.workspace
        places = Places(project, workspace, client)
        for name, symbol, container in _named(workspace):
            if call.cancelled or len(found) >= _MOST:
                return found
            if _matches(query.lower(), name.lower()):
                found.append(
                    {
                        "name": name,
                        "kind": symbol.kind,
                        "location": places.location(symbol.selected),
                        "containerName": container,
                    }
                )
    return found


def route_name(route: Route) -> str:
    """`GET /orders/{order_id}`; a question mark stands for what is not known."""
    path = route.path.text if route.path is not None else "?"
    return f"{','.join(route.methods) or '?'} {path}"


def _named(workspace: Workspace) -> Iterator[tuple[str, Symbol, str]]:
    for symbol in _symbols(workspace):
        yield symbol.name, symbol, symbol.at.path
        for child in symbol.children:
            yield f"{symbol.name}.{child.name}", child, symbol.at.path


def _symbols(workspace: Workspace) -> Iterator[Symbol]:
    for route in workspace.fact(routes):
        yield Symbol(route_name(route), _METHOD, route.place, route.place, route.handler_name)
    for table in workspace.fact(database).all_tables():
        yield _table(table)


def _table(table: Table) -> Symbol:
    return Symbol(
        name=table.label,
        kind=_STRUCT,
        at=place_of(table.origin, table.start, table.end),
        selected=place_of(table.origin, table.name_start, table.name_end),
        detail=table.kind,
        children=tuple(
            Symbol(
                name=column.name,
                kind=_FIELD,
                at=place_of(column.origin, column.start, column.end),
                selected=place_of(column.origin, column.name_start, column.name_end),
                detail=column.type,
            )
            for column in table.columns
        ),
    )


def _nested(question: Question, symbol: Symbol) -> Json:
    """A symbol with its children.  A column that another migration added has no place inside."""
    span = question.workspace.span(symbol.at)
    inner = [(child, question.workspace.span(child.at)) for child in symbol.children]
    return {
        "name": symbol.name,
        "detail": symbol.detail,
        "kind": symbol.kind,
        "range": question.range(span.start, span.end),
        "selectionRange": _selected(question, symbol, span),
        "children": [_nested(question, child) for child, at in inner if _is_inside(at, span)],
    }


def _selected(question: Question, symbol: Symbol, around: Span) -> Json:
    selected = question.workspace.span(symbol.selected)
    if not _is_inside(selected, around):
        selected = around
    return question.range(selected.start, selected.end)


def _is_inside(inner: Span, outer: Span) -> bool:
    return inner.path == outer.path and outer.start <= inner.start and inner.end <= outer.end


def _matches(query: str, name: str) -> bool:
    letters = iter(name)
    return all(letter in letters for letter in query if not letter.isspace())
