"""`model`: the routes, tables and queries that are known."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec
from rich.table import Table as Grid

from backend_analyzers.facts.schema import database
from backend_analyzers.workspace import Profiled
from backend_engineer.cli.console import terminal
from backend_engineer.cli.failure import Failure
from backend_engineer.cli.model_rows import Row, query_rows, route_rows, table_rows
from backend_engineer.cli.reading import Project, configured, read
from backend_engineer.report.locate import Locator
from backend_engineer.report.mermaid import diagram

Part = Literal["routes", "tables", "queries"]

_ROWS: dict[Part, Callable[[Project, Locator], list[Row]]] = {
    "routes": route_rows,
    "tables": table_rows,
    "queries": query_rows,
}
_COLUMNS: dict[Part, tuple[str, ...]] = {
    "routes": ("methods", "route", "handler", "guards", "where"),
    "tables": (
        *("table", "source", "columns", "primary_key", "indexes", "foreign_keys", "rows"),
        *("normal_form", "where"),
    ),
    "queries": ("kinds", "tables", "sql", "planned", "where"),
}
_ONE: dict[Part, str] = {"routes": "route", "tables": "table", "queries": "query"}


def print_model(
    part: Part,
    path: Path,
    *,
    form: Literal["table", "json", "mermaid"],
    profile: bool = False,
) -> int:
    """Print one part of the model of the project around `path`."""
    if form == "mermaid" and part != "tables":
        raise Failure(f"--format mermaid draws tables; for {part} use table or json")
    root, settings = configured((path,), {})
    project = read((path,), root, settings)
    if profile:
        if part != "tables":
            raise Failure(f"--profile looks at tables, not at {part}")
        project.session.profile(_profiled(project))
    rows = _ROWS[part](project, Locator(project.workspace))
    rows = [row for row in rows if project.holds(row["path"])]
    if form == "json":
        encoded = msgspec.json.encode({"version": 1, part: rows})
        sys.stdout.write(msgspec.json.format(encoded, indent=2).decode() + "\n")
    elif form == "mermaid":
        sys.stdout.write(diagram([row for row in rows if row["current"]]))
    else:
        _print(part, rows)
    return 0


def _profiled(project: Project) -> tuple[Profiled, ...]:
    """The dependencies among the columns of the tables in the database of the settings."""
    variable = project.settings.planner.database_url_env
    if not variable:
        raise Failure(
            "--profile needs a database: set `[planner] database_url_env` to the name of an environment "
            "variable that holds its URL"
        )
    from backend_engineer.planner.binaries import Unavailable  # noqa: PLC0415 - heavy
    from backend_engineer.planner.profile import profile_database  # noqa: PLC0415 - heavy

    keys = {
        table.key
        for home in project.workspace.fact(database).homes
        for table in home.schema.tables.values()
        if table.kind == "table"
    }
    try:
        return profile_database(variable, sorted(keys))
    except Unavailable as error:
        raise Failure(str(error)) from None


def _print(part: Part, rows: list[Row]) -> None:
    grid = Grid(*(name.replace("_", " ") for name in _COLUMNS[part]), box=None, pad_edge=False)
    for row in rows:
        shown = {**row, "where": f"{row['path']}:{row['range']['start']['line'] + 1}"}
        if shown.get("rests_on") in {"comment", "data", "name"}:
            shown["normal_form"] = f"{shown['normal_form']} by {shown['rests_on']}"
        grid.add_row(*(_cell(name, shown[name]) for name in _COLUMNS[part]))
    console = terminal(sys.stdout, width=200)
    console.print(grid)
    console.print(f"{len(rows)} {part if len(rows) != 1 else _ONE[part]}")


def _cell(name: str, value: object) -> str:
    match value:
        case list():
            return ", ".join(_cell(name, one) for one in value)
        case {"columns": list(columns), "table": table}:
            text = f"{', '.join(columns)} -> {table}"
        case {"name": str(named)}:
            text = named
        case None:
            text = "" if name in {"rows", "normal_form"} else "?"
        case bool():
            text = "yes" if value else "no"
        case int():
            text = f"{value:,}"
        case _:
            text = " ".join(str(value).split())
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
