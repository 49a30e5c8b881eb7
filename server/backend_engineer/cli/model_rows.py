"""What `model --format json` prints, as described in `docs/model.md`: keys are added, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from backend_analyzers.facts.all_queries import all_queries
from backend_analyzers.facts.homes import Home
from backend_analyzers.facts.plans import plannable
from backend_analyzers.facts.routes import Route, routes
from backend_analyzers.facts.schema import database, place_of
from backend_analyzers.facts.table_forms import TableForm, form_of, table_forms
from backend_analyzers.source import Place
from backend_analyzers.sql.schema import Table
from backend_engineer.cli.failure import Failure
from backend_engineer.cli.reading import Project
from backend_engineer.report.locate import Locator
from backend_engineer.sizes import known_rows

Row = dict[str, Any]


def route_rows(project: Project, locator: Locator) -> list[Row]:
    """The routes of a project."""
    return [_route(route, locator) for route in project.workspace.fact(routes)]


def table_rows(project: Project, locator: Locator) -> list[Row]:
    """The tables of a project, of every schema that something in it declares."""
    declared = project.workspace.fact(database)
    forms = project.workspace.fact(table_forms)
    rows = _known_rows(project)
    return [
        _table(home, table, form_of(forms, home, table), rows, locator)
        | {"current": home.key not in declared.past}
        for home in declared.homes
        for table in home.schema.tables.values()
    ]


def query_rows(project: Project, locator: Locator) -> list[Row]:
    """The queries of a project, those that an ORM writes included."""
    planned = {
        one.query.at for found in project.workspace.fact(plannable).values() for one in found
    }
    return [
        {
            "sql": query.text,
            "kinds": [statement.kind for statement in query.statements],
            "tables": sorted({t.name for s in query.statements for t in s.tables if t.cte is None}),
            "executed": query.executed,
            "function": query.function,
            "approximate": query.approximate,
            "planned": query.at in planned,
            **_where(query.at, locator),
        }
        for _, found in sorted(project.workspace.fact(all_queries).items())
        for query in found
        if any(statement.kind != "ddl" for statement in query.statements)
    ]


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


def _table(
    home: Home, table: Table, form: TableForm | None, rows: Mapping[str, int], locator: Locator
) -> Row:
    return {
        "table": table.label,
        "schema_folder": home.folder,
        "source": home.kind,
        "kind": table.kind,
        "dialect": table.dialect,
        "columns": [
            {
                "name": c.name,
                "type": c.type,
                "nullable": c.nullable,
                "default": c.default,
                "generated": c.generated or None,
            }
            for c in table.columns
        ],
        "primary_key": list(table.primary_key or ()),
        "indexes": [
            {
                "name": i.name,
                "columns": list(i.columns),
                "keys": [key.column or key.text for key in i.keys],
                "unique": i.unique,
                "kind": i.kind,
                "method": i.method,
                "where": i.where,
            }
            for i in table.indexes
        ],
        "foreign_keys": [
            {
                "columns": list(k.columns),
                "table": k.target.removeprefix("public."),
                "references": list(k.target_columns),
                "on_delete": k.on_delete.lower() or None,
            }
            for k in table.foreign_keys
        ],
        "rows": rows.get(table.label, rows.get(table.name)),
        "known": table.known,
        **_form(form),
        **_where(place_of(table.origin, table.start, table.end), locator),
    }


def _form(form: TableForm | None) -> Row:
    if form is None:
        return {"normal_form": None, "rests_on": None, "candidate_keys": [], "dependencies": []}
    return {
        "normal_form": form.analysis.form,
        "rests_on": form.rests_on,
        "candidate_keys": [list(key) for key in form.analysis.keys.keys],
        "dependencies": [
            {
                "left": list(one.dependency.left),
                "right": list(one.dependency.right),
                "source": one.source,
                "note": one.note,
            }
            for one in form.dependencies
        ],
        "decomposition": form.ddl or None,
    }


def _known_rows(project: Project) -> dict[str, int]:
    planner = project.settings.planner
    if not planner.statistics:
        return dict(planner.rows)
    from backend_engineer.planner.statistics import Unreadable  # noqa: PLC0415 - heavy

    try:
        return known_rows(planner, project.root)
    except (Unreadable, OSError) as error:
        raise Failure(str(error)) from error


def _where(place: Place, locator: Locator) -> Row:
    spot = locator.spot(place)
    return {"path": spot.path, "range": msgspec.to_builtins(spot.range)}
