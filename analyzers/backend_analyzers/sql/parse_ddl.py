"""Text in, DDL out; everything else in the text is skipped cheaply."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from backend_analyzers.sql.alterations import alter_table, drop, rename, set_schema
from backend_analyzers.sql.building import Building
from backend_analyzers.sql.ddl import (
    AddColumn,
    AddConstraint,
    CreateIndex,
    CreateSchema,
    CreateTable,
    CreateType,
    CreateView,
    Ddl,
    DdlStatement,
    Opaque,
    SetSearchPath,
    TableName,
)
from backend_analyzers.sql.declarations import (
    Span,
    column_names,
    create_index,
    create_table,
    create_table_as,
    table_name,
)
from backend_analyzers.sql.dialects import declares_keys, dialect_of, looks_foreign
from backend_analyzers.sql.lexing import MAX_STATEMENT, Prepared, prepare
from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.parse import trees, verb
from backend_analyzers.sql.queries import nested, statement
from backend_analyzers.sql.statement import Dialect, Statement

_VERBS = frozenset({"create", "alter", "drop", "rename", "do", "set", "select", "use", "import"})
_RELATION = re.compile(
    rb"\s*(?:CREATE(?:\s+OR\s+REPLACE)?(?:\s+\w+)?|ALTER|DROP|RENAME)\s+(?P<kind>TABLE|VIEW"
    rb"|MATERIALIZED\s+VIEW|FOREIGN\s+TABLE|(?:UNIQUE\s+)?INDEX)\s+(?:CONCURRENTLY\s+)?"
    rb"(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(?:ONLY\s+)?(?P<name>(?:[\w$.]|\"[^\"]+\")+)?",
    re.IGNORECASE,
)
_INTO = re.compile(rb"\bINTO\b", re.IGNORECASE)
_EXECUTE = re.compile(rb"\bEXECUTE\b", re.IGNORECASE)
_INNER = re.compile(
    rb"\b(?:CREATE\s+(?:TABLE|(?:UNIQUE\s+)?INDEX|VIEW)|ALTER\s+TABLE|DROP\s+(?:TABLE|VIEW))\b[^;]*",
    re.IGNORECASE,
)
_SEARCH_PATH = re.compile(
    r"^set\s+(?:session\s+|local\s+)?search_path\s*(?:=|\bto\b)\s*(.+)$", re.IGNORECASE | re.DOTALL
)
_ADDITIVE = (CreateTable, AddColumn, AddConstraint, CreateIndex)


def parse_ddl(
    text: str | bytes,
    *,
    dialect: Dialect | None = None,
    holes: Sequence[tuple[int, int]] = (),
) -> tuple[DdlStatement, ...]:
    """The statements of a text that declare or change tables, columns, keys, indexes and views."""
    original = text.encode("utf-8", "replace") if isinstance(text, str) else text
    spoken = dialect or dialect_of(original)
    prepared = prepare(original, spoken, holes)
    found = (_statement(prepared, start, end) for start, end in prepared.pieces)
    return tuple(statement for statement in found if statement is not None)


def _statement(prepared: Prepared, start: int, end: int) -> DdlStatement | None:
    word = verb(prepared.text, start)
    if word not in _VERBS or (
        word == "select" and not _INTO.search(prepared.text, start, min(end, start + 4000))
    ):
        return None
    while start < end and prepared.text[start : start + 1].isspace():
        start += 1
    span = (start, end - prepared.text[start:end].endswith(b";"))
    if end - start > MAX_STATEMENT:
        taint = _unread(Building(prepared, nested), span)
        return DdlStatement(prepared.dialect, *span, tuple(taint), False) if taint else None
    tree, clean = trees(prepared, start, end)
    piece = prepared.text[start:end]
    keyed = word in {"create", "alter"} and declares_keys(piece)
    if keyed or (not clean and looks_foreign(piece, prepared.dialect)):
        from backend_analyzers.sql.foreign_ddl import foreign_ddl  # noqa: PLC0415

        foreign = foreign_ddl(prepared, start, end)
        if foreign is not None:
            return DdlStatement(prepared.dialect, *span, foreign) if foreign else None
    actions = _actions(prepared, tree, span, clean=clean)
    return DdlStatement(prepared.dialect, *span, tuple(actions), clean) if actions else None


def _actions(prepared: Prepared, tree: Node, span: Span, *, clean: bool) -> list[Ddl]:
    building = Building(prepared, nested)
    node = tree
    while node.kind == "source_file" and node.children:
        node = next((c for c in node.children if c.kind.endswith("Stmt")), node.children[0])
    match node.kind:
        case "CreateStmt" | "CreateForeignTableStmt":
            table = create_table(building, node, span, clean=clean)
            found: list[Ddl] = [table] if table else []
        case "CreateSchemaStmt":
            found = _schema(building, node, span)
        case _ if not clean:
            found = []
        case "CreateAsStmt":
            made = create_table_as(building, node, span, _query(prepared, node))
            found = [made] if made else []
        case "IndexStmt":
            index = create_index(building, node, span)
            found = [index] if index else []
        case "ViewStmt" | "CreateMatViewStmt":
            found = _view(building, node, span)
        case _:
            return _others(building, node, span)
    return found or _unread(building, span)


def _others(building: Building, node: Node, span: Span) -> list[Ddl]:
    match node.kind:
        case "AlterTableStmt":
            return alter_table(building, node, span)
        case "RenameStmt":
            return rename(building, node, span)
        case "AlterObjectSchemaStmt":
            return set_schema(building, node, span)
        case "DropStmt":
            return drop(building, node, span)
        case "DefineStmt" | "CreateDomainStmt":
            return _type(building, node, span)
        case "DoStmt":
            return _block(building, node, span)
        case "VariableSetStmt":
            return _search_path(building, span)
        case "ImportForeignSchemaStmt":
            return [Opaque((), True, *span)]
        case "simple_select" | "select_no_parens":
            into = node.first("into_clause")
            query = _query(building.prepared, node)
            target = into.first("qualified_name", "OptTempTableName") if into else None
            if target is not None and target.kind == "OptTempTableName":
                target = target.first("qualified_name")
            name = table_name(building, target)
            return [CreateTable(name, (), (), *span, query=query)] if name else []
        case _:
            return []


def _query(prepared: Prepared, node: Node) -> Statement | None:
    building = Building(prepared, nested)
    statement(building, node)
    return building.freeze("select", node.start, node.end) if building.levels else None


def _view(building: Building, node: Node, span: Span) -> list[Ddl]:
    head = node.first("create_mv_target") or node
    name = table_name(building, node.first("qualified_name") or head.first("qualified_name"))
    if name is None:
        return []
    listed = node.first("opt_column_list") or head.first("opt_column_list")
    columns = column_names(building, listed or node)
    return [
        CreateView(
            view=name,
            columns=columns,
            query=_query(building.prepared, node),
            start=span[0],
            end=span[1],
            materialized=node.kind == "CreateMatViewStmt",
            replace=node.has("kw_replace"),
            temporary=node.has("kw_temp") or node.has("kw_temporary"),
        )
    ]


def _schema(building: Building, node: Node, span: Span) -> list[Ddl]:
    named = [c for c in node.children[2:] if not c.children and not c.kind.startswith("kw_")]
    name = building.name(named[0]) if named else None
    found: list[Ddl] = [CreateSchema(name, *span)] if name else []
    stack = list(node.children)
    while stack:
        child = stack.pop()
        if child.kind == "CreateStmt":
            table = create_table(building, child, (child.start, child.end), clean=True)
            if table is not None and name is not None and table.table.schema is None:
                there = msgspec.structs.replace(table.table, schema=name)
                table = msgspec.structs.replace(table, table=there)
            found.extend([table] if table else [])
        elif child.kind.startswith("OptSchema") or child.kind == "schema_stmt":
            stack.extend(child.children)
    return found


def _type(building: Building, node: Node, span: Span) -> list[Ddl]:
    if node.children[1].kind not in {"kw_type", "kw_domain"}:
        return []
    name = table_name(building, node.first("any_name"))
    if name is None:
        return []
    labels = node.first("enum_val_list")
    values = tuple(
        building.source(c.start, c.end)[1:-1].replace("''", "'")
        for c in (labels.children if labels else ())
    )
    if node.kind == "CreateDomainStmt":
        return [CreateType(name.name, name.schema, "domain", (), *span)]
    composite = any("TableFuncElement" in c.kind for c in node.children)
    kind = "enum" if node.has("kw_enum") else "composite" if composite else "other"
    return [CreateType(name.name, name.schema, kind, values, *span)]  # type: ignore[arg-type]


def _block(building: Building, node: Node, span: Span) -> list[Ddl]:
    """DO: what it adds it adds (blocks make a migration repeatable); all else in it may happen."""
    body = building.prepared.original[node.start : node.end]
    if _EXECUTE.search(body):
        return [Opaque((), True, *span)]
    found: list[Ddl] = []
    for match in _INNER.finditer(body):
        padded = b" " * (node.start + match.start()) + match[0]
        for inner in parse_ddl(padded, dialect=building.dialect):
            for action in inner.actions:
                if isinstance(action, (*_ADDITIVE, Opaque)):
                    found.append(action)
                else:
                    named = getattr(action, "table", None)
                    tables = (named,) if isinstance(named, TableName) else ()
                    found.append(Opaque(tables, not tables, *span))
    return found


def _search_path(building: Building, span: Span) -> list[Ddl]:
    found = _SEARCH_PATH.match(building.source(*span).strip())
    if found is None:
        return []
    names = (building.fold(part.strip().strip("'")) for part in found[1].split(","))
    return [SetSearchPath(tuple(name for name in names if name), *span)]


def _unread(building: Building, span: Span) -> list[Ddl]:
    """A statement about a relation that cannot be read taints what it names."""
    found = _RELATION.match(building.text, span[0], span[1])
    if found is None:
        return []
    if found["name"] is None or building.in_hole(*found.span("name")):
        return [Opaque((), True, *span)]
    if found["kind"].upper().endswith(b"INDEX"):
        return []
    parts = [
        building.fold(part)
        for part in re.findall(
            r'"[^"]+"|[^.]+', building.source(*found.span("name")).replace("`", '"')
        )
    ]
    if not parts or parts[-1] is None:
        return [Opaque((), True, *span)]
    schema = parts[-2] if len(parts) > 1 else None
    return [Opaque((TableName(parts[-1], schema, *found.span("name")),), False, *span)]
