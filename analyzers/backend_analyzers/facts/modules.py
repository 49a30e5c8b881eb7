"""What the files of a workspace import from each other, and where a name leads.

A *reference* is a name as one file writes it: dotted (`orders.router`), with `()` after what is
called (`create_app()`), or, where a function imports locally, with the module before a colon
(`.orders:router`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from backend_analyzers import ir
from backend_analyzers.fact import file_fact, unit_fact
from backend_analyzers.facts.module_files import ecmascript_file, module_path, python_file
from backend_analyzers.flow.code import Code
from backend_analyzers.source import File, Language
from backend_analyzers.workspace import Workspace


class Surface(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The names at the top level of a file.

    `bindings` leads from a name to the reference it stands for (an import, an alias, the call it
    was assigned from), `exports` likewise for the names that others see; `=` is what
    `module.exports` was replaced by.  `defines` are the names of functions, classes and variables.
    """

    bindings: dict[str, str]
    exports: dict[str, str]
    stars: tuple[str, ...]
    defines: frozenset[str]


@unit_fact
def unit_surface(code: Code) -> Surface:
    """What one unit adds to the surface of its file."""
    found = _Found({}, {}, [], set())
    if not code.unit.owner:
        _read(code.unit.node, found)
    return Surface(found.bindings, found.exports, tuple(found.stars), frozenset(found.defines))


@file_fact
def surface(file: File) -> Surface:
    """The names at the top level of a file."""
    bindings: dict[str, str] = {}
    exports: dict[str, str] = {}
    stars: list[str] = []
    defines: set[str] = set()
    for unit in unit_surface.each(file):
        bindings.update(unit.bindings)
        exports.update(unit.exports)
        stars.extend(unit.stars)
        defines.update(unit.defines)
    return Surface(bindings, exports, tuple(stars), frozenset(defines))


class Step(NamedTuple):
    """A file and a name in it; with an empty path, a qualified name outside of the workspace."""

    path: str
    name: str


class Modules:
    """The surfaces of all files, and an index from module names to files."""

    def __init__(self, surfaces: Mapping[str, Surface]) -> None:
        self.surfaces = surfaces
        self.by_stem: dict[str, list[str]] = {}
        for path in surfaces:
            if Language.of(path) is Language.PYTHON:
                stem = module_path(path)
                self.by_stem.setdefault(stem.rpartition("/")[2], []).append(path)
        self.trails: dict[tuple[str, str], tuple[Step, ...]] = {}
        """What `trail` has found: it depends on nothing else."""
        self._files: dict[tuple[str, str], str | None] = {}

    def file(self, path: str, module: str) -> str | None:
        """The file that `module`, as written in the file at `path`, is."""
        language = Language.of(path)
        if language is not Language.PYTHON:
            key = (path.rpartition("/")[0], module)
            if key not in self._files:
                self._files[key] = ecmascript_file(self.surfaces, *key)
            return self._files[key]
        key = (path.rpartition("/")[0], module)
        if key not in self._files:
            self._files[key] = python_file(self.surfaces, self.by_stem, *key)
        return self._files[key]


def modules(workspace: Workspace) -> Modules:
    """The import graph of a workspace."""
    return Modules(workspace.each(surface))


def resolve(workspace: Workspace, path: str, name: str) -> tuple[str, str] | None:
    """The file and the name in it where a reference ends, or None when that is not in the workspace."""
    last = None
    for step in trail(workspace.fact(modules), path, name):
        if step.path:
            last = (step.path, step.name)
    return last if last != (path, name) or _defined(workspace, path, name) else None


def _defined(workspace: Workspace, path: str, name: str) -> bool:
    known = workspace.fact(modules).surfaces.get(path)
    return known is not None and name.partition(".")[0].removesuffix("()") in known.defines


_LONGEST_TRAIL = 40


def trail(modules: Modules, path: str, name: str) -> tuple[Step, ...]:
    """Where a reference leads, step by step: through imports, re-exports and aliases.

    The first step is the reference itself.  Cycles end the trail.
    """
    known = modules.trails.get((path, name))
    if known is None:
        known = modules.trails[path, name] = _trail(modules, path, name)
    return known


