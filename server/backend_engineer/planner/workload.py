"""The few indexes that make many queries cheaper together.

Each query is planned with each candidate alone; then the candidate that saves most, with those chosen
before, is chosen, as long as it saves more than it costs those who write.  At the end each that the
others make superfluous is left out.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from backend_analyzers.oracle import Script
from backend_analyzers.sql.index_candidates import IndexCandidate
from backend_analyzers.sql.parse import parse
from backend_analyzers.sql.schema import Schema, find_table
from backend_engineer.planner.advise import (
    WORTH,
    alike_up_to,
    candidates_of,
    ddl_of,
    preference,
    to_try,
)
from backend_engineer.planner.explain import NotPlanned
from backend_engineer.planner.planner import Planner
from backend_engineer.planner.translate import schema_of
from backend_engineer.planner.trying import Built, Trial, trying

_MOST = 64
"""Candidates that are tried out together."""
_SECONDS = 120.0
_WRITE = 8.0
"""What one index costs a statement that writes to its table: two pages read at random."""
_LEAST = 50.0
_CHOSEN = 12


class Chosen(msgspec.Struct, frozen=True):
    """An index, what all queries cost before and with it, and the numbers of those that it helps."""

    ddl: str
    candidate: IndexCandidate
    pages: int
    cost_before: float
    cost_after: float
    queries: tuple[int, ...]


class Workload(msgspec.Struct, frozen=True):
    """The answer for some queries; `planned` are their costs now, None for what is not planned."""

    planned: tuple[float | None, ...]
    chosen: tuple[Chosen, ...] = ()


def indexes_for(planner: Planner, script: Script, queries: Sequence[str]) -> Workload:
    """The indexes worth making for all of some queries of one schema, the most useful first."""
    shadow = planner.shadow(script)
    schema = schema_of(script)
    costs = [_now(planner, script, query) for query in queries]
    dear = [n for n, cost in enumerate(costs) if cost is not None and cost > _LEAST]
    counted = Counter(c for n in dear for c in candidates_of(queries[n], schema))
    candidates = to_try(shadow, [one for one, _ in counted.most_common(_MOST)], schema)
    if not candidates:
        return Workload(tuple(costs))
    needed = {one.extension for one in candidates.values() if one.extension}
    with trying(shadow, list(candidates), extensions=needed) as trial:
        search = _Search(trial, candidates, queries, costs, _writes(queries, schema))
        found = search.run(dear)
    made = (
        msgspec.structs.replace(one, ddl=ddl_of(one.candidate, script, schema)) for one in found
    )
    return Workload(tuple(costs), tuple(made))


def _now(planner: Planner, script: Script, query: str) -> float | None:
    shadow = planner.shadow(script)
    try:
        top = shadow.explain(query)
    except NotPlanned:
        return None
    return float(top["Total Cost"]) if shadow.evidence_of(top) != "none" else None


def _writes(queries: Iterable[str], schema: Schema) -> Counter[str]:
    """How many of the queries write to each table, by its key."""
    found: Counter[str] = Counter()
    for query in queries:
        for statement in parse(query):
            for ref in statement.tables:
                table = find_table(schema, ref.name, ref.schema) if ref.role == "write" else None
                if table is not None and ref.cte is None:
                    found[table.key] += 1
    return found


class _Search:
    """Costs are asked for once: by query and the indexes that are there."""

    def __init__(
        self,
        trial: Trial,
        candidates: dict[str, IndexCandidate],
        queries: Sequence[str],
        costs: Sequence[float | None],
        writes: Counter[str],
    ) -> None:
        self.trial = trial
        self.candidates = candidates
        self.queries = queries
        self.writes = writes
        self.until = time.monotonic() + _SECONDS
        self._known: dict[tuple[int, frozenset[str]], float] = {
            (n, frozenset()): cost for n, cost in enumerate(costs) if cost is not None
        }

    def run(self, numbers: list[int]) -> list[Chosen]:
        """Choose, leave out, and say what each is for."""
        chosen: list[Built] = []
        while self.trial.built and len(chosen) < _CHOSEN and time.monotonic() < self.until:
            gains = [(self._gain(numbers, chosen, one), one) for one in self.trial.built]
            most, best = max(gains, key=lambda item: item[0])
            if most <= 0:
                break
            before = sum(cost for _, cost, _ in self._helped(numbers, chosen, best))
            limit = alike_up_to(before - most, before)
            alike = [one for gain, one in gains if before - gain <= limit]
            chosen.append(min(alike, key=lambda one: preference(self.candidates[one.ddl], one)))
        for one in list(chosen):
            others = [other for other in chosen if other is not one]
            if self._gain(numbers, others, one) <= 0:
                chosen = others
        return [self._told(numbers, chosen[:n], one) for n, one in enumerate(chosen)]

    def _gain(self, numbers: list[int], chosen: list[Built], one: Built) -> float:
        """What an index saves beside others, less what it costs those who write."""
        if one in chosen:
            return 0.0
        saved = sum(before - after for _, before, after in self._helped(numbers, chosen, one))
        return saved - _WRITE * self.writes[self.candidates[one.ddl].table]

    def _helped(
        self, numbers: list[int], chosen: list[Built], one: Built
    ) -> list[tuple[int, float, float]]:
        """The queries that an index makes clearly cheaper, with their costs before and after."""
        found = []
        for n in numbers:
            before = self._cost(n, chosen)
            after = self._cost(n, [*chosen, one])
            if after <= before * WORTH:
                found.append((n, before, after))
        return found

    def _cost(self, number: int, using: Sequence[Built]) -> float:
        key = (number, frozenset(one.ddl for one in using))
        if key not in self._known:
            least = self._known[number, frozenset()]
            if time.monotonic() < self.until:
                try:
                    top = self.trial.explain(self.queries[number], using)
                    least = float(top["Total Cost"])
                except NotPlanned:
                    pass
            self._known[key] = least
        return self._known[key]

    def _told(self, numbers: list[int], chosen: list[Built], one: Built) -> Chosen:
        helped = self._helped(numbers, chosen, one)
        return Chosen(
            ddl="",
            candidate=self.candidates[one.ddl],
            pages=one.pages,
            cost_before=sum(before for _, before, _ in helped),
            cost_after=sum(after for _, _, after in helped),
            queries=tuple(n for n, _, _ in helped),
        )
