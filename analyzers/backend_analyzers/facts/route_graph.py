"""Which router each step of each file belongs to: the routers of a workspace and what is done to them, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

import msgspec

from backend_analyzers.facts.checks import Checks, Use
from backend_analyzers.facts.modules import Modules, trail
from backend_analyzers.facts.paths import is_test
from backend_analyzers.facts.route_declarations import RouteDeclarations, Router, Step
from backend_analyzers.libraries.frameworks import vocabulary
from backend_analyzers.libraries.routing import Create
from backend_analyzers.source import Language


class Node(NamedTuple):
    """A router, by the file that makes it and its name there."""

    path: str
    key: str


class Event(NamedTuple):
    """A step done to a router by the file at `path`; or all of `inline`'s, when it is passed on."""

    path: str
    number: int
    step: Step
    inline: Node | None = None


class Graph:
    """The routers of a workspace."""

    def __init__(
        self,
        modules: Modules,
        declared: Mapping[str, RouteDeclarations],
        checks: Mapping[str, Mapping[str, Checks]],
    ) -> None:
        self.modules = modules
        self.checks = checks
        self.declared = {
            path: one for path, one in declared.items() if not is_test(path) and _any(one)
        }
        self.routers: dict[Node, Router] = {}
        self.parameters: dict[tuple[str, str], list[Node]] = {}
        for path, one in self.declared.items():
            for written in one.routers:
                router = self._known(path, written)
                if router is None:
                    continue
                node = Node(path, router.key)
                self.routers.setdefault(node, router)
                if router.kind == "parameter":
                    self.parameters.setdefault((path, router.function), []).append(node)
        self.events: dict[Node, list[Event]] = {node: [] for node in self.routers}
        self.passed: set[Node] = set()
        """The parameters that some call passes a router to."""
        self._nodes: dict[tuple[str, str], Node | None] = {}
        for path in sorted(self.declared):
            for number, step in enumerate(self.declared[path].steps):
                self._place(path, number, step)
        for node, events in self.events.items():
            # The file that makes a router is read first, then the others.
            events.sort(key=lambda event: (event.path != node.path, event.path, event.number))

    def _known(self, path: str, router: Router) -> Router | None:
        """The router, or None when the class that it is made by is no kind of router."""
        if not router.callee:
            return router
        create = self._creates(path, router.callee, 0)
        if create is None:
            # A class that is computed: its name is all there is to go by.
            last = router.callee.rpartition(".")[2].rpartition(":")[2]
            named = _named_like_routers(Language.of(path) or Language.PYTHON)
            create = next((one for name, one in named.items() if last.endswith(name)), None)
            if create is None:
                return None
            router = msgspec.structs.replace(router, known=False)
        return msgspec.structs.replace(router, kind=create.kind, framework=create.framework)

    def _creates(self, path: str, name: str, depth: int) -> Create | None:
        """What a class makes, by the classes it is derived from."""
        creates = vocabulary(Language.of(path) or Language.PYTHON).creates
        for step in trail(self.modules, path, name):
            if not step.path:
                return creates.get(step.name.replace(":", "."))
            found = self.checks.get(step.path, {}).get(step.name)
            if found is not None and found.is_class and depth < _DEEPEST:
                bases = (self._creates(step.path, base.name, depth + 1) for base in found.uses)
                return next((one for one in bases if one is not None), None)
        return None

    def _place(self, path: str, number: int, step: Step) -> None:
        if step.kind != "apply":
            node = self.node(path, step.receiver)
            if node is not None:
                self.events[node].append(Event(path, number, step))
            return
        for parameter in self._parameters(path, step.receiver):
            position = self.routers[parameter].position
            name = step.arguments[position] if position < len(step.arguments) else ""
            node = self.node(path, name) if name else None
            if node is not None and node != parameter:
                self.passed.add(parameter)
                self.events[node].append(Event(path, number, step, parameter))

    def _parameters(self, path: str, callee: str) -> list[Node]:
        for step in trail(self.modules, path, callee):
            name = step.name.replace("()", "")
            for function in (name, f"{name}.constructor", f"{name}.__init__"):
                found = self.parameters.get((step.path, function))
                if found:
                    return found
        return []

    def node(self, path: str, name: str) -> Node | None:
        """The router that a reference in a file denotes."""
        key = (path, name)
        if key not in self._nodes:
            self._nodes[key] = None
            self._nodes[key] = self._node(path, name, 0)
        return self._nodes[key]

    def _node(self, path: str, name: str, depth: int) -> Node | None:
        if not name:
            return None
        for step in trail(self.modules, path, name):
            if not step.path:
                return None
            for candidate in (step.name, step.name.replace("()", "")):
                if (node := Node(step.path, candidate)) in self.routers:
                    return node
            one = self.declared.get(step.path)
            if one is not None and step.name.endswith("()") and depth < _DEEPEST:
                returned = one.returns.get(step.name[:-2])
                if returned is not None and returned != name:
                    found = self._node(step.path, returned, depth + 1)
                    if found is not None:
                        return found
        return None

    def used(self, use: Use) -> Node | None:
        """The router that is named where something is mounted."""
        return self.node(use.place.path, use.name)

    def text(self, path: str, template: str | None) -> str | None:
        """A path with the texts of other files filled in."""
        if template is None or "\0" not in template:
            return template
        out = []
        for number, part in enumerate(template.split("\0")):
            found = part if number % 2 == 0 else self._constant(path, part)
            if found is None:
                return None
            out.append(found)
        return "".join(out)

    def _constant(self, path: str, name: str) -> str | None:
        for step in trail(self.modules, path, name):
            one = self.declared_texts(step.path)
            found = one.get(step.name.replace("()", "")) if one is not None else None
            if found is not None:
                return found
        return None

    def declared_texts(self, path: str) -> Mapping[str, str] | None:
        """The constants of a file."""
        one = self.declared.get(path)
        return one.texts if one is not None else None

    def family(self, node: Node, seen: set[Node]) -> Iterator[tuple[Node, Event]]:
        """Everything done to a router and to what is mounted on it, in no particular order."""
        if node in seen:
            return
        seen.add(node)
        for event in self.events[node]:
            yield node, event
            inner = event.inline
            if event.step.kind == "mount" and event.step.target is not None:
                inner = self.used(event.step.target)
            if inner is not None:
                yield from self.family(inner, seen)


_DEEPEST = 8


def _any(one: RouteDeclarations) -> bool:
    return bool(one.routers or one.steps or one.returns or one.texts)


@cache
def _named_like_routers(language: Language) -> dict[str, Create]:
    """The constructors by the last part of their names, where that is telling."""
    creates = vocabulary(language).creates
    return {
        last: create
        for name, create in creates.items()
        if (last := name.rpartition(".")[2])[:1].isupper() and last != "Router"
    }
