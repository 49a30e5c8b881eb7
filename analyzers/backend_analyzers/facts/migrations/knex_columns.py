"""The types and defaults of the columns of knex's schema builder."""

from __future__ import annotations

import re
from collections.abc import Sequence

from backend_analyzers import ir
from backend_analyzers.facts.migrations.javascript import Follower, Frame
from backend_analyzers.facts.migrations.javascript_files import chain
from backend_analyzers.facts.orm.spelled import Spelled
from backend_analyzers.libraries.knex_schema import TYPES
from backend_analyzers.sql.made import text_literal
from backend_analyzers.sql.statement import Dialect


def type_of(
    method: str, dialect: Dialect, given: Sequence[Spelled | None], *, is_unsigned: bool = False
) -> str:
    """The type that a column method makes; `given` are its arguments, the name first."""
    first, second = given[1], given[2]
    if method == "specifictype":
        return first.text if first is not None and first.kind == "text" else ""
    if method in {"enum", "enu"} and dialect == "postgresql":
        native = second.get("enumName") if second is not None else None
        if native is not None:
            return native.value.text
    if method in {"timestamp", "datetime"} and dialect == "postgresql":
        return _timestamp(first, second)
    pattern = TYPES[dialect].get(method, "")
    labels = first.entries if first is not None else ()
    pattern = pattern.replace("{values}", ", ".join(text_literal(e.value.text) for e in labels))
    if pattern.startswith("decimal(") and first is not None and first.is_null:
        return "decimal"

    def argument(found: re.Match[str]) -> str:
        value = given[int(found[1]) + 1]
        is_number = value is not None and value.kind == "constant" and value.text.isdigit()
        return value.text if value is not None and is_number else found[2]

    written = re.sub(r"\{(\d):(\d+)\}", argument, pattern)
    return f"{written} unsigned" if dialect == "mysql" and is_unsigned else written


def is_on(value: Spelled | None, options: Spelled | None, name: str) -> bool:
    """Whether a flag is set, by position or in options."""
    if options is not None and options.kind == "mapping":
        entry = options.get(name)
        return entry is not None and entry.value.is_true
    return value is not None and value.is_true


def _timestamp(first: Spelled | None, second: Spelled | None) -> str:
    """With a time zone unless told otherwise: `{useTz: false}`, or `true` for a standard one."""
    options = first if first is not None and first.kind == "mapping" else None
    is_plain = first is not None and first.is_true
    precision = second
    if options is not None:
        zone, given = options.get("useTz"), options.get("precision")
        is_plain = zone is not None and zone.value.text == "false"
        precision = given.value if given is not None else None
    is_number = precision is not None and precision.text.isdigit()
    size = f"({precision.text})" if precision is not None and is_number else ""
    return f"timestamp{size}" if is_plain else f"timestamptz{size}"


def default_of(follower: Follower, frame: Frame, given: ir.Expr, dialect: Dialect) -> str | None:
    """A default as SQL; `NULL` stands for one that is not known."""
    value = follower.value(frame, given)
    if value.kind == "text":
        return text_literal(value.text)
    if value.kind == "constant":
        return None if value.is_null else value.text
    _, links = chain(given)
    names = [link.name for link in links]
    if names[-2:] == ["fn", "now"] or names == ["now"]:
        return "CURRENT_TIMESTAMP"
    if names[-2:] == ["fn", "uuid"]:
        return "gen_random_uuid()" if dialect == "postgresql" else "(UUID())"
    if names[-1:] == ["raw"] and links[-1].arguments:
        said = follower.value(frame, links[-1].arguments[0])
        if said.kind == "text":
            return said.text
    follower.is_complete = False
    return "NULL"
