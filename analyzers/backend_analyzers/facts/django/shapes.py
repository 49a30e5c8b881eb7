"""A model's fields and its table, as models and migrations alike say them.

A `Shape` is what Django calls the state of a model.  Models are named by their labels in lower case
(`shop.order`), as Django itself compares them.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from backend_analyzers.facts.django.project import FieldClass, Names, known_field
from backend_analyzers.facts.django.terms import NOTHING, Term, constant, last_name
from backend_analyzers.libraries.django_fields import (
    AUTOMATIC,
    COLUMN_TYPES,
    KEY_TYPES,
    OPTIONS,
    POSITIONAL,
    RELATIONS,
    TEXTUAL,
)
from backend_analyzers.source import Place

_DEEPEST = 8


class DjangoField(msgspec.Struct, frozen=True, gc=False):
    """A field with all its options, those of its class included; what follows from them comes last.

    `to` is the label of the model that it leads to, "" for none and "?" for one that is not known.
    """

    name: str
    kind: str
    at: Place
    options: Mapping[str, Term] = {}
    to: str = ""
    through: str = ""
    column_type: str | None = None
    inner: DjangoField | None = None
    """The field of an array's elements, or of what a generated column holds."""
    model: str = ""
    """The label of the model that declares it, where it is inherited from another table."""
    is_relation: bool = False
    has_column: bool = True
    attname: str = ""
    """The attribute that holds the value of the column."""
    column: str = ""
    """The name of the column, "" for a field that has none."""
    primary: bool = False
    nullable: bool = False
    unique: bool = False
    indexed: bool = False
    """Whether it has an index of its own, that of a key apart."""
    constrained: bool = False
    """Whether it has a foreign key in the database."""

    def value(self, name: str) -> str | int | float | bool | None:
        """An option that is a constant, None for any other."""
        term = self.options.get(name)
        if term is not None:
            return term.value
        found = OPTIONS.get(self.kind)
        value = found.get(name) if found is not None else None
        return value if isinstance(value, str | int | bool) else None

    def __post_init__(self) -> None:
        """Work out once what is asked again and again."""
        set_ = msgspec.structs.force_setattr
        kind = self.kind
        is_relation = kind in RELATIONS
        has_column = kind not in {"", "ManyToManyField", "CompositePrimaryKey"}
        attname = f"{self.name}_id" if is_relation else self.name
        given = self.value("db_column")
        primary = self.value("primary_key") is True
        unique = primary or kind == "OneToOneField" or self.value("unique") is True
        set_(self, "is_relation", is_relation)
        set_(self, "has_column", has_column)
        set_(self, "attname", attname)
        set_(self, "column", (given or attname) if has_column else "")
        set_(self, "primary", primary)
        set_(self, "nullable", not primary and self.value("null") is True)
        set_(self, "unique", unique)
        set_(self, "indexed", not unique and self.value("db_index") is True)
        constrained = is_relation and has_column and self.value("db_constraint") is not False
        set_(self, "constrained", constrained)


class Shape(msgspec.Struct, frozen=True, gc=False):
    """A model at one moment.  `known` is False when there may be fields that could not be read."""

    label: str
    name: str
    table: str
    at: Place
    fields: tuple[DjangoField, ...]
    unique_together: tuple[tuple[str, ...], ...] = ()
    index_together: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[Term, ...] = ()
    constraints: tuple[Term, ...] = ()
    known: bool = True
    managed: bool = True
    proxy: str = ""
    """The label of the model that it is a proxy of."""
    swapped: bool = False

    def field(self, name: str) -> DjangoField | None:
        """The field of a name."""
        return next((one for one in self.fields if one.name == name), None)

    @property
    def key(self) -> DjangoField | None:
        """The field that is its primary key."""
        return next((one for one in self.fields if one.primary), None)

    def column(self, name: str) -> str:
        """The column of a field, the name itself where it is not known."""
        if name == "pk":
            return self.key.column if self.key is not None else "id"
        found = next((one for one in self.fields if name in {one.name, one.attname}), None)
        return found.column if found is not None and found.column else name


Shapes = Mapping[str, Shape]


def read_field(
    project: Names, path: str, name: str, at: Place, call: Term, label: str
) -> DjangoField | None:
    """The field that a call makes in a file; None for what is no field."""
    reference = call.function
    if not reference:
        return None
    known = project.field_class(path, reference)
    if known is None:
        return None
    return field_of(project, path, name, at, call, known, label)


