"""What one operation of a migration does, and SQL that is handed over as text."""

from __future__ import annotations

from typing import Literal

import msgspec

from backend_analyzers import ir
from backend_analyzers.facts.alchemy.things import UNKNOWN, Made, Member, Named, Thing
from backend_analyzers.facts.migrations.moved import moved
from backend_analyzers.libraries.sqlalchemy_types import is_alchemy
from backend_analyzers.sql.ddl import (
    CreateSchema,
    Ddl,
    DdlStatement,
    Opaque,
)
from backend_analyzers.sql.parse_ddl import parse_ddl


class Done(msgspec.Struct, frozen=True):
    """What one operation does; `unread` when it may do more."""

    ddl: tuple[DdlStatement, ...] = ()
    sql: str = ""
    runs: Literal["ddl", "sql", "code"] = "ddl"
    concurrent: bool = False
    unread: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether it does nothing to the database."""
        return self.runs == "ddl" and not self.ddl


NOTHING = Done()


def code_of() -> Done:
    """An operation that is code."""
    return Done(runs="code")


def ddl_of(made: Made, *actions: Ddl, concurrent: bool = False, complete: bool = True) -> Done:
    """DDL that the call `made` is."""
    statement = DdlStatement("postgresql", made.node.start, made.node.end, actions, complete)
    return Done((statement,), concurrent=concurrent, unread=not complete)


def span_of(made: Made) -> tuple[int, int]:
    """The range of a call in its unit."""
    return made.node.start, made.node.end


def sql_of(thing: Thing, made: Made) -> Done | None:
    """What a statement that is handed over does; None when it is one that SQLAlchemy writes."""
    while isinstance(thing, Made) and isinstance(thing.function, Member):
        if thing.last not in {"bindparams", "columns", "execution_options"}:
            return None
        thing = thing.function.owner
    node = made.arguments[0].node if made.arguments else None
    if isinstance(thing, Made) and thing.last in {"text", "TextClause", "DDL"}:
        inner = thing.given("text", 0) or thing.given("statement", 0)
        node = inner.node if inner is not None and thing.unit == made.unit else None
        thing = UNKNOWN if inner is None else inner.value
    if isinstance(thing, Made | Named):
        return _object(thing, made)
    if not isinstance(thing, str):
        opaque = Opaque((), True, *span_of(made))
        statement = DdlStatement("postgresql", *span_of(made), (opaque,), False)
        return Done((statement,), runs="sql", unread=True) if thing is UNKNOWN else None
    statements = parse_ddl(thing, dialect="postgresql")
    offset = _offset(node, thing, made)
    found = tuple(moved(one, offset, span_of(made)) for one in statements)
    complete = all(one.complete for one in statements)
    concurrent = any(
        getattr(action, "concurrently", False) for one in found for action in one.actions
    )
    return Done(found, thing, "sql", concurrent, unread=not complete)


def _object(thing: Made | Named, made: Made) -> Done | None:
    """`op.execute(CreateSchema("shop"))` and the like."""
    if isinstance(thing, Made) and is_alchemy(thing.name) and thing.last == "CreateSchema":
        name = thing.get("name", 0)
        if isinstance(name, str):
            return ddl_of(made, CreateSchema(name, *span_of(made)))
    return None


def _offset(node: ir.Expr | None, text: str, made: Made) -> int | None:
    """How far the text's bytes are from those of the unit, when it stands there byte by byte."""
    if not isinstance(node, ir.Text) or len(node.parts) != 1:
        return None
    part = node.parts[0]
    if not isinstance(part, ir.Chunk) or part.text != text:
        return None
    if len(text.encode(errors="replace")) != part.end - part.start:
        return None
    inside = made.node.start <= part.start and part.end <= made.node.end
    return part.start if inside else None
