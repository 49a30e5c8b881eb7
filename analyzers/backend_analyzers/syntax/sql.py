"""SQL files have units too: their statements, so that an edit of one leaves the others as they are.

A statement is no ir: `sql.parse` reads it.  The unit says where it is and names it by its text.
"""

from __future__ import annotations

from hashlib import blake2b

from backend_analyzers import ir
from backend_analyzers.source import File
from backend_analyzers.sql.dialects import dialect_of
from backend_analyzers.sql.lexing import prepare
from backend_analyzers.sql.parse import verb
from backend_analyzers.sql.statement import Dialect

_ROWS_READ = 400
"""After so many statements, rows to insert are data (a dump) and no units."""


def dialect(file: File) -> Dialect:
    """The dialect of a file: what the project says, else judged by its text and path."""
    if dialect not in file.memo:
        file.memo[dialect] = file.dialect or dialect_of(file.text, file.path)
    known: Dialect = file.memo[dialect]
    return known


def module(file: File) -> ir.Module:
    """The statements of a file, from their first word to their last; comments lie between them."""
    prepared = prepare(file.text, dialect(file))
    before: dict[str, ir.Unit] = {unit.key: unit for unit in _previous(file)}
    units: dict[str, ir.Unit] = {}
    offsets = []
    for number, (first, last) in enumerate(prepared.pieces):
        blanked = prepared.text[first:last]
        start = first + len(blanked) - len(blanked.lstrip())
        end = last - (len(blanked) - len(blanked.rstrip(b"; \t\r\n\f\v")))
        if start >= end or (number > _ROWS_READ and verb(prepared.text, start) == "insert"):
            continue
        unit = _unit(file.text[start:end], units, before)
        units[unit.key] = unit
        offsets.append(start)
    return ir.Module(tuple(units.values()), tuple(offsets))


def _previous(file: File) -> tuple[ir.Unit, ...]:
    from backend_analyzers.syntax import module as whole  # noqa: PLC0415 - it asks for this one

    known = file.reused.get(whole)
    return known.units if isinstance(known, ir.Module) else ()


def _unit(text: bytes, units: dict[str, ir.Unit], before: dict[str, ir.Unit]) -> ir.Unit:
    base = key = "#" + blake2b(text, digest_size=8).hexdigest()
    repeats = 1
    while key in units:
        repeats += 1
        key = f"{base}~{repeats}"
    return before.get(key) or ir.Unit(key, "", ir.Other(0, len(text)))
