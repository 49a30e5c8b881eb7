"""Migrations of knex: `exports.up = (knex) => knex.schema.createTable("orders", (table) => {…})`.

The dialect is the one that the project's configuration names, PostgreSQL where it names none or several.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from backend_analyzers import ir
from backend_analyzers.fact import file_fact
from backend_analyzers.facts.migrations import Migration, Operation
from backend_analyzers.facts.migrations.javascript import Follower, Frame
from backend_analyzers.facts.migrations.javascript_files import Found, Link, Script, script, setting
from backend_analyzers.facts.migrations.knex_tables import TableFollower
from backend_analyzers.facts.migrations.retyped import retyped
from backend_analyzers.facts.paths import is_test
from backend_analyzers.libraries.knex_schema import CLIENTS, READS
from backend_analyzers.source import File
from backend_analyzers.sql.ddl import (
    CreateSchema,
    CreateTable,
    DropSchema,
    DropTable,
    Opaque,
    RenameTable,
)
from backend_analyzers.sql.made import made_table
from backend_analyzers.sql.statement import Dialect
from backend_analyzers.workspace import Workspace


def migrations_of(workspace: Workspace) -> tuple[Migration, ...]:
    """The migrations of the workspace, in the dialect that its configuration names."""
    found = {
        path: some for path, some in workspace.each(scripts).items() if some and not is_test(path)
    }
    clients = workspace.each(client) if found else {}
    named = {name for path, some in clients.items() if not is_test(path) for name in some}
    dialects = {CLIENTS[name] for name in named if name in CLIENTS}
    dialect: Dialect = dialects.pop() if len(dialects) == 1 else "postgresql"
    return tuple(retyped(one, dialect) for some in found.values() for one in some)


_CLIENT = re.compile(
    rb"""\b(?:client|dialect|type)['"]?\s*:\s*['"]([\w-]+)['"]""",
)


@file_fact
def client(file: File) -> tuple[str, ...]:
    """The database drivers that a file of knex's configuration names."""
    name = file.path.rpartition("/")[2].lower()
    if not file.language.is_ecmascript or b"client" not in file.text:
        return ()
    if not name.startswith("knexfile") and not (
        b"knex" in file.text and b"connection" in file.text
    ):
        return ()
    return tuple(sorted({one.decode() for one in _CLIENT.findall(file.text)}))


@file_fact
def scripts(file: File) -> tuple[Migration, ...]:
    """The migration that a file is, if it is one."""
    if not file.language.is_ecmascript or not _MAY_BE.search(file.text):
        return ()
    found = script(file)
    up = found.functions.get("up")
    if up is None or found.owner or not _is_knex(up, file):
        return _made_by_a_function(file, found)
    reader = _Knex(found.functions, "postgresql")
    names = frozenset(one.name for one in up.function.parameters[:1])
    reader.run(Frame(up.code, names, {}), up.function.body)
    given = setting(found, "config", "transaction")
    start = up.function.name_start if up.function.name else up.function.start
    end = up.function.name_end if up.function.name else up.function.start + 1
    return (
        Migration(
            tool="knex",
            at=up.code.place_of(start, end),
            branch=file.path.rpartition("/")[0],
            revision=revision(file.path),
            operations=tuple(reader.found),
            transaction=given is None or given.text != "false",
            reverts=reverts(found, _Knex, "postgresql"),
            complete=reader.is_complete,
        ),
    )


_MAY_BE = re.compile(rb"\bknex\b|\.schema\b|\bKnex\b")
_STEP = re.compile(r"(?:\A|/)[^/]*migrations?[^/]*/(?:[^/]+/)*\d[^/]*\Z")


def _made_by_a_function(file: File, found: Script) -> tuple[Migration, ...]:
    """`module.exports = addColumn("orders", …)`: a migration, of what only that function knows."""
    if found.made is None or not _STEP.search(file.path):
        return ()
    code, value = found.made
    at = code.place_of(value.start, value.end)
    return (
        Migration(
            tool="knex",
            at=at,
            branch=file.path.rpartition("/")[0],
            revision=revision(file.path),
            operations=(Operation(at, runs="code"),),
            complete=False,
        ),
    )


def revision(path: str) -> str:
    """The name of the file without its suffix."""
    return path.rpartition("/")[2].rpartition(".")[0]


def _first(found: Found) -> frozenset[str]:
    return frozenset(one.name for one in found.function.parameters[:1] if one.name)


def reverts(
    found: Script,
    follower: type[Follower],
    dialect: Dialect,
    roots: Callable[[Found], frozenset[str]] = _first,
) -> Literal["yes", "no", "unknown"]:
    """Whether `down` does anything to the database."""
    down = found.functions.get("down")
    if down is None:
        return "unknown" if "down" in found.settings else "no"
    reader = follower(found.functions, dialect)
    reader.run(Frame(down.code, roots(down), {}), down.function.body)
    return "yes" if reader.found or not reader.is_complete else "no"


def _is_knex(up: Found, file: File) -> bool:
    """Whether the parameter of `up` is used as knex, and not as another tool's object."""
    name = next((one.name for one in up.function.parameters[:1]), "")
    if not name:
        return False
    if name in {"queryRunner", "queryInterface"}:
        return False
    for node in ir.walk(up.function):
        if isinstance(node, ir.Attribute) and isinstance(node.value, ir.Name):
            if node.value.id == name and node.name in {"schema", "raw", "transaction", "fn"}:
                return True
        elif isinstance(node, ir.Call) and node.function == ir.Name(*_range(node.function), name):
            return True
    return name == "knex" or b"Knex" in file.text


