"""What the functions of one script of Alembic do, followed statement by statement."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from backend_analyzers import ir
from backend_analyzers.facts.alchemy.operations import BUILTINS
from backend_analyzers.facts.alchemy.runs import Runner
from backend_analyzers.facts.alchemy.things import (
    UNKNOWN,
    ClassThing,
    Closure,
    Made,
    Member,
    Named,
    Thing,
    plain,
)
from backend_analyzers.facts.alchemy.types import NOT_KNOWN, REFERENCE, Typed
from backend_analyzers.facts.migrations import Operation
from backend_analyzers.facts.migrations.alembic_done import Done, code_of, sql_of
from backend_analyzers.facts.migrations.alembic_operations import OPERATIONS
from backend_analyzers.flow.bindings import imported
from backend_analyzers.libraries.sqlalchemy_types import is_alchemy
from backend_analyzers.source import File, Place
from backend_analyzers.syntax import module


class _Function(msgspec.Struct, frozen=True, eq=False):
    node: ir.Function
    unit: str


_DANGEROUS = re.compile(
    r"create|drop|add|alter|rename|table|column|index|constraint|schema|upgrade|migrat|exec|run|apply",
    re.IGNORECASE,
)
_SESSIONS = frozenset({"Session", "sessionmaker", "scoped_session", "get_bind", "get_context"})
_RUNS = frozenset({"execute", "exec_driver_sql", "scalar", "scalars", "query", "commit", "merge"})
_DEDENTING = frozenset({"textwrap.dedent", "inspect.cleandoc"})


class Reader(Runner):
    """Runs `upgrade()` of one file and keeps what it does."""

    def __init__(self, file: File) -> None:
        super().__init__()
        self.path = file.path
        self.found: list[Operation] = []
        self.commits = False
        self.refers = False
        self.functions: dict[str, _Function] = {}
        self.assigned: dict[str, tuple[ir.Assign, str]] = {}
        self.imported: dict[str, str] = {}
        self.classes: dict[str, dict[str, tuple[ir.Assign, str]]] = {}
        self.bases: dict[str, ir.Class] = {}
        self._values: dict[str, Thing] = {}
        for unit in module(file).units:
            self._declare(unit)

    def _declare(self, unit: ir.Unit) -> None:
        node = unit.node
        if unit.owner:
            if isinstance(node, ir.Assign):
                for target in node.targets:
                    if isinstance(target, ir.Name):
                        members = self.classes.setdefault(unit.owner, {})
                        members[target.id] = (node, unit.key)
            return
        match node:
            case ir.Function(name=name):
                self.functions[name] = _Function(node, unit.key)
            case ir.Assign():
                for target in node.targets:
                    if isinstance(target, ir.Name):
                        self.assigned[target.id] = (node, unit.key)
            case ir.Import():
                self.imported.update((n, q) for n, q in imported(node) if n != "*")
            case ir.Class(name=name):
                self.bases[name] = node
            case ir.Try(body=body):
                for one in body:
                    if isinstance(one, ir.Import):
                        self.imported.update((n, q) for n, q in imported(one) if n != "*")
            case _:
                pass

    # Names --------------------------------------------------------------------------------------

    def look_up(self, name: str) -> Thing:
        """What a name of the module means."""
        if name in self.functions:
            function = self.functions[name]
            return Closure(function.node, {}, function.unit)
        if name in self.assigned:
            if name not in self._values:
                self._values[name] = UNKNOWN
                statement, unit = self.assigned[name]
                self._values[name] = self._elsewhere(statement, unit)
            return self._values[name]
        if name in self.bases:
            return ClassThing(name)
        if name in self.imported:
            return Named(self.imported[name])
        return Named(f"builtins.{name}") if name in BUILTINS else UNKNOWN

    def _elsewhere(self, statement: ir.Assign, unit: str) -> Thing:
        before, self.unit = self.unit, unit
        found = UNKNOWN if statement.value is None else self.value(statement.value, {})
        self.unit = before
        return found

    def imports(self, statement: ir.Import, names: dict[str, Thing]) -> None:
        """An import inside a function."""
        names.update((name, Named(qualified)) for name, qualified in imported(statement))

    def outside(self, name: str) -> Typed:
        """A type of the project, which another file declares."""
        if name.partition(".")[0] in _HARMLESS or "." not in name:
            return NOT_KNOWN
        self.refers = True
        return Typed(f"{REFERENCE}{name}\x02")

    def attribute(self, owner: Thing, name: str) -> Thing:
        """An attribute; the name of the dialect is PostgreSQL's."""
        if name == "__tablename__" and isinstance(owner, Named):
            self.refers = True
            return f"{REFERENCE}{owner.name}\x02"
        if name == "name" and isinstance(owner, Member) and owner.name in {"dialect", "engine"}:
            return "postgresql"
        return super().attribute(owner, name)

    def attribute_of(self, owner: ClassThing, name: str) -> Thing:
        """An attribute of a class of this file: a member of an enum is what it is called."""
        members = self.classes.get(owner.key, {})
        if name in members:
            statement, unit = members[name]
            value = self._elsewhere(statement, unit)
            return value if plain(value) else Member(owner, name)
        return Member(owner, name)

    def implementation(self, kind: ClassThing, _made: Made | None) -> Thing:
        """The type that a `TypeDecorator` of this file stands for."""
        members = self.classes.get(kind.key, {})
        if "impl" in members:
            return self._elsewhere(*members["impl"])
        node = self.bases.get(kind.key)
        if node is not None and node.bases:
            base = self.value(node.bases[0].value, {})
            if isinstance(base, Named) and is_alchemy(base.name):
                return base
        return UNKNOWN

    def labels(self, kind: Thing) -> tuple[str, ...] | None:
        """The members of an enum of this file."""
        if isinstance(kind, ClassThing) and kind.key in self.classes:
            return tuple(n for n in self.classes[kind.key] if not n.startswith("_"))
        return None

    def place_of(self, name: str) -> Place:
        """Where a name of the module is given its value."""
        statement, unit = self.assigned[name]
        value = statement.value or statement
        return Place(self.path, unit, value.start, value.end)

    # Effects ------------------------------------------------------------------------------------

    def entered(self, thing: Thing) -> None:
        """`with op.get_context().autocommit_block():`."""
        if isinstance(thing, Made) and thing.last == "autocommit_block":
            self.commits = True

    def called(self, made: Made) -> Thing:
        """Note what a call does to the database."""
        function = made.function
        if isinstance(function, Named):
            return self._library(function.name, made)
        if isinstance(function, Member):
            return self._member(function, made)
        if isinstance(function, ClassThing):
            return made
        if function is UNKNOWN:
            self._unknown(made)
        return UNKNOWN

    def _library(self, name: str, made: Made) -> Thing:
        if name.startswith("alembic.op."):
            last = name.rpartition(".")[2]
            if last in OPERATIONS:
                self._note(made, OPERATIONS[last](made, self, None))
            elif last == "run_async":
                self.unclear = True
            return made
        if name in _DEDENTING:
            return made.get("text", 0, UNKNOWN)
        is_class = name.rpartition(".")[2].lstrip("_")[:1].isupper()
        if is_alchemy(name) or is_class or name.partition(".")[0] in _HARMLESS:
            return made
        if _DANGEROUS.search(name.rpartition(".")[2]) and "." in name:
            self._code(made)
            self.unclear = True
        return UNKNOWN

    def _member(self, function: Member, made: Made) -> Thing:
        owner, name = function.owner, function.name
        if isinstance(owner, Made) and owner.last == "batch_alter_table":
            if name in OPERATIONS:
                self._note(made, OPERATIONS[name](made, self, owner))
            return made
        if name == "create" and isinstance(owner, Made) and owner.last in {"Enum", "ENUM", "Table"}:
            self._note(made, OPERATIONS[f"{owner.last.lower()}.create"](made, self, owner))
        elif name == "drop" and isinstance(owner, Made) and owner.last == "Table":
            self._note(made, OPERATIONS["table.drop"](made, self, owner))
        elif name in {"create_all", "drop_all"} or (name == "create" and _is_table(owner)):
            self._code(made)
            self.unclear = True
        elif name in _RUNS and _is_connection(owner):
            given = made.get("statement", 0, UNKNOWN)
            done = None if name in {"query", "commit", "merge"} else sql_of(given, made)
            if done is None or (done.unread and name in {"scalar", "scalars"}):
                self._code(made)
            else:
                self._note(made, done)
        return made

    def _unknown(self, made: Made) -> None:
        """A call of something that is not known."""
        called = made.node.function
        last = called.name if isinstance(called, ir.Attribute) else getattr(called, "id", "")
        if last in {"execute", "create_all"}:
            given = made.get("statement", 0, UNKNOWN)
            done = sql_of(given, made)
            if done is not None:
                self._note(made, done)
            else:
                self._code(made)
        elif isinstance(called, ir.Name) and _DANGEROUS.search(last):
            self._code(made)
            self.unclear = True

    def _note(self, made: Made, done: Done | None) -> None:
        if done is None:
            self._code(made)
            self.unclear = True
            return
        if done.unread:
            self.unclear = True
        if re.match(r"\s*commit\b", done.sql, re.IGNORECASE):
            self.commits = True
        if done.is_nothing:
            return
        self.found.append(
            Operation(
                at=Place(self.path, made.unit, made.node.start, made.node.end),
                ddl=done.ddl,
                sql=done.sql,
                runs=done.runs,
                concurrent=done.concurrent,
                depends=self.maybe > 0,
            )
        )

    def _code(self, made: Made) -> None:
        self._note(made, code_of())


_HARMLESS = frozenset(
    """
    logging os sys re json datetime uuid enum time typing itertools functools collections warnings
    textwrap builtins decimal math random string hashlib base64 pathlib contextlib operator copy
    """.split()  # noqa: SIM905
)


def _is_connection(owner: Thing) -> bool:
    """Whether a thing was made from the migration's connection, or is a session on it."""
    return any(isinstance(one, Made) and one.last in _SESSIONS for one in _chain(owner))


def _chain(thing: Thing) -> Iterator[Thing]:
    for _ in range(20):
        yield thing
        if isinstance(thing, Made):
            thing = thing.function.owner if isinstance(thing.function, Member) else thing.function
        elif isinstance(thing, Member):
            thing = thing.owner
        else:
            return


def _is_table(owner: Thing) -> bool:
    return isinstance(owner, Member) and owner.name == "__table__"
