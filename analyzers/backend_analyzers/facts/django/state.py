"""The models as the migrations so far have made them, and what it takes to change them.

Django renders the same state to write its statements; names that the database has given (of unique
keys, foreign keys, indexes) stay what they were when something is renamed, and so they are kept.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from backend_analyzers.facts.django.build import join_shape
from backend_analyzers.facts.django.names import foreign_key_name, index_name
from backend_analyzers.facts.django.project import Names
from backend_analyzers.facts.django.shapes import DjangoField, Shape, referred
from backend_analyzers.facts.django.terms import Term

GivenNames = dict[tuple[str, tuple[str, ...]], str]
"""(kind, columns) -> the name in the database."""


class State:
    """The models at one moment of the history, by label."""

    def __init__(
        self, project: Names, shapes: dict[str, Shape], names: dict[str, GivenNames]
    ) -> None:
        self.project = project
        self.shapes = shapes
        self.names = names

    def copy(self) -> State:
        """A state that can go its own way."""
        return State(
            self.project, dict(self.shapes), {label: dict(one) for label, one in self.names.items()}
        )

    def put(self, shape: Shape) -> None:
        """Add or replace a model."""
        self.shapes[shape.label] = shape

    def change(self, label: str, step: Callable[[Shape], Shape]) -> Shape | None:
        """Change a model that is there."""
        shape = self.shapes.get(label)
        if shape is not None:
            shape = self.shapes[label] = step(shape)
        return shape

    def remember(self, label: str, kind: str, columns: tuple[str, ...], name: str) -> None:
        """Keep the name under which the database has something."""
        self.names.setdefault(label, {})[kind, columns] = name

    def name(self, shape: Shape, kind: str, columns: tuple[str, ...]) -> str:
        """The name under which the database has something, as Django finds it by its columns."""
        known = self.names.get(shape.label, {}).get((kind, columns))
        if known is not None:
            return known
        suffix = {"unique": "_uniq", "index": "", "together": "_idx", "like": "_like"}.get(kind, "")
        return index_name(shape.table, columns, suffix)

    def note_field(self, shape: Shape, field: DjangoField, *, inline: bool) -> None:
        """Keep the names of what comes with a field."""
        if not field.has_column:
            return
        columns = (field.column,)
        if field.unique and not field.primary:
            name = f"{shape.table}_{field.column}_key" if inline else ""
            self.remember(
                shape.label, "unique", columns, name or index_name(shape.table, columns, "_uniq")
            )
        self.remember(shape.label, "index", columns, index_name(shape.table, columns))
        self.remember(shape.label, "like", columns, index_name(shape.table, columns, "_like"))
        other = referred(field, self.shapes) if field.constrained else None
        if other is not None:
            target = self.shapes[field.to].table
            name = foreign_key_name(shape.table, field.column, target, other.column)
            self.remember(shape.label, "foreign key", columns, name)

    def rename_column(self, label: str, old: str, new: str) -> None:
        """Names that are found by a column are found by its new name."""
        self.names[label] = {
            (kind, tuple(new if one == old else one for one in columns)): name
            for (kind, columns), name in self.names.get(label, {}).items()
        }

    def between(self, shape: Shape, field: DjangoField) -> Shape | None:
        """The join table of a many-to-many relation, when Django makes it."""
        if field.kind != "ManyToManyField" or field.through:
            return None
        auto = self.project.default_key(shape.at.path)
        return join_shape(shape, field, self.shapes.get(field.to), auto)


def without_field(shape: Shape, name: str) -> Shape:
    """The model after a field is gone."""
    return replace(shape, fields=tuple(one for one in shape.fields if one.name != name))


def with_field(shape: Shape, field: DjangoField) -> Shape:
    """The model with one field more, or with another in its place."""
    if any(one.name == field.name for one in shape.fields):
        fields = tuple(field if one.name == field.name else one for one in shape.fields)
    else:
        fields = (*shape.fields, field)
    return replace(shape, fields=fields)


def renamed_field(shape: Shape, old: str, new: str) -> Shape:
    """The model after a field got another name, wherever it is mentioned."""

    def follow(groups: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(new if one == old else one for one in group) for group in groups)

    return replace(
        shape,
        fields=tuple(replace(one, name=new) if one.name == old else one for one in shape.fields),
        unique_together=follow(shape.unique_together),
        index_together=follow(shape.index_together),
        indexes=tuple(_renamed(one, old, new) for one in shape.indexes),
        constraints=tuple(_renamed(one, old, new) for one in shape.constraints),
    )


def _renamed(term: Term, old: str, new: str) -> Term:
    """An index whose list of fields names another one."""
    parts = list(term.parts)
    for number, keyword in enumerate(term.names):
        if keyword == "fields":
            listed = parts[number + 1]
            parts[number + 1] = replace(
                listed,
                parts=tuple(
                    replace(one, value=new)
                    if one.value == old
                    else replace(one, value=f"-{new}")
                    if one.value == f"-{old}"
                    else one
                    for one in listed.parts
                ),
            )
    return replace(term, parts=tuple(parts))
