"""Which connections and pools are opened for each request: the way from a handler to what opens one."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping

import msgspec

from backend_analyzers.facts.callees import Callees, callees
from backend_analyzers.facts.calls import Calling, Does, calls
from backend_analyzers.facts.openings import Opening, openings
from backend_analyzers.facts.paths import is_frontend, is_test
from backend_analyzers.facts.routes import routes
from backend_analyzers.workspace import Workspace

DEEPEST = 4
"""Calls between a handler and what it opens."""


class OpenedPerRequest(msgspec.Struct, frozen=True, gc=False):
    """Something that is opened for each request; `steps` are the calls that lead there, the handler's first."""

    opening: Opening
    root: str
    steps: tuple[Calling, ...]

    @property
    def of(self) -> str:
        """Whose request it is, as a part of a sentence."""
        name = self.root.rpartition(".")[2]
        return "" if "<" in self.root or "#" in self.root else f" of `{name}`"


def opened_per_request(workspace: Workspace) -> tuple[OpenedPerRequest, ...]:
    """What is opened for each request, the shortest way to each."""
    opened: dict[tuple[str, str], list[Opening]] = {}
    all_openings = workspace.each(openings)
    for path, found in all_openings.items():
        if is_test(path) or is_frontend(path):
            continue
        for one in found.opened:
            if one.key and not (one.is_local or one.is_kept):
                opened.setdefault((path, one.key), []).append(one)
    if not opened:
        return ()
    names = workspace.fact(callees)
    roots = dict.fromkeys(_roots(workspace, names))
    does = workspace.each(calls)
    return tuple(_walk(roots, opened, does, names))


_ONCE = re.compile(
    r"(?:^|[._])(?:health\w*|ready|readiness|liveness|live|ping|status|start\w*|lifespan|on_startup|init_db"
    r"|init_app|create_app|setup\w*|bootstrap\w*|migrate\w*)$|health|readiness|liveness",
    re.IGNORECASE,
)
"""What looks whether the database is there, and what happens when a process starts."""


def _roots(workspace: Workspace, names: Callees) -> Iterator[tuple[str, str]]:
    for route in workspace.fact(routes):
        yield route.handler.path, route.handler.unit
    for path, found in workspace.each(openings).items():
        if not is_test(path):
            for name in found.each_request:
                where = names.where(path, name)
                if where is not None:
                    yield where


_Way = tuple[str, tuple[Calling, ...]]


def _walk(
    roots: dict[tuple[str, str], None],
    opened: dict[tuple[str, str], list[Opening]],
    does: Mapping[str, tuple[Does, ...]],
    names: Callees,
) -> Iterator[OpenedPerRequest]:
    by_key = _ByKey(does)
    seen: set[tuple[str, str]] = set()
    waiting: deque[tuple[tuple[str, str], _Way]] = deque(
        (root, (root[1], ())) for root in roots if not _ONCE.search(root[1])
    )
    while waiting:
        (path, key), (root, steps) = waiting.popleft()
        for name in (key, f"{key}.__init__", f"{key}.constructor"):
            where = (path, name)
            if where in seen:
                continue
            seen.add(where)
            for one in opened.get(where, ()):
                yield OpenedPerRequest(one, root, steps)
            does_here = by_key.find(path, name)
            if does_here is None or does_here.is_cached or len(steps) >= DEEPEST:
                continue
            for call in does_here.calls:
                found = names.where(path, call.callee)
                if found is not None and not _ONCE.search(found[1]):
                    waiting.append((found, (root, (*steps, call))))


class _ByKey:
    """What functions do, by file and key."""

    def __init__(self, does: Mapping[str, tuple[Does, ...]]) -> None:
        self._does = does
        self._known: dict[str, dict[str, Does]] = {}

    def find(self, path: str, key: str) -> Does | None:
        known = self._known.get(path)
        if known is None:
            known = self._known[path] = {one.key: one for one in self._does.get(path, ())}
        return known.get(key)
