"""CREATE TABLE, its columns and constraints, and indexes, out of the small tree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from backend_analyzers.sql.building import Building
from backend_analyzers.sql.ddl import (
    ColumnDefinition,
    Constraint,
    CreateIndex,
    CreateTable,
    IndexKey,
    Reference,
    TableName,
)
from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.statement import Statement
from backend_analyzers.sql.types import SERIAL, normalised_type

Span = tuple[int, int]


def table_name(building: Building, node: Node | None) -> TableName | None:
    """The table below a relation expression, or None when its name is unknown."""
    if node is None:
        return None
    if node.kind == "extended_relation_expr":
        return table_name(building, node.first("qualified_name"))
    path = building.path(node)
    names = [name for name, _ in path if name is not None]
    if not path or len(names) != len(path):
        return None
    last = path[-1][1]
    return TableName(names[-1], names[-2] if len(names) > 1 else None, last.start, last.end)


def create_table(building: Building, node: Node, span: Span, *, clean: bool) -> CreateTable | None:
    """CREATE TABLE with a list of columns."""
    tables = [child for child in node.children if child.kind in {"qualified_name", "any_name"}]
    name = table_name(building, tables[0]) if tables else None
    if name is None:
        return None
    columns: list[ColumnDefinition] = []
    constraints: list[Constraint] = []
    like: list[TableName] = []
    known = clean and not any(s < span[1] and e > span[0] for s, e in building.holes)
    for child in node.children:
        if child.kind == "TableElementList":
            for element in child.children:
                known &= _element(building, element, columns, constraints, like)
    inherit = node.first("OptInherit")
    parents = inherit.first("qualified_name_list") if inherit else None
    partition = table_name(building, tables[1]) if node.has("kw_partition") and tables[1:] else None
    return CreateTable(
        table=name,
        columns=tuple(columns),
        constraints=tuple(constraints),
        start=span[0],
        end=span[1],
        if_not_exists=node.has("kw_if"),
        temporary=node.has("kw_temp") or node.has("kw_temporary"),
        inherits=_names(building, parents.children if parents else ()),
        like=tuple(like),
        partition_of=partition,
        partitioned=node.has("PartitionSpec"),
        foreign=node.kind == "CreateForeignTableStmt",
        known=known and not (node.has("kw_of") and partition is None),
    )


def create_table_as(
    building: Building, node: Node, span: Span, query: Statement | None
) -> CreateTable | None:
    """CREATE TABLE … AS."""
    target = node.first("create_as_target", "qualified_name")
    inner = target if target is None or target.kind == "qualified_name" else target.children[0]
    name = table_name(building, inner)
    if name is None:
        return None
    listed = target.first("opt_column_list") if target else None
    return CreateTable(
        table=name,
        columns=(),
        constraints=(),
        start=span[0],
        end=span[1],
        if_not_exists=node.has("kw_if"),
        temporary=node.has("kw_temp") or node.has("kw_temporary"),
        query=query,
        query_columns=column_names(building, listed) if listed else (),
    )


def column_names(building: Building, node: Node) -> tuple[str, ...]:
    """The names in ``(a, b)``."""
    found: list[str] = []
    for child in node.children:
        if child.kind in {"columnList", "name_list"}:
            for element in child.children:
                name = building.name(element.children[0] if element.children else element)
                if name is not None:
                    found.append(name)
        elif child.kind == "opt_column_and_period_list":
            found.extend(column_names(building, child))
    return tuple(found)


def column_definition(building: Building, node: Node) -> ColumnDefinition | None:
    """A column with its own constraints."""
    head = node.children[0]
    name = building.name(head)
    if name is None:
        return None
    kind = node.first("Typename")
    text = building.source(kind.start, kind.end) if kind else ""
    facts = _Facts()
    base = text.strip().lower()
    for part in node.children:
        if part.kind == "ColQualList":
            for qualifier in part.children:
                _qualifier(building, qualifier, facts)
    return ColumnDefinition(
        name=name,
        type_text=text,
        type=normalised_type(text),
        nullable=not (facts.not_null or facts.primary or base in SERIAL),
        start=node.start,
        end=node.end,
        name_start=head.start,
        name_end=head.end,
        default=facts.default or ("nextval()" if base in SERIAL else None),
        primary_key=facts.primary,
        unique=facts.unique,
        references=facts.reference,
        generated=facts.generated,
        quoted=building.text[head.start : head.start + 1] == b'"',
        constraint_names=tuple(facts.names),
    )


def constraint(building: Building, node: Node) -> Constraint | None:
    """A table constraint."""
    name: str | None = None
    element = node
    if node.kind == "TableConstraint" and node.children[0].kind == "kw_constraint":
        name = building.name(node.children[1])
        element = node.children[2]
    if not element.children:
        return None
    kinds: dict[str, Literal["primary key", "unique", "foreign key", "check", "exclude"]] = {
        "kw_primary": "primary key",
        "kw_unique": "unique",
        "kw_foreign": "foreign key",
        "kw_check": "check",
        "kw_exclude": "exclude",
    }
    kind = kinds.get(element.children[0].kind)
    if kind is None:
        return None
    lists = [c for c in element.children if c.kind == "columnList"]
    columns = column_names(building, element) if lists else ()
    local = _local_columns(building, lists[0]) if lists else ()
    existing = element.first("ExistingIndex")
    return Constraint(
        kind=kind,
        name=name,
        columns=local or columns,
        start=node.start,
        end=node.end,
        reference=_reference(building, element) if kind == "foreign key" else None,
        text=building.source(node.start, node.end) if kind in {"check", "exclude"} else "",
        index=building.name(existing.children[-1]) if existing else None,
        valid=not building.source(node.start, node.end).upper().rstrip().endswith("NOT VALID"),
    )


def create_index(building: Building, node: Node, span: Span) -> CreateIndex | None:
    """CREATE INDEX."""
    table = table_name(building, node.first("qualified_name", "extended_relation_expr"))
    if table is None:
        return None
    on = next(i for i, c in enumerate(node.children) if c.kind == "kw_on")
    before = node.children[on - 1]
    named = not before.children and before.kind not in {"kw_index", "kw_concurrently", "kw_exists"}
    method = node.first("access_method_clause")
    params, include, where = (
        node.first("index_params"),
        node.first("opt_include"),
        node.first("where_clause"),
    )
    included = include.first("index_including_params") if include else None
    keys = [index_key(building, element) for element in (params.children if params else ())]
    return CreateIndex(
        name=building.name(before) if named else None,
        schema=None,
        table=table,
        keys=tuple(keys),
        start=span[0],
        end=span[1],
        unique=node.has("kw_unique"),
        method=(building.name(method.children[-1]) or "btree") if method else "btree",
        include=tuple(
            name
            for element in (included.children if included else ())
            if (name := building.name(element.children[0])) is not None
        ),
        where=building.source(where.children[1].start, where.end) if where else None,
        concurrently=node.has("kw_concurrently"),
        if_not_exists=node.has("kw_if"),
        nulls_not_distinct=node.has("opt_unique_null_treatment")
        and "not distinct" in building.source(node.start, node.end).lower(),
    )


def index_key(building: Building, node: Node) -> IndexKey:
    """One key of an index with its order and operator class."""
    head = node.children[0]
    value = node.children[1] if head.kind == "(" and len(node.children) > 1 else head
    options = node.first("index_elem_options", "any_name", "opt_asc_desc", "kw_asc", "kw_desc")
    words = building.source(options.start, options.end).lower() if options else ""
    classes = _descendants(options, "any_name") if options else []
    collate = "collate" in words.split()
    names = [building.source(c.start, c.end) for c in classes]
    end = node.children[2].end if head.kind == "(" and len(node.children) > 2 else value.end  # noqa: PLR2004
    return IndexKey(
        column=None if value.children else building.name(value),
        text=building.source(head.start, max(end, head.end)),
        start=node.start,
        end=node.end,
        descending="desc" in words.split(),
        nulls="first" if "nulls first" in words else "last" if "nulls last" in words else "",
        opclass=names[-1] if names and len(names) > collate else "",
        collation=names[0] if names and collate else "",
        columns=tuple(
            path[-1][0]
            for ref in _descendants(value, "columnref")
            if (path := building.path(ref)) and path[-1][0]
        ),
    )


class _Facts:
    def __init__(self) -> None:
        self.not_null = self.primary = self.unique = False
        self.default: str | None = None
        self.reference: Reference | None = None
        self.generated: Literal["", "identity", "stored", "virtual"] = ""
        self.names: list[tuple[str, str]] = []


def _element(
    building: Building,
    element: Node,
    columns: list[ColumnDefinition],
    constraints: list[Constraint],
    like: list[TableName],
) -> bool:
    if element.kind == "columnDef":
        column = column_definition(building, element)
        if column is None:
            return False
        columns.append(column)
        return True
    if element.kind in {"TableConstraint", "ConstraintElem"}:
        found = constraint(building, element)
        if found is not None:
            constraints.append(found)
        return True
    if element.kind == "TableLikeClause":
        parent = table_name(building, element.first("qualified_name"))
        if parent is not None:
            like.append(parent)
        return parent is not None
    return element.kind == "columnOptions"


def _qualifier(building: Building, node: Node, facts: _Facts) -> None:
    name: str | None = None
    if node.kind == "ColConstraint" and node.children and node.children[0].kind == "kw_constraint":
        name = building.name(node.children[1])
        node = node.children[2]
    parts = node.children or [node]
    kind = parts[0].kind.removeprefix("kw_")
    if kind == "primary":
        facts.primary, kind = True, "primary key"
    elif kind == "unique":
        facts.unique = True
    elif kind == "not" and node.has("kw_null"):
        facts.not_null = True
    elif kind == "default" and len(parts) > 1:
        facts.default = building.source(parts[1].start, parts[-1].end)
    elif kind == "references":
        facts.reference, kind = _reference(building, node), "foreign key"
    elif kind == "generated":
        stored = "virtual" if node.has("kw_virtual") else "stored"
        if node.has("kw_identity"):
            facts.generated, facts.not_null = "identity", True
        else:
            facts.generated = "virtual" if stored == "virtual" else "stored"
    if name is not None:
        facts.names.append((kind, name))


def _reference(building: Building, node: Node) -> Reference | None:
    table = table_name(building, node.first("qualified_name"))
    if table is None:
        return None
    listed = node.first("opt_column_list", "opt_column_and_period_list")
    actions = {"key_delete": "", "key_update": ""}
    for kind in actions:
        for found in _descendants(node, kind):
            actions[kind] = building.source(found.children[2].start, found.end).lower()
    return Reference(
        table,
        column_names(building, listed) if listed else (),
        actions["key_delete"],
        actions["key_update"],
    )


def _local_columns(building: Building, node: Node) -> tuple[str, ...]:
    found = (building.name(e.children[0] if e.children else e) for e in node.children)
    return tuple(name for name in found if name is not None)


def _names(building: Building, nodes: Sequence[Node]) -> tuple[TableName, ...]:
    found = (table_name(building, node) for node in nodes)
    return tuple(name for name in found if name is not None)


def _descendants(node: Node, kind: str) -> list[Node]:
    found: list[Node] = []
    stack = [node]
    while stack:
        current = stack.pop()
        if current.kind == kind:
            found.append(current)
        else:
            stack.extend(reversed(current.children))
    return found
