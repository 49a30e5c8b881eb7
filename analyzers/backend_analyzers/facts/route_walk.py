"""Walks from an application down to its routes, collecting prefixes and guards on the way."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from backend_analyzers.facts.checks import Checks, Use
from backend_analyzers.facts.guards import Judge
from backend_analyzers.facts.route import Origin, Route, RouteGuard
from backend_analyzers.facts.route_declarations import Router, Step
from backend_analyzers.facts.route_graph import Event, Graph, Node
from backend_analyzers.facts.route_paths import Path, is_below, joined, normalised
from backend_analyzers.libraries.frameworks import frameworks


class _Around(msgspec.Struct, frozen=True):
    """What surrounds the routes of a router: its full prefix and what already guards them."""

    app: str
    framework: str
    prefix: str | None
    guards: tuple[RouteGuard, ...] = ()
    known: bool = True
    hidden: bool = False
    is_mounted: bool = True
    is_conditional: bool = False
    depth: int = 0


class _Active(msgspec.Struct, frozen=True):
    """In a framework that runs in order: a function that covers what comes after it."""

    prefix: Path | None
    guard: RouteGuard | None
    """None for a function that may or may not be a guard."""


_DEEPEST = 12
_MOST_ROUTES = 20_000
_IN_ORDER = {table.name: table.in_order for table in frameworks()}


class Walk:
    """One walk from an application down to its routes, or from a router that nothing serves."""

    def __init__(self, graph: Graph, judge: Judge) -> None:
        self.graph = graph
        self.judge = judge
        self.found: list[Route] = []
        self.visited: set[Node] = set()
        self.active: list[_Active] = []
        self.order = 0
        self.path: list[Node] = []

    def roots(self) -> list[Node]:
        """The applications that are not mounted on others."""
        mounted: set[Node] = set()
        for events in self.graph.events.values():
            for event in events:
                uses = (event.step.target,) if event.step.kind == "mount" else event.step.uses
                if event.step.kind in {"mount", "use"}:
                    mounted.update(n for use in uses if use and (n := self.graph.used(use)))
        return [
            node
            for node, router in self.graph.routers.items()
            if router.kind == "app" and node not in mounted
        ]

    def application(self, node: Node) -> None:
        """Add the routes of an application."""
        router = self.graph.routers[node]
        self.active = []
        self.order = 0
        guards, known = self._around_all(node)
        app = f"{node.path}:{node.key}"
        self._router(node, _Around(app, router.framework, "", guards, known))

    def unmounted(self, node: Node) -> None:
        """Add the routes of a router that nothing is seen to serve."""
        router = self.graph.routers[node]
        if node in self.visited or (router.kind == "parameter" and node in self.graph.passed):
            return
        self.active = []
        self.order = 0
        framework = router.framework or self._likely_framework(node)
        app = f"{node.path}:{node.key}"
        self._router(node, _Around(app, framework, "", known=False, is_mounted=False))

    def _likely_framework(self, node: Node) -> str:
        if not node.path.endswith(".py"):
            return "express"
        steps = [event.step for event in self.graph.events[node]]
        return (
            "fastapi"
            if any(step.target and step.kind == "mount" and not step.overrides for step in steps)
            else "flask"
        )

    def _around_all(self, node: Node) -> tuple[tuple[RouteGuard, ...], bool]:
        """What guards a whole application wherever it is declared: middleware, `before_app_request`."""
        guards: list[RouteGuard] = []
        known = True
        for _, event in self.graph.family(node, set()):
            if event.step.kind == "guard" and event.step.reach == "app":
                more, sure = self._judged(event.step.uses, "application")
                guards += more
                known = known and sure and event.step.known
        return tuple(guards), known

    def _judged(self, uses: tuple[Use, ...], source: Origin) -> tuple[list[RouteGuard], bool]:
        guards: list[RouteGuard] = []
        known = True
        for use in uses:
            is_first = source == "application"
            verdict = self.judge.around_all(use) if is_first else self.judge.use(use)
            if verdict == "guard":
                guards.append(RouteGuard(use.text, use.place, source))
            known = known and verdict != "unknown"
        return guards, known

    def _router(self, node: Node, around: _Around) -> None:
        if node in self.path or around.depth > _DEEPEST or len(self.found) > _MOST_ROUTES:
            return
        self.visited.add(node)
        self.path.append(node)
        router = self.graph.routers[node]
        inner = self._inside(node, router, around)
        for event in self.graph.events[node]:
            if event.inline is not None:
                child = msgspec.structs.replace(
                    inner,
                    is_conditional=inner.is_conditional or event.step.is_conditional,
                    depth=inner.depth + 1,
                )
                self._router(event.inline, child)
            elif event.step.kind == "route":
                self._route(event, inner)
            elif event.step.kind == "mount":
                self._mount(node, event, inner)
            elif event.step.kind == "use":
                self._use(event, inner)
        self.path.pop()

    def _inside(self, node: Node, router: Router, around: _Around) -> _Around:
        """What surrounds the routes of a router, its own prefix and guards included."""
        source: Origin = "application" if router.kind == "app" else "router"
        guards, known = self._judged(router.uses, source)
        prefix = self.graph.text(node.path, router.prefix)
        for event in self.graph.events[node]:
            if event.step.kind == "guard" and event.step.reach == "receiver":
                more, sure = self._judged(event.step.uses, source)
                guards += more
                known = known and sure and event.step.known
        return msgspec.structs.replace(
            around,
            prefix=_join(around.framework, around.prefix, prefix),
            guards=(*around.guards, *guards),
            known=around.known and known and router.known,
            hidden=around.hidden or router.hidden,
        )

    def _mount(self, node: Node, event: Event, around: _Around) -> None:
        step = event.step
        child = self.graph.used(step.target) if step.target is not None else None
        if child is None:
            return
        router = self.graph.routers[child]
        guards, known = self._judged(step.uses, "mount")
        prefix = _join(around.framework, around.prefix, self.graph.text(event.path, step.paths[0]))
        inherited = around.guards
        if step.isolated:
            inherited = tuple(one for one in around.guards if one.source == "application")
        below = msgspec.structs.replace(
            around,
            framework=router.framework or around.framework,
            prefix=prefix,
            guards=(*inherited, *guards),
            known=around.known and known and step.known,
            hidden=around.hidden or step.hidden,
            is_mounted=around.is_mounted and not self._is_early(node, event, child),
            is_conditional=around.is_conditional or step.is_conditional,
            depth=around.depth + 1,
        )
        if step.overrides:
            below = msgspec.structs.replace(below, prefix=prefix)
            self._overridden(child, below)
        else:
            self._router(child, below)

    def _overridden(self, child: Node, below: _Around) -> None:
        """Mount a blueprint whose own prefix the mount replaces."""
        router = self.graph.routers[child]
        self.graph.routers[child] = msgspec.structs.replace(router, prefix="")
        self._router(child, below)
        self.graph.routers[child] = router

    def _is_early(self, node: Node, event: Event, child: Node) -> bool:
        """Whether routes are added to the child after it was included: versions of FastAPI differ."""
        if self.graph.routers[child].framework != "fastapi" or event.step.isolated:
            return False
        later = [
            one
            for one in self.graph.events[child]
            if one.path == event.path and one.step.kind == "route" and one.number > event.number
        ]
        return bool(later) and "/" not in child.key and "/" not in node.key

    def _use(self, event: Event, around: _Around) -> None:
        step = event.step
        for written in step.paths:
            full = _join(around.framework, around.prefix, self.graph.text(event.path, written))
            below = msgspec.structs.replace(
                around,
                prefix=full,
                known=around.known and step.known,
                is_conditional=around.is_conditional or step.is_conditional,
                depth=around.depth + 1,
            )
            for use in step.uses:
                child = self.graph.used(use)
                if child is not None:
                    self._router(child, below)
                else:
                    self._activate(use, full)

    def _activate(self, use: Use, prefix: str | None) -> None:
        is_first = self.graph.routers[self.path[-1]].kind == "app"
        verdict = self.judge.around_all(use) if is_first else self.judge.use(use)
        if verdict != "open":
            path = normalised("express", prefix) if prefix is not None else None
            guard = RouteGuard(use.text, use.place, "router") if verdict == "guard" else None
            self.active.append(_Active(path, guard))

    def _route(self, event: Event, around: _Around) -> None:
        step = event.step
        for written in step.paths:
            text = _join(around.framework, around.prefix, self.graph.text(event.path, written))
            path = normalised(around.framework, text) if text is not None else None
            if self._is_guard_for_all(step, path):
                for use in (*step.uses, *((step.target,) if step.target else ())):
                    self._activate(use, text)
                continue
            self._handled(event, around, path)

    def _is_guard_for_all(self, step: Step, path: Path | None) -> bool:
        """`app.all("/api/*", requireAuth)`."""
        return (
            step.methods == ("ANY",)
            and step.target is not None
            and (path is None or any(one.converter == "path" for one in path.parameters))
            and self.judge.use(step.target) == "guard"
        )

    def _handled(self, event: Event, around: _Around, path: Path | None) -> None:
        step = event.step
        target = step.target
        found = self._handler(target) if target is not None else None
        if target is not None and (
            ".as_view" in target.name or (found is not None and found[1].is_class)
        ):
            self._views(event, around, path, target)
            return
        passes = found is None or found[1].passes_on
        self._add(event, around, path, step.methods, target, found, passes=passes)

    def _handler(self, target: Use) -> tuple[str, Checks] | None:
        if target.body is not None:
            return target.place.path, target.body
        return self.judge.function(target.place.path, target.name) if target.name else None

    def _views(self, event: Event, around: _Around, path: Path | None, target: Use) -> None:
        """The methods of a class-based view, each a route of its own."""
        name = target.name.partition(".as_view")[0]
        found = self.judge.function(target.place.path, name)
        methods = event.step.methods if event.step.methods != ("GET",) else ()
        if found is None or not found[1].is_class:
            self._add(event, around, path, methods, target, None, passes=True)
            return
        home, view = found
        extra, is_known = self.judge.view(home, view)
        for method in ("get", "post", "put", "patch", "delete", "head", "options"):
            one = self.judge.member(home, f"{view.name}.{method}")
            if one is None or (methods and method.upper() not in methods):
                continue
            use = Use(one[1].name, one[1].name, one[1].place)
            uses = (*extra, *one[1].decorators)
            guards, sure = self._judged(uses, "route")
            inner = msgspec.structs.replace(
                around,
                guards=(*around.guards, *guards),
                known=around.known and sure and is_known,
            )
            self._add(event, inner, path, (method.upper(),), use, one, passes=False)

    def _add(
        self,
        event: Event,
        around: _Around,
        path: Path | None,
        methods: tuple[str, ...],
        target: Use | None,
        found: tuple[str, Checks] | None,
        *,
        passes: bool,
    ) -> None:
        step = event.step
        guards, known = self._judged(step.uses, "route")
        active, sure = self._covering(path)
        inner, clear = self._inner(found)
        self.order += 1
        self.found.append(
            Route(
                framework=around.framework,
                methods=methods,
                path=path,
                handler_name=target.text if target is not None else "",
                handler=found[1].place if found is not None else step.place,
                place=step.place,
                app=around.app,
                order=self.order,
                guards=tuple(dict.fromkeys((*around.guards, *active, *guards, *inner))),
                guards_known=around.known and step.known and known and sure and clear,
                is_mounted=around.is_mounted,
                in_order=_IN_ORDER.get(around.framework, True),
                hidden=around.hidden or step.hidden,
                response=step.response,
                passes_on=passes,
                is_conditional=around.is_conditional or step.is_conditional,
                work=_work(found[1]) if found is not None else "",
                body=found[1] if found is not None else None,
                is_ordered=event.path == self.path[-1].path,
            )
        )

    def _covering(self, path: Path | None) -> tuple[list[RouteGuard], bool]:
        """What was put before this path, and whether that is all."""
        guards: list[RouteGuard] = []
        known = True
        for active in self.active:
            if active.prefix is None or path is None:
                known = False
            elif is_below(active.prefix, path):
                if active.guard is None:
                    known = False
                else:
                    guards.append(active.guard)
        return guards, known

    def _inner(self, found: tuple[str, Checks] | None) -> tuple[list[RouteGuard], bool]:
        """What the handler itself does: its dependencies, and checks in its body."""
        if found is None:
            return [], False
        path, checks = found
        owner = checks.name.rpartition(".")[0]
        shared, seen = self.judge.around(path, owner) if owner else ((), True)
        guards, known = self._judged((*checks.uses, *shared), "dependency")
        known = known and seen
        own = msgspec.structs.replace(checks, uses=(), decorators=())
        verdict = self.judge.body(path, own)
        if verdict == "guard":
            guards.append(RouteGuard("inline check", checks.place, "inline"))
        return guards, known and verdict != "unknown"


_PAGE = re.compile(
    r"(?:^|[.:])(?:render_template\w*|render|redirect|RedirectResponse|url_for|TemplateResponse|flash|"
    r"HTMLResponse|FileResponse|send_file|send_from_directory|sendFile|make_response|get|join|setup)$"
)


_VIEW = re.compile(
    r"(?:^|[.:])(?:render_template\w*|TemplateResponse|render_to_response)$|^(?:res|response|reply)\.render$"
)


def _work(checks: Checks) -> Literal["", "constant", "page", "view"]:
    if not checks.calls:
        return "constant"
    if all(_PAGE.search(name) for name in checks.calls):
        return "page"
    return "view" if any(_VIEW.search(name) for name in checks.calls) else ""


def _join(framework: str, prefix: str | None, path: str | None) -> str | None:
    if prefix is None or path is None:
        return None
    return joined(framework, prefix, path)
