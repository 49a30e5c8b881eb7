"""What makes a query cheaper: indexes that the planner would use, and other texts with the same rows."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from backend_analyzers.oracle import Advice, Advise, Advised, Planned, Script
from backend_analyzers.sql.index_candidates import IndexCandidate, index_candidates, made_redundant
from backend_analyzers.sql.parse import parse
from backend_analyzers.sql.schema import Schema
from backend_engineer.plan_text import nodes
from backend_engineer.planner import compare as comparing
from backend_engineer.planner.explain import Node, NotPlanned
from backend_engineer.planner.planner import Planner
from backend_engineer.planner.shadow import Shadow
from backend_engineer.planner.translate import schema_of
from backend_engineer.planner.trying import Built, Trial, trying

WORTH = 0.8
"""An index must bring the cost to this part of what it was."""
_LEAST_COST = 50.0
"""Below this a query is cheap whatever is done: a page read at random costs 4."""
_ALIKE = 1.05
_NOTHING = 0.001
"""Costs this close, or this close measured by the cost now, are the same: the smaller index is better."""
_SECONDS = 4.0
_MOST = 3
_GUESSES = 2
_LOOKS = frozenset(
    {"Seq Scan", "Sort", "Incremental Sort", "Bitmap Heap Scan", "Index Scan", "Index Only Scan"}
)


class Tried(NamedTuple):
    """A candidate with the cost of the query when it is there."""

    candidate: IndexCandidate
    built: Built
    cost: float


class Best(NamedTuple):
    """The indexes that are worth it, best first, and one beside the first with the cost of both."""

    single: list[Tried]
    beside: Tried | None


def advise(planner: Planner, question: Advise) -> Advised:
    """The plan of a query of PostgreSQL, and what would make it cheaper; best first."""
    shadow = planner.shadow(question.script)
    try:
        top = shadow.explain(question.sql, seconds=planner.seconds)
    except NotPlanned as error:
        return Advised(Planned(shadow.evidence, error=str(error)))
    planned = planned_by(shadow, top)
    advice = sorted(_rewritten(planner, shadow, question, planned.cost), key=_cost_after)
    schema = schema_of(question.script)
    if planned.cost is None:
        advice += _guessed(question.sql, schema)
    elif planned.cost > _LEAST_COST and any(node["Node Type"] in _LOOKS for node in nodes(top)):
        indexed = list(_indexed(shadow, question, schema, planned))
        # Another text costs nobody anything, so it goes first unless an index is much better.
        is_better = advice and indexed and _cost_after(indexed[0]) < _cost_after(advice[0]) / _ALIKE
        advice = [*indexed, *advice] if is_better else [*advice, *indexed]
    return Advised(planned, tuple(advice[: _MOST + 1]))


def _cost_after(advice: Advice) -> float:
    return advice.cost_after if advice.cost_after is not None else 0


def planned_by(shadow: Shadow, top: Node) -> Planned:
    """A plan as an answer: with its cost only where something is known."""
    evidence = shadow.evidence_of(top)
    cost = float(top["Total Cost"]) if evidence != "none" else None
    return Planned(evidence, json.dumps(top), cost, note=shadow.remark_of(top))


def candidates_of(query: str, schema: Schema) -> list[IndexCandidate]:
    """The indexes that might help a text of SQL, the most promising first."""
    found = (c for s in parse(query) for c in index_candidates(query, s, schema))
    return list(dict.fromkeys(found))


def best_indexes(
    shadow: Shadow, query: str, schema: Schema, cost: float, *, seconds: float = _SECONDS
) -> Best:
    """The candidates that the planner would use and that are worth it."""
    candidates = to_try(shadow, candidates_of(query, schema), schema)
    if not candidates:
        return Best([], None)
    until = time.monotonic() + seconds
    needed = {c.extension for c in candidates.values() if c.extension}
    with trying(shadow, list(candidates), extensions=needed) as trial:
        tried: list[Tried] = []
        for built in trial.built:
            if time.monotonic() > until:
                break
            after = _cost(trial, query, [built])
            if after is not None and after <= cost * WORTH:
                tried.append(Tried(candidates[built.ddl], built, after))
        ranked = _ranked(tried, cost)
        return Best(ranked, _beside(trial, query, ranked, candidates, until) if ranked else None)


def to_try(
    shadow: Shadow, candidates: Iterable[IndexCandidate], schema: Schema
) -> dict[str, IndexCandidate]:
    """Candidates by the statements that try them out.

    An index of the rows with one value is for columns of few values, as statistics must tell.
    """
    found = list(candidates)
    few: set[tuple[str, str, str]] = set()
    if any(one.rare for one in found):
        with shadow.database.connect() as connection:
            few = set(connection.execute(_FEW, (_FEW_VALUES,)).fetchall())
    tried: dict[str, IndexCandidate] = {}
    for one in found:
        table = schema.tables[one.table]
        if not one.rare or (table.schema, table.name, one.rare) in few:
            tried[one.ddl(schema, name=f"backend_engineer_{len(tried)}")] = one
    return tried


_FEW_VALUES = 50
_FEW = (
    "SELECT schemaname, tablename, attname FROM pg_stats WHERE n_distinct > 0 AND n_distinct <= %s"
)


def _cost(trial: Trial, query: str, using: list[Built]) -> float | None:
    """What a query costs with some indexes; None when it does not use all of them."""
    try:
        top = trial.explain(query, using)
    except NotPlanned:
        return None
    used = {node.get("Index Name") for node in nodes(top)}
    return float(top["Total Cost"]) if all(one.names & used for one in using) else None


def _ranked(tried: list[Tried], cost: float) -> list[Tried]:
    if not tried:
        return []
    limit = alike_up_to(min(one.cost for one in tried), cost)
    alike = [one for one in tried if one.cost <= limit]
    others = [one for one in tried if one not in alike]
    return [
        *sorted(alike, key=lambda one: (*preference(one.candidate, one.built), one.cost)),
        *sorted(others, key=lambda one: one.cost),
    ]


def alike_up_to(least: float, before: float) -> float:
    """The cost up to which an index is as good as the best one."""
    return least * _ALIKE + max(1.0, before * _NOTHING)


def _beside(
    trial: Trial,
    query: str,
    ranked: list[Tried],
    candidates: dict[str, IndexCandidate],
    until: float,
) -> Tried | None:
    """Another index, on another table, that helps as much again when the best one is there."""
    first = ranked[0]
    found: list[Tried] = []
    for built in trial.built:
        candidate = candidates[built.ddl]
        if candidate.table == first.candidate.table or time.monotonic() > until:
            continue
        after = _cost(trial, query, [first.built, built])
        if after is not None and after <= first.cost * WORTH:
            found.append(Tried(candidate, built, after))
    return next(iter(_ranked(found, first.cost)), None)


def preference(candidate: IndexCandidate, built: Built) -> tuple[bool, int, int]:
    """What comes first of several as good: what other queries can use too, and what is smaller.

    A hash is much smaller or not worth it: it serves for nothing but equality.
    """
    columns = len(candidate.keys) + len(candidate.include)
    pages = built.pages * (2 if candidate.method == "hash" else 1)
    return (bool(candidate.where), columns, pages)


def _indexed(
    shadow: Shadow, question: Advise, schema: Schema, planned: Planned
) -> Iterator[Advice]:
    assert planned.cost is not None
    sure = "values and sizes" if planned.evidence == "full" else "sizes only"
    best = best_indexes(shadow, question.sql, schema, planned.cost)
    room = _MOST - 1 if best.beside else _MOST
    for one in [*best.single[:room], *([best.beside] if best.beside else [])]:
        is_second = one is best.beside
        first = best.single[0]
        beside = f" beside {label(first.candidate, schema)}" if is_second else ""
        yield Advice(
            title=f"Index {label(one.candidate, schema)}{beside}",
            ddl=ddl_of(one.candidate, question.script, schema),
            cost_before=first.cost if is_second else planned.cost,
            cost_after=one.cost,
            proof=(
                f"planned by PostgreSQL with this index of about {size_of(one.built)}, with statistics "
                f"of {sure} of production; {burden(one.candidate, schema)}"
            ),
        )


def size_of(built: Built) -> str:
    """How much room an index takes, in words."""
    size = built.pages * 8192 / 1_000_000
    return f"{size:,.0f} MB" if size >= 1 else "less than 1 MB"


def burden(candidate: IndexCandidate, schema: Schema) -> str:
    """What an index costs those who write, and which indexes it makes superfluous, in words."""
    table = schema.tables[candidate.table]
    count = len(table.indexes)
    others = (
        f"`{table.label}` has {count} other {'index' if count == 1 else 'indexes'}; "
        if count
        else ""
    )
    told = f"{others}each INSERT, and each UPDATE of its columns, writes to it too"
    spare = made_redundant(candidate, table)
    if spare:
        listed = ", ".join(f"`{index.name}`" for index in spare)
        told += f"; with it {listed} can be dropped"
    return told


def ddl_of(candidate: IndexCandidate, script: Script, schema: Schema) -> str:
    """The statements that make an index, with the extension that it needs where nothing else makes it."""
    ddl = candidate.ddl(schema)
    name = candidate.extension
    if name and not any(_makes(statement, name) for statement in script.statements):
        return f"CREATE EXTENSION IF NOT EXISTS {name};\n{ddl}"
    return ddl


def label(candidate: IndexCandidate, schema: Schema) -> str:
    """An index as what it is on: `orders (customer_id)`."""
    return candidate.ddl(schema).partition(" ON ")[2]


def _makes(statement: str, extension: str) -> bool:
    pattern = rf'\bcreate\s+extension\s+(?:if\s+not\s+exists\s+)?"?{extension}\b'
    return re.search(pattern, statement, re.IGNORECASE) is not None


def _guessed(query: str, schema: Schema) -> Iterator[Advice]:
    """Without statistics the order of the candidates is all that is known."""
    plain = (one for one in candidates_of(query, schema) if not one.rare)
    for candidate in islice(plain, _GUESSES):
        yield Advice(
            title=f"Index {label(candidate, schema)}",
            ddl=candidate.ddl(schema),
            proof="a guess from the conditions of the query: without statistics no plan was compared",
        )


def _rewritten(
    planner: Planner, shadow: Shadow, question: Advise, cost: float | None
) -> Iterator[Advice]:
    """Other texts with the same rows, the cheapest first, if they are worth a change of the code."""
    now = cost if cost is not None else float(shadow.explain(question.sql)["Total Cost"])
    cheaper: list[tuple[float, str]] = []
    for text in question.rewrites:
        with contextlib.suppress(NotPlanned):
            cheaper.append((float(shadow.explain(text)["Total Cost"]), text))
    for found, text in sorted(cheaper)[:_MOST]:
        # Without evidence the costs say nothing of production, but still which plan does less.
        if found > now * WORTH:
            continue
        after = found if cost is not None else None
        compared = comparing.compare_texts(planner, question.script, question.sql, text)
        if compared.verdict in {"proved", "agreed"}:
            yield Advice(
                title="Write the query in another way",
                sql=text,
                cost_before=cost,
                cost_after=after,
                proof=compared.reason,
            )
