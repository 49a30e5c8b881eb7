"""Expressions of a Django project as values that outlive the file: what models, migrations and chains say.

Names are references that `facts/django/project.py` follows: qualified as `Code.name_of` says
(`django.db.models.CharField`, `:Order` for what the file defines), or, where that does not know, a
question mark and the name as written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from backend_analyzers import ir
from backend_analyzers.flow.code import MISSING, Code
from backend_analyzers.flow.scope import dotted

DEEPEST = 24
"""Levels of an expression; what is below is unknown."""

LONGEST = 4_000
"""Elements of a collection; a longer one is data."""

Kind = Literal[
    "constant",
    "name",
    "attribute",
    "call",
    "list",
    "mapping",
    "operator",
    "index",
    "unknown",
    # Only in chains of queries:
    "element",
    "self",
    "class",
    "typed",
    "choice",
]


class Term(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One expression; `start` and `end` are offsets in the unit that wrote it.

    | kind | text | parts |
    | --- | --- | --- |
    | constant | | (`value` has it) |
    | name | the reference | |
    | attribute | the last name | its object |
    | call | | the function, then the arguments; `names` has a keyword, "", "*" or "**" for each |
    | list, mapping | | elements; keys and values by turns |
    | operator | the operator | operands |
    | index | | the object and the index |
    | element | | what a loop runs over |
    | self, class, typed | a class, a type | |
    | choice | | values that a name may have |
    """

    kind: Kind
    start: int
    end: int
    text: str = ""
    value: str | int | float | bool | None = None
    parts: tuple[Term, ...] = ()
    names: tuple[str, ...] = ()
    starts: tuple[int, ...] = ()
    """Where each argument of a call begins: its keyword, if it has one."""

    @property
    def function(self) -> str:
        """The reference that a call calls, or ""."""
        return self.parts[0].text if self.kind == "call" and self.parts[0].kind == "name" else ""

    @property
    def last(self) -> str:
        """The last name of what a call calls."""
        if self.kind != "call":
            return ""
        called = self.parts[0]
        return last_name(called.text) if called.kind in {"name", "attribute"} else ""

    def argument(self, name: str, position: int = -1) -> Term | None:
        """The argument of a call with that name, or else at that position."""
        given = tuple(zip(self.names, self.parts[1:], strict=True))
        for keyword, value in given:
            if keyword == name and name:
                return value
        if position >= 0:
            plain = [value for keyword, value in given if not keyword]
            if position < len(plain):
                return plain[position]
        return None

    def keywords(self) -> Iterator[tuple[str, Term]]:
        """The named arguments of a call."""
        for keyword, value in zip(self.names, self.parts[1:], strict=True):
            if keyword and keyword[0] != "*":
                yield keyword, value

    def positional(self) -> tuple[Term, ...]:
        """The arguments of a call without names."""
        return tuple(v for k, v in zip(self.names, self.parts[1:], strict=True) if not k)

    @property
    def is_spread(self) -> bool:
        """Whether a call may be given more than it says."""
        return any(keyword[:1] == "*" for keyword in self.names)

    def items(self) -> Iterator[tuple[Term, Term]]:
        """The keys and values of a mapping."""
        yield from zip(self.parts[::2], self.parts[1::2], strict=True)


NOTHING = Term("constant", 0, 0)


def constant(value: str | float | bool | None) -> Term:
    """A constant that nobody wrote."""
    return Term("constant", 0, 0, value=value)


def last_name(reference: str) -> str:
    """`CharField` of `django.db.models.CharField`."""
    return reference.rpartition(".")[2].lstrip(":?")


def texts(term: Term | None) -> tuple[str, ...] | None:
    """The texts of a list, or None when it is no list of known texts."""
    if term is None or term.kind != "list":
        return None
    found = [one.value for one in term.parts]
    return tuple(one for one in found if isinstance(one, str)) if _all_texts(found) else None


def _all_texts(values: list[str | int | float | bool | None]) -> bool:
    return all(isinstance(one, str) for one in values)


def reference(code: Code, expression: ir.Expr) -> str:
    """How the project is asked what a name or an attribute denotes; "" for any other expression."""
    if isinstance(expression, ir.Attribute):
        # A class of the file is meant by its own name, also for what it inherits.
        owner = reference(code, expression.value)
        if owner.startswith(":"):
            return f"{owner}.{expression.name}"
    known = code.name_of(expression)
    if known:
        return known
    written = dotted(expression)
    return f"?{written}" if written else ""


