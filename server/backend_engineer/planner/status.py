"""What the planner of a project is and knows, for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from backend_engineer.planner.binaries import FOR_STATISTICS, Unavailable, find
from backend_engineer.planner.planner import Planner
from backend_engineer.planner.statistics import Unreadable, read
from backend_engineer.settings import PlannerSettings


def status_of(settings: PlannerSettings, root: Path) -> dict[str, Any]:
    """Start the planner and describe it; `available` is False, with a reason, when there is none."""
    if not settings.enabled:
        return {"available": False, "reason": "it is turned off in the settings"}
    try:
        programs = find(settings.binaries)
        with Planner(settings, root) as planner:
            cluster = planner.cluster
            with cluster.connect() as connection:
                row = connection.execute("SELECT current_setting('server_version')").fetchone()
                databases = connection.execute(
                    "SELECT count(*) FROM pg_database WHERE datname LIKE 'shadow%'"
                ).fetchone()
            assert row is not None
            assert databases is not None
            return {
                "available": True,
                "version": row[0],
                "programs": str(programs.folder),
                "folder": str(cluster.data),
                "databases": databases[0],
                "statistics": described(settings, root, cluster.version),
            }
    except Unavailable as error:
        return {"available": False, "reason": str(error)}


def described(settings: PlannerSettings, root: Path, version: int) -> str:
    """What the settings say of production, in words."""
    try:
        known = read(settings, root)
    except Unreadable as error:
        return str(error)
    if known.evidence == "none":
        return "none: costs are not shown"
    told = []
    if known.relations:
        has_values = known.evidence == "full" and version >= FOR_STATISTICS
        told.append(
            f"{len(known.relations)} tables and indexes, {len(known.attributes)} columns"
            f"{'' if has_values else ', sizes only'}"
        )
        if known.evidence == "full" and version < FOR_STATISTICS:
            told.append(f"PostgreSQL {version} takes no values: install {FOR_STATISTICS}")
    if known.rows:
        told.append(f"declared rows of {len(known.rows)} tables")
    if known.heights:
        told.append(f"heights of {len(known.heights)} indexes")
    return ", ".join(told)
