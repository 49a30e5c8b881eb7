"""String literals in the syntax tree, and the names they are given to."""

from __future__ import annotations

import re

import tree_sitter as ts

from backend_analyzers.source import File

_STRINGS = frozenset({"string", "template_string"})
_HOLDERS = frozenset(
    {
        *("assignment", "keyword_argument", "pair", "default_parameter", "typed_default_parameter"),
        *(
            "variable_declarator",
            "assignment_expression",
            "public_field_definition",
            "field_definition",
        ),
        *(
            "assignment_pattern",
            "argument_list",
            "arguments",
            "binary_expression",
            "boolean_operator",
        ),
        *("required_parameter", "optional_parameter", "augmented_assignment_expression"),
        *("object_assignment_pattern", "named_expression", "enum_assignment", "property_signature"),
    }
)


def literal_around(file: File, start: int, end: int) -> ts.Node | None:
    """The string literal around a range."""
    node = file.tree.root_node.descendant_for_byte_range(start, end)
    while node is not None and node.type not in _STRINGS:
        if node.parent is None or "comment" in node.type:
            return None
        node = node.parent
    return node


def is_given(literal: ts.Node) -> bool:
    parent = literal.parent
    while parent is not None and parent.type in {"parenthesized_expression", "as_expression"}:
        parent = parent.parent
    holes = any(
        child.type in {"interpolation", "template_substitution"} for child in literal.children
    )
    return parent is not None and parent.type in _HOLDERS and not holes


def environment_name(file: File, literal: ts.Node | None) -> str:
    """The name that a literal is given to, as a variable of the environment."""
    parent = literal.parent if literal is not None else None
    if parent is None:
        return ""
    for field in ("left", "name", "key"):
        target = parent.child_by_field_name(field)
        if target is not None:
            return constant_case(file.source(target.start_byte, target.end_byte))
    return ""


def constant_case(name: str) -> str:
    last = re.split(r"[.\[]", name.strip("\"'`]"))[-1].strip("\"'`]")
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", last).replace("-", "_").upper()
    return snake if re.fullmatch(r"[A-Z_][A-Z0-9_]*", snake) else ""