def field_of(
    project: Names, path: str, name: str, at: Place, call: Term, known: FieldClass, label: str
) -> DjangoField:
    """The field that a call of a known class makes."""
    options = dict(known.options)
    order = POSITIONAL.get(known.kind, POSITIONAL[""])
    options.update(zip(order, call.positional(), strict=False))
    options.update(call.keywords())
    own = {key: value for key, value in options.items() if key not in {"verbose_name", "name"}}
    for key in _SIZES & own.keys():
        number = project.number(path, own[key].text) if own[key].kind == "name" else None
        if number is not None:
            own[key] = constant(number)
    to = through = ""
    if known.kind in RELATIONS:
        to = target(project, path, own.get("to"), label)
        through = target(project, path, own.get("through"), label) if "through" in own else ""
    inner = None
    nested = own.get("base_field") or own.get("output_field")
    if nested is not None and nested.kind == "call":
        inner = read_field(project, path, name, at, nested, label)
    return DjangoField(name, known.kind, at, own, to, through, known.type, inner)


_SIZES = frozenset({"max_length", "max_digits", "decimal_places"})


def target(project: Names, path: str, to: Term | None, label: str) -> str:
    """The label of the model that a relation leads to, "?" when it is not known."""
    if to is None:
        return "?"
    if to.kind == "constant" and isinstance(to.value, str):
        if to.value == "self":
            return label
        app = label.partition(".")[0]
        return (to.value if "." in to.value else f"{app}.{to.value}").lower()
    if to.kind == "name":
        last = last_name(to.text)
        if last.endswith("AUTH_USER_MODEL"):
            return project.user(path)
        return project.label(path, to.text)
    if to.last == "get_user_model":
        return project.user(path)
    return "?"


def known_index(project: Names, path: str, term: Term) -> Term:
    """An index or a constraint as the class of Django that its own class extends."""
    if term.kind != "call" or not term.function:
        return term
    name = project.index_class(path, term.function)
    if not name or name == last_name(term.function):
        return term
    function = msgspec.structs.replace(term.parts[0], text=name)
    return msgspec.structs.replace(term, parts=(function, *term.parts[1:]))


def automatic_key(kind: str, at: Place) -> DjangoField:
    """The key of a model that declares none."""
    known = known_field(kind)
    name = known.kind if known is not None and known.kind in AUTOMATIC else "?"
    return DjangoField("id", name, at, {"primary_key": Term("constant", 0, 0, value=True)})


def type_of(field: DjangoField, shapes: Shapes, depth: int = _DEEPEST) -> str:
    """The type of a field's column, "" when it is not known."""
    if field.column_type is not None:
        return field.column_type
    if field.is_relation:
        other = referred(field, shapes)
        if other is None or depth <= 0:
            return ""
        found = type_of(other, shapes, depth - 1)
        return KEY_TYPES.get(other.kind, found)
    template = COLUMN_TYPES.get(field.kind, "")
    if "{" not in template:
        return template
    if field.kind == "DecimalField":
        digits, places = field.value("max_digits"), field.value("decimal_places")
        return f"numeric({digits},{places})" if digits is not None and places is not None else ""
    if "{max_length}" in template:
        size = field.value("max_length")
        if size is None:
            return "" if "max_length" in field.options else "character varying"
        return template.format(max_length=size)
    if field.inner is None or depth <= 0:
        return ""
    inner = type_of(field.inner, shapes, depth - 1)
    if field.kind == "ArrayField":
        return f"{inner.removesuffix('[]')}[]" if inner else ""
    return inner


def referred(field: DjangoField, shapes: Shapes) -> DjangoField | None:
    """The field that a foreign key refers to."""
    other = shapes.get(field.to)
    if other is None:
        return None
    other = shapes.get(other.proxy, other) if other.proxy else other
    name = field.value("to_field")
    if isinstance(name, str) and name:
        return other.field(name)
    return other.key


DATE_KINDS = frozenset({"DateField", "DateTimeField", "TimeField"})


def has_default(field: DjangoField) -> bool:
    """Whether rows that are there already get a value when the column is added (`_effective_default`)."""
    if "default" in field.options and field.options["default"] != NOTHING_AT_ALL:
        return True
    if field.nullable:
        return False
    if field.value("blank") is True and field.kind in {*TEXTUAL, "BinaryField"}:
        return True
    is_stamped = field.value("auto_now") is True or field.value("auto_now_add") is True
    return is_stamped and field.kind in DATE_KINDS


NOTHING_AT_ALL = NOTHING
