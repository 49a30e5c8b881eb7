"""How many rows tables hold in production, as the settings and the statistics say."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from backend_engineer.settings import PlannerSettings


def known_rows(settings: PlannerSettings, root: Path) -> dict[str, int]:
    """The rows of each table by its label.  Raises `planner.statistics.Unreadable`, OSError."""
    if not settings.statistics:
        return dict(settings.rows)
    statistics = importlib.import_module("backend_engineer.planner.statistics")  # heavy
    known = statistics.read(settings, root)
    return {**_relations(known.relations), **known.rows}


def _relations(relations: Iterable[Mapping[str, str]]) -> dict[str, int]:
    found = {}
    for relation in relations:
        schema = relation.get("schemaname", "public")
        name = relation["relname"] if schema == "public" else f"{schema}.{relation['relname']}"
        rows = float(relation.get("reltuples", -1))
        if rows >= 0:
            found[name] = round(rows)
    return found
