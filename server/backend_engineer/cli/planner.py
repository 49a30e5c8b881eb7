"""`planner`: the query for statistics, the state of the planner, and indexes for all queries."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from backend_analyzers.facts.plans import Plannable, plannable
from backend_analyzers.oracle import Script
from backend_engineer.cli.failure import Failure
from backend_engineer.cli.reading import configured, read
from backend_engineer.plan_text import number
from backend_engineer.report.encode import pretty
from backend_engineer.report.locate import Locator


def print_statistics(*, values: bool, heights: bool) -> int:
    """Print the export query."""
    from backend_engineer.planner.export import export_query  # noqa: PLC0415 - start-up

    sys.stdout.write(export_query(values=values, heights=heights))
    return 0


def print_status(path: Path, *, as_json: bool) -> int:
    """Start the planner, and say what it is; exit code 1 when there is none."""
    from backend_engineer.planner.status import status_of  # noqa: PLC0415 - start-up

    root, settings = configured((path,), {})
    status = status_of(settings.planner, root)
    if as_json:
        sys.stdout.write(pretty(status))
    else:
        width = max(map(len, status)) + 2
        lines = (f"{key.replace('_', ' '):{width}}{value}" for key, value in status.items())
        sys.stdout.write("\n".join(lines) + "\n")
    return 0 if status["available"] else 1


def print_indexes(path: Path, *, as_json: bool) -> int:
    """Print the indexes that all queries of a project together would be cheaper with."""
    from backend_engineer.planner.answers import Unavailable, open_planner  # noqa: PLC0415
    from backend_engineer.planner.statistics import Unreadable  # noqa: PLC0415 - start-up
    from backend_engineer.planner.workload import indexes_for  # noqa: PLC0415 - start-up

    root, settings = configured((path,), {})
    if not settings.planner.enabled:
        raise Failure("the planner is turned off: set `enabled = true` in `[planner]`")
    project = read((path,), root, settings)
    grouped: dict[Script, list[Plannable]] = {}
    for where, found in sorted(project.workspace.fact(plannable).items()):
        for one in found:
            if project.holds(where) and one.script.dialect == "postgresql":
                grouped.setdefault(one.script, []).append(one)
    locator = Locator(project.workspace)
    rows: list[dict[str, Any]] = []
    planned = 0
    try:
        with open_planner(settings.planner, root) as planner:
            if planner.statistics.evidence == "none":
                raise Failure(
                    "which indexes are worth it depends on the size of tables: name a file in `[planner] "
                    "statistics` (see `backend-engineer planner statistics`) or rows in `[planner.rows]`"
                )
            for script, asked in grouped.items():
                workload = indexes_for(planner, script, [one.sql for one in asked])
                planned += sum(cost is not None for cost in workload.planned)
                for chosen in workload.chosen:
                    spots = [locator.spot(asked[n].at) for n in chosen.queries]
                    rows.append(
                        {
                            "ddl": chosen.ddl,
                            "bytes": chosen.pages * 8192,
                            "cost_before": chosen.cost_before,
                            "cost_after": chosen.cost_after,
                            "queries": [f"{s.path}:{s.range.start.line + 1}" for s in spots],
                        }
                    )
    except (Unavailable, Unreadable) as error:
        raise Failure(f"queries are not planned: {error}") from None
    if as_json:
        sys.stdout.write(pretty({"version": 1, "planned": planned, "indexes": rows}))
        return 0
    for row in rows:
        gain = f"{number(row['cost_before'])} -> {number(row['cost_after'])}"
        size = row["bytes"] / 1_000_000
        sys.stdout.write(f"{row['ddl']};\n  cost {gain}, about {size:,.0f} MB, for\n")
        sys.stdout.writelines(f"    {where}\n" for where in row["queries"])
    noun = "index" if len(rows) == 1 else "indexes"
    sys.stdout.write(f"{len(rows)} {noun} for {planned} planned queries\n")
    return 0
