"""Expressions and conditions: columns, operands and predicates out of the small tree."""

from __future__ import annotations

from collections.abc import Sequence

from backend_analyzers.sql.building import Building, Level
from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.statement import Clause, ColumnRef, Operand, OperandKind, Predicate

QUERIES = frozenset({"select_with_parens", "select_no_parens", "simple_select", "values_clause"})
_COMPARISONS = frozenset({"=", "<", ">", "<=", ">=", "<>"})
_ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "^", "||"})
_CALLS = frozenset({"func_application", "func_expr_common_subexpr", "func_expr"})
_EXPRESSIONS = frozenset({"a_expr", "a_expr_prec", "b_expr"})
_CALL_WORDS = frozenset(
    "kw_from kw_for kw_in kw_placing kw_as kw_both kw_leading kw_trailing".split()  # noqa: SIM905
)
_ARGUMENT_LISTS = frozenset(
    "func_arg_list expr_list extract_list substr_list trim_list position_list overlay_list".split()  # noqa: SIM905
)
_LAST_WORDS = frozenset({"in", "like", "ilike", "to", "symmetric", "asymmetric", "from"})
_AGGREGATES = frozenset(
    [
        "count",
        "sum",
        "avg",
        "min",
        "max",
        "array_agg",
        "string_agg",
        "json_agg",
        "jsonb_agg",
        "json_object_agg",
        "jsonb_object_agg",
        "bool_and",
        "bool_or",
        "every",
        "bit_and",
        "bit_or",
        "bit_xor",
        "xmlagg",
        "stddev",
        "stddev_pop",
        "stddev_samp",
        "variance",
        "var_pop",
        "var_samp",
        "corr",
        "group_concat",
        "total",
        "percentile_cont",
        "percentile_disc",
        "mode",
        "json_arrayagg",
        "json_objectagg",
        "range_agg",
        "any_value",
    ]
)


def walk(building: Building, node: Node, level: Level, clause: Clause) -> None:
    """Note the columns and subqueries of an expression whose shape does not matter."""
    kind = node.kind
    if not node.children:
        if kind in {"MISSING", "ERROR"}:
            building.doubt(level)
    elif kind == "columnref":
        path = building.path(node)
        if path and path[-1][0] != "*":
            building.column(path, level, clause)
    elif kind in QUERIES:
        building.nested(building, node, level, "subquery")
    elif kind == "Typename":
        return
    elif kind == "c_expr" and node.children[0].kind == "kw_exists":
        for child in node.children[1:]:
            building.nested(building, child, level, "exists")
    elif kind in _CALLS:
        _note_aggregate(building, node, level)
        for child in node.children:
            walk(building, child, level, clause)
    else:
        if kind == "ERROR":
            building.doubt(level)
        for child in node.children:
            walk(building, child, level, clause)


def condition(
    building: Building, node: Node, level: Level, clause: Clause, *, conjunct: bool = True
) -> None:
    """Note the predicates of a condition."""
    children = node.children
    if node.kind in {"and", "or"}:
        for child in children:
            condition(building, child, level, clause, conjunct=conjunct and node.kind == "and")
    elif node.kind == "c_expr" and len(children) == 3 and children[0].kind == "(":  # noqa: PLR2004
        condition(building, children[1], level, clause, conjunct=conjunct)
    elif node.kind in _EXPRESSIONS and children and children[0].kind == "kw_not":
        for child in children[1:]:
            condition(building, child, level, clause, conjunct=False)
    elif node.kind in _EXPRESSIONS and len(children) > 1:
        _comparison(building, _rotated(node), level, clause, conjunct=conjunct)
    else:
        if building.in_hole(node.start, node.end) and node.kind == "columnref":
            building.doubt()
        walk(building, node, level, clause)


def operand(building: Building, node: Node, level: Level, clause: Clause) -> Operand:
    """One side of a comparison, with its columns noted."""
    kind, children = node.kind, node.children
    if not children:
        return _leaf(building, node, level)
    if kind == "c_expr" and len(children) == 3 and children[0].kind == "(":  # noqa: PLR2004
        return operand(building, children[1], level, clause)
    if kind == "columnref":
        return _column(building, node, level, clause)
    if kind == "AexprConst":
        return _made(building, "constant", node)
    if kind in _CALLS:
        return _call(building, node, level, clause)
    if kind in _EXPRESSIONS and len(children) > 1:
        return _operation(building, _rotated(node), level, clause)
    if kind in QUERIES:
        number = building.nested(building, node, level, "subquery")
        return _made(building, "subquery", node, subquery=number)
    if kind in {"implicit_row", "explicit_row"}:
        return _with_arguments(building, "row", node, _arguments(node), level, clause)
    return _opaque(building, node, level, clause)


