"""All models of the project as Django knows them once it is set up, with the ways between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from backend_analyzers.facts.django.build import Builder
from backend_analyzers.facts.django.inheritance import Inheritance
from backend_analyzers.facts.django.project import project
from backend_analyzers.facts.django.shapes import DjangoField, Shape, referred
from backend_analyzers.facts.django.terms import Term
from backend_analyzers.workspace import Workspace


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A model, where its class is, and the models above it that have tables of their own."""

    key: str
    label: str
    shape: Shape
    path: str = ""
    parents: tuple[str, ...] = ()
    line: tuple[tuple[str, str], ...] = ()
    default_related_name: str = ""
    is_contrib: bool = False
    managers: Mapping[str, Mapping[str, Term]] = {}
    """The managers by attribute: their own methods, as what they give; unknown where that is not read."""
    ordering: tuple[str, ...] = ()

    def all_fields(self, known: Catalog) -> tuple[DjangoField, ...]:
        """Its fields, those of its parents included, which say so by their `model`."""
        fields = list(self.shape.fields)
        names = {one.name for one in fields}
        for label in self.parents:
            parent = known.entries.get(label)
            if parent is None:
                continue
            for one in parent.all_fields(known):
                if one.name not in names:
                    names.add(one.name)
                    fields.append(msgspec.structs.replace(one, model=one.model or label))
        return tuple(fields)


class Way(NamedTuple):
    """The way back along a relation: from the model that `field` leads to, to `model` that has it."""

    accessor: str
    query: str
    field: DjangoField
    model: str
    many: bool
    join: tuple[tuple[str, str], ...]
    through: str = ""


class Catalog:
    """The models by their labels in lower case."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self.entries = entries
        self.shapes: Mapping[str, Shape] = {label: one.shape for label, one in entries.items()}
        self.by_class = {(e.path, e.shape.name): label for label, e in entries.items() if e.path}
        self._back: dict[str, list[Way]] | None = None
        self._fields: dict[str, dict[str, DjangoField]] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Catalog) and self.entries == other.entries

    __hash__ = None  # type: ignore[assignment]

    def concrete(self, label: str) -> str:
        """The label of the model whose table a proxy stands for."""
        for _ in range(len(self.entries)):
            entry = self.entries.get(label)
            if entry is None or not entry.shape.proxy:
                break
            label = entry.shape.proxy
        return label

    def fields(self, label: str) -> dict[str, DjangoField]:
        """The fields of a model by name, `pk` and the names of the keys' own attributes included."""
        known = self._fields.get(label)
        if known is None:
            entry = self.entries.get(self.concrete(label))
            known = {}
            for field in entry.all_fields(self) if entry is not None else ():
                known[field.name] = field
                if field.column:
                    known.setdefault(field.attname, field)
                if field.primary and (not field.model or "pk" not in known):
                    known["pk"] = field
            self._fields[label] = known
        return known

    def target_field(self, field: DjangoField) -> DjangoField | None:
        """The field that a foreign key refers to."""
        return referred(field, self.shapes) if field.is_relation else None

    def through(self, shape: Shape, field: DjangoField) -> Shape | None:
        """The model between the two of a many-to-many relation."""
        if field.through:
            return self.shapes.get(field.through)
        return self.shapes.get(f"{field.model or shape.label}_{field.name}".lower())

    def ways_back(self, label: str) -> list[Way]:
        """The ways from a model to those that refer to it."""
        if self._back is None:
            self._back = {}
            for entry in self.entries.values():
                for field in entry.shape.fields:
                    if field.is_relation and field.to in self.entries and not entry.shape.proxy:
                        way = self._way(entry, field)
                        if way is not None:
                            self._back.setdefault(self.concrete(field.to), []).append(way)
        label = self.concrete(label)
        found = list(self._back.get(label, ()))
        own = self.entries.get(label)
        for parent in own.parents if own is not None else ():
            found += self.ways_back(parent)
        return found

    def _way(self, entry: Entry, field: DjangoField) -> Way | None:
        name = _related(entry, field, "related_name") or entry.default_related_name
        lower = entry.shape.name.lower()
        hidden = name.endswith("+")
        if field.kind == "ManyToManyField" and field.to == entry.shape.label and not name:
            hidden = True
        many = field.kind != "OneToOneField"
        default = lower if not many else f"{lower}_set"
        query = _related(entry, field, "related_query_name") or name or lower
        through = self.through(entry.shape, field) if field.kind == "ManyToManyField" else None
        target = self.target_field(field)
        join: tuple[tuple[str, str], ...] = ()
        if field.column and target is not None:
            join = ((target.column, field.column),)
        return Way(
            "" if hidden else name or default,
            "" if hidden else query,
            field,
            entry.shape.label,
            many,
            join,
            through.table if through is not None else "",
        )


def _related(entry: Entry, field: DjangoField, option: str) -> str:
    value = field.value(option)
    if not isinstance(value, str):
        return ""
    app, _, model = entry.shape.label.partition(".")
    return (
        value.replace("%(class)s", model)
        .replace("%(model_name)s", model)
        .replace("%(app_label)s", app)
    )


def catalog(workspace: Workspace) -> Catalog:
    """The models of the workspace, and those of packages that they refer to."""
    known = workspace.fact(project)
    built = Builder(known, Inheritance(known)).built()
    return Catalog({one.shape.label: Entry(**one._asdict()) for one in built})
