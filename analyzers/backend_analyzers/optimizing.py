"""What a piece of advice about a query changes in the project: its text, or a new migration."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from backend_analyzers.facts.migrations.adding import new_migration
from backend_analyzers.facts.plans import Plannable
from backend_analyzers.oracle import Advice
from backend_analyzers.rule import Change
from backend_analyzers.sql.ddl import CreateIndex, DropIndex, TableName
from backend_analyzers.sql.parse_ddl import parse_ddl
from backend_analyzers.sql.render import rendered
from backend_analyzers.sql.schema import find_table
from backend_analyzers.workspace import Workspace


def changes_of(workspace: Workspace, one: Plannable, advice: Advice) -> tuple[Change, ...]:
    """The changes that follow the advice; none where a person has to write them."""
    if advice.ddl:
        return tuple(_migration(workspace, one, advice.ddl))
    return rewritten(one, advice.sql)


def rewritten(one: Plannable, sql: str) -> tuple[Change, ...]:
    """The changes of the host that write a query in another way; none where it cannot be edited so.

    Each value must stay in its place: code hands them over in order.
    """
    found = next((rewrite for rewrite in one.rewrites if rewrite.text == sql), None)
    text = one.sql.encode(errors="replace")
    changes: list[Change] = []
    for edit in found.edits if found is not None else ():
        place = one.host_range(edit.start, edit.end)
        replaced = text[edit.start : edit.end].decode(errors="replace")
        written = one.written_back(edit.text, replaced)
        if place is None or written is None or not one.query.is_written(*place):
            return ()
        changes.append(Change(one.query.place(*place), written))
    return tuple(changes)


def _migration(workspace: Workspace, one: Plannable, ddl: str) -> Iterator[Change]:
    """A new migration that makes an index without blocking those who write."""
    made = next((a for s in parse_ddl(ddl) for a in s.actions if isinstance(a, CreateIndex)), None)
    if made is None or made.name is None:
        return
    table = find_table(one.home.schema, made.table.name, made.table.schema)
    if table is None:
        return
    index = TableName(made.name, made.table.schema, made.start, made.end)
    gone = DropIndex(index, made.start, made.end, concurrently=True)
    for written in new_migration(
        workspace,
        one.home,
        table.key,
        name=f"index_{table.name}_{'_'.join(key.column or 'expression' for key in made.keys)}"[:60],
        do=(*_extensions(ddl), *rendered(replace(made, concurrently=True))),
        undo=rendered(gone),
    ):
        yield Change(written.at, written.text)


def _extensions(ddl: str) -> Iterator[str]:
    """What must be installed first for an index of its kind."""
    yield from (text for text in ddl.split(";\n") if text.startswith("CREATE EXTENSION"))
