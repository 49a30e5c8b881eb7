"""What the names in migrations mean: all that their reader wants to know of the rest of the project.

A value of its own, so that an edit of a model does not play the migrations again.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from backend_analyzers.facts.django.migration_files import MigrationFile, migration_file
from backend_analyzers.facts.django.project import FieldClass, Project, project
from backend_analyzers.facts.paths import is_test
from backend_analyzers.workspace import Workspace


class FileNames(msgspec.Struct, frozen=True, gc=False):
    """The names in one file of migrations; `own` are those of classes of the workspace."""

    app: str
    user: str
    default_key: str
    fields: Mapping[str, FieldClass]
    labels: Mapping[str, str]
    indexes: Mapping[str, str]
    own: frozenset[str]
    numbers: Mapping[str, int]


class MigrationNames(msgspec.Struct, frozen=True):
    """What names mean in each file of migrations."""

    files: Mapping[str, FileNames]

    def field_class(self, path: str, reference: str) -> FieldClass | None:
        """What a class of fields comes down to."""
        return self.files[path].fields.get(reference)

    def label(self, path: str, reference: str) -> str:
        """The label of the model that a class is."""
        return self.files[path].labels.get(reference, "?")

    def index_class(self, path: str, reference: str) -> str:
        """The class of Django that one of indexes or constraints is or extends, or ""."""
        return self.files[path].indexes.get(reference, "")

    def number(self, path: str, reference: str) -> int | None:
        """The number that a constant of some module is."""
        return self.files[path].numbers.get(reference)

    def user(self, path: str) -> str:
        """The label of the model for users."""
        return self.files[path].user

    def default_key(self, path: str) -> str:
        """The class of automatic keys that the settings name."""
        return self.files[path].default_key


def migration_names(workspace: Workspace) -> MigrationNames:
    """The names of the migrations of all apps, tests left out."""
    known = workspace.fact(project)
    return MigrationNames(
        {
            path: _names(known, path, one)
            for path, one in workspace.each(migration_file).items()
            if one is not None and not is_test(path)
        }
    )


def _names(known: Project, path: str, one: MigrationFile) -> FileNames:
    fields: dict[str, FieldClass] = {}
    labels: dict[str, str] = {}
    indexes: dict[str, str] = {}
    own: set[str] = set()
    numbers: dict[str, int] = {}
    for reference in one.references:
        found = known.field_class(path, reference)
        if found is not None:
            fields[reference] = found
            continue
        number = known.number(path, reference)
        if number is not None:
            numbers[reference] = number
        index = known.index_class(path, reference)
        if index:
            indexes[reference] = index
        if known.lead(path, reference) in known.classes:
            own.add(reference)
        label = known.label(path, reference)
        if label != "?":
            labels[reference] = label
    return FileNames(
        app=known.app(path).label,
        user=known.user(path),
        default_key=known.default_key(path),
        fields=fields,
        labels=labels,
        indexes=indexes,
        own=frozenset(own),
        numbers=numbers,
    )
