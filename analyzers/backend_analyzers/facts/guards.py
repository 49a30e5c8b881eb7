"""Whether what runs before a handler lets everybody through, judged over the whole workspace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from backend_analyzers.facts.checks import Checks, Use, function_checks
from backend_analyzers.facts.guard_names import may_guard, tells
from backend_analyzers.facts.modules import Modules, modules, trail
from backend_analyzers.libraries.frameworks import frameworks
from backend_analyzers.workspace import Workspace

Verdict = Literal["guard", "open", "unknown"]

_DEEPEST = 5
_CONTINUES = frozenset({"call_next", "next", "get_response", "self.app", "self.get_response"})


def judge(workspace: Workspace) -> Judge:
    """The judge of a workspace's guards."""
    return Judge(workspace.fact(modules), workspace.each(function_checks))


class Judge:
    """Follows dependencies and calls through the workspace; remembers what it found."""

    def __init__(self, known: Modules, checks: Mapping[str, dict[str, Checks]]) -> None:
        self.modules = known
        self.checks = checks
        self._memo: dict[tuple[str, str], Verdict] = {}
        self._attributes: dict[str, dict[str, list[Use]]] = {}
        self._guards = frozenset().union(*(table.guards for table in frameworks()))
        self._harmless = frozenset().union(*(table.harmless for table in frameworks()))
        self._views = frozenset().union(*(table.views for table in frameworks()))

    def around_all(self, use: Use) -> Verdict:
        """Judge what runs before every route of an application.

        Guards of single routes would be idle if something turned everybody away before them; so what
        is not seen to do so, and has a name that says nothing of it, is taken to be open.
        """
        verdict = self.use(use)
        if verdict != "unknown" or not use.name:
            return verdict
        steps = trail(self.modules, use.place.path, use.name)
        is_seen = use.body is not None or self.function(use.place.path, use.name) is not None
        if not is_seen and not any(":" in step.name for step in steps):
            return verdict
        return verdict if any(may_guard(step.name) for step in steps) else "open"

    def use(self, use: Use, depth: int = 0) -> Verdict:
        """Judge a function that is named where it is to run."""
        path = use.place.path
        if use.sure:
            return "guard"
        if use.body is not None:
            verdict = self.body(path, use.body, depth)
            return "guard" if verdict != "guard" and tells(use.name) == "guard" else verdict
        if not use.name:
            return "unknown"
        return self.named(path, use.name, depth, is_annotation=use.is_annotation)

    def named(
        self, path: str, name: str, depth: int = 0, *, is_annotation: bool = False
    ) -> Verdict:
        """Judge a reference in a file."""
        name = name.removesuffix(".bind()")
        steps = trail(self.modules, path, name)
        external = ""
        for step in steps:
            plain = step.name.replace("()", "")
            if not step.path:
                external = plain.replace(":", ".").rstrip(".")
                if external in self._guards:
                    return "guard"
                if external in self._harmless or external.partition(".")[0] in self._harmless:
                    return "open"
        found = self.function(path, name)
        if found is not None and not (is_annotation and found[1].is_class):
            verdict = self.checked(found[0], found[1], depth)
            if verdict == "guard":
                return verdict
        else:
            verdict = "open" if is_annotation else "unknown"
        told = [tells(step.name) for step in steps if not _is_type(is_annotation, found)]
        if "guard" in told:
            return "guard"
        if is_annotation and found is None and external.startswith("."):
            return "unknown"
        return "open" if verdict == "unknown" and "harmless" in told else verdict

    def function(self, path: str, name: str) -> tuple[str, Checks] | None:
        """The first function, method or class that a reference leads to, and its file."""
        for step in trail(self.modules, path, name):
            if step.path:
                found = self.member(step.path, step.name.replace("()", ""), 0)
                if found is not None:
                    return found
        return None

    def member(self, path: str, name: str, depth: int = 0) -> tuple[str, Checks] | None:
        """A function by its name in its file; methods are sought in base classes too."""
        known = self.checks.get(path, {})
        if name in known:
            return path, known[name]
        owner, _, method = name.rpartition(".")
        if depth > _DEEPEST or owner not in known or not known[owner].is_class:
            return None
        for base in known[owner].uses:
            for step in trail(self.modules, path, base.name):
                if step.path and (step.path, step.name) != (path, owner):
                    found = self.member(step.path, f"{step.name}.{method}", depth + 1)
                    if found is not None:
                        return found
        return None

    def view(self, path: str, view: Checks, depth: int = 0) -> tuple[tuple[Use, ...], bool]:
        """What runs before every method of a class of handlers, and whether that is all."""
        uses: list[Use] = []
        for name in ("decorators", "method_decorators"):
            found = self.checks.get(path, {}).get(f"{view.name}.{name}")
            uses += found.uses if found is not None else ()
        known = depth <= _DEEPEST
        for base in view.uses if known else ():
            inherited = self.function(path, base.name)
            if inherited is not None and inherited[1].is_class:
                more, sure = self.view(*inherited, depth + 1)
                uses += more
                known = known and sure
                continue
            named = {step.name.replace(":", ".") for step in trail(self.modules, path, base.name)}
            known = known and (
                not named.isdisjoint(self._views) or self.named(path, base.name) == "open"
            )
        return tuple(uses), known

    def around(self, path: str, name: str, depth: int = 0) -> tuple[tuple[Use, ...], bool]:
        """The dependencies of the class that a method belongs to, and whether they are all seen."""
        known = self.checks.get(path, {})
        owner = known.get(name)
        if owner is None or not owner.is_class or depth > _DEEPEST:
            return (), owner is None or depth <= _DEEPEST
        if path not in self._attributes:
            by_owner = self._attributes[path] = {}
            for one in known.values():
                if one.is_attribute:
                    by_owner.setdefault(one.name.rpartition(".")[0], []).extend(one.uses)
        uses = list(self._attributes[path].get(name, ()))
        maker = known.get(f"{name}.__init__")
        uses += maker.uses if maker is not None else ()
        sure = True
        for base in owner.uses:
            inherited = self.function(path, base.name)
            if inherited is not None and inherited[1].is_class and inherited != (path, owner):
                more, all_seen = self.around(inherited[0], inherited[1].name, depth + 1)
                uses += more
                sure = sure and all_seen
        return tuple(uses), sure

    def checked(self, path: str, checks: Checks, depth: int = 0) -> Verdict:
        """Judge a declared function, once."""
        key = (path, checks.name)
        if key not in self._memo:
            self._memo[key] = "open"
            self._memo[key] = self.body(path, checks, depth)
        return self._memo[key]

    def body(self, path: str, checks: Checks, depth: int = 0) -> Verdict:
        """Judge what a function does, its dependencies included."""
        if checks.denies or any(tells(name) == "guard" for name in checks.calls):
            return "guard"
        if depth > _DEEPEST:
            return "unknown"
        verdicts = [self.use(use, depth + 1) for use in checks.uses]
        if "guard" in verdicts:
            return "guard"
        if any(self.use(use, depth + 1) == "guard" for use in checks.decorators):
            return "guard"
        own_call = False
        for name in checks.calls:
            found = self.function(path, name)
            if found is not None:
                own_call = own_call or checks.is_class
                if self.checked(*found, depth + 1) == "guard":
                    return "guard"
        if checks.is_class and own_call:
            verdicts = []
        if (checks.looks and checks.stops) or "unknown" in verdicts:
            return "unknown"
        for name in checks.hands_over:
            if name in _CONTINUES:
                continue
            if tells(name) != "harmless" and (not name or self.function(path, name) is None):
                return "unknown"
        return "open"


def _is_type(is_annotation: bool, found: tuple[str, Checks] | None) -> bool:
    """A class used as a type: `user: AuthUser` is data, whatever it is called."""
    return is_annotation and found is not None and found[1].is_class