def _leaf(building: Building, node: Node, level: Level) -> Operand:
    if node.kind in {"MISSING", "ERROR"}:
        building.doubt(level)
        return _made(building, "hole", node)
    if node.kind == "kw_null":
        return _made(building, "null", node)
    if (
        node.kind == "param"
        or node.start in building.parameter_starts
        or building.in_hole(node.start, node.end)
    ):
        return _made(building, "parameter", node)
    return _made(building, "constant", node)


def _column(building: Building, node: Node, level: Level, clause: Clause) -> Operand:
    if building.in_hole(node.start, node.end):
        if len(node.children) > 1:
            walk(building, node, level, clause)
        return _made(building, "hole", node)
    path = building.path(node)
    column = None if path and path[-1][0] == "*" else building.column(path, level, clause)
    if column is None:
        return _made(building, "expression", node)
    if b"[" in building.text[node.start : node.end]:
        return _made(building, "expression", node, columns=(column,))
    return _made(building, "column", node, columns=(column,), column=column)


def _call(building: Building, node: Node, level: Level, clause: Clause) -> Operand:
    _note_aggregate(building, node, level)
    if node.kind == "func_expr":
        return _opaque(building, node, level, clause)
    head, children = node.children[0], node.children
    if building.in_hole(head.start, head.end):
        return _opaque(building, node, level, clause)
    name = building.text[head.start : head.end].decode("utf-8", "replace").strip('"').lower()
    if head.kind == "kw_cast":
        return _cast(building, node, children[2:3], children[4:5], level, clause)
    kind: OperandKind = "any" if name in {"any", "all", "some"} else "function"
    return _with_arguments(building, kind, node, _arguments(node), level, clause, name=name)


def _operation(building: Building, node: Node, level: Level, clause: Clause) -> Operand:
    children = node.children
    middle = children[1]
    if middle.kind == "::":
        return _cast(building, node, children[:1], children[2:3], level, clause)
    if middle.kind == "kw_at":
        sides = [children[0], children[-1]]
        return _with_arguments(building, "function", node, sides, level, clause, name="timezone")
    if len(children) == 2 and children[0].kind in {"-", "+"}:  # noqa: PLR2004
        inner = operand(building, children[1], level, clause)
        if inner.kind == "constant":
            return _made(building, "constant", node)
        return _made(
            building,
            "arithmetic",
            node,
            columns=inner.columns,
            name=children[0].kind,
            arguments=(inner,),
        )
    if len(children) == 3 and not middle.children:  # noqa: PLR2004
        name = building.text[middle.start : middle.end].decode("utf-8", "replace")
        kind: OperandKind = "arithmetic" if name in _ARITHMETIC else "expression"
        if middle.kind in {"operator", *_ARITHMETIC}:
            return _with_arguments(
                building, kind, node, [children[0], children[2]], level, clause, name=name
            )
    return _opaque(building, node, level, clause)


def _cast(
    building: Building,
    node: Node,
    inner: Sequence[Node],
    target: Sequence[Node],
    level: Level,
    clause: Clause,
) -> Operand:
    name = building.source(target[0].start, target[0].end).lower() if target else ""
    return _with_arguments(building, "cast", node, inner, level, clause, name=name)


def _with_arguments(
    building: Building,
    kind: OperandKind,
    node: Node,
    arguments: Sequence[Node],
    level: Level,
    clause: Clause,
    *,
    name: str = "",
) -> Operand:
    found = tuple(operand(building, argument, level, clause) for argument in arguments)
    columns = tuple(column for argument in found for column in argument.columns)
    if kind == "function" and any(
        a.kind in {"subquery", "expression"} and not a.columns for a in found
    ):
        kind = "expression"
    return _made(building, kind, node, columns=columns, name=name, arguments=found)


def _opaque(building: Building, node: Node, level: Level, clause: Clause) -> Operand:
    before = len(building.columns)
    walk(building, node, level, clause)
    columns = tuple(c for c in building.columns[before:] if c.scope == level.number)
    return _made(building, "expression", node, columns=columns)


