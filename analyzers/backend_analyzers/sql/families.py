"""Which types PostgreSQL compares with which, and which texts it takes for a value of a type."""

from __future__ import annotations

import re
from datetime import date

from backend_analyzers.sql.schema import Schema
from backend_analyzers.sql.statement import Operand
from backend_analyzers.sql.types import normalised_type

_FAMILIES = {
    "integer": "whole number",
    "bigint": "whole number",
    "smallint": "whole number",
    "numeric": "decimal number",
    "real": "float",
    "double precision": "float",
    "text": "text",
    "character varying": "text",
    "character": "fixed text",
    "citext": "text",
    "name": "text",
    "boolean": "boolean",
    "date": "date",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamp",
    "uuid": "uuid",
    "jsonb": "jsonb",
    "bytea": "bytea",
}
_ALIKE = (
    frozenset({"whole number", "decimal number", "float"}),
    frozenset({"text", "fixed text"}),
    frozenset({"date", "timestamp"}),
)
_POSTGRES = frozenset(
    {
        "jsonb",
        "uuid",
        "bytea",
        "citext",
        "timestamp with time zone",
        "tsvector",
        "inet",
        "cidr",
        "hstore",
    }
)
_METHODS = frozenset({"gin", "gist", "brin", "spgist"})
_SPELLED = re.compile(
    r"::|\bilike\b|\breturning\b|\$\d|\bdistinct\s+on\b|\bany\s*\(", re.IGNORECASE
)
_WHOLE = re.compile(r"\s*[-+]?\d[\d_]*\s*\Z|\s*[-+]?0[xob][0-9a-f_]+\s*\Z", re.IGNORECASE)
_NUMBER = re.compile(
    r"\s*[-+]?(?:\d[\d_]*\.?[\d_]*(?:e[-+]?\d+)?|\.\d+(?:e[-+]?\d+)?|nan|inf|infinity)\s*\Z",
    re.IGNORECASE,
)
_BOOLEAN = re.compile(
    r"\s*(?:t|tr|tru|true|f|fa|fal|fals|false|y|ye|yes|n|no|on|of|off|1|0)\s*\Z", re.IGNORECASE
)
_UUID = re.compile(r"\s*\{?[0-9a-f]{4}(?:-?[0-9a-f]{4}){7}\}?\s*\Z", re.IGNORECASE)
_MOMENT = re.compile(r"\d|now|today|tomorrow|yesterday|epoch|infinity|allballs", re.IGNORECASE)
_DAY = re.compile(r"\s*(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]|\s*\Z)")


def family(type_: str, schema: Schema) -> str:
    """The kind of a type as far as comparisons go; an enum is one of its own, empty for an unknown one."""
    if type_ in schema.types:
        return f"enum {type_}"
    return _FAMILIES.get(re.sub(r"\(\d+(?:,\s*-?\d+)?\)", "", type_), "")


def family_of(operand: Operand, schema: Schema) -> str:
    """The kind of a constant or a cast; empty for a text without a type, which takes any."""
    if operand.kind == "cast":
        return family(normalised_type(operand.name), schema)
    if operand.kind != "constant":
        return ""
    text = operand.text.strip().lower()
    if re.match(r"[-+]?\d+\Z", text):
        return "whole number"
    if re.match(r"[-+]?(?:\d+\.\d*|\.\d+)\Z", text):
        return "decimal number"
    return "boolean" if text in {"true", "false"} else ""


def are_compared(one: str, other: str) -> bool:
    """Whether there is an operator for two kinds; unknown ones may have any."""
    if not one or not other or one == other:
        return True
    return any(one in alike and other in alike for alike in _ALIKE)


def takes(kind: str, text: str, schema: Schema) -> bool:
    """Whether a text without a type is a value of a kind, as far as is sure."""
    if kind.startswith("enum "):
        return text in schema.types[kind.removeprefix("enum ")]
    match kind:
        case "whole number":
            return bool(_WHOLE.match(text))
        case "decimal number" | "float":
            return bool(_NUMBER.match(text))
        case "boolean":
            return bool(_BOOLEAN.match(text))
        case "uuid":
            return bool(_UUID.match(text))
        case "date" | "timestamp":
            return bool(_MOMENT.search(text)) and _is_day(text)
        case _:
            return True


def _is_day(text: str) -> bool:
    found = _DAY.match(text)
    if found is None:
        return True
    try:
        date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return False
    return True


def is_postgres(schema: Schema, text: str) -> bool:
    """Whether it is sure that a query goes to PostgreSQL: by what only it has."""
    if _SPELLED.search(text) or schema.types:
        return True
    for table in schema.tables.values():
        if table.dialect != "postgresql":
            return False
        if any(c.type in _POSTGRES or c.type.endswith("[]") for c in table.columns):
            return True
        if any(index.method in _METHODS for index in table.indexes):
            return True
    return False
