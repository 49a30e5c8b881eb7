"""The way in: a question of a rule, answered by the planner."""

from __future__ import annotations

from pathlib import Path

from backend_analyzers.oracle import (
    Advise,
    Answer,
    Compare,
    Explain,
    Failed,
    Planned,
    Question,
    Replay,
)
from backend_engineer.planner import sqlite
from backend_engineer.planner.advise import advise, planned_by
from backend_engineer.planner.binaries import Unavailable
from backend_engineer.planner.compare import compare
from backend_engineer.planner.explain import NotPlanned
from backend_engineer.planner.observe import replay
from backend_engineer.planner.planner import Planner
from backend_engineer.planner.statistics import Unreadable
from backend_engineer.settings import PlannerSettings

__all__ = ("Unavailable", "answer", "open_planner")


def open_planner(settings: PlannerSettings, root: Path, *, folder: Path | None = None) -> Planner:
    """The planner of a project; nothing is started yet."""
    return Planner(settings, root, folder=folder)


def answer(planner: Planner, question: Question) -> Answer:
    """What the planner says.  Raises `Unavailable` when there is none here."""
    try:
        match question:
            case Explain():
                return planned(planner, question)
            case Advise():
                return advise(planner, question)
            case Compare():
                return compare(planner, question)
            case Replay():
                return replay(planner.cluster, question, seconds=planner.seconds)
    except Unreadable as error:
        raise Unavailable(str(error)) from None


def planned(planner: Planner, question: Explain) -> Planned | Failed:
    """The plan of one query."""
    script = question.script
    if script.dialect == "sqlite":
        return sqlite.plan(script, question.sql, planner.settings.rows)
    if script.dialect != "postgresql":
        return Failed(f"queries of {script.dialect} are not planned")
    shadow = planner.shadow(script)
    try:
        return planned_by(shadow, shadow.explain(question.sql, seconds=planner.seconds))
    except NotPlanned as error:
        return Planned(shadow.evidence, error=str(error))
