"""Queries that Django's query sets write, as SQL like that which the database gets.

Tables, columns, joins and conditions are Django's; aliases and the order of joins may differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from backend_analyzers.facts.django.catalog import Catalog, catalog
from backend_analyzers.facts.django.chains import Chain, chains
from backend_analyzers.facts.django.project import Project, project
from backend_analyzers.facts.django.rows import Meaning, One, Reader, Rows
from backend_analyzers.facts.django.statements import statement
from backend_analyzers.facts.django.terms import Term, last_name
from backend_analyzers.facts.django.written import PARAMETER, assembled
from backend_analyzers.facts.paths import is_test
from backend_analyzers.facts.queries import LARGEST, Query
from backend_analyzers.libraries.django_contrib import CONTRIB
from backend_analyzers.source import Place
from backend_analyzers.sql.parse import parse
from backend_analyzers.workspace import Workspace


class FileChains(msgspec.Struct, frozen=True, gc=False):
    """The chains of a file, with what the names in them lead to."""

    chains: tuple[Chain, ...]
    meanings: Mapping[str, Meaning]


def queries_of(workspace: Workspace) -> Mapping[str, tuple[Query, ...]]:
    """The queries of each file, in order; tests are left out."""
    found = workspace.by_path(_of_file, workspace.fact(known_chains), workspace.fact(catalog))
    return {path: queries for path, queries in found.items() if queries}


def known_chains(workspace: Workspace) -> Mapping[str, FileChains]:
    """The chains of each file: a value that most edits elsewhere leave as it is."""
    asked = {
        path: some for path, some in workspace.each(chains).items() if some and not is_test(path)
    }
    if not asked:
        return {}
    names = workspace.fact(project)
    known = workspace.fact(catalog)
    return {
        path: FileChains(some, meanings)
        for path, some in asked.items()
        if (meanings := dict(_meanings(path, some, names, known)))
    }


def _meanings(
    path: str, some: tuple[Chain, ...], names: Project, known: Catalog
) -> Iterator[tuple[str, Meaning]]:
    seen: set[str] = set()
    stack = [chain.term for chain in some]
    while stack:
        term = stack.pop()
        stack.extend(term.parts)
        if term.kind in {"name", "self", "class", "typed"} and term.text not in seen:
            seen.add(term.text)
            found = _meaning(path, term.text, names, known)
            if found is not None:
                yield term.text, found


def _meaning(path: str, reference: str, names: Project, known: Catalog) -> Meaning | None:
    if last_name(reference) == "get_user_model":
        return Meaning(names.user(path))
    where, name = names.lead(path, reference)
    parts = name.split(".")
    for size in range(len(parts), 0, -1):
        head = ".".join(parts[:size])
        label = known.by_class.get((where, head)) if where else None
        if not where and head in CONTRIB and CONTRIB[head].table:
            label = next((key for key, one in known.entries.items() if one.key == head), None)
        if label is not None:
            return Meaning(label, tuple(parts[size:]))
    return None


def _of_file(_path: str, found: FileChains, known: Catalog) -> tuple[Query, ...]:
    reader = Reader(known, found.meanings)
    queries = (_query(chain, reader, known) for chain in found.chains)
    return tuple(query for query in queries if query is not None)


def _query(chain: Chain, reader: Reader, known: Catalog) -> Query | None:
    thing = reader.thing(chain.term)
    rows = thing.found if isinstance(thing, One) else thing
    if not isinstance(rows, Rows) or rows.label not in known.entries:
        return None
    if not isinstance(thing, Rows) and rows.running is None:
        return None
    written = statement(known, reader, rows, many=chain.many)
    if written is None:
        return None
    text, segments, holes = assembled(written.parts)
    if len(text) > LARGEST or not segments:
        return None
    at = chain.at
    return Query(
        at=at,
        text=text,
        statements=parse(text, dialect="postgresql", holes=holes),
        segments=segments,
        holes=holes,
        executed=chain.runs,
        has_parameters=PARAMETER in text,
        fetches=written.fetches,
        function=chain.function,
        call=Place(at.path, at.unit, at.start, at.end) if chain.runs else None,
        receiver=_receiver(chain.term),
        approximate=True,
    )


def _receiver(term: Term) -> str:
    """The names that a chain begins with."""
    while term.kind in {"call", "attribute", "index"}:
        term = term.parts[0]
    return term.text.lstrip(":?") if term.kind == "name" else ""
