"""Migrations that only join two heads of a history."""

from __future__ import annotations

import re
from hashlib import blake2b

from backend_analyzers.facts.migrations import Migration
from backend_analyzers.facts.migrations.history import Line
from backend_analyzers.facts.migrations.writing import Edit
from backend_analyzers.facts.paths import folder
from backend_analyzers.source import Place

_ALEMBIC = '''"""Merge {names}."""

revision = "{revision}"
down_revision = ({after})
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
'''
"""https://alembic.sqlalchemy.org/en/latest/branches.html#merging-branches"""

_DJANGO = """from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
{after}    ]

    operations = []
"""
"""https://docs.djangoproject.com/en/stable/topics/migrations/#version-control"""

_NUMBER = re.compile(r"\d+")


def merge_of(line: Line, heads: tuple[Migration, ...]) -> tuple[Edit, ...] | None:
    """A new file that follows all heads and does nothing; None for tools that have no such thing."""
    names = sorted(head.revision for head in heads)
    where = folder(heads[0].at.path)
    if any(folder(head.at.path) != where for head in heads):
        return None
    if line.tool == "alembic":
        revision = blake2b("".join(names).encode(), digest_size=6).hexdigest()
        after = ", ".join(f'"{name}"' for name in names)
        text = _ALEMBIC.format(names=" and ".join(names), revision=revision, after=after)
        return ((Place(f"{where}/{revision}_merge.py", "", 0, 0), text),)
    if line.tool == "django":
        number = max((_number(name) for name in names), default=0) + 1
        app = heads[0].branch.rpartition("/")[2].rpartition(".")[2]
        after = "".join(f'        ("{app}", "{name}"),\n' for name in names)
        path = f"{where}/{number:04d}_merge.py"
        return ((Place(path, "", 0, 0), _DJANGO.format(after=after)),)
    return None


def _number(name: str) -> int:
    match = _NUMBER.match(name)
    return int(match[0]) if match is not None else 0
