"""Queries that Django's query sets write, as SQL like that which the database gets.

Tables, columns, joins and conditions are Django's; aliases and the order of joins may differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from backend_analyzers.facts.calls import Asked
from backend_analyzers.facts.django.catalog import Catalog, catalog
from backend_analyzers.facts.django.chains import Chain, chains
from backend_analyzers.facts.django.project import Project, project
from backend_analyzers.facts.django.rows import Meaning, Meanings, One, Reader, Rows
from backend_analyzers.facts.django.statements import statement
from backend_analyzers.facts.django.terms import Term, last_name
from backend_analyzers.facts.django.written import PARAMETER, Assembled, assembled
from backend_analyzers.facts.paths import is_test
from backend_analyzers.facts.queries import LARGEST, Query
from backend_analyzers.libraries.django_contrib import CONTRIB
from backend_analyzers.libraries.django_orm import BATCHES, WRITES
from backend_analyzers.source import Place
from backend_analyzers.sql.parse import parse
from backend_analyzers.sql.statement import Statement
from backend_analyzers.workspace import Workspace


class FileChains:
    """The chains of a file, with what the names in them lead to.

    `parsed` keeps what was read of each text: it depends on nothing else, and an edit of a model
    leaves most of the texts as they are.
    """

    def __init__(self, chains: tuple[Chain, ...], meanings: Meanings) -> None:
        self.chains = chains
        self.meanings = meanings
        self.parsed: dict[Assembled, tuple[Statement, ...]] = {}

    def statements(self, written: Assembled) -> tuple[Statement, ...]:
        """The statements of a text."""
        if written not in self.parsed:
            text, holes = written.text, written.holes
            self.parsed[written] = parse(text, dialect="postgresql", holes=holes)
        return self.parsed[written]


class World(NamedTuple):
    """All that the names of a file may lead to."""

    project: Project
    catalog: Catalog


def queries_of(workspace: Workspace) -> Mapping[str, tuple[Query, ...]]:
    """The queries of each file, in order; tests are left out."""
    found = workspace.by_path(_of_file, workspace.fact(known_chains), workspace.fact(catalog))
    return {path: queries for path, queries in found.items() if queries}


def asks_of(workspace: Workspace) -> Mapping[str, tuple[Asked, ...]]:
    """The queries of each file that a loop repeats with other values."""
    found = workspace.by_path(_asked, workspace.fact(known_chains), workspace.fact(catalog))
    return {path: asked for path, asked in found.items() if asked}


def known_chains(workspace: Workspace) -> Mapping[str, FileChains]:
    """The chains of each file that lead to models; those of a file stay the same while others change."""
    asked = {
        path: some for path, some in workspace.each(chains).items() if some and not is_test(path)
    }
    return workspace.joined(FileChains, asked, workspace.fact(chain_meanings))


def chain_meanings(workspace: Workspace) -> Mapping[str, Meanings]:
    """What the names in the chains of each file lead to: most edits leave it as it is."""
    asked = {
        path: some for path, some in workspace.each(chains).items() if some and not is_test(path)
    }
    if not asked:
        return {}
    found = workspace.by_path(_meanings, asked, workspace.fact(world))
    return {path: meanings for path, meanings in found.items() if meanings}


def world(workspace: Workspace) -> World:
    """The project and its models."""
    return World(workspace.fact(project), workspace.fact(catalog))


def _meanings(path: str, some: tuple[Chain, ...], known: World) -> Meanings:
    meanings: dict[str, Meaning] = {}
    seen: set[str] = set()
    stack = [chain.term for chain in some]
    while stack:
        term = stack.pop()
        stack.extend(term.parts)
        if term.kind in {"name", "self", "class", "typed"} and term.text not in seen:
            seen.add(term.text)
            found = _meaning(path, term.text, known.project, known.catalog)
            if found is not None:
                meanings[term.text] = found
    return meanings


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
    queries = (_query(chain, reader, known, found) for chain in found.chains)
    return tuple(query for query in queries if query is not None)


def _asked(_path: str, found: FileChains, known: Catalog) -> tuple[Asked, ...]:
    reader = Reader(known, found.meanings)
    return tuple(
        Asked(
            chain.text,
            chain.at,
            reads=rows.running is None or rows.running.method not in WRITES,
            has_values=True,
            is_local=False,
            loop=chain.loop,
            each=chain.each,
        )
        for chain in found.chains
        if chain.loop is not None
        and (rows := _rows(chain, reader, known)) is not None
        and not _may_be_loaded(rows)
        and not _is_meant(rows)
    )


def _may_be_loaded(rows: Rows) -> bool:
    """Whether the rows are those of a relation as they are, which a query before may have loaded."""
    is_whole = all(step.method in {"all", "prefetch_related"} for step in rows.steps)
    asks = rows.running is not None and rows.running.method not in {"count", "iterator"}
    return rows.related is not None and is_whole and not asks


def _is_meant(rows: Rows) -> bool:
    """Whether a query is made for a loop: one of many rows, or one that locks row by row."""
    is_batch = rows.running is not None and rows.running.method in BATCHES
    return is_batch or any(step.method == "select_for_update" for step in rows.steps)


def _rows(chain: Chain, reader: Reader, known: Catalog) -> Rows | None:
    """The query that a chain is; None for what is none, or leads on from one that stands elsewhere."""
    thing = reader.thing(chain.term)
    rows = thing.found if isinstance(thing, One) else thing
    if not isinstance(rows, Rows) or rows.label not in known.entries:
        return None
    if rows.running is None:
        return rows if isinstance(thing, Rows) else None
    ran = rows.running.call
    return rows if (ran.start, ran.end) == (chain.at.start, chain.at.end) else None


def _query(chain: Chain, reader: Reader, known: Catalog, found: FileChains) -> Query | None:
    rows = _rows(chain, reader, known)
    written = statement(known, reader, rows, many=chain.many) if rows is not None else None
    if written is None:
        return None
    whole = assembled(written.parts)
    text, segments, holes = whole
    if len(text) > LARGEST or not segments:
        return None
    at = chain.at
    return Query(
        at=at,
        text=text,
        statements=found.statements(whole),
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
