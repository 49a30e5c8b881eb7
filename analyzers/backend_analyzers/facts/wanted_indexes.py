"""The indexes that the queries of a workspace are missing, as few as serve them all.

The planner says for each query which index it would use and what that saves.  An index is wanted when a
scan or a sort goes away and most of the cost with it; one that another wanted index covers is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from backend_analyzers.facts.advice import question_of
from backend_analyzers.facts.covering import covers
from backend_analyzers.facts.homes import Home
from backend_analyzers.facts.paths import is_migration, is_test
from backend_analyzers.facts.plans import Plannable, plannable
from backend_analyzers.oracle import Advice, Advised, Evidence
from backend_analyzers.sql.changes import made_index
from backend_analyzers.sql.ddl import CreateIndex
from backend_analyzers.sql.parse_ddl import parse_ddl
from backend_analyzers.sql.schema import Index, Table, find_table
from backend_analyzers.workspace import Workspace

_MOST = 400
"""Queries that are asked about; the first ones, file by file."""
_PART = 0.6
"""An index must bring the cost to this part of what it was, ..."""
_LEAST = 500.0
"""... and save at least this much: reading a few hundred pages."""
_GOOD = 2.0
"""An index that costs a query this much more than its best one still serves it."""
_WRITES = 4
"""A table that the workspace writes so many times more often than it searches is write-heavy."""
_READ = frozenset({"select", "update", "delete"})
_SCANS = ('"Seq Scan"', '"Sort"', '"Incremental Sort"')


class Served(msgspec.Struct, frozen=True):
    """A query that an index makes cheaper."""

    query: Plannable
    before: float
    after: float


class WantedIndex(msgspec.Struct, frozen=True):
    """An index that is missing, and the queries that it serves, the one that it saves most first."""

    home: Home
    table: Table
    index: Index
    ddl: str
    evidence: Evidence
    proof: str
    served: tuple[Served, ...]

    @property
    def keys(self) -> str:
        """Its keys as in SQL."""
        return ", ".join(
            f"{key.text}{' DESC' if key.descending else ''}" for key in self.index.keys
        )


class _Offer(msgspec.Struct, frozen=True):
    """What one index is to one query."""

    query: Plannable
    advice: Advice
    table: Table
    index: Index
    evidence: Evidence
    before: float
    after: float


def wanted_indexes(workspace: Workspace) -> tuple[WantedIndex, ...]:
    """The indexes that are missing; none without statistics, since costs then mean nothing."""
    if not workspace.option("statistics"):
        return ()
    found = [one for some in workspace.fact(plannable).values() for one in some]
    asked = {
        (one.script, one.sql): one
        for one in reversed(found)
        if one.statement.kind in _READ and one.query.executed and _is_at_head(one)
    }
    heavy = _write_heavy(found)
    offers: list[_Offer] = []
    for one in list(reversed(asked.values()))[:_MOST]:
        answer = workspace.answer(question_of(one))
        if isinstance(answer, Advised):
            offers += _offers(one, answer, heavy)
    return tuple(_fewest(offers))


def _is_at_head(one: Plannable) -> bool:
    path = one.query.at.path
    return not is_test(path) and not is_migration(path) and not one.home.leads_up(path)


def _write_heavy(found: Iterable[Plannable]) -> frozenset[tuple[str, str]]:
    """The tables that are written far more often than searched, as far as the code says."""
    counts: dict[tuple[str, str], list[int]] = {}
    for one in found:
        is_write = one.statement.kind in {"insert", "merge"}
        for table in one.statement.tables:
            if table.cte is None:
                count = counts.setdefault((one.home.key, table.name), [0, 0])
                count[is_write] += 1
    return frozenset(key for key, (reads, writes) in counts.items() if writes > _WRITES * reads)


def _offers(one: Plannable, answer: Advised, heavy: frozenset[tuple[str, str]]) -> Iterator[_Offer]:
    planned = answer.planned
    if planned.evidence == "none" or not any(scan in planned.plan for scan in _SCANS):
        return
    for advice in answer.advice:
        before, after = advice.cost_before, advice.cost_after
        if not advice.ddl or before is None or after is None:
            continue
        if after > before * _PART or before - after < _LEAST:
            continue
        made = _read(advice.ddl, one.home)
        if made is None:
            continue
        table, index = made
        if planned.evidence == "sizes" and (one.home.key, table.name) in heavy:
            continue
        if not _loses_a_scan(planned.plan, table) or any(covers(i, index) for i in table.indexes):
            continue
        yield _Offer(one, advice, table, index, planned.evidence, before, after)


def _read(ddl: str, home: Home) -> tuple[Table, Index] | None:
    """The table and the index that a statement makes."""
    for statement in parse_ddl(ddl):
        for action in statement.actions:
            if isinstance(action, CreateIndex):
                table = find_table(home.schema, action.table.name, action.table.schema)
                return (table, made_index(table, action, "")) if table is not None else None
    return None


def _loses_a_scan(plan: str, table: Table) -> bool:
    """Whether the plan of now reads the whole table, or sorts."""
    nodes: list[dict[str, object]] = [msgspec.json.decode(plan)]
    for node in nodes:  # grows on the way
        kind = str(node.get("Node Type", ""))
        if kind.endswith("Seq Scan") and node.get("Relation Name") == table.name:
            return True
        if kind.endswith("Sort"):
            return True
        below = node.get("Plans")
        nodes += below if isinstance(below, list) else []
    return False


def _fewest(offers: list[_Offer]) -> Iterator[WantedIndex]:
    """The indexes that together serve every query, those that save most first (a greedy cover).

    A query is served by any index that is good for it, and by one that begins with such an index.
    """
    good = list(_good(offers))
    waiting = {id(offer.query) for offer in good}
    while waiting:
        groups = {(o.query.home.key, o.advice.ddl): o for o in good if id(o.query) in waiting}
        served = {key: list(_served(one, good, waiting)) for key, one in groups.items()}
        key = max(
            served, key=lambda k: (len(served[k]), *_plainness(groups[k]), _saved(served[k]), k)
        )
        chosen, serves = groups[key], served[key]
        waiting -= {id(one.query) for one in serves}
        yield WantedIndex(
            home=chosen.query.home,
            table=chosen.table,
            index=chosen.index,
            ddl=chosen.advice.ddl,
            evidence=chosen.evidence,
            proof=chosen.advice.proof,
            served=tuple(
                Served(one.query, one.before, one.after)
                for one in sorted(serves, key=lambda one: one.after - one.before)
            ),
        )


def _good(offers: list[_Offer]) -> Iterator[_Offer]:
    """The indexes that are good enough for each query.

    From sizes alone nobody knows how many rows a search finds, so that an index which also holds what is
    read looks better than it is: then plain ones are preferred, if they save enough.
    """
    of_query: dict[int, list[_Offer]] = {}
    for offer in offers:
        of_query.setdefault(id(offer.query), []).append(offer)
    for some in of_query.values():
        plain = [o for o in some if not o.index.include and o.index.method != "hash"]
        if plain and some[0].evidence == "sizes":
            some = plain  # noqa: PLW2901 - the rest is no choice
        best = min(offer.after for offer in some)
        yield from (offer for offer in some if offer.after <= best * _GOOD + 1)


def _plainness(offer: _Offer) -> tuple[int, int, int]:
    index = offer.index
    return (-len(index.include), -(index.where is not None), -len(index.keys))


def _served(chosen: _Offer, good: list[_Offer], waiting: set[int]) -> Iterator[_Offer]:
    seen: set[int] = set()
    for one in good:
        is_same = one.table.key == chosen.table.key and one.query.home.key == chosen.query.home.key
        is_new = id(one.query) in waiting and id(one.query) not in seen
        if is_same and is_new and covers(chosen.index, one.index):
            seen.add(id(one.query))
            yield one


def _saved(serves: Iterable[_Offer]) -> float:
    return sum(one.before - one.after for one in serves)
