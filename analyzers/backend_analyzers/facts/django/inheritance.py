"""Which classes are models, and what each inherits: fields of abstract classes, options, parents."""

from __future__ import annotations

from typing import NamedTuple

from backend_analyzers.facts.django.declarations import Attribute, ClassDeclaration
from backend_analyzers.facts.django.project import Project, Where, known_field
from backend_analyzers.facts.django.terms import Term
from backend_analyzers.libraries.django_contrib import CONTRIB, OPEN

_DEEPEST = 24
_MODELS = frozenset(
    {
        "django.db.models.Model",
        "django.db.models.base.Model",
        "django.contrib.gis.db.models.Model",
    }
)


class Lineage(NamedTuple):
    """What a class leads to: itself first, then its bases as Python looks through them.

    With `open` one of them is not known, and may bring fields.
    """

    classes: tuple[Where, ...]
    is_model: bool
    open: bool


_NONE = Lineage((), is_model=False, open=False)


class Inheritance:
    """Answers about the classes of a project; kept, since they depend on nothing else."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._lines: dict[Where, Lineage] = {}
        self._meta: dict[Where, dict[str, Term]] = {}

    def line(self, where: Where, depth: int = _DEEPEST) -> Lineage:
        """The classes that a class is made of."""
        known = self._lines.get(where)
        if known is None:
            self._lines[where] = _NONE
            known = self._lines[where] = self._line(where, depth)
        return known

    def _line(self, where: Where, depth: int) -> Lineage:
        found = self.project.classes.get(where)
        if found is None or depth <= 0:
            return self._outside(where)
        classes: list[Where] = [where]
        is_model = is_open = False
        for base in found.bases:
            line = self.line(self.project.lead(where[0], base), depth - 1)
            classes = [one for one in classes if one not in line.classes] + list(line.classes)
            is_model = is_model or line.is_model
            is_open = is_open or line.open
        if not is_model and is_open and _has_fields(found):
            is_model = True
        return Lineage(tuple(classes), is_model, is_open and is_model)

    def _outside(self, where: Where) -> Lineage:
        name = where[1]
        if name in _MODELS:
            return Lineage((), is_model=True, open=False)
        if name in CONTRIB:
            is_open = name.partition(".")[0] in OPEN
            return Lineage((("", name),), is_model=True, open=is_open)
        is_plain = name in {"object", "ABC", "abc.ABC"} or name.startswith(("typing.", "django."))
        return _NONE if is_plain else Lineage((), is_model=False, open=True)

    def meta(self, where: Where) -> dict[str, Term]:
        """The options of a class, with those that it inherits."""
        if where not in self._meta:
            self._meta[where] = {}
            self._meta[where] = self._options(where)
        return self._meta[where]

    def _options(self, where: Where) -> dict[str, Term]:
        found = self.project.classes.get(where)
        if found is None:
            return {}
        if found.meta is None:
            for other in self.line(where).classes[1:]:
                declared = self.project.classes.get(other)
                if declared is not None and self.is_abstract(other) and self.meta(other):
                    return _without_abstract(self.meta(other))
            return {}
        options: dict[str, Term] = {}
        for base in reversed(found.meta_bases):
            path, name = self.project.lead(where[0], base)
            options.update(_without_abstract(self.meta((path, name.removesuffix(".Meta")))))
        options.update(found.meta)
        return options

    def is_abstract(self, where: Where) -> bool:
        """Whether a class is an abstract model."""
        if not where[0]:
            contrib = CONTRIB.get(where[1])
            return contrib is not None and not contrib.table
        found = self.project.classes.get(where)
        own = dict(found.meta or ()) if found is not None else {}
        return "abstract" in own and own["abstract"].value is True

    def is_concrete(self, where: Where) -> bool:
        """Whether a class is a model with a table, or a proxy of one."""
        return self.line(where).is_model and not self.is_abstract(where)

    def own(self, where: Where) -> tuple[Where, ...]:
        """The classes whose fields a model's own table has: not those of its parents' tables."""
        elsewhere = {one for parent in self.parents(where) for one in self.line(parent).classes}
        return tuple(one for one in self.line(where).classes if one not in elsewhere)

    def attributes(self, where: Where) -> dict[str, tuple[Where, Attribute]]:
        """The attributes that may be fields: those of the class and of the abstract classes it extends."""
        found: dict[str, tuple[Where, Attribute]] = {}
        for other in reversed(self.own(where)):
            declared = self.project.classes.get(other)
            if declared is None or not self.line(other).is_model:
                continue
            if other != where and not self.is_abstract(other):
                continue
            for name in declared.members:
                found.pop(name, None)
            for one in declared.attributes:
                found[one.name] = (other, one)
        return found

    def parents(self, where: Where) -> tuple[Where, ...]:
        """The models with tables of their own that a class extends directly, or through abstract ones."""
        found = self.project.classes.get(where)
        if found is None:
            return ()
        parents: list[Where] = []
        for base in found.bases:
            other = self.project.lead(where[0], base)
            if not self.line(other).is_model or other[1] in _MODELS:
                continue
            above = self.parents(other) if self.is_abstract(other) else (other,)
            parents += [one for one in above if one not in parents]
        return tuple(parents)


def _without_abstract(options: dict[str, Term]) -> dict[str, Term]:
    return {name: value for name, value in options.items() if name != "abstract"}


def _has_fields(found: ClassDeclaration) -> bool:
    """Whether a class has fields of Django, which nothing but a model has."""
    for one in found.attributes:
        reference = one.value.function
        if reference.startswith("django.db.models."):
            known = known_field(reference)
            if known is not None and known.kind:
                return True
    return False
