"""DDL with its offsets moved from the text that was parsed to the unit that the text stands in."""

from __future__ import annotations

from typing import Any

import msgspec

from backend_analyzers.sql.ddl import DdlStatement

_STARTS = frozenset({"start", "name_start", "operator_start"})
_ENDS = frozenset({"end", "name_end", "operator_end", "list_end"})


def moved(statement: DdlStatement, offset: int | None, whole: tuple[int, int]) -> DdlStatement:
    """A statement `offset` bytes further on; with None, everything has the range `whole`."""
    found: DdlStatement = _moved(statement, offset, whole)
    return found


def _moved(value: Any, offset: int | None, whole: tuple[int, int]) -> Any:
    if isinstance(value, tuple):
        if value and isinstance(value[0], msgspec.Struct):
            return tuple(_moved(one, offset, whole) for one in value)
        return value
    if not isinstance(value, msgspec.Struct):
        return value
    changes: dict[str, Any] = {}
    for name in value.__struct_fields__:
        old = getattr(value, name)
        if name in _STARTS:
            changes[name] = whole[0] if offset is None else old + offset
        elif name in _ENDS:
            changes[name] = whole[1] if offset is None else old + offset
        elif isinstance(old, tuple | msgspec.Struct):
            changes[name] = _moved(old, offset, whole)
    return msgspec.structs.replace(value, **changes) if changes else value
