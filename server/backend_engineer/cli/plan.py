"""`plan`: how a query is planned at the size of production, and what would make it cheaper."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import msgspec

from backend_analyzers.facts.advice import question_of
from backend_analyzers.facts.plans import Plannable, plannable, planned_text
from backend_analyzers.facts.queries import Query, queries
from backend_analyzers.facts.schema import database
from backend_analyzers.facts.scripts import home_of, scripts
from backend_analyzers.optimizing import changes_of
from backend_analyzers.oracle import Advice, Advise, Advised, Answer, Script
from backend_analyzers.source import Place
from backend_analyzers.sql.parse import parse
from backend_analyzers.sql.statement import Dialect, Statement
from backend_analyzers.workspace import Workspace
from backend_engineer.cli.failure import Failure
from backend_engineer.cli.reading import Project, configured, read
from backend_engineer.plan_text import node_of, number, remarks, tree
from backend_engineer.project import open_answering
from backend_engineer.report.encode import pretty
from backend_engineer.report.locate import Locator
from backend_engineer.report.located import Spot

_PLACE = re.compile(r"(?P<path>.+?):(?P<line>[0-9]+)(?::[0-9]+)?\Z")
_EVIDENCE = {
    "full": "statistics of production",
    "sizes": "the sizes of tables alone: costs are rough",
    "none": "nothing: without statistics costs mean nothing, and production may plan otherwise",
}
_DIALECTS: tuple[Dialect, ...] = ("postgresql", "mysql", "sqlite")


class Asked(msgspec.Struct, frozen=True):
    """A query to plan, and where it was found; None for one that was typed."""

    script: Script
    sql: str
    found: Plannable | None = None


def print_plan(where: str | None, sql: str | None, *, as_json: bool) -> int:
    """Plan what is at `FILE:LINE`, or a text in the schema of the folder `where`."""
    if sql is None:
        if where is None:
            raise Failure('plan: name a query, as FILE:LINE or with --sql "SELECT …"')
        project, asked = _at(where)
    else:
        project, asked = _typed(Path(where or "."), sql)
    with open_answering(project.root, project.settings) as answering:
        if not project.settings.planner.enabled:
            raise Failure("the planner is turned off: set `enabled = true` in `[planner]`")
        questions = [_question(one) for one in asked]
        answering.answer(questions)
        if answering.unavailable:
            raise Failure(f"queries are not planned: {answering.unavailable}")
        known = answering.known
    found = [(one, known.get(question)) for one, question in zip(asked, questions, strict=True)]
    failed = [_error(answer) for _, answer in found]
    if as_json:
        locator = Locator(project.workspace)
        documents = [_document(locator, one, answer) for one, answer in found]
        sys.stdout.write(pretty(documents[0] if len(documents) == 1 else documents))
    else:
        sys.stdout.write("\n\n".join(_text(one, answer) for one, answer in found) + "\n")
    return 2 if any(failed) else 0


def _question(one: Asked) -> Advise:
    return question_of(one.found) if one.found is not None else Advise(one.script, one.sql)


def _at(where: str) -> tuple[Project, list[Asked]]:
    """The queries at a line of a file."""
    named = _PLACE.match(where)
    if named is None:
        raise Failure(f"plan: expected FILE:LINE, such as app/orders.py:12, got `{where}`")
    path, line = Path(named["path"]), int(named["line"]) - 1
    root, settings = configured((path,), {})
    project = read((path,), root, settings)
    key = path.resolve().relative_to(root).as_posix()
    locator = Locator(project.workspace)
    there = [(one, locator.spot(one.at)) for one in project.workspace.fact(plannable).get(key, ())]
    at_line = [
        Asked(one.script, one.sql, one)
        for one, spot in there
        if spot.range.start.line <= line <= spot.range.end.line
    ]
    if not at_line:
        raise Failure(_why_not(project, locator, key, line, [spot for _, spot in there]))
    return project, at_line


def _why_not(project: Project, locator: Locator, path: str, line: int, known: list[Spot]) -> str:
    """Why nothing is planned at a line."""
    workspace = project.workspace
    spots = [
        (query, locator.spot(query.at))
        for found_in, found in workspace.each(queries).items()
        if found_in == path
        for query in found
    ]
    here = [query for query, spot in spots if spot.range.start.line <= line <= spot.range.end.line]
    if not here:
        lines = ", ".join(str(spot.range.start.line + 1) for spot in known)
        more = f"; there are queries in lines {lines}" if lines else ""
        return f"there is no query at `{path}:{line + 1}`{more}"
    tables = _tables(here[0].statements)
    if tables and home_of(workspace.fact(database), here[0]) is None:
        return f"the query at `{path}:{line + 1}` is not planned: {_no_home(workspace, tables)}"
    return (
        f"the query at `{path}:{line + 1}` is not planned: parts of it are put together when it runs, "
        "so that its text is not known"
    )


def _typed(folder: Path, sql: str) -> tuple[Project, list[Asked]]:
    """The statements of a text, in the schema of a project that has their tables."""
    root, settings = configured((folder,), {})
    project = read((folder,), root, settings)
    declared = project.workspace.fact(database)
    made = project.workspace.fact(scripts)
    path = f"{folder.resolve().relative_to(root).as_posix()}/-".removeprefix("./")
    asked: list[Asked] = []
    for query in _readings(path, sql):
        home = home_of(declared, query)
        if home is None:
            continue
        script = made[home.key]
        is_spoken = script.dialect == query.statements[0].dialect
        if is_spoken or not asked:
            texts = [_numbered(query, statement) for statement in query.statements]
            asked = [Asked(script, text) for text in texts if text]
        if is_spoken:
            break
    if not asked:
        statements = parse(sql)
        tables = _tables(statements)
        if not statements or any(s.kind in {"ddl", "other"} for s in statements):
            raise Failure("--sql: expected a query: SELECT, INSERT, UPDATE, DELETE or MERGE")
        if tables:
            raise Failure(f"--sql: {_no_home(project.workspace, tables)}")
        asked = [Asked(Script(()), sql)]
    return project, asked


def _readings(path: str, sql: str) -> list[Query]:
    """A text in each dialect, the likeliest first."""
    guessed = parse(sql)
    first = guessed[0].dialect if guessed else "postgresql"
    order = sorted(_DIALECTS, key=lambda dialect: dialect != first)
    at = Place(path, "", 0, len(sql.encode(errors="replace")))
    return [
        Query(at, sql, statements, ())
        for dialect in order
        if (statements := parse(sql, dialect=dialect))
    ]


def _numbered(query: Query, statement: Statement) -> str:
    if statement.kind in {"ddl", "other"}:
        return ""
    told = planned_text(query, statement)
    return told[0] if told is not None else ""


def _tables(statements: tuple[Statement, ...]) -> list[str]:
    return list(dict.fromkeys(t.name for s in statements for t in s.tables if t.cte is None))


def _no_home(workspace: Workspace, tables: list[str]) -> str:
    homes = workspace.fact(database).homes
    if not homes:
        return "no schema is known: there are no migrations, models or SQL files with CREATE TABLE"
    known = {table.name for home in homes for table in home.schema.tables.values()}
    missing = [f"`{table}`" for table in tables if table not in known]
    if missing:
        return f"no schema of this project has {', '.join(missing)}"
    return f"no schema of this project has all of {', '.join(f'`{t}`' for t in tables)}"


def _error(answer: Answer | None) -> str:
    if isinstance(answer, Advised):
        return answer.planned.error
    return getattr(answer, "reason", "the planner gave no answer")


def _document(locator: Locator, one: Asked, answer: Answer | None) -> dict[str, Any]:
    error = _error(answer)
    planned = answer.planned if isinstance(answer, Advised) else None
    advice = answer.advice if isinstance(answer, Advised) else ()
    document: dict[str, Any] = {
        "sql": one.sql,
        "dialect": one.script.dialect,
        "evidence": planned.evidence if planned else "none",
        "cost": planned.cost if planned else None,
        "plan": node_of(planned) if planned else None,
        "advice": [_advice(locator, one, piece) for piece in advice],
    }
    if planned is not None and planned.note:
        document["note"] = planned.note
    if error:
        document["error"] = error
    return document


def _advice(locator: Locator, one: Asked, advice: Advice) -> dict[str, Any]:
    """A piece of advice with the text to write: `edits` where the project can be edited so."""
    made: dict[str, Any] = {"title": advice.title}
    if advice.ddl:
        made["ddl"] = advice.ddl
    else:
        made["sql"] = advice.sql
    edits = _edits(locator, one, advice)
    if edits or advice.sql:
        made["edits"] = edits
    made["cost_before"], made["cost_after"] = advice.cost_before, advice.cost_after
    made["proof"] = advice.proof
    return made


def _edits(locator: Locator, one: Asked, advice: Advice) -> list[dict[str, Any]]:
    """What to write in the project; nothing for a query that is not in it."""
    if one.found is None:
        return []
    changes = changes_of(locator.workspace, one.found, advice)
    return [
        {"path": spot.path, "range": msgspec.to_builtins(spot.range), "text": change.text}
        for change in changes
        for spot in (locator.spot(change.at),)
    ]


def _text(one: Asked, answer: Answer | None) -> str:
    if not isinstance(answer, Advised) or answer.planned.error:
        return f"{one.sql.strip()}\n\nnot planned: {_error(answer)}"
    planned = answer.planned
    top = node_of(planned)
    assert top is not None
    known = planned.cost is not None
    head = f"{planned.cost:,.2f}" if planned.cost is not None else "not known"
    parts = [
        one.sql.strip(),
        f"cost: {head}\nevidence: {_EVIDENCE[planned.evidence]}"
        + (f"\nnote: {planned.note}" if planned.note else ""),
        tree(top, costs=known),
        "\n".join(f"! {remark}" for remark in (remarks(top) if known else ())),
        "\n\n".join(_advised(advice) for advice in answer.advice),
    ]
    return "\n\n".join(part for part in parts if part)


def _advised(advice: Advice) -> str:
    gain = ""
    if advice.cost_before is not None and advice.cost_after is not None:
        gain = f": cost {number(advice.cost_before)} -> {number(advice.cost_after)}"
    return f"* {advice.title}{gain}\n  {advice.ddl or advice.sql}\n  {advice.proof}"
