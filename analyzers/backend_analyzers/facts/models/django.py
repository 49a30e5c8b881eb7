"""The models of Django apps, read from their classes.

A class is a model when it leads to `django.db.models.Model`, through abstract classes and mixins of the
workspace or of a package that `libraries/django_contrib.py` knows; or when what it leads to is not
known and it has fields of Django.
"""

from __future__ import annotations

from collections.abc import Mapping

from backend_analyzers.facts.django.catalog import Catalog, Entry, catalog
from backend_analyzers.facts.django.shapes import DjangoField, type_of
from backend_analyzers.facts.django.tables import create_table, indexes
from backend_analyzers.facts.models import Field, Model
from backend_analyzers.workspace import Workspace


def models(workspace: Workspace) -> Mapping[str, Model]:
    """Every model by the dotted name of its class; abstract ones have no table and are left out."""
    known = workspace.fact(catalog)
    return {
        entry.key: _model(known, entry) for entry in known.entries.values() if not entry.is_contrib
    }


def _model(known: Catalog, entry: Entry) -> Model:
    shape = entry.shape
    stored = known.shapes.get(known.concrete(shape.label), shape)
    span = (shape.at.start, shape.at.end)
    return Model(
        key=entry.key,
        mapper="django",
        table=shape.table,
        at=shape.at,
        fields=tuple(_fields(known, entry)),
        create=create_table(stored, known.shapes, span),
        indexes=tuple(indexes(stored, known.shapes, span)),
        known=shape.known,
        managed=shape.managed and not shape.proxy and not shape.swapped,
        label=entry.label,
    )


def _fields(known: Catalog, entry: Entry) -> list[Field]:
    found = [_field(known, entry, field) for field in entry.all_fields(known) if field.kind]
    names = {one.name for one in found}
    for way in known.ways_back(entry.shape.label):
        if way.accessor in names or not way.accessor:
            continue
        other = known.entries[way.model]
        found.append(
            Field(
                way.accessor,
                way.field.at,
                relation=other.key,
                many=way.many,
                join=way.join,
                through=way.through,
            )
        )
    return found


def _field(known: Catalog, entry: Entry, field: DjangoField) -> Field:
    other = known.entries.get(field.to)
    relation = "" if not field.is_relation else other.key if other is not None else "?"
    is_here = not field.model or field.model == entry.shape.label
    through = known.through(entry.shape, field) if field.kind == "ManyToManyField" else None
    join: tuple[tuple[str, str], ...] = ()
    target = known.target_field(field)
    if field.column and target is not None:
        join = ((field.column, target.column),)
    return Field(
        field.name,
        field.at,
        column=field.column if is_here else "",
        type=type_of(field, known.shapes) if field.column else "",
        nullable=field.nullable,
        relation=relation,
        many=field.kind == "ManyToManyField",
        join=join,
        through=through.table if through is not None else "",
    )
