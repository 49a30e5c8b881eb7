"""The functions of the project behind the names that its files call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backend_analyzers.facts.calls import Does, calls
from backend_analyzers.facts.modules import Modules, modules, trail
from backend_analyzers.workspace import Workspace


class Callees:
    """Finds the functions behind the names that files call.  Answers are kept."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._known: dict[tuple[str, str], tuple[str, str] | None] = {}

    def where(self, path: str, callee: str) -> tuple[str, str] | None:
        """The file and the key of what `callee` is in the file at `path`."""
        if callee.startswith(":"):
            return path, callee[1:]
        key = (path, callee)
        if key not in self._known:
            self._known[key] = self._find(path, callee)
        return self._known[key]

    def way(self, path: str, callee: str) -> tuple[tuple[str, str], ...]:
        """Every name that `callee` stands for on its way through the project, with its file."""
        if callee.startswith(":"):
            return ((path, callee[1:]),)
        for module, rest in _splits(callee):
            if self._modules.file(path, module) is not None:
                steps = trail(self._modules, path, f"{module}:{rest}")
                return tuple((s.path, s.name) for s in steps if s.path and ":" not in s.name)
        return ()

    def _find(self, path: str, callee: str) -> tuple[str, str] | None:
        way = self.way(path, callee)
        return way[-1] if way else None


def _splits(callee: str) -> Iterator[tuple[str, str]]:
    """The ways to read a qualified name as a module and a name in it, longest module first."""
    floor = callee.rfind("/") + 1
    while callee.startswith(".", floor):
        floor += 1
    yield callee, ""
    place = callee.rfind(".", floor)
    while place > 0:
        yield callee[:place], callee[place + 1 :]
        place = callee.rfind(".", floor, place)
    if floor and "/" not in callee:
        yield callee[:floor], callee[floor:]


def callees(workspace: Workspace) -> Callees:
    """The functions behind names: kept as long as no file changes what it imports or defines."""
    return Callees(workspace.fact(modules))


class Project:
    """What every function of the workspace does, by file and key."""

    def __init__(self, does: Mapping[str, tuple[Does, ...]], names: Callees) -> None:
        self.does = does
        self._names = names
        self._by_key: dict[str, dict[str, Does]] = {}

    def called(self, path: str, callee: str) -> tuple[str, Does] | None:
        """The function that a name in a file denotes, and its file."""
        where = self._names.where(path, callee)
        if where is None:
            return None
        file, key = where
        known = self._by_key.get(file)
        if known is None:
            known = self._by_key[file] = {one.key: one for one in self.does.get(file, ())}
        for name in (key, f"{key}.__init__", f"{key}.constructor"):
            if name in known:
                return file, known[name]
        return None


def project(workspace: Workspace) -> Project:
    """The functions of the workspace."""
    return Project(workspace.each(calls), workspace.fact(callees))
