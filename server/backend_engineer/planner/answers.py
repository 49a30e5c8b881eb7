"""The way in: a question of a rule, answered by the planner."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import psycopg
from msgspec.structs import replace

from backend_analyzers.oracle import (
    Advise,
    Advised,
    Answer,
    Compare,
    Explain,
    Failed,
    Planned,
    Question,
    Replay,
    Script,
)
from backend_engineer.planner import advise as advising
from backend_engineer.planner import mysql, real, sqlite, translate
from backend_engineer.planner.binaries import Unavailable
from backend_engineer.planner.compare import compare
from backend_engineer.planner.explain import NotPlanned
from backend_engineer.planner.observe import replay
from backend_engineer.planner.planner import Planner
from backend_engineer.planner.statistics import Unreadable
from backend_engineer.settings import PlannerSettings

log = logging.getLogger("backend_engineer.planner")

__all__ = ("Unavailable", "answer", "open_planner")


def open_planner(settings: PlannerSettings, root: Path, *, folder: Path | None = None) -> Planner:
    """The planner of a project; nothing is started yet."""
    return Planner(settings, root, folder=folder)


def answer(planner: Planner, question: Question) -> Answer:
    """What the planner says.  Raises `Unavailable` when there is none here.

    A server that breaks down is made anew once; one that breaks down again is none.
    """
    try:
        return _answer(planner, question)
    except Unreadable as error:
        raise Unavailable(str(error)) from None
    except (psycopg.Error, OSError) as error:
        log.warning("the planner is started anew: %s", error)
        planner.close()
    try:
        return _answer(planner, question)
    except (psycopg.Error, OSError) as error:
        if isinstance(error, psycopg.errors.DiskFull | OSError):
            raise Unavailable(f"the planner cannot write: {error}") from None
        return Failed(f"{type(error).__name__}: {error}")


def _answer(planner: Planner, question: Question) -> Answer:
    match question:
        case Explain():
            return planned(planner, question)
        case Advise():
            return _advised(planner, question)
        case Compare():
            return compare(planner, question)
        case Replay():
            return replay(planner.cluster, question, seconds=planner.seconds)


def planned(planner: Planner, question: Explain) -> Planned:
    """The plan of one query: of a real database if there is one, or of the dialect's own planner."""
    script, sql = question.script, question.sql
    found = _really_planned(planner, script, sql)
    if found is not None:
        return found
    match script.dialect:
        case "sqlite":
            return sqlite.plan(script, sql, planner.settings.rows)
        case "mysql":
            advised = _approximate(planner, Advise(script, sql), with_advice=False)
            return advised.planned
        case "postgresql":
            shadow = planner.shadow(script)
            try:
                return advising.planned_by(shadow, shadow.explain(sql, seconds=planner.seconds))
            except NotPlanned as error:
                return Planned(shadow.evidence, error=str(error))


def _advised(planner: Planner, question: Advise) -> Advised:
    found = _advised_by_ours(planner, question)
    plan = _really_planned(planner, question.script, question.sql)
    return replace(found, planned=plan) if plan is not None else found


def _advised_by_ours(planner: Planner, question: Advise) -> Advised:
    match question.script.dialect:
        case "sqlite":
            return sqlite.advise(question, planner.settings.rows)
        case "mysql":
            return _approximate(planner, question, with_advice=True)
        case "postgresql":
            return advising.advise(planner, question)


def _really_planned(planner: Planner, script: Script, sql: str) -> Planned | None:
    """The plan of the real database; None without one, and for what only the workspace declares."""
    address = planner.address
    if address is None or address.dialect != script.dialect:
        return None
    try:
        ask = real.plan if script.dialect == "postgresql" else mysql.plan
        top = ask(address, sql, seconds=planner.seconds)
    except NotPlanned as error:
        log.info("a query is not planned by the real database: %s", error)
        return None
    cost = float(top["Total Cost"]) if "Total Cost" in top else None
    note = f"planned by the database of `{address.variable}`"
    return Planned("full", json.dumps(top), cost, note=note)


def _approximate(planner: Planner, question: Advise, *, with_advice: bool) -> Advised:
    """A query of MySQL, planned by PostgreSQL."""
    script = translate.translated(question.script)
    try:
        sql = translate.translated_query(question.sql)
        if with_advice:
            found = advising.advise(planner, Advise(script, sql))
        else:
            shadow = planner.shadow(script)
            top = shadow.explain(sql, seconds=planner.seconds)
            found = Advised(advising.planned_by(shadow, top))
    except NotPlanned as error:
        return Advised(Planned("none", error=str(error), note=translate.NOTE))
    plan = found.planned
    note = f"{translate.NOTE}; {plan.note}" if plan.note else translate.NOTE
    advice = tuple(
        replace(one, proof=f"{one.proof}; {translate.NOTE}")
        for one in found.advice
        if translate.is_possible(one.ddl)
    )
    return Advised(replace(plan, note=note), advice)