_SKIPPED = frozenset({"choices", "help_text", "verbose_name", "validators", "error_messages"})
"""Arguments of fields that say nothing about the database."""


def term(code: Code, expression: ir.Expr, depth: int = DEEPEST) -> Term:
    """An expression as a term."""
    at = (expression.start, expression.end)
    if depth <= 0:
        return Term("unknown", *at)
    match expression:
        case ir.Constant(value=value):
            return constant_term(at, value)
        case ir.Text():
            text = code.text_of(expression)
            return constant_term(at, text.constant) if text is not None else Term("unknown", *at)
        case ir.Name() | ir.Attribute():
            return _named(code, expression, at, depth)
        case ir.Call():
            return _call(code, expression, at, depth)
        case ir.Collection(entries=entries) if len(entries) <= LONGEST:
            return _collection(code, expression, at, depth)
        case ir.Operator(operator=operator, operands=operands):
            folded = code.constant(expression)
            if folded is not MISSING and not isinstance(folded, tuple):
                return constant_term(at, folded)
            parts = tuple(term(code, one, depth - 1) for one in operands)
            return Term("operator", *at, operator, parts=parts)
        case ir.Index(value=value, index=index):
            parts = (term(code, value, depth - 1), term(code, index, depth - 1))
            return Term("index", *at, parts=parts)
        case ir.Await(value=value):
            return term(code, value, depth - 1)
        case _:
            return Term("unknown", *at)


_LARGEST = 2**63


def constant_term(at: tuple[int, int], value: object) -> Term:
    if isinstance(value, str):
        if not value.isascii():
            value = value.encode(errors="replace").decode()
        return Term("constant", *at, value=value)
    if value is None or isinstance(value, bool | float):
        return Term("constant", *at, value=value)
    if isinstance(value, int) and -_LARGEST < value < _LARGEST:
        return Term("constant", *at, value=value)
    return Term("unknown", *at)


def _named(code: Code, expression: ir.Name | ir.Attribute, at: tuple[int, int], depth: int) -> Term:
    folded = code.constant(expression)
    if folded is not MISSING:
        if not isinstance(folded, tuple):
            return constant_term(at, folded)
        values = tuple(constant_term(at, one) for one in folded)
        return Term("list", *at, parts=values)
    name = reference(code, expression)
    if name:
        return Term("name", *at, name)
    if isinstance(expression, ir.Attribute):
        return Term(
            "attribute", *at, expression.name, parts=(term(code, expression.value, depth - 1),)
        )
    return Term("unknown", *at)


def _call(code: Code, call: ir.Call, at: tuple[int, int], depth: int) -> Term:
    function = call.function
    name = reference(code, function) if isinstance(function, ir.Name | ir.Attribute) else ""
    called = (
        Term("name", function.start, function.end, name)
        if name
        else term(code, function, depth - 1)
    )
    if last_name(name) in _TRANSLATIONS:
        return Term("unknown", *at)
    given = [one for one in call.arguments if one.name not in _SKIPPED]
    names = tuple(one.spread or one.name for one in given)
    parts = (called, *(term(code, one.value, depth - 1) for one in given))
    starts = tuple(one.start for one in given)
    return Term("call", *at, parts=parts, names=names, starts=starts)


_TRANSLATIONS = frozenset({"_", "gettext", "gettext_lazy", "pgettext_lazy", "ugettext_lazy"})


def _collection(code: Code, collection: ir.Collection, at: tuple[int, int], depth: int) -> Term:
    entries = collection.entries
    if collection.kind == "mapping":
        if any(entry.spread or entry.key is None for entry in entries):
            return Term("unknown", *at)
        pairs = [
            part
            for entry in entries
            if entry.key is not None
            for part in (term(code, entry.key, depth - 1), term(code, entry.value, depth - 1))
        ]
        return Term("mapping", *at, parts=tuple(pairs))
    parts = tuple(
        Term("unknown", entry.start, entry.end)
        if entry.spread
        else term(code, entry.value, depth - 1)
        for entry in entries
    )
    return Term("list", *at, parts=parts)
