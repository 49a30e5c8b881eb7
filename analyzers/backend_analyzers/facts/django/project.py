"""The Django project that the files of a workspace make: its apps, its settings, and where names lead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

import msgspec

from backend_analyzers.facts.django.declarations import (
    ClassDeclaration,
    Declarations,
    declarations,
)
from backend_analyzers.facts.django.terms import Term, constant, last_name
from backend_analyzers.facts.modules import Modules, modules, trail
from backend_analyzers.facts.paths import is_test
from backend_analyzers.libraries.django_fields import (
    COLUMN_TYPES,
    EXTENDED,
    NO_COLUMN,
    RELATIONS,
    TAGS,
)
from backend_analyzers.libraries.django_lookups import INDEX_METHODS
from backend_analyzers.workspace import Workspace

Where = tuple[str, str]
"""A file and a class in it; with an empty path, a qualified name outside of the workspace."""


class App(msgspec.Struct, frozen=True, gc=False):
    """An app: its label, and the class of its automatic keys where it says so."""

    label: str
    auto_field: str = ""


class FieldClass(msgspec.Struct, frozen=True, gc=False):
    """What a class of fields comes down to.

    `kind` is the name of one of Django's own, "?" for a field that is not known, and "" for what looks
    like a field and makes no column.  `type` is the type of the column where a `db_type` says it.
    """

    kind: str
    options: tuple[tuple[str, Term], ...] = ()
    type: str | None = None


NO_FIELD = FieldClass("")
_UNKNOWN = FieldClass("?")
_DEEPEST = 12


class Names(Protocol):
    """What the names in the files of a project mean."""

    def field_class(self, path: str, reference: str) -> FieldClass | None:
        """What a class of fields comes down to; None for what is no field at all."""
        ...

    def label(self, path: str, reference: str) -> str:
        """The label of the model that a class is, "?" when that is not known."""
        ...

    def index_class(self, path: str, reference: str) -> str:
        """The class of Django that one of indexes or constraints is or extends, or ""."""
        ...

    def number(self, path: str, reference: str) -> int | None:
        """The number that a constant of some module is."""
        ...

    def user(self, path: str) -> str:
        """The label of the model for users."""
        ...

    def default_key(self, path: str) -> str:
        """The class of automatic keys that the settings name."""
        ...


class Project:
    """Apps, settings and classes.  Answers are kept: they depend on nothing else."""

    def __init__(self, modules: Modules, declared: Mapping[str, Declarations]) -> None:
        self.modules = modules
        self.declared = {
            path: one
            for path, one in declared.items()
            if one.classes or one.settings or one.numbers
        }
        self.classes: dict[Where, ClassDeclaration] = {
            (path, found.name): found for path, one in declared.items() for found in one.classes
        }
        self.apps = dict(self._apps())
        self._leads: dict[Where, Where] = {}
        self._fields: dict[Where, FieldClass | None] = {}
        self._labels: dict[str, App] = {}
        self._settings: dict[tuple[str, str], str] = {}

    # Names --------------------------------------------------------------------------------------

    def lead(self, path: str, reference: str) -> Where:
        """Where a reference of a file ends."""
        key = (path, reference)
        known = self._leads.get(key)
        if known is None:
            known = self._leads[key] = self._lead(path, reference)
        return known

    def _lead(self, path: str, reference: str) -> Where:
        if reference.startswith(":"):
            return (path, reference[1:])
        if reference.startswith("?"):
            return self._end(path, reference[1:])
        for module, rest in _splits(reference):
            if rest and self.modules.file(path, module) is not None:
                return self._end(path, f"{module}:{rest}")
        return ("", reference)

    def _end(self, path: str, name: str) -> Where:
        last = trail(self.modules, path, name)[-1]
        return (last.path, last.name)

    def declaration(self, where: Where) -> ClassDeclaration | None:
        """The class at a place of the workspace."""
        return self.classes.get(where)

    # Fields -------------------------------------------------------------------------------------

    def field_class(self, path: str, reference: str, depth: int = _DEEPEST) -> FieldClass | None:
        """What a class of fields comes down to; None for what is no field at all."""
        where = self.lead(path, reference)
        if where not in self._fields:
            self._fields[where] = None
            self._fields[where] = self._field_class(where, depth)
        return self._fields[where]

    def _field_class(self, where: Where, depth: int) -> FieldClass | None:
        found = self.classes.get(where)
        if found is None:
            return known_field(where[1])
        if depth <= 0:
            return None
        options: dict[str, Term] = {}
        kind, type_ = "", None
        for method in found.methods:
            match method.name:
                case "__init__":
                    options.update(method.sets)
                case "db_type":
                    given = method.gives.value if method.gives is not None else None
                    type_ = given if isinstance(given, str) else ""
                case "get_internal_type" if method.gives is not None:
                    given = method.gives.value
                    kind = given if isinstance(given, str) and given in COLUMN_TYPES else ""
                case _:
                    pass
        for base in found.bases:
            inner = self.field_class(where[0], base, depth - 1)
            if inner is not None:
                merged = tuple({**dict(inner.options), **options}.items())
                return FieldClass(
                    kind or inner.kind, merged, inner.type if type_ is None else type_
                )
        return None

    # Models and indexes -------------------------------------------------------------------------

    def label(self, path: str, reference: str) -> str:
        """The label of the model that a class is, "?" when that is not known."""
        where = self.lead(path, reference)
        if where in self.classes:
            return self.class_label(where)
        name = reference.rpartition(".")[2]
        if name.endswith("_MODEL"):
            # `settings.SHOP_ORDER_MODEL`, or what a package reads from there.
            named = [
                v for one in self.declared.values() for k, v in one.settings if k.endswith(name)
            ]
            return named[0].lower() if named else "?"
        return outside_label(where[1])

    def class_label(self, where: Where) -> str:
        """The label of a class of the workspace, as long as it inherits none."""
        for name, value in self.classes[where].meta or ():
            if name == "app_label" and isinstance(value.value, str):
                return f"{value.value}.{where[1]}".lower()
        return f"{self.app(where[0]).label}.{where[1]}".lower()

    def index_class(self, path: str, reference: str) -> str:
        """The class of Django that one of indexes or constraints is or extends, or ""."""
        return self._index_class(self.lead(path, reference), _DEEPEST)

    def _index_class(self, where: Where, depth: int) -> str:
        found = self.classes.get(where)
        if found is None:
            last = last_name(where[1])
            return last if last in INDEX_METHODS or last.endswith("Constraint") else ""
        if depth <= 0:
            return ""
        names = (self._index_class(self.lead(where[0], base), depth - 1) for base in found.bases)
        return next((name for name in names if name), "")

    def number(self, path: str, reference: str) -> int | None:
        """The number that a constant of some module is."""
        where, name = self.lead(path, reference)
        known = self.declared.get(where)
        return dict(known.numbers).get(name) if known is not None else None

    # Apps and settings --------------------------------------------------------------------------

    def app(self, path: str) -> App:
        """The app that a file belongs to."""
        folder = path.rpartition("/")[0]
        if folder not in self._labels:
            self._labels[folder] = self._app(folder)
        return self._labels[folder]

    def _app(self, folder: str) -> App:
        current = folder
        while current:
            if current in self.apps:
                return self.apps[current]
            current = current.rpartition("/")[0]
        parts = folder.split("/")
        for name in ("migrations", "models"):
            if name in parts[1:]:
                return App(parts[parts.index(name, 1) - 1])
        return App(parts[-1])

    def _apps(self) -> Iterator[tuple[str, App]]:
        for (path, _), found in self.classes.items():
            if not any(last_name(base).endswith("Config") for base in found.bases):
                continue
            values = {one.name: one.value.value for one in found.attributes}
            name = values.get("name")
            if not isinstance(name, str) or not name:
                continue
            folder = path.rpartition("/")[0]
            if not f"/{folder}".endswith("/" + name.replace(".", "/")):
                inside = self.modules.file(path, name)
                if inside is None or not inside.endswith("/__init__.py"):
                    continue
                folder = inside.rpartition("/")[0]
            label, auto = values.get("label"), values.get("default_auto_field")
            yield (
                folder,
                App(
                    label if isinstance(label, str) and label else name.rpartition(".")[2],
                    last_name(auto) if isinstance(auto, str) else "",
                ),
            )

    def setting(self, path: str, name: str, otherwise: str) -> str:
        """A setting as it holds for a file: that of the nearest file that has it, tests last."""
        key = (path.rpartition("/")[0], name)
        if key not in self._settings:
            self._settings[key] = self._setting(path, name)
        return self._settings[key] or otherwise

    def _setting(self, path: str, name: str) -> str:
        found = [
            (not is_test(where), _shared(where, path), -len(where), value)
            for where, one in self.declared.items()
            for key, value in one.settings
            if key == name
        ]
        return max(found)[3] if found else ""

    def auto_field(self, path: str) -> str:
        """The class of automatic keys for the models of a file."""
        return self.app(path).auto_field or self.default_key(path)

    def default_key(self, path: str) -> str:
        """The class of automatic keys that the settings name."""
        return last_name(self.setting(path, "DEFAULT_AUTO_FIELD", "AutoField"))

    def user(self, path: str) -> str:
        """The label of the model for users."""
        return self.setting(path, "AUTH_USER_MODEL", "auth.User").lower()

    def module(self, path: str) -> str:
        """The dotted name under which a file is imported."""
        stem = path.rpartition(".")[0].removesuffix("/__init__")
        parts = path.split("/")[:-1]
        start = len(parts)
        while start and "/".join([*parts[:start], "__init__.py"]) in self.modules.surfaces:
            start -= 1
        return ".".join(stem.split("/")[start:])


def project(workspace: Workspace) -> Project:
    """The Django project of the workspace."""
    return Project(workspace.fact(modules), workspace.each(declarations))


def outside_label(name: str) -> str:
    """The label of a model of another package: `django.contrib.auth.models.User` is `auth.user`."""
    module, _, last = name.rpartition(".")
    parts = module.split(".")
    if "models" in parts[1:]:
        return f"{parts[parts.index('models', 1) - 1]}.{last}".lower()
    return "?"


def known_field(name: str) -> FieldClass | None:
    """A field of Django or of another package, by the qualified name of its class."""
    last = last_name(name)
    package = name.partition(".")[0]
    if package not in {"django", "models", last}:
        extended = EXTENDED.get(name) or _BY_PACKAGE.get((package, last))
        if extended is not None:
            return FieldClass(extended[0], _options(extended[1]))
        if last in TAGS:
            return NO_FIELD
        is_field = last[:1].isupper() and last.endswith(("Field", "ForeignKey"))
        return _UNKNOWN if is_field else None
    if last in NO_COLUMN or last in TAGS:
        return NO_FIELD
    if last in COLUMN_TYPES or last in RELATIONS:
        return FieldClass(last)
    return None


def _options(given: Mapping[str, object]) -> tuple[tuple[str, Term], ...]:
    return tuple(
        (name, constant(value))
        for name, value in given.items()
        if isinstance(value, str | int | float | bool)
    )


_BY_PACKAGE = {
    (name.partition(".")[0], name.rpartition(".")[2]): known for name, known in EXTENDED.items()
}


def _splits(name: str) -> Iterator[tuple[str, str]]:
    """The ways to read a qualified name as a module and a name in it, longest module first."""
    floor = len(name) - len(name.lstrip("."))
    place = name.rfind(".", floor)
    while place > 0:
        yield name[:place], name[place + 1 :]
        place = name.rfind(".", floor, place)
    if floor:
        yield name[:floor], name[floor:]


def _shared(one: str, other: str) -> int:
    count = 0
    for a, b in zip(one.split("/")[:-1], other.split("/")[:-1], strict=False):
        if a != b:
            break
        count += 1
    return count
