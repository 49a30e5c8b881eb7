"""The parts of a file that a reviewer of backends reads: API, schema, query and security code.

A region is named by its text, not by where it is: it needs another review only when its digest
has changed.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Literal

import msgspec

from backend_analyzers.events import (
    DatabaseQuery,
    ProcessRun,
    ResponseSent,
    TokenDecode,
    TokenEncode,
)
from backend_analyzers.fact import codes, file_fact, unit_fact
from backend_analyzers.facts.ddl import ddl
from backend_analyzers.facts.queries import code_queries, queries
from backend_analyzers.facts.route_declarations import route_declarations
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.meanings import events
from backend_analyzers.source import File, Language, Place
from backend_analyzers.syntax import module

Kind = Literal["api", "schema", "query", "security"]


class Region(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One unit of a file, why it is worth reading, and the digest of its text."""

    kind: Kind
    at: Place
    digest: str


@file_fact
def regions(file: File) -> tuple[Region, ...]:
    """The regions of a file in order; a unit may be several, one of each kind."""
    wanted = _of_sql(file) if file.language is Language.SQL else _of_code(file)
    lowered = module(file)
    found = []
    for unit, start in zip(lowered.units, lowered.offsets, strict=True):
        kinds = wanted.get(unit.key)
        if kinds:
            text = file.text[start : start + unit.node.end]
            digest = blake2b(text, digest_size=16).hexdigest()
            at = Place(file.path, unit.key, 0, unit.node.end)
            found += [Region(kind, at, digest) for kind in sorted(kinds)]
    return tuple(found)


def _of_sql(file: File) -> dict[str, set[Kind]]:
    kinds: dict[str, set[Kind]] = {}
    for declared in ddl(file):
        kinds.setdefault(declared.unit, set()).add("schema")
    for query in queries(file):
        kinds.setdefault(query.at.unit, set()).add("query")
    return kinds


def _of_code(file: File) -> dict[str, set[Kind]]:
    kinds = {code.unit.key: set(_code_kinds(code)) for code in codes(file)}
    for place in route_places(file):
        kinds.setdefault(place.unit, set()).add("api")
    return kinds


def route_places(file: File) -> tuple[Place, ...]:
    """Where the file declares routes."""
    steps = route_declarations(file).steps
    return tuple(step.place for step in steps if step.kind == "route")


@unit_fact
def _code_kinds(code: Code) -> tuple[Kind, ...]:
    found: set[Kind] = set()
    for event in events(code):
        match event:
            case DatabaseQuery():
                found.add("query")
            case TokenDecode() | TokenEncode() | ProcessRun():
                found.add("security")
            case ResponseSent():
                found.add("api")
            case _:
                pass
    if code_queries(code):
        found.add("query")
    return tuple(sorted(found))
