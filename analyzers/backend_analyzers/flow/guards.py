"""Checks that make a value harmless where it is used: allow-lists, formats, comparisons.

`if column not in ALLOWED: raise …` before the use, and `if column in ALLOWED:` around it.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers import ir
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.scope import dotted

_MEMBERSHIP = frozenset({"in", "not in", "==", "===", "!=", "!=="})
_CHECKS = frozenset(
    {
        *("includes", "has", "hasOwnProperty", "indexOf", "test", "match", "fullmatch", "isdigit"),
        *("isalnum", "isalpha", "isidentifier", "isdecimal", "isnumeric", "isInteger", "isUUID"),
        *("search", "hasOwn", "isSafeInteger", "isalnum"),
    }
)


def is_checked(code: Code, expression: ir.Expr) -> bool:
    """Whether an expression was compared with known values before it is used here."""
    name = dotted(expression) if isinstance(expression, ir.Name | ir.Attribute) else ""
    if not name:
        return False
    outline = code.outline
    for branch, block in outline.branches:
        if branch.start > expression.start or not _mentions(branch.test, name):
            continue
        inside = branch.body and branch.body[0].start <= expression.start < branch.body[-1].end
        rejects = bool(branch.body) and isinstance(branch.body[-1], ir.Return | ir.Raise | ir.Jump)
        after = rejects and branch.end <= expression.start
        if not (inside or after):
            continue
        if not outline.is_within(outline.block_at(expression.start).number, block):
            continue
        for is_positive in _checks(branch.test, name, is_positive=True):
            if is_positive == bool(inside):
                return True
    return False


def _mentions(test: ir.Expr, name: str) -> bool:
    return any(
        isinstance(node, ir.Name | ir.Attribute) and dotted(node) == name for node in ir.walk(test)
    )


def _checks(test: ir.Expr, name: str, *, is_positive: bool) -> Iterator[bool]:
    """The checks of `name` in a test: True for those that hold when the test does."""
    match test:
        case ir.Operator(operator="not" | "!", operands=(inner,)):
            yield from _checks(inner, name, is_positive=not is_positive)
        case ir.Operator(operator="and" | "&&" | "or" | "||", operands=operands):
            for operand in operands:
                yield from _checks(operand, name, is_positive=is_positive)
        case ir.Operator(operator=operator, operands=(left, right)) if operator in _MEMBERSHIP:
            yield from _compared(operator, left, right, name, is_positive=is_positive)
        case ir.Call(function=ir.Attribute(name=called), arguments=arguments):
            asked = [argument.value for argument in arguments]
            subject = test.function.value if isinstance(test.function, ir.Attribute) else None
            if called in _CHECKS and any(
                dotted(one) == name for one in (*asked, subject) if one is not None
            ):
                yield is_positive
        case _:
            pass


def _compared(
    operator: str, left: ir.Expr, right: ir.Expr, name: str, *, is_positive: bool
) -> Iterator[bool]:
    if operator in {"in", "not in"}:
        # `x in ALLOWED`, but not `"a" in x`.
        if dotted(left) == name:
            yield is_positive == (operator == "in")
        return
    for side, other in ((left, right), (right, left)):
        known = isinstance(other, ir.Text) and other.constant is not None
        number = isinstance(other, ir.Constant) and other.value is not None
        if dotted(side) == name and (known or number):
            yield is_positive == (operator in {"==", "==="})
        # `ALLOWED.indexOf(x) === -1`
        if isinstance(side, ir.Call) and number:
            is_absence = operator in {"==", "==="}
            yield from _checks(side, name, is_positive=is_positive != is_absence)
