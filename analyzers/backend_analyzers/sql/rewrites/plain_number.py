"""A whole number compared with a decimal is made a decimal first, in every row: `id = 5.0` is `id = 5`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_FLOOR, Decimal

from backend_analyzers.sql.rewrites.view import Edit, Rewrite, View
from backend_analyzers.sql.statement import Operand, Predicate

_DECIMAL = re.compile(r"-?\d{1,15}\.\d{1,10}\Z")
_INTEGERS = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}


def rewrite(view: View) -> Iterator[Rewrite]:
    for predicate in view.statement.predicates:
        text = whole(view, predicate)
        if text is not None:
            yield from view.rewrite(
                "Compare with a whole number", Edit(predicate.start, predicate.end, text)
            )


def whole(view: View, predicate: Predicate) -> str | None:
    """The comparison with a whole number that holds for the same ones."""
    right = predicate.right
    if right is None or predicate.upper is not None:
        return None
    column = view.stored(predicate.left.column) if predicate.left.column is not None else None
    size = _INTEGERS.get(column.stored.type) if column is not None else None
    found = compared_with(predicate.operator, right)
    if size is None or found is None or not -size <= found[1] < size:
        return None
    return f"{view.source(predicate.left.start, predicate.left.end)} {found[0]} {found[1]}"


def compared_with(operator: str, value: Operand) -> tuple[str, int] | None:
    """The operator and the whole number: above 4.5 is above 4, at least 4.5 is above 4 too."""
    if value.kind != "constant" or not _DECIMAL.match(value.text):
        return None
    number = Decimal(value.text)
    below = int(number.to_integral_value(ROUND_FLOOR))
    if number == below:
        return (operator, below) if operator in {"=", "<>", "<", "<=", ">", ">="} else None
    match operator:
        case ">" | ">=":
            return ">", below
        case "<" | "<=":
            return "<=", below
        case _:
            return None