def _range(node: ir.Node) -> tuple[int, int]:
    return node.start, node.end


class _Knex(Follower):
    """Reads the calls of knex."""

    def call(self, frame: Frame, links: list[Link], whole: ir.Expr) -> None:
        first = links[0]
        match first.name:
            case "schema":
                self._schema(frame, links[1:])
            case "raw" if first.arguments:
                if len(first.arguments) > 1:
                    self.add_code(frame, whole)
                else:
                    self.add_sql(frame, whole, first.arguments[0])
            case "transaction" if first.arguments:
                if not self.enter_callback(frame, first.arguments[0]):
                    self.add_code(frame, whole)
            case "client" | "context" | "fn" | "ref" | "userParams" | "commit" | "rollback":
                pass
            case _:
                self._rows(frame, links, whole)

    def _rows(self, frame: Frame, links: list[Link], whole: ir.Expr) -> None:
        """A query: only those that change rows matter."""
        names = {link.name for link in links}
        if names & {"insert", "update", "del", "delete", "truncate", "increment", "decrement"}:
            self.add_rows(frame, whole)
        for link in links:
            for given in link.arguments:
                if link.name in {"then", "map", "forEach"} and isinstance(given, ir.Lambda):
                    self.run(frame._replace(is_conditional=True), given.function.body)

    def _schema(self, frame: Frame, links: list[Link]) -> None:
        namespace: str | None = None
        for link in links:
            if link.call is None:
                continue
            word = link.name.lower()
            if word == "withschema":
                namespace = self._text(frame, link, 0) or None
            elif word in {"createtable", "createtableifnotexists"}:
                self._create(frame, link, namespace)
            elif word in {"altertable", "table"}:
                self._alter(frame, link, namespace)
            elif word in {"droptable", "droptableifexists", "dropview", "dropviewifexists"}:
                self._drop(frame, link, namespace)
            elif word == "renametable":
                self._rename(frame, link, namespace)
            elif word in {
                "createschema",
                "createschemaifnotexists",
                "dropschema",
                "dropschemaifexists",
            }:
                self._namespace(frame, link)
            elif word == "raw" and link.arguments:
                self.add_sql(frame, link.call, link.arguments[0])
            elif word not in READS:
                self.add_code(frame, link.call)

    def _text(self, frame: Frame, link: Link, position: int) -> str:
        if position >= len(link.arguments):
            return ""
        value = self.value(frame, link.arguments[position])
        return value.text if value.kind == "text" else ""

    def _create(self, frame: Frame, link: Link, namespace: str | None) -> None:
        name = self._text(frame, link, 0)
        assert link.call is not None
        if not name or len(link.arguments) < 2:  # noqa: PLR2004 - a name and a callback
            self.add_code(frame, link.call)
            return
        named = link.arguments[0]
        table = made_table(name, (named.start, named.end), namespace)
        reader = TableFollower(self, table, creates=True)
        made = reader.made(frame, link.arguments[-1])
        create = CreateTable(
            table,
            tuple(made.columns),
            tuple(made.constraints),
            link.call.start,
            link.call.end,
            if_not_exists=link.name.lower().endswith("exists"),
            known=made.known,
        )
        self.is_complete = self.is_complete and made.known
        self.add(frame, link.call, create, *made.indexes, *made.changes)

    def _alter(self, frame: Frame, link: Link, namespace: str | None) -> None:
        name = self._text(frame, link, 0)
        assert link.call is not None
        if not name or len(link.arguments) < 2:  # noqa: PLR2004
            self.add_code(frame, link.call)
            return
        named = link.arguments[0]
        table = made_table(name, (named.start, named.end), namespace)
        made = TableFollower(self, table, creates=False).made(frame, link.arguments[1])
        changes = list(made.changes)
        if not made.known:
            self.is_complete = False
            changes.append(Opaque((table,), False, link.call.start, link.call.end))
        if changes:
            self.add(frame, link.call, *changes)

    def _drop(self, frame: Frame, link: Link, namespace: str | None) -> None:
        name = self._text(frame, link, 0)
        assert link.call is not None
        if not name:
            self.add_code(frame, link.call)
            return
        at = (link.call.start, link.call.end)
        table = made_table(name, at, namespace)
        word = link.name.lower()
        kind: Literal["table", "view"] = "view" if "view" in word else "table"
        self.add(
            frame, link.call, DropTable(table, *at, if_exists=word.endswith("exists"), kind=kind)
        )

    def _rename(self, frame: Frame, link: Link, namespace: str | None) -> None:
        old, new = self._text(frame, link, 0), self._text(frame, link, 1)
        assert link.call is not None
        at = (link.call.start, link.call.end)
        if old and new:
            self.add(frame, link.call, RenameTable(made_table(old, at, namespace), new, *at))
        else:
            self.add_code(frame, link.call)

    def _namespace(self, frame: Frame, link: Link) -> None:
        name = self._text(frame, link, 0)
        assert link.call is not None
        if not name:
            self.add_code(frame, link.call)
            return
        at = (link.call.start, link.call.end)
        is_new = link.name.lower().startswith("create")
        self.add(frame, link.call, CreateSchema(name, *at) if is_new else DropSchema(name, *at))
