"""A new migration in the project's own tool: which file it is, and what stands in it.

Statements that make or drop an index concurrently run outside of a transaction, as each tool has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from hashlib import blake2b

import msgspec

from backend_analyzers.facts.homes import Home
from backend_analyzers.facts.migrations import Migration, Tool
from backend_analyzers.facts.migrations.history import Line, history
from backend_analyzers.facts.paths import natural
from backend_analyzers.facts.schema import database
from backend_analyzers.source import Place
from backend_analyzers.workspace import Workspace

_NUMBER = re.compile(r"(?P<mark>[VvRU]?)(?P<number>\d+(?:[._]\d+)*)(?P<between>[_.-]*)")
_CONCURRENT = re.compile(r"\bconcurrently\b", re.IGNORECASE)


class Written(msgspec.Struct, frozen=True):
    """A file that is to be made, with its whole text."""

    path: str
    text: str

    @property
    def at(self) -> Place:
        """The place that a change fills."""
        return Place(self.path, "", 0, 0)


class _New(msgspec.Struct, frozen=True):
    """What a writer is given: the newest migration of the branch, and what is to be done and undone."""

    after: Migration
    name: str
    do: tuple[str, ...]
    undo: tuple[str, ...]

    @property
    def alone(self) -> bool:
        """Whether it must not run in a transaction."""
        return any(_CONCURRENT.search(statement) for statement in (*self.do, *self.undo))

    @property
    def folder(self) -> str:
        return self.after.at.path.rpartition("/")[0]

    def path(self, suffix: str, *, between: str = "") -> str:
        """The file after the newest one, numbered as that is."""
        return _joined(self.folder, self.stem(between) + suffix)

    def stem(self, between: str = "") -> str:
        newest = self.after.at.path.rpartition("/")[2]
        found = _NUMBER.match(newest)
        if found is None:
            return self.name
        mark = found["mark"] if found["mark"] in {"V", "v"} else ""
        return f"{mark}{following(found['number'])}{between or found['between'] or '_'}{self.name}"


def new_migration(
    workspace: Workspace,
    home: Home,
    table: str,
    *,
    name: str,
    do: Sequence[str],
    undo: Sequence[str] = (),
) -> tuple[Written, ...]:
    """The files of a migration that comes after all others of a schema; none when that is not known.

    `table` is a key of the schema: where each part of an application has its own migrations, the new
    one goes with those of that table.  `name` is a word for the file.
    """
    line = _line(workspace, home, table)
    if line is None or not line.migrations:
        return ()
    after = _newest(line, table)
    writer = _WRITERS.get(line.tool)
    if after is None or writer is None:
        return ()
    return writer(_New(after, name, tuple(do), tuple(undo)))


def following(number: str) -> str:
    """The number after one, as wide as that: `0007`, `1.2` and time stamps alike."""
    digits = re.split(r"\D", number)[-1]
    return number[: len(number) - len(digits)] + str(int(digits) + 1).zfill(len(digits))


def _line(workspace: Workspace, home: Home, table: str) -> Line | None:
    """The migrations that make a schema; those of models make the same tables."""
    lines = workspace.fact(history)
    files = set(home.files)
    for line in lines:
        if home.kind != "models" and any(m.at.path in files for m in line.migrations):
            return line
    if home.kind == "models":
        for other in workspace.fact(database).homes:
            if other.kind != "models" and table in other.schema.tables:
                return _line(workspace, other, table)
    return None


def _newest(line: Line, table: str) -> Migration | None:
    """The last migration of the branch that made the table; None where a branch has two ends."""
    branch = next(
        (migration.branch for migration in line.migrations if _touches(migration, table)),
        line.migrations[-1].branch,
    )
    heads = line.heads.get(branch, ())
    if len(heads) == 1:
        return heads[0]
    if any(migration.after is not None for migration in heads):
        return None
    return max(heads, key=lambda m: natural(m.at.path), default=None)


def _touches(migration: Migration, table: str) -> bool:
    name = table.rpartition(".")[2]
    return any(
        getattr(getattr(action, "table", None), "name", None) == name
        for operation in migration.operations
        for statement in operation.ddl
        for action in statement.actions
    )


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _sql(statements: Sequence[str]) -> str:
    return "".join(f"{statement.rstrip().rstrip(';')};\n" for statement in statements)


def _plain(new: _New) -> tuple[Written, ...]:
    note = "-- Run outside of a transaction.\n" if new.alone else ""
    return (Written(new.path(".sql"), note + _sql(new.do)),)


def _flyway(new: _New) -> tuple[Written, ...]:
    return (Written(new.path(".sql", between="__"), _sql(new.do)),)


def _golang(new: _New) -> tuple[Written, ...]:
    return (
        Written(new.path(".up.sql"), _sql(new.do)),
        Written(new.path(".down.sql"), _sql(new.undo)),
    )


def _dbmate(new: _New) -> tuple[Written, ...]:
    how = " transaction:false" if new.alone else ""
    text = f"-- migrate:up{how}\n{_sql(new.do)}\n-- migrate:down{how}\n{_sql(new.undo)}"
    return (Written(new.path(".sql"), text),)


def _goose(new: _New) -> tuple[Written, ...]:
    how = "-- +goose NO TRANSACTION\n" if new.alone else ""
    text = f"{how}-- +goose Up\n{_sql(new.do)}\n-- +goose Down\n{_sql(new.undo)}"
    return (Written(new.path(".sql"), text),)


def _prisma(new: _New) -> tuple[Written, ...]:
    """Each migration has a folder of its own."""
    around, _, newest = new.folder.rpartition("/")
    found = _NUMBER.match(newest)
    stem = f"{following(found['number'])}_{new.name}" if found is not None else new.name
    return (Written(_joined(around, f"{stem}/migration.sql"), _sql(new.do)),)


def _alembic(new: _New) -> tuple[Written, ...]:
    revision = blake2b("\0".join((new.after.revision, *new.do)).encode(), digest_size=6).hexdigest()
    title = new.name.replace("_", " ").capitalize()
    text = f'''"""{title}."""

from alembic import op

revision = "{revision}"
down_revision = "{new.after.revision}"
branch_labels = None
depends_on = None


def upgrade():
{_alembic_body(new.do, alone=new.alone)}

def downgrade():
{_alembic_body(new.undo, alone=new.alone)}'''
    return (Written(_joined(new.folder, f"{revision}_{new.name}.py"), text),)


def _alembic_body(statements: Sequence[str], *, alone: bool) -> str:
    if not statements:
        return "    pass\n"
    deep = "        " if alone else "    "
    lines = "".join(f"{deep}op.execute({_python(statement)})\n" for statement in statements)
    return f"    with op.get_context().autocommit_block():\n{lines}" if alone else lines


def _django(new: _New) -> tuple[Written, ...]:
    app = new.after.branch.rpartition(".")[2].rpartition("/")[2]
    do = ", ".join(_python(statement) for statement in new.do)
    undo = ", ".join(_python(statement) for statement in new.undo)
    reverse = f", [{undo}]" if undo else ""
    atomic = "    atomic = False\n\n" if new.alone else ""
    text = f"""from django.db import migrations


