"""Migrations of every tool as one kind of value: which comes after which, and what each does.

One module for each tool reads what a file says (a `file_fact` that returns `tuple[Migration, ...]`);
`history` puts the migrations of the workspace in order.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from backend_analyzers.source import Place
from backend_analyzers.sql.ddl import DdlStatement

Tool = Literal[
    "sql",
    "flyway",
    "golang-migrate",
    "dbmate",
    "goose",
    "liquibase",
    "alembic",
    "django",
    "prisma",
    "knex",
    "typeorm",
    "sequelize",
]


class Operation(msgspec.Struct, frozen=True, gc=False):
    """One thing that a migration does.

    `ddl` is what it does to the schema, with offsets in the unit of `at`; `sql` is the text that the
    database runs, where the file says it, "" where the tool writes it (then it is rendered from `ddl`).
    An operation that could do anything, such as a function of the host language, has neither; `runs`
    says what it is.
    """

    at: Place
    ddl: tuple[DdlStatement, ...] = ()
    sql: str = ""
    runs: Literal["ddl", "sql", "code"] = "ddl"
    concurrent: bool = False
    """Whether the tool builds or drops the index concurrently."""
    depends: bool = False
    """Whether it runs only under a condition that the file does not decide."""


class Migration(msgspec.Struct, frozen=True, gc=False):
    """One step of a schema's history.

    `revision` names it within its `branch` (what shares one history: a folder of migrations, an app),
    and `after` are the revisions that it follows, as `revision`, or `branch:revision` for another
    branch; None when order follows from the names of the files.
    """

    tool: Tool
    at: Place
    """Where it says its name, or its beginning."""
    branch: str
    revision: str
    operations: tuple[Operation, ...] = ()
    after: tuple[str, ...] | None = None
    replaces: tuple[str, ...] = ()
    """The revisions that a squashed migration stands for."""
    transaction: bool = True
    """Whether its operations run in one transaction."""
    reverts: Literal["yes", "no", "unknown"] = "unknown"
    """Whether it says how to go back: an empty `downgrade`, a missing `down` file are "no"."""
    complete: bool = True
    """Whether every operation was read."""
