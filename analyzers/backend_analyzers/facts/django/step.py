"""One operation of a migration while it is read."""

from __future__ import annotations

from msgspec.structs import replace

from backend_analyzers.facts.django.project import NO_FIELD
from backend_analyzers.facts.django.shapes import (
    DjangoField,
    Shape,
    field_of,
    known_index,
    read_field,
)
from backend_analyzers.facts.django.state import State
from backend_analyzers.facts.django.terms import Term
from backend_analyzers.source import Place

Span = tuple[int, int]


class Unreadable(Exception):  # noqa: N818 - no error: a case that the reader leaves to its caller
    """An operation says something that cannot be read."""


class Step:
    """One operation on its way: the app it belongs to, the state it changes, where it stands."""

    def __init__(self, state: State, app: str, at: Place, term: Term) -> None:
        self.state = state
        self.app = app
        self.at = at
        self.term = term
        self.span: Span = (term.start, term.end)

    def text(self, name: str, position: int) -> str:
        """An argument that is a text."""
        found = self.term.argument(name, position)
        if found is None or not isinstance(found.value, str):
            raise Unreadable
        return found.value

    def label(self, name: str = "model_name", position: int = 0) -> str:
        """The label of the model that an argument names."""
        return f"{self.app}.{self.text(name, position)}".lower()

    def shape(self, name: str = "model_name", position: int = 0) -> Shape:
        """The model that an argument names."""
        shape = self.state.shapes.get(self.label(name, position))
        if shape is None:
            raise Unreadable
        return shape

    def part(self, name: str) -> Term:
        """The index or the constraint that is added."""
        found = self.term.argument(name, 1)
        if found is None:
            raise Unreadable
        return known_index(self.state.project, self.at.path, found)

    def field(self, label: str, name: str, call: Term) -> DjangoField:
        """The field that a call makes: in a migration everything in a list of fields is one."""
        at = Place(self.at.path, self.at.unit, call.start, call.end)
        found = read_field(self.state.project, at.path, name, at, call, label)
        if found is None and call.kind == "call":
            unknown = replace(NO_FIELD, kind="?")
            return field_of(self.state.project, at.path, name, at, call, unknown, label)
        if found is None:
            raise Unreadable
        return found


def has_table(shape: Shape) -> bool:
    return shape.managed and not shape.proxy and not shape.swapped


def options_of(term: Term | None) -> dict[str, Term] | None:
    if term is None:
        return {}
    if term.kind != "mapping":
        return None
    return {str(key.value): value for key, value in term.items()}


def says(options: dict[str, Term], name: str, *, value: bool) -> bool:
    return name in options and options[name].value is value
