"""From a table or column in SQL, also inside strings of code, to its creation and to its other uses."""

from __future__ import annotations

from lsprotocol import types as lsp

from backend_analyzers.facts.routes import routes
from backend_engineer.lsp.question import Answer, Question
from backend_engineer.lsp.sql_names import mentions, named_at


def answer(question: Question, params: lsp.DefinitionParams) -> Answer:
    """The creation of what the name means, in each schema that has it."""
    offset = question.offset(params.position)
    named = named_at(question.workspace, question.path, offset)
    span = question.workspace.span
    found = {one.declaration: question.location(span(one.declaration)) for one in named}
    if not found:
        found = {
            route.handler: question.location(span(route.handler))
            for route in question.workspace.fact(routes)
            if route.place.path == question.path and question.holds(route.place, offset)
        }
    return list(found.values()) or None


def references(question: Question, params: lsp.ReferenceParams) -> Answer:
    """Every place that names the same table or column."""
    offset = question.offset(params.position)
    named = named_at(question.workspace, question.path, offset)
    if not named:
        return None
    wanted = named[0]
    found = {}
    for place in mentions(question.workspace, wanted):
        question.check()
        if params.context.include_declaration or place != wanted.declaration:
            found[place] = question.location(question.workspace.span(place))
    return list(found.values())