def _trail(modules: Modules, path: str, name: str) -> tuple[Step, ...]:
    steps: list[Step] = []
    seen: set[tuple[str, str, bool]] = set()
    at: tuple[str, str, bool] | None = (path, name, False)
    while at is not None and at not in seen and len(steps) < _LONGEST_TRAIL:
        seen.add(at)
        if not at[2]:
            steps.append(Step(at[0], at[1]))
        at = _next(modules, *at)
    return tuple(steps)


def _next(modules: Modules, path: str, name: str, outside: bool) -> tuple[str, str, bool] | None:
    """The reference after this one; `outside` names are looked up among what the file exports."""
    if not path:
        return None
    if ":" in name:
        module, _, rest = name.rpartition(":")
        return _into(modules, path, module, rest.removeprefix("."))
    known = modules.surfaces.get(path)
    if known is None:
        return None
    head, called, rest = _split(name)
    if outside:
        return _exported(modules, known, path, head, called + rest)
    target = known.bindings.get(head)
    if target is not None:
        return (path, target + called + rest, False)
    member, more = _member(head + called + rest)
    if member in known.bindings:
        return (path, known.bindings[member] + more, False)
    if head not in known.defines:
        for star in known.stars:
            file = modules.file(path, star)
            if file is not None and _exports(modules, file, head, 0):
                return (file, name, True)
    return None


def _into(modules: Modules, path: str, module: str, rest: str) -> tuple[str, str, bool]:
    """The reference `rest` in a module, which may be outside of the workspace."""
    file = modules.file(path, module)
    if file is not None and file != path:
        return (file, rest, True)
    # A package that imports from itself, `from . import orders`, means the file beside it.
    if Language.of(path) is Language.PYTHON and rest:
        head, called, tail = _split(rest)
        joined = module + head if module.endswith(".") else f"{module}.{head}"
        if not called and (file := modules.file(path, joined)) is not None:
            return (file, tail.removeprefix("."), True)
    head, called, tail = _split(rest)
    if head == "default" and Language.of(path) is not Language.PYTHON:
        head = ""
    dot = "." if head and not module.endswith(".") else ""
    return ("", f"{module}{dot}{head}{called}{tail}", False)


def _exported(
    modules: Modules, known: Surface, path: str, head: str, rest: str
) -> tuple[str, str, bool] | None:
    whole = known.exports.get("=")
    if not head:
        return (path, whole + rest, False) if whole is not None else (path, rest, False)
    target = known.exports.get(head)
    if target is not None:
        return (path, target + rest, False)
    if head == "default" and whole is not None:
        return (path, whole + rest, False)
    if head in known.bindings or head in known.defines:
        return (path, head + rest, False)
    for star in known.stars:
        file = modules.file(path, star)
        if file is not None and _exports(modules, file, head, 0):
            return (file, head + rest, True)
    if path.endswith("__init__.py"):
        file = modules.file(path, f".{head}")
        if file is not None and not rest.startswith("("):
            return (file, rest.removeprefix("."), True)
    return (
        (path, f"{whole}.{head}{rest}", False) if whole is not None else (path, head + rest, False)
    )


def _exports(modules: Modules, path: str, head: str, depth: int) -> bool:
    known = modules.surfaces.get(path)
    if known is None or depth > 8:  # noqa: PLR2004 - deeper chains of stars are cycles
        return False
    if head in known.exports or head in known.bindings or head in known.defines:
        return True
    return any(
        (file := modules.file(path, star)) is not None and _exports(modules, file, head, depth + 1)
        for star in known.stars
    )


def _split(name: str) -> tuple[str, str, str]:
    """`a().b.c` as `a`, `()` and `.b.c`."""
    head, dot, rest = name.partition(".")
    base = head.removesuffix("()")
    return base, head[len(base) :], dot + rest


