"""What makes a query cheaper: indexes that the planner would use, and other texts with the same rows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import psycopg

from backend_analyzers.oracle import Advice, Advise, Advised, Failed, Planned, Script
from backend_analyzers.sql.index_candidates import IndexCandidate, index_candidates
from backend_analyzers.sql.interpret import apply
from backend_analyzers.sql.parse import parse
from backend_analyzers.sql.parse_ddl import parse_ddl
from backend_analyzers.sql.schema import Schema
from backend_engineer.planner import compare as comparing
from backend_engineer.planner.explain import Node, NotPlanned
from backend_engineer.planner.planner import Planner
from backend_engineer.planner.shadow import Shadow, with_index

WORTH = 0.8
"""An index must bring the cost to this part of what it was."""
_LEAST_COST = 50.0
"""Below this a query is cheap whatever is done: a page read at random costs 4."""
_ALIKE = 1.05
"""Costs this close are the same; then the smaller index is better."""
_SECONDS = 4.0
_MOST = 3
_GUESSES = 2
_LOOKS = frozenset({"Seq Scan", "Sort", "Incremental Sort", "Bitmap Heap Scan", "Index Scan"})


class _Tried(NamedTuple):
    candidate: IndexCandidate
    ddl: str
    cost: float
    pages: int


def advise(planner: Planner, question: Advise) -> Advised | Failed:
    """The plan of a query, and what would make it cheaper; best first."""
    if question.script.dialect != "postgresql":
        return Failed(f"queries of {question.script.dialect} get no advice")
    shadow = planner.shadow(question.script)
    try:
        top = shadow.explain(question.sql)
    except NotPlanned as error:
        return Advised(Planned(shadow.evidence, error=str(error)))
    known = shadow.evidence != "none"
    cost = float(top["Total Cost"]) if known else None
    planned = Planned(shadow.evidence, json.dumps(top), cost)
    advice = [*_rewritten(planner, shadow, question, cost)]
    schema = schema_of(question.script)
    if cost is None:
        advice += _guessed(question.sql, schema)
    elif cost > _LEAST_COST and any(node["Node Type"] in _LOOKS for node in nodes(top)):
        advice += _indexed(shadow, question.sql, schema, cost)
    ranked = sorted(advice, key=lambda one: one.cost_after if one.cost_after is not None else 0)
    return Advised(planned, tuple(ranked[:_MOST]))


def nodes(top: Node) -> Iterator[Node]:
    """A node and all nodes below it."""
    yield top
    for child in top.get("Plans", ()):
        yield from nodes(child)


@lru_cache(maxsize=8)
def schema_of(script: Script) -> Schema:
    """The schema that a script makes, as a value."""
    schema = Schema()
    for statement in script.statements:
        schema = apply(schema, parse_ddl(statement), "")
    return schema


def best_indexes(
    shadow: Shadow, query: str, schema: Schema, cost: float, *, seconds: float = _SECONDS
) -> list[_Tried]:
    """The candidates that the planner would use and that are worth it, best first."""
    until = time.monotonic() + seconds
    tried: list[_Tried] = []
    for statement in parse(query):
        for candidate in index_candidates(query, statement, schema):
            if time.monotonic() > until:
                break
            ddl = candidate.ddl(schema)
            try:
                with with_index(shadow, ddl) as pages:
                    top = shadow.explain(query)
            except (psycopg.Error, ValueError, NotPlanned):
                continue  # PostgreSQL does not take every guess: an expression may not be immutable
            name = candidate.name(schema)
            after = float(top["Total Cost"])
            if after <= cost * WORTH and any(n.get("Index Name") == name for n in nodes(top)):
                tried.append(_Tried(candidate, ddl, after, pages))
    if not tried:
        return []
    least = min(one.cost for one in tried)
    alike = [one for one in tried if one.cost <= least * _ALIKE + 1]
    others = [one for one in tried if one not in alike]
    return [*sorted(alike, key=_size), *sorted(others, key=lambda one: one.cost)]


def _size(one: _Tried) -> tuple[int, bool, int, float]:
    keys = len(one.candidate.keys) + len(one.candidate.include)
    return (keys, bool(one.candidate.where), one.pages, one.cost)


def _indexed(shadow: Shadow, query: str, schema: Schema, cost: float) -> Iterator[Advice]:
    sure = "values and sizes" if shadow.evidence == "full" else "sizes only"
    for one in best_indexes(shadow, query, schema, cost)[:_MOST]:
        size = one.pages * 8192 / 1_000_000
        yield Advice(
            title=f"Index {_label(one.candidate, schema)}",
            ddl=one.ddl,
            cost_before=cost,
            cost_after=one.cost,
            proof=(
                f"planned by PostgreSQL with this index of about {size:.0f} MB, with statistics of {sure}"
                " of production; each INSERT, and each UPDATE of its columns, writes to it too"
            ),
        )


def _guessed(query: str, schema: Schema) -> Iterator[Advice]:
    """Without statistics the order of the candidates is all that is known."""
    for statement in parse(query):
        for candidate in index_candidates(query, statement, schema)[:_GUESSES]:
            yield Advice(
                title=f"Index {_label(candidate, schema)}",
                ddl=candidate.ddl(schema),
                proof="a guess from the conditions of the query: without statistics no plan was compared",
            )


def _label(candidate: IndexCandidate, schema: Schema) -> str:
    return candidate.ddl(schema).partition(" ON ")[2]


def _rewritten(
    planner: Planner, shadow: Shadow, question: Advise, cost: float | None
) -> Iterator[Advice]:
    for text in question.rewrites:
        try:
            top = shadow.explain(text)
        except NotPlanned:
            continue
        after = float(top["Total Cost"]) if cost is not None else None
        if after is not None and cost is not None and after > cost:
            continue
        compared = comparing.compare_texts(planner, question.script, question.sql, text)
        if compared.verdict in {"proved", "agreed"}:
            yield Advice(
                title="Write the query in another way",
                sql=text,
                cost_before=cost,
                cost_after=after,
                proof=compared.reason,
            )
