"""The concrete tree of the PostgreSQL grammar, made small.

The grammar follows PostgreSQL's own, so that one name sits below ten nodes with one child, and
every list leans to the left. Here chains are cut to the node that says something, lists and chains
of AND and OR are flat, and depth is bounded; one pass, and no later code touches tree-sitter.
"""

from __future__ import annotations

import tree_sitter
import tree_sitter_postgres

MAX_DEPTH = 110
MAX_NODES = 400_000

_KEPT = frozenset(
    [
        "source_file",
        "from_list",
        "table_ref",
        "qualified_name",
        "columnref",
        "target_list",
        "expr_list",
        "sortby_list",
        "group_by_list",
        "name_list",
        "columnList",
        "insert_column_list",
        "set_clause_list",
        "cte_list",
        "index_params",
        "TableElementList",
        "ColQualList",
        "alter_table_cmds",
        "any_name_list",
        "qualified_name_list",
        "alias_clause",
        "relation_expr_list",
        "any_name",
        "set_target",
        "insert_column_item",
        "Typename",
        "index_elem",
        "alter_table_cmd",
        "relation_expr_opt_alias",
        "func_arg_list",
        "insert_target",
        "index_including_params",
        "columnElem",
        "func_alias_clause",
        "type_name_list",
        "enum_val_list",
        "DropStmt",
        "partition_cmd",
        "window_definition_list",
    ]
)
_FLAT = frozenset(
    [
        "from_list",
        "target_list",
        "expr_list",
        "sortby_list",
        "group_by_list",
        "name_list",
        "columnList",
        "insert_column_list",
        "set_clause_list",
        "cte_list",
        "index_params",
        "TableElementList",
        "ColQualList",
        "alter_table_cmds",
        "any_name_list",
        "qualified_name_list",
        "relation_expr_list",
        "func_arg_list",
        "indirection",
        "attrs",
        "values_clause",
        "index_including_params",
        "type_name_list",
        "enum_val_list",
        "window_definition_list",
        "set_target_list",
        "when_clause_list",
        "merge_when_list",
        "TableFuncElementList",
    ]
)
_LANGUAGE = tree_sitter.Language(tree_sitter_postgres.language())
_NAMES = [_LANGUAGE.node_kind_for_id(i) or "" for i in range(_LANGUAGE.node_kind_count)]
_NAME_OF = dict(enumerate(_NAMES))
_KEEP_IDS = frozenset(i for i, name in enumerate(_NAMES) if name in _KEPT)
_FLAT_IDS = frozenset(i for i, name in enumerate(_NAMES) if name in _FLAT)
_COMMA_IDS = frozenset(i for i, name in enumerate(_NAMES) if name == ",")
_LOGIC_IDS = {i: name for i, name in enumerate(_NAMES) if name in {"kw_and", "kw_or"}}
_EXPRESSION_IDS = frozenset(i for i, name in enumerate(_NAMES) if name == "a_expr")


class Node:
    """A node of the small tree. ``children`` is empty for a token."""

    __slots__ = ("children", "end", "kind", "start")

    def __init__(self, kind: str, start: int, end: int, children: list[Node]) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.children = children

    def first(self, *kinds: str) -> Node | None:
        """The first child of one of these kinds."""
        for child in self.children:
            if child.kind in kinds:
                return child
        return None

    def has(self, kind: str) -> bool:
        """Whether there is such a child."""
        return any(child.kind == kind for child in self.children)


def parse_tree(text: bytes, base: int) -> tuple[Node, bool]:
    """The small tree of one statement with offsets from ``base``, and whether it has no error."""
    root = tree_sitter.Parser(_LANGUAGE).parse(text).root_node
    budget = [MAX_NODES]
    node = _convert(root, base, 0, budget)
    return node, not root.has_error and budget[0] > 0


def _convert(node: tree_sitter.Node, base: int, depth: int, budget: list[int]) -> Node:
    kind = node.kind_id
    count = node.child_count
    while count == 1 and kind not in _KEEP_IDS:
        only = node.child(0)
        if only is None:
            break
        node, kind, count = only, only.kind_id, only.child_count
    budget[0] -= 1
    start, end = node.start_byte + base, node.end_byte + base
    if count == 0:
        return Node(_NAME_OF.get(kind, "ERROR") if end > start else "MISSING", start, end, [])
    if depth > MAX_DEPTH or budget[0] <= 0:
        budget[0] = min(budget[0], 0)
        return Node("ERROR", start, end, [])
    if kind in _FLAT_IDS:
        children = [
            _convert(child, base, depth + 1, budget)
            for child in _spine(node, kind)
            if child.kind_id not in _COMMA_IDS
        ]
        return Node(_NAME_OF.get(kind, "ERROR"), start, end, children)
    nodes = node.children
    if kind in _EXPRESSION_IDS and len(nodes) == 3:  # noqa: PLR2004
        logic = _LOGIC_IDS.get(nodes[1].kind_id)
        if logic is not None:
            operands = [_convert(c, base, depth + 1, budget) for c in _operands(node, logic)]
            return Node(logic[3:], start, end, operands)
    return Node(
        _NAME_OF.get(kind, "ERROR"),
        start,
        end,
        [_convert(child, base, depth + 1, budget) for child in nodes],
    )


def _spine(node: tree_sitter.Node, kind: int) -> list[tree_sitter.Node]:
    """The children of a left-leaning list, in order."""
    parts: list[list[tree_sitter.Node]] = []
    current = node
    while True:
        children = current.children
        if children and children[0].kind_id == kind:
            parts.append(children[1:])
            current = children[0]
            continue
        parts.append(children)
        break
    return [child for part in reversed(parts) for child in part]


def _operands(node: tree_sitter.Node, logic: str) -> list[tree_sitter.Node]:
    """The operands of a chain of the same logical operator, which leans to the left."""
    found: list[tree_sitter.Node] = []
    current = node
    while True:
        while current.child_count == 1 and current.kind_id in _EXPRESSION_IDS:
            current = current.children[0]
        nodes = current.children
        if (
            current.kind_id in _EXPRESSION_IDS
            and len(nodes) == 3  # noqa: PLR2004
            and _LOGIC_IDS.get(nodes[1].kind_id) == logic
        ):
            found.append(nodes[2])
            current = nodes[0]
            continue
        found.append(current)
        break
    found.reverse()
    return found
