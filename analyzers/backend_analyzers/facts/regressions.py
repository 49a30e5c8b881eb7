"""Queries that cost more than they did at the revision that the work started from.

The files that differ are put back as they were, and both workspaces say which queries they have and in
which schema: a query may have been written anew, or an index taken away under it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

import msgspec

from backend_analyzers.facts.paths import is_migration, is_test
from backend_analyzers.facts.plans import Plannable, plannable
from backend_analyzers.oracle import Explain, Planned
from backend_analyzers.source import File, Language
from backend_analyzers.sources import Open, Source
from backend_analyzers.sql.schema import find_table
from backend_analyzers.workspace import Base, Workspace

_MOST = 200
"""Queries that are asked about."""
_TIMES = 2.0
_LOST_INDEX_TIMES = 1.2
"""What the cost must have grown by; less will do when an index is no longer used."""
_LEAST = 500.0
"""And by how much at least: reading a few hundred pages."""


class Regression(msgspec.Struct, frozen=True):
    """A query that costs more than before; `lost` is (table, index) where that is read whole now."""

    query: Plannable
    before: Planned
    now: Planned
    revision: str
    lost: tuple[str, str] | None = None


def regressions(workspace: Workspace) -> tuple[Regression, ...]:
    """They are; none without a base to compare with, or without statistics."""
    base: Base | None = workspace.option("base")
    if base is None or not base.before or not workspace.option("statistics"):
        return ()
    past = _past(workspace, base)
    now, then = workspace.fact(plannable), past.fact(plannable)
    found = []
    for number, (old, new) in enumerate(_pairs(then, now, frozenset(base.before))):
        if number == _MOST:
            break
        before = workspace.answer(Explain(old.script, old.sql))
        after = workspace.answer(Explain(new.script, new.sql))
        if isinstance(before, Planned) and isinstance(after, Planned):
            regression = _judged(new, before, after, base.revision)
            if regression is not None:
                found.append(regression)
    return tuple(found)


def _past(workspace: Workspace, base: Base) -> Workspace:
    """The workspace with the files of the base.  What it reads is not recorded, so `files` is read."""
    assert workspace.files is not None
    changes: dict[str, Source | None] = {}
    for path, text in base.before.items():
        language = Language.of(path)
        if text is None:
            changes[path] = None
        elif language is not None:
            changes[path] = Open(File(path, language, text.encode(errors="replace")))
    return workspace.updated(changes)


def _pairs(
    then: Mapping[str, tuple[Plannable, ...]],
    now: Mapping[str, tuple[Plannable, ...]],
    changed: frozenset[str],
) -> Iterator[tuple[Plannable, Plannable]]:
    """What each query that may be planned otherwise was before."""
    for path, queries in now.items():
        if path not in then or is_test(path) or is_migration(path):
            continue
        old = [one for one in then[path] if not one.home.leads_up(path)]
        new = [one for one in queries if not one.home.leads_up(path)]
        matched = zip(old, new, strict=False) if path not in changed else _matched(old, new)
        for one, other in matched:
            is_same = one.sql == other.sql and one.script == other.script
            if not is_same and _tables(one) & _tables(other) and _may_differ(one, other):
                yield one, other


def _matched(old: list[Plannable], new: list[Plannable]) -> Iterator[tuple[Plannable, Plannable]]:
    """The queries of two versions of a file, in order: the same text, or one that took its place."""
    matcher = SequenceMatcher(
        None, [one.sql for one in old], [one.sql for one in new], autojunk=False
    )
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal" or (tag == "replace" and b - a == d - c):
            yield from zip(old[a:b], new[c:d], strict=True)
        elif tag == "replace":
            kept = Counter((one.query.function, one.statement.kind) for one in new[c:d])
            for one in old[a:b]:
                key = (one.query.function, one.statement.kind)
                others = [o for o in new[c:d] if (o.query.function, o.statement.kind) == key]
                if key[0] and kept[key] == 1:
                    yield one, others[0]


def _tables(one: Plannable) -> set[str]:
    return {table.name for table in one.statement.tables if table.cte is None}


def _may_differ(one: Plannable, other: Plannable) -> bool:
    """Whether the text differs, or one of the tables."""
    if one.statement.kind not in {"select", "update", "delete"}:
        return False
    if one.sql != other.sql:
        return True
    for name in _tables(other):
        old, new = find_table(one.home.schema, name), find_table(other.home.schema, name)
        if old is None or new is None or old.indexes != new.indexes or old.columns != new.columns:
            return True
    return False


def _judged(new: Plannable, before: Planned, now: Planned, revision: str) -> Regression | None:
    if before.cost is None or now.cost is None or "none" in {before.evidence, now.evidence}:
        return None
    lost = _lost_index(before.plan, now.plan)
    times = _LOST_INDEX_TIMES if lost is not None else _TIMES
    if now.cost <= before.cost * times or now.cost - before.cost < _LEAST:
        return None
    return Regression(new, before, now, revision, lost)


def _lost_index(before: str, now: str) -> tuple[str, str] | None:
    """A table that was read through an index and is read whole now, and that index."""
    through: dict[str, str] = {}
    for node in _nodes(before):
        relation = node.get("Relation Name")
        if relation:
            below = [n.get("Index Name") for n in _below(node)]
            index = node.get("Index Name") or next((name for name in below if name), None)
            if index:
                through.setdefault(str(relation), str(index))
    for node in _nodes(now):
        relation = str(node.get("Relation Name", ""))
        if node.get("Node Type") == "Seq Scan" and relation in through:
            return relation, through[relation]
    return None


def _nodes(plan: str) -> list[dict[str, Any]]:
    return _below(msgspec.json.decode(plan)) if plan else []


def _below(top: dict[str, Any]) -> list[dict[str, Any]]:
    """A node of a plan and all nodes below it."""
    nodes = [top]
    for node in nodes:  # grows on the way
        nodes += node.get("Plans", ())
    return nodes