def _made(
    building: Building,
    kind: OperandKind,
    node: Node,
    *,
    columns: tuple[ColumnRef, ...] = (),
    column: ColumnRef | None = None,
    name: str = "",
    arguments: tuple[Operand, ...] = (),
    subquery: int | None = None,
) -> Operand:
    return Operand(
        kind=kind,
        start=node.start,
        end=node.end,
        text=building.source(node.start, node.end),
        columns=columns,
        column=column,
        name=name,
        arguments=arguments,
        subquery=subquery,
    )


def _arguments(node: Node) -> list[Node]:
    found: list[Node] = []
    for child in node.children[1:] if node.kind in _CALLS else node.children:
        if child.kind in _ARGUMENT_LISTS:
            found.extend(c for c in child.children if c.kind not in _CALL_WORDS)
        elif child.children or child.kind in {
            "param",
            "string_literal",
            "integer_literal",
            "kw_null",
            "ERROR",
        }:
            found.append(child)
    return found


def _note_aggregate(building: Building, node: Node, level: Level) -> None:
    if node.kind == "func_expr":
        if node.has("over_clause") and node.children[0].kind == "func_application":
            node.children[0].kind = "windowed"
        return
    head = node.children[0]
    name = building.text[head.start : head.end].decode("utf-8", "replace").lower()
    if name in _AGGREGATES:
        level.aggregated = True


def _rotated(node: Node) -> Node:
    """Mend ``a || b = c``, which the grammar reads as ``a || (b = c)``."""
    children = node.children
    if len(children) != 3 or children[1].kind != "operator":  # noqa: PLR2004
        return node
    right = children[2]
    if right.kind not in _EXPRESSIONS or len(right.children) != 3:  # noqa: PLR2004
        return node
    first, comparison, last = right.children
    if comparison.kind not in _COMPARISONS:
        return node
    left = Node("a_expr", node.start, first.end, [children[0], children[1], first])
    return Node("a_expr", node.start, node.end, [left, comparison, last])


def _comparison(
    building: Building, node: Node, level: Level, clause: Clause, *, conjunct: bool
) -> None:
    children = node.children
    if any(child.kind in {"ERROR", "MISSING"} for child in children):
        building.doubt(level)
        walk(building, node, level, clause)
        return
    words, after = _operator(building, children)
    if not words:
        walk(building, node, level, clause)
        return
    first, last = children[1], children[after - 1]
    operator = building.prepared.lists.get(first.start) or " ".join(words)
    left = operand(building, children[0], level, clause)
    rest = [child for child in children[after:] if child.kind not in {"(", ")", "kw_and"}]
    right = _right(building, rest[0], words, level, clause) if rest else None
    upper = None
    if len(rest) > 1 and words[-1] != "like" and "between" in words:
        upper = operand(building, rest[1], level, clause)
    building.predicates.append(
        Predicate(
            operator="<>" if operator == "!=" else operator,
            left=left,
            right=right,
            start=node.start,
            end=node.end,
            operator_start=first.start,
            operator_end=last.end,
            scope=level.number,
            clause=clause,
            conjunct=conjunct,
            upper=upper,
            leading_wildcard=(
                words[-1] in {"like", "ilike"}
                and right is not None
                and right.kind == "constant"
                and right.text.lstrip("eENn")[:2] in {"'%", "'_"}
            ),
        )
    )


def _right(
    building: Building, node: Node, words: Sequence[str], level: Level, clause: Clause
) -> Operand:
    if node.kind == "expr_list":
        return _with_arguments(building, "list", node, node.children, level, clause)
    if node.kind in QUERIES and words[-1] in {"in", "any", "all", "some"}:
        number = building.nested(building, node, level, "in")
        return _made(building, "subquery", node, subquery=number)
    return operand(building, node, level, clause)


def _operator(building: Building, children: Sequence[Node]) -> tuple[list[str], int]:
    words: list[str] = []
    index = 1
    while index < len(children):
        child = children[index]
        if child.children or not (
            child.kind.startswith("kw_") or child.kind in _COMPARISONS or child.kind == "operator"
        ):
            break
        word = building.text[child.start : child.end].decode("utf-8", "replace").lower()
        words.append(word)
        index += 1
        if word in _LAST_WORDS:
            break
        if not child.kind.startswith("kw_"):
            following = children[index].kind if index < len(children) else ""
            if following not in {"kw_any", "kw_all", "kw_some"}:
                break
        elif word == "between" and (
            index >= len(children) or not children[index].kind.endswith("symmetric")
        ):
            break
    if words and words[0] in {"and", "or", "at", "collate"}:
        return [], 1
    return words, index
