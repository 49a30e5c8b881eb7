"""The migrations of all apps played in order, so that each knows the models it changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from backend_analyzers.facts.django.build import contrib_label, contrib_shape, join_shape
from backend_analyzers.facts.django.migration_files import MigrationFile, Node, revision_of
from backend_analyzers.facts.django.migration_names import MigrationNames
from backend_analyzers.facts.django.operations import OPERATIONS
from backend_analyzers.facts.django.shapes import Shape
from backend_analyzers.facts.django.state import State
from backend_analyzers.facts.django.step import Step, Unreadable
from backend_analyzers.facts.django.terms import Term, last_name
from backend_analyzers.facts.migrations import Migration, Operation
from backend_analyzers.libraries.django_contrib import CONTRIB
from backend_analyzers.source import Place
from backend_analyzers.sql.ddl import Ddl, DdlStatement
from backend_analyzers.sql.parse_ddl import parse_ddl

EXTENSIONS = {
    "BtreeGinExtension": "btree_gin",
    "BtreeGistExtension": "btree_gist",
    "CITextExtension": "citext",
    "CryptoExtension": "pgcrypto",
    "HStoreExtension": "hstore",
    "TrigramExtension": "pg_trgm",
    "UnaccentExtension": "unaccent",
    "BloomExtension": "bloom",
}


def played(names: MigrationNames, files: Mapping[str, MigrationFile]) -> Iterator[Migration]:
    """Every migration, those that a squashed one stands for and that one itself."""
    nodes = {_node(names, path): path for path, one in files.items()}
    replaced = {old for path, one in files.items() for old in one.replaces if old in nodes}
    edges = _edges(names, files, nodes)
    run = _sorted(nodes, edges, replaced, files)
    yield from _run(names, files, nodes, run)
    if replaced:
        # The steps as they were before: in place of what stands for them.
        squashed = {
            node for node, path in nodes.items() if any(o in nodes for o in files[path].replaces)
        }
        history = _sorted(nodes, edges, squashed, files)
        for node, migration in zip(history, _run(names, files, nodes, history), strict=True):
            if node in replaced:
                yield migration


def _node(names: MigrationNames, path: str) -> Node:
    return (names.files[path].app, revision_of(path))


def _edges(
    names: MigrationNames, files: Mapping[str, MigrationFile], nodes: Mapping[Node, str]
) -> dict[Node, list[Node]]:
    found: dict[Node, list[Node]] = {node: [] for node in nodes}
    for node, path in nodes.items():
        for before in files[path].dependencies:
            named = resolved(names, path, before)
            found[node] += _meant(named, nodes)
        for after in files[path].run_before:
            if after in found:
                found[after].append(node)
    return found


def resolved(names: MigrationNames, path: str, node: Node) -> Node:
    """A dependency with the app of the users' model put in."""
    if node[0] == "?user":
        return (names.user(path).partition(".")[0], node[1])
    return node


def _meant(node: Node, nodes: Mapping[Node, str]) -> list[Node]:
    if node in nodes:
        return [node]
    if node[1] in {"__first__", "__latest__"}:
        own = sorted(one for one in nodes if one[0] == node[0])
        return [own[0 if node[1] == "__first__" else -1]] if own else []
    return []


def _sorted(
    nodes: Mapping[Node, str],
    edges: Mapping[Node, list[Node]],
    left_out: set[Node],
    files: Mapping[str, MigrationFile],
) -> list[Node]:
    """Each after what it depends on; for what is left out stands what replaces it, or what it replaces."""
    stands = {old: node for node, path in nodes.items() for old in files[path].replaces}

    def meant(node: Node, depth: int = 8) -> Iterator[Node]:
        if node not in left_out:
            yield node
        elif depth > 0:
            instead = stands.get(node)
            parts = [old for old in files[nodes[node]].replaces if old in nodes]
            for one in parts or ([instead] if instead is not None else []):
                yield from meant(one, depth - 1)

    done: dict[Node, None] = {}
    open_: set[Node] = set()
    for start in sorted(set(nodes) - left_out):
        stack = [(start, False)]
        while stack:
            node, is_left = stack.pop()
            if is_left:
                done[node] = None
            elif node not in open_:
                open_.add(node)
                stack.append((node, True))
                own = files[nodes[node]].replaces
                before = [*edges[node], *(one for old in own for one in edges.get(old, ()))]
                stack += [
                    (instead, False)
                    for one in reversed(before)
                    for instead in meant(one)
                    if instead not in open_ and instead not in own
                ]
    return list(done)


def known_shapes(names: MigrationNames) -> dict[str, Shape]:
    """The models of packages, which are there before the first migration."""
    at = Place("", "", 0, 0)
    user = next((one.user for one in names.files.values()), "auth.user")
    found: dict[str, Shape] = {}
    for name, model in CONTRIB.items():
        if model.table:
            shape = contrib_shape(name, model, at, user)
            found[contrib_label(name)] = shape
            for field in shape.fields:
                if field.kind == "ManyToManyField":
                    between = join_shape(shape, field, None, "AutoField")
                    found[between.label] = between
    return found


def _run(
    names: MigrationNames,
    files: Mapping[str, MigrationFile],
    nodes: Mapping[Node, str],
    order: Iterable[Node],
) -> Iterator[Migration]:
    state = State(names, known_shapes(names), {})
    for node in order:
        path = nodes[node]
        yield Player(names, state, node[0], path, files[path]).migration()


