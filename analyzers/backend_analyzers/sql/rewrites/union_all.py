"""UNION sorts or hashes all rows to take duplicates away, also where there can be none."""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.rewrites.distinct import is_redundant
from backend_analyzers.sql.rewrites.keys import candidate_keys, equality, outputs
from backend_analyzers.sql.rewrites.view import (
    Edit,
    Rewrite,
    Select,
    View,
    all_nodes,
    bare,
    conjuncts,
)

_LITERALS = frozenset({"integer_literal", "string_literal"})


def rewrite(view: View) -> Iterator[Rewrite]:
    for node in all_nodes(view.root):
        words = [child.kind for child in node.children]
        if node.kind != "simple_select" or words != ["simple_select", "kw_union", "simple_select"]:
            continue
        arms = [next((s for s in view.selects if s.node is c), None) for c in node.children[::2]]
        one, other = arms
        if one is None or other is None or not (one.is_plain and other.is_plain):
            continue
        if not (is_redundant(view, one) and is_redundant(view, other)):
            continue
        if one.distinct_on or other.distinct_on:
            continue
        if _labelled_apart(view, one, other) or _conditions_apart(view, one, other):
            union = node.children[1]
            yield from view.rewrite("Use UNION ALL", Edit(union.end, union.end, " ALL"))


def _labelled_apart(view: View, one: Select, other: Select) -> bool:
    """Whether a column holds one literal in all rows of one arm and another in those of the other."""
    for mine, theirs in zip(one.targets, other.targets, strict=False):
        values = [_literal(view, target) for target in (mine, theirs)]
        if None not in values and values[0] != values[1] and _same_sort(mine, theirs):
            return True
    return False


def _literal(view: View, target: Node) -> str | None:
    value = bare(target.children[0] if target.kind == "target_el" else target)
    return _value(view, value) if value is not None and value.kind in _LITERALS else None


def _value(view: View, node: Node) -> str:
    """A literal such that equal ones are written alike."""
    text = view.of(node)
    return str(int(text)) if text.isdecimal() else text


def _same_sort(mine: Node, theirs: Node) -> bool:
    kinds = [bare(t.children[0] if t.kind == "target_el" else t) for t in (mine, theirs)]
    return kinds[0] is not None and kinds[1] is not None and kinds[0].kind == kinds[1].kind


def _conditions_apart(view: View, one: Select, other: Select) -> bool:
    """Whether both read one table, give its key, and ask for different values of one column."""
    if len(one.sources) != 1 or len(other.sources) != 1:
        return False
    numbers = [select.sources[0].number for select in (one, other)]
    tables = [view.table(number) for number in numbers]
    if tables[0] is None or tables[0] is not tables[1]:
        return False
    if not _gives_key(view, one, other, numbers):
        return False
    mine, theirs = _fixed(view, one), _fixed(view, other)
    return any(
        column in theirs and theirs[column][0] != value and theirs[column][1] == kind
        for column, (value, kind) in mine.items()
    )


def _gives_key(view: View, one: Select, other: Select, numbers: list[int | None]) -> bool:
    """Whether the same columns at the same places tell all rows of the table apart."""
    table = view.table(numbers[0])
    names = []
    for mine, theirs in zip(one.targets, other.targets, strict=False):
        columns = [
            view.column(t.children[0] if t.kind == "target_el" else t) for t in (mine, theirs)
        ]
        if columns[0] and columns[1] and columns[0].name == columns[1].name:
            names.append(columns[0].name)
    if table is None or len(one.targets) != len(other.targets):
        return False
    return any(set(key) <= set(names) for key in candidate_keys(table)) and bool(outputs(view, one))


def _fixed(view: View, select: Select) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for node in conjuncts(select.where):
        equal = equality(view, node)
        value = bare(equal[2]) if equal is not None else None
        if equal is None or value is None:
            continue
        is_text = equal[0].stored.type.startswith(("text", "character varying"))
        if value.kind == "integer_literal" or (value.kind == "string_literal" and is_text):
            found[equal[0].name] = (_value(view, value), value.kind)
    return found