def _member(name: str) -> tuple[str, str]:
    """`a.b().c` as `a.b` and `().c`: what an object that is written out may hold."""
    parts = name.split(".", 2)
    if len(parts) == 1:
        return "", ""
    member = f"{parts[0]}.{parts[1].removesuffix('()')}"
    return member, name[len(member) :]


# Reading ---------------------------------------------------------------------------------------


class _Found(NamedTuple):
    bindings: dict[str, str]
    exports: dict[str, str]
    stars: list[str]
    defines: set[str]


def _read(statement: ir.Stmt, found: _Found) -> None:
    match statement:
        case ir.Import():
            for imported in statement.names:
                if imported.name == "*":
                    found.stars.append(statement.module)
                else:
                    found.bindings[imported.alias] = f"{statement.module}:{imported.name}"
        case ir.Assign():
            _read_assignment(statement, found)
        case ir.Function() | ir.Class():
            found.defines.add(statement.name)
        case ir.Export():
            _read_export(statement, found)
        case ir.Branch() | ir.Loop():
            for inner in (*statement.body, *statement.orelse):
                _read(inner, found)
        case ir.Try():
            for handler in statement.handlers:
                for inner in handler.body:
                    _read(inner, found)
            for inner in (*statement.body, *statement.orelse, *statement.final):
                _read(inner, found)
        case ir.With() | ir.Other():
            for inner in statement.body:
                _read(inner, found)
        case _:
            pass


def _read_assignment(statement: ir.Assign, found: _Found) -> None:
    name = reference(statement.value) if statement.value is not None else ""
    for target in statement.targets:
        if isinstance(target, ir.Name):
            found.defines.add(target.id)
            if name and not statement.operator:
                found.bindings[target.id] = name
            if isinstance(statement.value, ir.Collection):
                _read_members(target.id, statement.value, found.bindings)


def _read_members(prefix: str, value: ir.Collection, into: dict[str, str]) -> None:
    for entry in value.entries:
        if isinstance(entry.key, ir.Text) and (key := entry.key.constant):
            name = reference(entry.value)
            if name:
                into[f"{prefix}.{key}" if prefix else key] = name


def _read_export(statement: ir.Export, found: _Found) -> None:
    if statement.module:
        if statement.name in {"", "*"}:
            found.stars.append(statement.module)
        else:
            name = reference(statement.value) if statement.value is not None else statement.name
            found.exports[statement.name] = f"{statement.module}:{name}"
        return
    value = statement.value
    if isinstance(value, ir.Collection) and value.kind == "mapping" and statement.name in {"", "="}:
        for entry in value.entries:
            if isinstance(entry.key, ir.Text) and (key := entry.key.constant):
                found.exports[key] = reference(entry.value) or key
                found.defines.add(key)
        return
    exported = statement.name or "="
    if isinstance(value, ir.Collection):
        _read_members(exported, value, found.bindings)
    name = reference(value) if value is not None else ""
    found.exports[exported] = name or exported
    if not name:
        found.defines.add(exported)


_DEEPEST = 12


def reference(expression: ir.Expr, depth: int = 0) -> str:
    """An expression as a reference: names, attributes and calls without their arguments."""
    if depth > _DEEPEST:
        return ""
    match expression:
        case ir.Name():
            return expression.id
        case ir.Attribute():
            inner = reference(expression.value, depth + 1)
            dot = "" if inner.endswith(":") else "."
            return f"{inner}{dot}{expression.name}" if inner else ""
        case ir.Call():
            module = required(expression)
            if module is not None:
                return f"{module}:"
            inner = reference(expression.function, depth + 1)
            return f"{inner}()" if inner else ""
        case ir.Await():
            return reference(expression.value, depth + 1)
        case _:
            return ""


def required(call: ir.Call) -> str | None:
    """The module of `require("module")`."""
    if isinstance(call.function, ir.Name) and call.function.id == "require" and call.arguments:
        value = call.arguments[0].value
        if isinstance(value, ir.Text):
            return value.constant
    return None
