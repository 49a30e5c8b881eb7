"""`model`: the routes, tables and queries that are known."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

import msgspec
from rich.table import Table as Grid

from backend_analyzers.facts.queries import queries
from backend_analyzers.facts.routes import Route, routes
from backend_analyzers.facts.schema import database, place_of
from backend_analyzers.source import Place
from backend_analyzers.sql.schema import Table
from backend_engineer.cli.console import terminal
from backend_engineer.cli.reading import Project, configured, read
from backend_engineer.report.locate import Locator

Row = dict[str, Any]

_COLUMNS = {
    "routes": ("methods", "route", "handler", "guards", "where"),
    "tables": ("table", "columns", "primary_key", "indexes", "where"),
    "queries": ("kinds", "tables", "sql", "where"),
}

_ONE = {"routes": "route", "tables": "table", "queries": "query"}


def print_model(part: Literal["routes", "tables", "queries"], path: Path, *, as_json: bool) -> int:
    """Print one part of the model of the project around `path`."""
    root, settings = configured((path,), {})
    project = read((path,), root, settings)
    locator = Locator(project.workspace)
    rows = {"routes": _routes, "tables": _tables, "queries": _queries}[part](project, locator)
    rows = [row for row in rows if project.holds(row["path"])]
    if as_json:
        encoded = msgspec.json.encode({"version": 1, part: rows})
        sys.stdout.write(msgspec.json.format(encoded, indent=2).decode() + "\n")
        return 0
    grid = Grid(*(name.replace("_", " ") for name in _COLUMNS[part]), box=None, pad_edge=False)
    for row in rows:
        shown = {**row, "where": f"{row['path']}:{row['range']['start']['line'] + 1}"}
        grid.add_row(*(_cell(shown[name]) for name in _COLUMNS[part]))
    console = terminal(sys.stdout, width=200)
    console.print(grid)
    console.print(f"{len(rows)} {part if len(rows) != 1 else _ONE[part]}")
    return 0


def _routes(project: Project, locator: Locator) -> list[Row]:
    return [_route(route, locator) for route in project.workspace.fact(routes)]


def _route(route: Route, locator: Locator) -> Row:
    return {
        "methods": list(route.methods),
        "route": route.path.text if route.path is not None else None,
        "framework": route.framework,
        "application": route.app,
        "handler": route.handler_name,
        "guards": [guard.name for guard in route.guards],
        "guards_known": route.guards_known,
        "mounted": route.is_mounted,
        "resolved": route.resolved,
        **_where(route.place, locator),
    }


def _tables(project: Project, locator: Locator) -> list[Row]:
    return [
        {"schema_folder": home.folder, **_table(table, locator)}
        for home in project.workspace.fact(database).homes
        for table in home.schema.tables.values()
    ]


def _table(table: Table, locator: Locator) -> Row:
    return {
        "table": table.label,
        "kind": table.kind,
        "dialect": table.dialect,
        "columns": [
            {"name": c.name, "type": c.type, "nullable": c.nullable} for c in table.columns
        ],
        "primary_key": list(table.primary_key or ()),
        "indexes": [
            {"name": i.name, "columns": list(i.columns), "unique": i.unique, "kind": i.kind}
            for i in table.indexes
        ],
        "foreign_keys": [
            {"columns": list(k.columns), "table": k.target, "references": list(k.target_columns)}
            for k in table.foreign_keys
        ],
        "known": table.known,
        **_where(place_of(table.origin, table.start, table.end), locator),
    }


def _queries(project: Project, locator: Locator) -> list[Row]:
    return [
        {
            "sql": query.text,
            "kinds": [statement.kind for statement in query.statements],
            "tables": sorted({t.name for s in query.statements for t in s.tables}),
            "executed": query.executed,
            "function": query.function,
            **_where(query.at, locator),
        }
        for _, found in sorted(project.workspace.each(queries).items())
        for query in found
        if any(statement.kind != "ddl" for statement in query.statements)
    ]


def _where(place: Place, locator: Locator) -> Row:
    spot = locator.spot(place)
    return {"path": spot.path, "range": msgspec.to_builtins(spot.range)}


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_cell(one["name"] if isinstance(one, dict) else one) for one in value)
    text = "?" if value is None else " ".join(str(value).split())
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
