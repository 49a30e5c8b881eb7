"""SQL as text, from what SQLAlchemy is told in texts, functions and operators."""

from __future__ import annotations

from backend_analyzers.facts.alchemy.things import (
    ColumnOf,
    Expression,
    Made,
    Member,
    Named,
    Thing,
)
from backend_analyzers.libraries.sqlalchemy_types import is_alchemy
from backend_analyzers.sql.names import quoted

_DEEPEST = 12
_WITHOUT_PARENTHESES = frozenset(
    {"current_timestamp", "current_date", "current_time", "current_user", "localtimestamp"}
)
_OPERATORS = {
    "==": "=",
    "!=": "<>",
    "<": "<",
    ">": ">",
    "<=": "<=",
    ">=": ">=",
    "+": "+",
    "-": "-",
    "*": "*",
    "/": "/",
    "%": "%",
    "|": "OR",
    "&": "AND",
}


def literal(value: str | float | bool | None) -> str:
    """A plain value as SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)


def default_text(thing: Thing) -> str | None:
    """What `server_default` is set to, as SQL; None when it is not known."""
    if isinstance(thing, str):
        return literal(thing)
    return expression_text(thing)


def text_of(thing: Thing) -> str | None:
    """A text that is SQL already, or an expression."""
    return thing if isinstance(thing, str) else expression_text(thing)


def expression_text(thing: Thing, depth: int = 0) -> str | None:
    """An expression as SQL; None when a part of it is not known."""
    if depth > _DEEPEST:
        return None
    match thing:
        case None | bool() | int() | float() | str():
            return literal(thing)
        case ColumnOf(name=name):
            return quoted(name)
        case Made(function=Named(name=name)) if is_alchemy(name):
            return _called(thing, depth)
        case Made(function=Member(owner=owner, name=name)):
            return _method(thing, owner, name, depth)
        case Expression(operator=operator, operands=operands):
            return _operated(operator, operands, depth)
        case _:
            return None


def _called(made: Made, depth: int) -> str | None:
    last = made.last
    if last in {"text", "literal_column", "TextClause", "DDL"}:
        found = made.get("text", 0)
        return found if isinstance(found, str) else None
    if last in {"true", "false", "null"}:
        return last if last != "null" else "NULL"
    if last == "literal":
        return expression_text(made.get("value", 0), depth + 1)
    if last in {"column", "Column"}:
        name = made.get("name", 0)
        return quoted(name) if isinstance(name, str) else None
    if last in {"cast", "Cast"}:
        return None
    parts = [expression_text(one.value, depth + 1) for one in made.arguments]
    known = [part for part in parts if part is not None]
    if len(known) != len(parts) or not made.complete:
        return None
    if last in {"and_", "or_"}:
        word = " AND " if last == "and_" else " OR "
        return word.join(f"({part})" if len(parts) > 1 else part for part in known)
    if last == "not_":
        return f"NOT ({known[0]})" if known else None
    if ".func." in made.name or made.name.startswith("func."):
        if last.lower() in _WITHOUT_PARENTHESES and not known:
            return last.upper()
        return f"{last}({', '.join(known)})"
    return None


def _method(made: Made, owner: Thing, name: str, depth: int) -> str | None:
    left = expression_text(owner, depth + 1)
    if left is None:
        return None
    parts = [expression_text(one.value, depth + 1) for one in made.arguments]
    match name, parts:
        case "is_", [str() as right]:
            return f"{left} IS {right.upper()}"
        case "isnot" | "is_not", [str() as right]:
            return f"{left} IS NOT {right.upper()}"
        case "desc", []:
            return f"{left} DESC"
        case "asc", []:
            return left
        case "nulls_last" | "nullslast", []:
            return f"{left} NULLS LAST"
        case "nulls_first" | "nullsfirst", []:
            return f"{left} NULLS FIRST"
        case "op", _:
            return None
        case _:
            return None


def _operated(operator: str, operands: tuple[Thing, ...], depth: int) -> str | None:
    parts = [expression_text(one, depth + 1) for one in operands]
    match operator, parts:
        case "~" | "not", [str() as only]:
            return f"NOT {only}" if " " not in only else f"NOT ({only})"
        case "==", [str() as left, "NULL"]:
            return f"{left} IS NULL"
        case "!=", [str() as left, "NULL"]:
            return f"{left} IS NOT NULL"
        case _, [str() as left, str() as right] if operator in _OPERATORS:
            if operator in {"|", "&"}:
                return f"({left}) {_OPERATORS[operator]} ({right})"
            return f"{left} {_OPERATORS[operator]} {right}"
        case _:
            return None