class Migration(migrations.Migration):
{atomic}    dependencies = [("{app}", "{new.after.revision}")]

    operations = [
        migrations.RunSQL([{do}]{reverse}),
    ]
"""
    return (Written(new.path(".py"), text),)


def _knex(new: _New) -> tuple[Written, ...]:
    suffix = "." + new.after.at.path.rpartition(".")[2]
    is_module = suffix in {".ts", ".mts", ".mjs"}
    kind = ": import('knex').Knex" if suffix in {".ts", ".mts"} else ""

    def function(name: str, statements: Sequence[str]) -> str:
        head = f"export async function {name}" if is_module else f"exports.{name} = async function "
        body = "".join(f"  await knex.raw({_ecmascript(s)});\n" for s in statements)
        return f"{head}(knex{kind}) {{\n{body}}}{'' if is_module else ';'}\n"

    text = f"{function('up', new.do)}\n{function('down', new.undo)}"
    if new.alone:
        config = "export const config" if is_module else "exports.config"
        text += f"\n{config} = {{ transaction: false }};\n"
    return (Written(new.path(suffix), text),)


def _sequelize(new: _New) -> tuple[Written, ...]:
    def function(name: str, statements: Sequence[str]) -> str:
        body = "".join(
            f"    await queryInterface.sequelize.query({_ecmascript(s)});\n" for s in statements
        )
        return f"  async {name}(queryInterface) {{\n{body}  }},\n"

    text = f"module.exports = {{\n{function('up', new.do)}{function('down', new.undo)}}};\n"
    return (Written(new.path("." + new.after.at.path.rpartition(".")[2]), text),)


def _typeorm(new: _New) -> tuple[Written, ...]:
    """The time stamp is part of the name of the class, too."""
    found = _NUMBER.match(new.after.at.path.rpartition("/")[2])
    stamp = following(found["number"]) if found is not None else "1"
    words = "".join(word.capitalize() for word in new.name.split("_"))

    def function(name: str, statements: Sequence[str]) -> str:
        body = "".join(f"    await queryRunner.query({_ecmascript(s)});\n" for s in statements)
        return f"  public async {name}(queryRunner: QueryRunner): Promise<void> {{\n{body}  }}\n"

    alone = "  transaction = false;\n\n" if new.alone else ""
    text = (
        'import { MigrationInterface, QueryRunner } from "typeorm";\n\n'
        f"export class {words}{stamp} implements MigrationInterface {{\n{alone}"
        f"{function('up', new.do)}\n{function('down', new.undo)}}}\n"
    )
    return (Written(_joined(new.folder, f"{stamp}-{words}.ts"), text),)


def _python(statement: str) -> str:
    """A literal of Python that holds a statement."""
    quote = '"""' if "\n" in statement or '"' in statement else '"'
    return (
        quote + statement.replace("\\", "\\\\") + (" " if statement.endswith('"') else "") + quote
    )


def _ecmascript(statement: str) -> str:
    """A literal of JavaScript that holds a statement."""
    escaped = statement.replace("\\", "\\\\").replace("`", "\\`").replace("${", "\\${")
    return f"`{escaped}`"


_WRITERS: dict[Tool, Callable[[_New], tuple[Written, ...]]] = {
    "sql": _plain,
    "flyway": _flyway,
    "golang-migrate": _golang,
    "dbmate": _dbmate,
    "goose": _goose,
    "prisma": _prisma,
    "alembic": _alembic,
    "django": _django,
    "knex": _knex,
    "sequelize": _sequelize,
    "typeorm": _typeorm,
}
