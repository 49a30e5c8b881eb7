"""What the terms of chains are once the models are known: classes, rows of a query, single objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from backend_analyzers.facts.django.catalog import Catalog, Way
from backend_analyzers.facts.django.shapes import DjangoField
from backend_analyzers.facts.django.terms import Term, last_name
from backend_analyzers.libraries.django_orm import (
    ASYNC,
    MAKES_ONE,
    MANAGERS,
    METHODS,
    REFINING,
    RUNNING,
    SHORTCUTS,
    UNREAD,
)

_DEEPEST = 24


class Meaning(msgspec.Struct, frozen=True, gc=False):
    """A reference that leads to a model: its label, and the names that follow."""

    label: str
    rest: tuple[str, ...] = ()


Meanings = Mapping[str, Meaning]


class Step(NamedTuple):
    """A method that refines a query; `call` is the call, or the index for `[a:b]`."""

    method: str
    call: Term


class Related(NamedTuple):
    """Rows that an object leads to: back along `way`, or along a many-to-many `field`."""

    source: str
    at: Term
    way: Way | None = None
    field: DjangoField | None = None


class Rows(NamedTuple):
    """A query: rows of a model, after some steps.  `running` is the method that runs it, if one does."""

    label: str
    at: Term
    steps: tuple[Step, ...] = ()
    related: Related | None = None
    running: Step | None = None
    unsure: bool = False
    """Whether there may be conditions besides."""


class One(NamedTuple):
    """An object of a model; `found` is the query that gives it, where that is known."""

    label: str
    found: Rows | None = None


class Model(NamedTuple):
    """The class itself."""

    label: str
    at: Term


class Bound(NamedTuple):
    """A method of rows, before it is called."""

    rows: Rows
    method: str


_OWN_ROWS = "get_queryset"
"""A manager that has this method may leave out rows."""

Thing = Rows | One | Model | Bound | None


class Reader:
    """Evaluates the terms of one file."""

    def __init__(self, known: Catalog, meanings: Meanings) -> None:
        self.known = known
        self.meanings = meanings

    def thing(self, term: Term, depth: int = _DEEPEST, inside: Rows | None = None) -> Thing:
        """What a term is; `inside` are the rows that `self` is in a method of a manager."""
        if depth <= 0:
            return None
        match term.kind:
            case "name":
                return self._named(term)
            case "class":
                meaning = self.meanings.get(term.text)
                return (
                    Model(meaning.label, term) if meaning is not None and not meaning.rest else None
                )
            case "self" | "typed":
                if inside is not None and term.kind == "self":
                    return inside
                meaning = self.meanings.get(term.text)
                return One(meaning.label) if meaning is not None and not meaning.rest else None
            case "attribute":
                return self._attribute(
                    self.thing(term.parts[0], depth - 1, inside), term.text, term
                )
            case "call":
                return self._call(term, depth, inside)
            case "index":
                return self._index(self.thing(term.parts[0], depth - 1, inside), term)
            case "element":
                rows = self._gone_through(term.parts[0], depth - 1, inside)
                return One(rows.label, rows) if rows is not None and gives_objects(rows) else None
            case "choice":
                return self._choice(term, depth, inside)
            case _:
                return None

    def _named(self, term: Term) -> Thing:
        meaning = self.meanings.get(term.text)
        if meaning is None:
            return None
        found: Thing = Model(meaning.label, term)
        for name in meaning.rest:
            found = self._attribute(found, name, term)
        return found

    def _attribute(self, owner: Thing, name: str, at: Term) -> Thing:
        match owner:
            case Model(label=label):
                entry = self.known.entries.get(label)
                managers = entry.managers if entry is not None else {}
                if name in managers or name in MANAGERS:
                    return Rows(label, at, unsure=_OWN_ROWS in managers.get(name, ()))
                return None
            case One(label=label):
                return self._of_one(label, name, at)
            case Rows() as rows if rows.running is None:
                return Bound(rows, name)
            case _:
                return None

    def _of_one(self, label: str, name: str, at: Term) -> Thing:
        field = self.known.fields(label).get(name)
        if field is not None:
            if not field.is_relation or field.name != name or field.to not in self.known.entries:
                return None
            if field.kind == "ManyToManyField":
                return self._related(field.to, at, Related(label, at, field=field))
            return One(field.to)
        for way in self.known.ways_back(label):
            if way.accessor == name:
                if not way.many:
                    return One(way.model)
                return self._related(way.model, at, Related(label, at, way=way))
        return None

    def _related(self, label: str, at: Term, related: Related) -> Rows:
        """The rows of a related manager, which is made like the first manager of the model."""
        entry = self.known.entries.get(label)
        first = next(iter(entry.managers.values()), {}) if entry is not None else {}
        return Rows(label, at, related=related, unsure=_OWN_ROWS in first)

    def _call(self, term: Term, depth: int, inside: Rows | None) -> Thing:
        function = term.parts[0]
        last = last_name(function.text)
        if function.kind == "name" and last in SHORTCUTS:
            return self._shortcut(term, depth, inside)
        if function.kind == "name" and last == "get_user_model":
            meaning = self.meanings.get(function.text)
            return Model(meaning.label, term) if meaning is not None else None
        called = self.thing(function, depth - 1, inside)
        match called:
            case Model(label=label):
                return One(label)
            case Bound(rows=rows, method=method):
                return self._method(rows, method, term, depth)
            case Rows() as rows if last not in METHODS:
                return rows  # a related manager that is called, with another manager
            case _:
                return None

    def _method(self, rows: Rows, method: str, term: Term, depth: int) -> Thing:
        method = ASYNC.get(method, method)
        own = self._own_method(rows.label, method) if method != _OWN_ROWS else None
        if own is not None:
            if own.kind == "unknown":
                return None
            inner = self.thing(moved(own, term), depth - 1, rows)
            return inner if isinstance(inner, Rows) else None
        if method in UNREAD:
            return None
        step = Step(method, term)
        if method in RUNNING:
            done = rows._replace(running=step)
            return One(rows.label, done) if method in MAKES_ONE else done
        if method in REFINING:
            return rows._replace(steps=(*rows.steps, step))
        return None

    def _own_method(self, label: str, method: str) -> Term | None:
        entry = self.known.entries.get(label)
        for methods in entry.managers.values() if entry is not None else ():
            if method in methods:
                return methods[method]
        return None

    def _shortcut(self, term: Term, depth: int, inside: Rows | None) -> Thing:
        given = term.positional()
        if not given:
            return None
        found = self.thing(given[0], depth - 1, inside)
        rows = Rows(found.label, found.at) if isinstance(found, Model) else found
        if not isinstance(rows, Rows) or rows.running is not None:
            return None
        method = SHORTCUTS[last_name(term.parts[0].text)]
        rest = msgspec.structs.replace(
            term,
            parts=(term.parts[0], *term.parts[2:]),
            names=term.names[1:],
            starts=term.starts[1:],
        )
        if method == "get":
            return One(rows.label, rows._replace(running=Step("get", rest)))
        return rows._replace(steps=(*rows.steps, Step("filter", rest)))

    def _index(self, owner: Thing, term: Term) -> Thing:
        if not isinstance(owner, Rows) or owner.running is not None:
            return None
        index = term.parts[1]
        if index.kind == "operator" and index.text == ":":
            return owner._replace(steps=(*owner.steps, Step("[:]", term)))
        done = owner._replace(running=Step("[]", term))
        return One(owner.label, done) if gives_objects(owner) else done

    def _gone_through(self, term: Term, depth: int, inside: Rows | None) -> Rows | None:
        """The rows that a loop goes through, also as a list of them."""
        if term.kind == "call" and term.parts[0].kind == "name":
            name = term.parts[0].text.lstrip("?:")
            if name in {"list", "tuple", "set", "sorted", "reversed", "iter"} and term.positional():
                return self._gone_through(term.positional()[0], depth - 1, inside)
        found = self.thing(term, depth, inside)
        if isinstance(found, Rows) and (
            found.running is None or found.running.method == "iterator"
        ):
            return found
        return None

    def _choice(self, term: Term, depth: int, inside: Rows | None) -> Thing:
        """A name with several values: rows that differ only in how far they are refined."""
        found = [self.thing(one, depth - 1, inside) for one in term.parts]
        if not all(isinstance(one, Rows) for one in found):
            ones = {one.label for one in found if isinstance(one, One)}
            return (
                One(ones.pop()) if len(ones) == 1 and len(found) > 0 and _all_ones(found) else None
            )
        rows = [one for one in found if isinstance(one, Rows)]
        shortest = min(rows, key=lambda one: len(one.steps))
        same = all(
            one.label == shortest.label
            and one.running is None
            and one.related == shortest.related
            and one.steps[: len(shortest.steps)] == shortest.steps
            and all(step.method in _NARROWING for step in one.steps[len(shortest.steps) :])
            for one in rows
        )
        return shortest._replace(unsure=True) if same else None


_NARROWING = frozenset({"filter", "exclude", "all", "order_by", "prefetch_related"})
"""Steps that leave what a query gives as it is."""


def _all_ones(found: list[Thing]) -> bool:
    return all(isinstance(one, One) for one in found)


def gives_objects(rows: Rows) -> bool:
    """Whether the rows of a query are objects of its model."""
    return not any(
        step.method in {"values", "values_list", "dates", "datetimes"} for step in rows.steps
    )


def moved(term: Term, to: Term) -> Term:
    """A term of another unit, at the place that stands for it."""
    return msgspec.structs.replace(
        term,
        start=to.start,
        end=to.end,
        parts=tuple(moved(one, to) for one in term.parts),
        starts=(to.start,) * len(term.starts),
    )
