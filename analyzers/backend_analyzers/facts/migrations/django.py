"""Django's migrations: the operations of every app, with the DDL that Django writes for PostgreSQL.

What an operation does depends on the models as the operations before it left them, in any app; so the
files are read one by one (`facts/django/migration_files.py`) and played in order (`facts/django/play.py`).
"""

from __future__ import annotations

from backend_analyzers.facts.django.migration_files import migration_file
from backend_analyzers.facts.django.migration_names import migration_names
from backend_analyzers.facts.django.play import played
from backend_analyzers.facts.migrations import Migration
from backend_analyzers.facts.paths import is_test
from backend_analyzers.workspace import Workspace


def migrations_of(workspace: Workspace) -> tuple[Migration, ...]:
    """The migrations of every app of Django, tests left out."""
    files = {
        path: one
        for path, one in workspace.each(migration_file).items()
        if one is not None and not is_test(path)
    }
    if not files:
        return ()
    return tuple(played(workspace.fact(migration_names), files))
