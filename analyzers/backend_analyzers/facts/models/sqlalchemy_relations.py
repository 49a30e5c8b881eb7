"""Relations between models: where they lead, by which columns, and when they are loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from backend_analyzers.facts.alchemy.things import (
    UNKNOWN,
    ClassThing,
    Closure,
    ColumnOf,
    Expression,
    Generic,
    Items,
    Made,
    Named,
    Thing,
)
from backend_analyzers.facts.models import Field, Model
from backend_analyzers.facts.models.sqlalchemy_classes import MemberRead
from backend_analyzers.facts.models.sqlalchemy_mapping import Mapped
from backend_analyzers.source import Place

_EAGER = frozenset({"joined", "subquery", "selectin", "immediate"})
_NONE = frozenset({"noload", "raise", "raise_on_sql"})
Join = tuple[tuple[str, str], ...]
Loading = Literal["lazy", "eager", "none"]


def with_relations(found: dict[str, Mapped]) -> dict[str, Mapped]:
    """The models with their relations, those that others declare for them (`backref`) included."""
    reader = _Relations(found)
    fields: dict[str, list[Field]] = {key: [] for key in found}
    for key, one in found.items():
        for member in one.relations:
            field, back = reader.relation(one, member)
            fields[key].append(field)
            if back is not None and back[0] in fields:
                fields[back[0]].append(back[1])
    return {
        key: msgspec.structs.replace(one, model=_joined(one, fields[key]))
        for key, one in found.items()
    }


def _joined(one: Mapped, added: list[Field]) -> Model:
    held = {field.name for field in one.model.fields}
    new: dict[str, Field] = {}
    for field in added:
        if field.name not in held:
            new.setdefault(field.name, field)
    return msgspec.structs.replace(one.model, fields=(*one.model.fields, *new.values()))


class _Relations:
    """Reads relations with all models at hand."""

    def __init__(self, found: Mapping[str, Mapped]) -> None:
        self.found = found
        self.by_name: dict[str, list[str]] = {}
        self.by_table: dict[str, Mapped] = {}
        for key, one in found.items():
            self.by_table.setdefault(one.model.table, one)
            if one.is_class:
                self.by_name.setdefault(key.rpartition(":")[2].rpartition(".")[2], []).append(key)

    def relation(self, owner: Mapped, member: MemberRead) -> tuple[Field, tuple[str, Field] | None]:
        """The field of a relation, and the one that it declares on the other side."""
        made, note = member.made, member.note
        target = self._target(made, member)
        many = note.many if note is not None and note.wrapper else None
        through = ""
        loading: Loading = "lazy"
        if made is not None:
            through = self._through(made)
            loading = _loading(made.get("lazy"))
            use = made.get("uselist")
            if isinstance(use, bool):
                many = use
        other = self.found.get(target)
        join, outward = self._join(owner, other, made, through)
        if many is None:
            many = bool(through) or outward is False
        field = Field(
            name=member.name,
            at=member.at,
            relation=other.model.key if other is not None else "?",
            many=many,
            join=join,
            through=through,
            loading=loading,
        )
        return field, self._back(owner, other, made, field, outward)

    def _back(
        self,
        owner: Mapped,
        other: Mapped | None,
        made: Made | None,
        field: Field,
        outward: bool | None,
    ) -> tuple[str, Field] | None:
        """The relation that `backref=` declares."""
        given = None if made is None else made.get("backref")
        if other is None or given is None:
            return None
        name, many, at = given, None, field.at
        loading: Loading = "lazy"
        if isinstance(given, Made) and given.last == "backref":
            name = given.get("name", 0)
            use = given.get("uselist")
            many = use if isinstance(use, bool) else None
            loading = _loading(given.get("lazy"))
        if not isinstance(name, str):
            return None
        if many is None:
            many = bool(field.through) or outward is True
        back = Field(
            name=name,
            at=Place(at.path, at.unit, at.start, at.end),
            relation=owner.model.key,
            many=many,
            join=tuple((b, a) for a, b in field.join),
            through=field.through,
            loading=loading,
        )
        return other.key, back

    # Where to -----------------------------------------------------------------------------------

    def _target(self, made: Made | None, member: MemberRead) -> str:
        thing: Thing = UNKNOWN
        if made is not None and made.last != "Relationship":
            thing = made.get("argument", 0, UNKNOWN)
        if thing is UNKNOWN and member.note is not None:
            thing = member.note.inner
        return self._class(thing, member.at.path)

    def _class(self, thing: Thing, path: str) -> str:
        if isinstance(thing, Generic):
            thing = thing.index
        if isinstance(thing, Closure) and len(thing.function.body) == 1:
            value = getattr(thing.function.body[0], "value", None)
            name = getattr(value, "id", getattr(value, "name", ""))
            return self._named(name, path)
        if isinstance(thing, ClassThing):
            return thing.key
        if isinstance(thing, str):
            return self._named(thing.rpartition(".")[2].strip("'\" []"), path)
        if isinstance(thing, Named):
            return self._named(thing.last, path)
        return ""

    def _named(self, name: str, path: str) -> str:
        """The only model of that name, or the only one in the file."""
        known = self.by_name.get(name, [])
        if len(known) > 1:
            known = [key for key in known if key.partition(":")[0] == path]
        return known[0] if len(known) == 1 else ""

    def _through(self, made: Made) -> str:
        thing = made.get("secondary", 1) or made.get("link_model")
        if isinstance(thing, Closure):
            return "?"
        if isinstance(thing, ClassThing) and thing.key in self.found:
            return self.found[thing.key].model.table
        if isinstance(thing, Made):
            name = thing.get("name", 0)
            return name if isinstance(name, str) else "?"
        if isinstance(thing, str):
            last = thing.rpartition(".")[2]
            for one in self.found.values():
                if not one.is_class and one.key.endswith(f":{last}"):
                    return one.model.table
            return last
        return "" if thing is None else "?"

    # By which columns ---------------------------------------------------------------------------

    def _join(
        self, owner: Mapped, other: Mapped | None, made: Made | None, through: str
    ) -> tuple[Join, bool | None]:
        """The columns that are equal, and whether the foreign key is on the side of the owner."""
        if other is None or through:
            return (), None
        if made is not None:
            said = made.get("primaryjoin")
            if said is not None:
                join = self._said(owner, other, said)
                return join, self._side(owner, other, join)
        links = [(True, one) for one in _keys(owner, other)]
        if owner.key != other.key:
            links += [(False, tuple((b, a) for a, b in one)) for one in _keys(other, owner)]
        chosen = None if made is None else self._chosen(made, owner, other)
        if chosen is not None:
            links = [one for one in links if any(a in chosen or b in chosen for a, b in one[1])]
        if owner.key == other.key and links:
            remote = set() if made is None else set(_columns_of(made.get("remote_side")))
            outward = any(b in {self._column(other, r) for r in remote} for _, b in links[0][1])
            join = links[0][1] if outward else tuple((b, a) for a, b in links[0][1])
            return (join, outward) if len(links) == 1 else ((), None)
        if len(links) == 1:
            return links[0][1], links[0][0]
        sides = {outward for outward, _ in links}
        return (), sides.pop() if len(sides) == 1 else None

    def _chosen(self, made: Made, owner: Mapped, other: Mapped) -> set[str] | None:
        given = made.get("foreign_keys")
        if given is None:
            return None
        names = _columns_of(given)
        if not names:
            return None
        return {self._column(owner, name) for name in names} | {
            self._column(other, name) for name in names
        }

    @staticmethod
    def _column(model: Mapped, attribute: str) -> str:
        return model.attributes.get(attribute, attribute)

    def _said(self, owner: Mapped, other: Mapped, thing: Thing) -> Join:
        """The columns of a `primaryjoin` that are equal."""
        pairs: list[tuple[tuple[str, str], tuple[str, str]]] = []
        if isinstance(thing, str):
            found = _EQUAL.finditer(thing)
            pairs = [((one[1], one[2]), (one[3], one[4])) for one in found]
        else:
            pairs = list(_equal(thing))
        join: list[tuple[str, str]] = []
        for one, two in pairs:
            first, second = self._owner(one[0], owner, other), self._owner(two[0], owner, other)
            if first == "own" and second == "other":
                join.append((self._column(owner, one[1]), self._column(other, two[1])))
            elif first == "other" and second == "own":
                join.append((self._column(owner, two[1]), self._column(other, one[1])))
        return tuple(join)

    @staticmethod
    def _owner(name: str, owner: Mapped, other: Mapped) -> Literal["own", "other", ""]:
        def answers(model: Mapped) -> bool:
            return name in {model.key, model.key.rpartition(":")[2], model.model.table}

        if answers(owner):
            return "own"
        return "other" if answers(other) else ""

    def _side(self, owner: Mapped, other: Mapped, join: Join) -> bool | None:
        wanted = set(join)
        for keys, outward in ((_keys(owner, other), True), (_keys(other, owner), False)):
            for one in keys:
                turned = one if outward else tuple((b, a) for a, b in one)
                if wanted & set(turned):
                    return outward
        return None


_EQUAL = re.compile(
    r"(?:foreign\(|remote\()*(\w+)\.(?:c\.)?(\w+)\)*\s*==\s*(?:foreign\(|remote\()*(\w+)\.(?:c\.)?(\w+)"
)


def _equal(thing: Thing) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    match thing:
        case Expression(operator="==", operands=(left, right)):
            one, two = _bare(left), _bare(right)
            if one is not None and two is not None:
                yield (one.key, one.name), (two.key, two.name)
        case Expression(operator="&", operands=operands):
            for inner in operands:
                yield from _equal(inner)
        case Made() if thing.last == "and_":
            for given in thing.arguments:
                yield from _equal(given.value)
        case _:
            pass


def _bare(thing: Thing) -> ColumnOf | None:
    while isinstance(thing, Made) and thing.last in {"foreign", "remote"} and thing.arguments:
        thing = thing.arguments[0].value
    return thing if isinstance(thing, ColumnOf) else None


def _columns_of(thing: Thing) -> list[str]:
    """The attributes that `foreign_keys=` or `remote_side=` names."""
    match thing:
        case ColumnOf(name=name):
            return [name]
        case Items():
            return [name for one in thing for name in _columns_of(one)]
        case str():
            return [found.rpartition(".")[2] for found in re.findall(r"[\w.]+", thing)]
        case _:
            return []


def _keys(owner: Mapped, other: Mapped) -> list[Join]:
    """The foreign keys from one table to another, as pairs of columns."""
    found: list[Join] = []
    table, schema = other.model.table, other.model.schema
    for column in owner.model.create.columns:
        reference = column.references
        if reference is not None and (reference.table.name, reference.table.schema) == (
            table,
            schema,
        ):
            found.append(((column.name, reference.columns[0] if reference.columns else "id"),))
    for one in owner.model.create.constraints:
        reference = one.reference
        if reference is not None and (reference.table.name, reference.table.schema) == (
            table,
            schema,
        ):
            found.append(tuple(zip(one.columns, reference.columns, strict=False)))
    return found


def _loading(thing: Thing) -> Loading:
    if thing is False or thing in _EAGER:
        return "eager"
    return "none" if isinstance(thing, str) and thing in _NONE else "lazy"