class Player:
    """Plays one migration on the state that the ones before it left."""

    def __init__(
        self, names: MigrationNames, state: State, app: str, path: str, declared: MigrationFile
    ) -> None:
        self.names = names
        self.state = state
        self.app = app
        self.path = path
        self.declared = declared
        self.complete = declared.complete
        self.reverts = True

    def migration(self) -> Migration:
        """The migration with the DDL of its operations."""
        declared, names = self.declared, self.names
        operations = tuple(
            operation
            for term in declared.operations
            for operation in self.operations(self.state, term)
        )
        after = [resolved(names, self.path, one) for one in declared.dependencies]
        return Migration(
            tool="django",
            at=declared.at,
            branch=self.app,
            revision=declared.revision,
            operations=operations,
            after=tuple(name if app == self.app else f"{app}:{name}" for app, name in after),
            replaces=tuple(name for app, name in declared.replaces if app == self.app),
            transaction=declared.atomic,
            reverts="yes"
            if self.reverts and self.complete
            else "no"
            if not self.reverts
            else "unknown",
            complete=self.complete,
        )

    def operations(self, state: State, term: Term) -> Iterator[Operation]:
        """What one operation of the list does."""
        at = Place(self.path, self.declared.unit, term.start, term.end)
        name = self._kind(term)
        if name == "SeparateDatabaseAndState":
            yield from self._separate(state, term)
        elif name == "RunSQL":
            yield from self._run_sql(state, term, at)
        elif name == "RunPython":
            back = term.argument("reverse_code", 1)
            self.reverts = (
                self.reverts and back is not None and back.value is None and back.kind != "constant"
            )
            yield Operation(at, runs="code")
        elif name in EXTENSIONS or name == "CreateExtension":
            yield self._extension(term, name, at)
        elif name in {"CreateCollation", "RemoveCollation"}:
            yield Operation(at, runs="sql")
        elif name in OPERATIONS:
            yield from self._known(state, term, at, name)
        else:
            self.complete = False
            yield Operation(at, runs="code")

    def _kind(self, term: Term) -> str:
        """The operation of Django that a call is; "" for one of the project's own."""
        if term.kind != "call" or term.is_spread:
            return ""
        is_own = term.function in self.names.files[self.path].own
        return "" if is_own else last_name(term.function)

    def _known(self, state: State, term: Term, at: Place, name: str) -> Iterator[Operation]:
        actions: tuple[Ddl, ...] = ()
        try:
            actions = tuple(OPERATIONS[name](Step(state, self.app, at, term)))
        except Unreadable:
            self.complete = False
        yield Operation(
            at,
            ddl=_statement(actions, term),
            concurrent=name.endswith("Concurrently"),
        )

    def _separate(self, state: State, term: Term) -> Iterator[Operation]:
        """The database gets some operations, the state others."""
        aside = state.copy()
        database = term.argument("database_operations", 0)
        for one in _listed(database):
            yield from self.operations(aside, one)
        for one in _listed(term.argument("state_operations", 1)):
            complete = self.complete
            for _ in self.operations(state, one):
                pass
            self.complete = complete
        if any(given is not None and given.kind != "list" for given in (database,)):
            self.complete = False

    def _run_sql(self, state: State, term: Term, at: Place) -> Iterator[Operation]:
        given = term.argument("sql", 0)
        back = term.argument("reverse_sql", 1)
        self.reverts = (
            self.reverts
            and back is not None
            and (back.kind != "constant" or back.value is not None)
        )
        for one in _listed(term.argument("state_operations", 2)):
            for _ in self.operations(state, one):
                pass
        texts = list(_statements(given))
        if not texts:
            if not (given is not None and given.kind in {"list", "constant"} and not given.parts):
                self.complete = self.complete and last_name(given.text if given else "") == "noop"
            yield Operation(at, runs="sql")
        for text, where in texts:
            ddl = tuple(_placed(one, where) for one in parse_ddl(text))
            yield Operation(at, ddl=ddl, sql=text, runs="sql")

    def _extension(self, term: Term, name: str, at: Place) -> Operation:
        given = term.argument("name", 0)
        extension = EXTENSIONS.get(name) or (given.value if given is not None else "")
        text = f'CREATE EXTENSION IF NOT EXISTS "{extension}"' if extension else ""
        return Operation(at, sql=text, runs="sql")


def _listed(term: Term | None) -> tuple[Term, ...]:
    return term.parts if term is not None and term.kind == "list" else ()


def _statement(actions: tuple[Ddl, ...], term: Term) -> tuple[DdlStatement, ...]:
    return tuple(DdlStatement("postgresql", term.start, term.end, (one,)) for one in actions)


def _statements(given: Term | None) -> Iterator[tuple[str, Term]]:
    """The texts of `RunSQL`: one, or a list of texts or of (text, parameters)."""
    if given is None:
        return
    if isinstance(given.value, str):
        yield given.value, given
    for one in _listed(given):
        first = one.parts[0] if one.kind == "list" and one.parts else one
        if isinstance(first.value, str):
            yield first.value, first


def _placed(statement: DdlStatement, where: Term) -> DdlStatement:
    """A statement as read from a text, with the place of the text in all of it."""
    placed: DdlStatement = _at(statement, where)
    return placed


def _at(value: Any, where: Term) -> Any:
    if isinstance(value, tuple):
        return tuple(_at(one, where) for one in value)
    if not isinstance(value, msgspec.Struct):
        return value
    changed: dict[str, object] = {}
    for name in value.__struct_fields__:
        if name in _STARTS:
            changed[name] = where.start
        elif name in _ENDS:
            changed[name] = where.end
        else:
            changed[name] = _at(getattr(value, name), where)
    return msgspec.structs.replace(value, **changed)


_STARTS = frozenset({"start", "name_start", "operator_start"})
_ENDS = frozenset({"end", "name_end", "operator_end", "list_end"})
