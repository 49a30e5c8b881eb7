"""From classes to models: fields in order, options, keys, tables between many and many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from backend_analyzers.facts.django.declared_indexes import together
from backend_analyzers.facts.django.inheritance import Inheritance
from backend_analyzers.facts.django.names import short
from backend_analyzers.facts.django.project import Project, Where
from backend_analyzers.facts.django.shapes import (
    DjangoField,
    Shape,
    automatic_key,
    known_index,
    read_field,
)
from backend_analyzers.facts.django.terms import Term, constant, last_name, texts
from backend_analyzers.facts.paths import is_test
from backend_analyzers.libraries.django_contrib import CONTRIB, ContribModel
from backend_analyzers.source import Place


class Built(NamedTuple):
    """A model with all that it inherits."""

    key: str
    label: str
    shape: Shape
    path: str = ""
    parents: tuple[str, ...] = ()
    line: tuple[Where, ...] = ()
    default_related_name: str = ""
    is_contrib: bool = False
    managers: Mapping[str, Mapping[str, Term]] = {}
    ordering: tuple[str, ...] = ()


class Builder:
    """Builds the models of a project."""

    def __init__(self, project: Project, inheritance: Inheritance) -> None:
        self.project = project
        self.inheritance = inheritance

    def built(self) -> list[Built]:
        """Every model, the join tables of many-to-many relations among them."""
        found: dict[str, Built] = {}
        keys: set[str] = set()
        for where in self.project.classes:
            if is_test(where[0]) or not self.inheritance.is_concrete(where):
                continue
            one = self._model(where)
            if one.key in keys:
                one = one._replace(key=f"{where[0]}:{where[1]}")
            keys.add(one.key)
            found.setdefault(one.shape.label, one)
        self._add_contrib(found)
        for label, one in found.items():
            if one.shape.proxy:
                table = _concrete(found, one).shape.table
                found[label] = one._replace(shape=msgspec.structs.replace(one.shape, table=table))
        for one in list(found.values()):
            for between in self._between(one, found):
                found.setdefault(between.shape.label, between)
        return list(found.values())

    def _model(self, where: Where) -> Built:
        path, name = where
        meta = self.inheritance.meta(where)
        declared = self.project.classes[where]
        label = self.project.class_label(where)
        given = meta.get("app_label")
        app = (
            given.value
            if given is not None and isinstance(given.value, str)
            else self.project.app(path).label
        )
        label = f"{app}.{name}".lower()
        parents = tuple(self._label(one) for one in self.inheritance.parents(where))
        is_proxy = _is(meta, "proxy") and bool(parents)
        table = meta["db_table"].value if "db_table" in meta else None
        line = self.inheritance.line(where)
        fields, known = ((), True) if is_proxy else self._fields(where, label, parents)
        unique, index = together(meta.get("unique_together")), together(meta.get("index_together"))
        indexes, more = self._listed(path, meta.get("indexes"))
        constraints, still_more = self._listed(path, meta.get("constraints"))
        related = meta.get("default_related_name")
        swappable = meta.get("swappable")
        shape = Shape(
            label=label,
            name=name,
            table=table if isinstance(table, str) else short(f"{app}_{name.lower()}"),
            at=declared.at,
            fields=fields,
            unique_together=unique or (),
            index_together=index or (),
            indexes=indexes,
            constraints=constraints,
            known=known and not line.open and None not in {unique, index} and more and still_more,
            managed=not _is(meta, "managed", value=False),
            proxy=parents[0] if is_proxy else "",
            swapped=swappable is not None and self.project.user(path) != label and "user" in label,
        )
        return Built(
            key=f"{self.project.module(path)}.{name}",
            label=f"{app}.{name}",
            shape=shape,
            path=path,
            parents=parents,
            line=line.classes,
            managers=dict(self._managers(where)),
            ordering=("_order",)
            if "order_with_respect_to" in meta
            else texts(meta.get("ordering")) or (),
            default_related_name=str(related.value)
            if related is not None and related.value
            else "",
        )

    def _listed(self, path: str, term: Term | None) -> tuple[tuple[Term, ...], bool]:
        """The entries of a list, and whether all of them could be read."""
        if term is None:
            return (), True
        if term.kind != "list":
            return (), False
        calls = tuple(
            known_index(self.project, path, one) for one in term.parts if one.kind == "call"
        )
        return calls, len(calls) == len(term.parts)

    def _label(self, where: Where) -> str:
        if where in self.project.classes:
            return self.project.class_label(where)
        return contrib_label(where[1])

    def _fields(
        self, where: Where, label: str, parents: tuple[str, ...]
    ) -> tuple[tuple[DjangoField, ...], bool]:
        found: dict[str, DjangoField] = {}
        known = True
        for other in reversed(self.inheritance.own(where)):
            if not other[0] and self.inheritance.is_abstract(other):
                place = self.project.classes[where].at
                for one in contrib_fields(CONTRIB[other[1]], place, self.project.user(where[0])):
                    found[one.name] = one
            elif other[0]:
                for name in self.project.classes[other].members:
                    found.pop(name, None)
        for name, (owner, attribute) in self.inheritance.attributes(where).items():
            found.pop(name, None)
            field = read_field(self.project, owner[0], name, attribute.at, attribute.value, label)
            if field is not None:
                found[name] = field
                known = known and field.kind != "?" and (field.to != "?")
        fields = list(found.values())
        at = self.project.classes[where].at
        for parent in parents:
            if not any(
                f.kind == "OneToOneField" and f.to == parent and f.value("parent_link")
                for f in fields
            ):
                options = {"primary_key": constant(value=True), "parent_link": constant(value=True)}
                name = f"{parent.rpartition('.')[2]}_ptr"
                fields.insert(0, DjangoField(name, "OneToOneField", at, options, parent))
        fields = [_linked(field) for field in fields]
        composite = any(one.kind == "CompositePrimaryKey" for one in fields)
        if not any(one.primary for one in fields) and not composite:
            fields.insert(0, automatic_key(self.project.auto_field(where[0]), at))
        if "order_with_respect_to" in self.inheritance.meta(where):
            fields.append(DjangoField("_order", "OrderWrt", at))
        return tuple(fields), known

    def _managers(self, where: Where) -> Iterator[tuple[str, dict[str, Term]]]:
        """The managers of a model: attributes that are made by calls and are no fields."""
        for other in reversed(self.inheritance.line(where).classes):
            declared = self.project.classes.get(other)
            for one in declared.attributes if declared is not None else ():
                reference = _made_by(one.value)
                if not reference or self.project.field_class(other[0], reference) is not None:
                    continue
                path, name = self.project.lead(other[0], reference)
                name = name.removesuffix(".as_manager")
                last = last_name(name)
                if (path, name) in self.project.classes or last.endswith("Manager"):
                    methods: dict[str, Term] = {}
                    self._methods((path, name), methods, _DEEPEST)
                    for argument in _mixed_in(one.value):
                        self._methods(self.project.lead(other[0], argument), methods, _DEEPEST)
                    yield one.name, methods

    def _methods(self, where: Where, found: dict[str, Term], depth: int) -> None:
        declared = self.project.classes.get(where)
        if declared is None or depth <= 0:
            return
        for base in reversed(declared.bases):
            self._methods(self.project.lead(where[0], base), found, depth - 1)
        for method in declared.methods:
            found[method.name] = method.gives or Term("unknown", 0, 0)

    # Join tables --------------------------------------------------------------------------------

    def _between(self, one: Built, found: dict[str, Built]) -> Iterator[Built]:
        shape = one.shape
        for field in shape.fields:
            if field.kind == "ManyToManyField" and not field.through:
                auto = "AutoField" if one.is_contrib else self.project.auto_field(one.path)
                other = found.get(field.to)
                between = join_shape(shape, field, other.shape if other else None, auto)
                module = one.key.rpartition(".")[0]
                app = one.label.partition(".")[0]
                yield Built(
                    f"{module}.{between.name}",
                    f"{app}.{between.name}",
                    between,
                    is_contrib=one.is_contrib,
                )

    # Packages -----------------------------------------------------------------------------------

    def _add_contrib(self, found: dict[str, Built]) -> None:
        """The models of packages; those that the project refers to count as its own."""
        known = {contrib_label(name): name for name, one in CONTRIB.items() if one.table}
        user = self.project.user("")
        places: dict[str, Place] = {}
        pending = [
            (field.to, field.at) for one in found.values() for field in one.shape.fields if field.to
        ]
        pending += [(parent, one.shape.at) for one in found.values() for parent in one.parents]
        while pending:
            label, at = pending.pop()
            if label not in known or label in found or label in places:
                continue
            places[label] = at
            for _, _, options in CONTRIB[known[label]].fields:
                to = options.get("to")
                if isinstance(to, str):
                    pending.append((user if to == "?user" else to, at))
        nowhere = Place("", "", 0, 0)
        for label, name in known.items():
            if label in found:
                continue
            at = places.get(label, nowhere)
            shape = contrib_shape(name, CONTRIB[name], at, user)
            found[label] = Built(
                name,
                f"{label.partition('.')[0]}.{shape.name}",
                shape,
                is_contrib=label not in places,
            )


def contrib_shape(name: str, model: ContribModel, at: Place, user: str) -> Shape:
    """A model of a package."""
    return Shape(
        label=contrib_label(name),
        name=name.rpartition(".")[2],
        table=model.table,
        at=at,
        fields=tuple(contrib_fields(model, at, user)),
        unique_together=model.unique_together,
        managed=False,
    )


def contrib_fields(model: ContribModel, at: Place, user: str) -> Iterator[DjangoField]:
    """The fields of a model of a package."""
    for name, kind, options in model.fields:
        to = options.get("to", "")
        terms = {
            key: constant(value)
            for key, value in options.items()
            if isinstance(value, str | int | bool) and key != "to"
        }
        yield DjangoField(name, kind, at, terms, user if to == "?user" else str(to))


def join_shape(shape: Shape, field: DjangoField, other: Shape | None, auto: str) -> Shape:
    """The table between two models that Django makes for a many-to-many relation."""
    name = f"{shape.name}_{field.name}"
    given = field.value("db_table")
    table = given if isinstance(given, str) and given else short(f"{shape.table}_{field.name}")
    here = shape.name.lower()
    there = other.name.lower() if other is not None else field.to.rpartition(".")[2]
    is_known = there not in {"", "?"}
    first, second = (f"from_{here}", f"to_{there}") if here == there else (here, there)
    options: dict[str, Term] = {"related_name": constant(f"{name}+")}
    if field.value("db_constraint") is False:
        options["db_constraint"] = constant(value=False)
    fields = [
        automatic_key(auto, field.at),
        DjangoField(first, "ForeignKey", field.at, options, shape.label),
    ]
    if is_known:
        fields.append(DjangoField(second, "ForeignKey", field.at, options, field.to))
    return Shape(
        label=f"{shape.label}_{field.name}".lower(),
        name=name,
        table=table,
        at=field.at,
        fields=tuple(fields),
        unique_together=((first, second),) if is_known else (),
        known=is_known,
        managed=shape.managed,
    )


def _concrete(found: dict[str, Built], one: Built) -> Built:
    """The model whose table a proxy stands for."""
    for _ in range(len(found)):
        above = found.get(one.shape.proxy)
        if above is None:
            break
        one = above
    return one


_DEEPEST = 8


def _made_by(value: Term) -> str:
    """The class that `objects = Manager()`, `Rows.as_manager()` or `Manager.from_queryset(Rows)()` is of."""
    if value.function:
        return value.function
    inner = value.parts[0] if value.kind == "call" else value
    return inner.function.removesuffix(".from_queryset") if inner.kind == "call" else ""


def _mixed_in(value: Term) -> tuple[str, ...]:
    """The classes of rows whose methods a manager takes over."""
    inner = value.parts[0] if value.kind == "call" else value
    if inner.kind == "call" and inner.last == "from_queryset":
        return tuple(one.text for one in inner.positional() if one.kind == "name")
    return ()


def contrib_label(name: str) -> str:
    """`auth.user` for `django.contrib.auth.models.User`."""
    parts = name.split(".")
    return f"{parts[-3]}.{parts[-1]}".lower()


def _linked(field: DjangoField) -> DjangoField:
    """A parent link is the primary key where the class does not say otherwise."""
    if field.value("parent_link") is True and "primary_key" not in field.options:
        options = {**field.options, "primary_key": constant(value=True)}
        return msgspec.structs.replace(field, options=options)
    return field


def _is(meta: dict[str, Term], name: str, *, value: bool = True) -> bool:
    return name in meta and meta[name].value is value
