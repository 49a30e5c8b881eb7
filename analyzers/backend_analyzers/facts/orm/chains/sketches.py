"""Statements of SQLAlchemy as one file writes them: chains of calls, with local names followed.

What the names in a chain mean is found out when all files are here (`sqlalchemy`).  A part that is only added
under a condition is kept as such: `Operator("maybe", (sure, chain, ...))`, where the chains begin with
an empty name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec
from msgspec.structs import replace

from backend_analyzers import ir
from backend_analyzers.fact import file_fact, unit_fact
from backend_analyzers.flow.bindings import Binding
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.scope import dotted
from backend_analyzers.source import File, Language

Fetches = Literal["one", "many", "unknown"]


class Sketch(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A statement, and the call that runs it.

    `kind` says how: `execute` hands it over, `query` ends a chain with `method`, `get` asks for one row
    by its key, `built` only builds it.  `locals` are the names that are no names of the module.
    """

    unit: str
    owner: str
    kind: Literal["execute", "query", "get", "built"]
    method: str
    statement: ir.Expr
    fetches: Fetches = "unknown"
    function: str = ""
    call: tuple[int, int] | None = None
    arguments: tuple[ir.Argument, ...] = ()
    receiver: str = ""
    locals: tuple[str, ...] = ()


@file_fact
def sketches(file: File) -> tuple[Sketch, ...]:
    """The statements of a file of Python."""
    if file.language is not Language.PYTHON or not any(word in file.text for word in _MENTIONS):
        return ()
    return tuple(one for found in unit_sketches.each(file) for one in found)


_MENTIONS = (b".query", b"select(", b"session", b".execute(", b".scalar", b"insert(", b"update(")

ROOTS = frozenset({"select", "insert", "update", "delete", "union", "union_all", "query", "exists"})
_EXECUTES = frozenset(
    {
        *("execute", "scalars", "scalar", "stream", "stream_scalars", "exec"),
        *("fetch_all", "fetch_one", "fetch_val", "iterate", "paginate", "first_or_404"),
        *("one_or_404",),
    }
)
TERMINALS: dict[str, Fetches] = {
    **dict.fromkeys(("all", "paginate", "yield_per", "partitions"), "many"),
    **dict.fromkeys(
        (
            *(
                "first",
                "one",
                "one_or_none",
                "scalar",
                "count",
                "get",
                "first_or_404",
                "get_or_404",
            ),
            *("one_or_404", "scalar_one", "scalar_one_or_none", "get_or_none"),
        ),
        "one",
    ),
    "update": "unknown",
    "delete": "unknown",
}
_ONE = frozenset(
    {
        *("scalar", "scalar_one", "scalar_one_or_none", "one", "one_or_none", "first", "fetchone"),
        *("fetch_one", "fetch_val", "first_or_404", "one_or_404"),
    }
)
_MANY = frozenset(
    {"all", "scalars", "fetchall", "fetch_all", "stream", "stream_scalars", "paginate"}
)
_WORDS = ROOTS | {
    *(
        "aliased",
        "alias",
        "subquery",
        "cte",
        "func",
        "and_",
        "or_",
        "not_",
        "case",
        "literal",
        "filter",
    ),
    *("where", "join", "label", "exists", "cast", "text", "desc", "asc", "in_", "is_", "like"),
    *("ilike", "filter_by", "order_by", "select_from", "outerjoin", "with_entities", "values"),
    *("limit", "offset", "distinct", "group_by", "having", "options", "returning", "slice"),
    *("with_for_update", "with_only_columns", "add_columns", "execution_options"),
}
_GETS = frozenset({"get", "get_one", "get_or_404", "one_or_404"})
_DEEPEST = 30
_LARGEST = 400
"""Nodes of one statement, after names are followed."""


@unit_fact
def unit_sketches(code: Code) -> tuple[Sketch, ...]:
    """The statements of a unit."""
    calls = code.outline.calls
    if not any(_last(site.call) in _INTERESTING for site in calls) and not _has_query(code):
        return ()
    return tuple(_Finder(code).all())


_INTERESTING = ROOTS | frozenset({"execute", "scalars", "scalar", "exec", "get"})


def _has_query(code: Code) -> bool:
    """Whether something is called on `Model.query`."""
    return any(
        isinstance(site.call.function, ir.Attribute)
        and isinstance(site.call.function.value, ir.Attribute)
        and site.call.function.value.name == "query"
        for site in code.outline.calls
    )


class _Finder:
    """Finds the statements of one unit."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self.outer: dict[int, ir.Call] = {}
        self.used: set[tuple[int, int]] = set()
        self.appended: dict[str, list[ir.Expr]] = {}
        self.roots = _other_names(code)
        for site in code.outline.calls:
            call = site.call
            function = call.function
            if isinstance(function, ir.Attribute):
                inner = function.value
                while isinstance(inner, ir.Await):
                    inner = inner.value
                if isinstance(inner, ir.Call):
                    self.outer[id(inner)] = call
                if isinstance(inner, ir.Name) and function.name in {"append", "extend"}:
                    self.appended.setdefault(inner.id, []).extend(a.value for a in call.arguments)

    def all(self) -> Iterator[Sketch]:
        """Those that are run, then those that are only built."""
        calls = [site.call for site in self.code.outline.calls]
        for call in calls:
            found = self._executed(call) or self._ended(call) or self._got(call)
            if found is not None:
                yield found
        for value in self._iterated():
            found = self._looped(value)
            if found is not None:
                yield found
        for call in calls:
            if self._is_root(call) and (call.start, call.end) not in self.used:
                found = self._built(call)
                if found is not None:
                    yield found

    # What runs ----------------------------------------------------------------------------------

    def _executed(self, call: ir.Call) -> Sketch | None:
        function = call.function
        if not isinstance(function, ir.Attribute) or function.name not in _EXECUTES:
            return None
        given = next(
            (a.value for a in call.arguments if a.name in {"", "statement", "clause"}), None
        )
        if given is None or isinstance(given, ir.Text | ir.Constant):
            return None
        statement = self._resolved(given)
        if statement is None or not self._has_root(statement):
            return None
        name = function.name
        fetches: Fetches = "one" if name in _ONE else "many" if name in _MANY else "unknown"
        after = self.outer.get(id(call))
        while after is not None:
            method = _last(after)
            fetches = "one" if method in _ONE else "many" if method in _MANY else fetches
            after = self.outer.get(id(after))
        return self._sketch("execute", name, statement, fetches, call, dotted(function.value))

    def _ended(self, call: ir.Call) -> Sketch | None:
        function = call.function
        if not isinstance(function, ir.Attribute) or function.name not in TERMINALS:
            return None
        if not _may_be_query(function.value):
            return None
        statement = self._resolved(function.value)
        if statement is None or not _is_query(statement):
            return None
        return self._sketch(
            "query",
            function.name,
            statement,
            TERMINALS[function.name],
            call,
            _receiver(statement),
            tuple(
                replace(a, value=self._resolved(a.value) or ir.Unknown(a.value.start, a.value.end))
                for a in call.arguments
            ),
        )

    def _got(self, call: ir.Call) -> Sketch | None:
        function = call.function
        if not isinstance(function, ir.Attribute) or function.name not in _GETS:
            return None
        given = [a for a in call.arguments if not a.spread]
        if len(given) < 2 or not _is_class(given[0].value):  # noqa: PLR2004
            return None
        entity = self._resolved(given[0].value)
        if entity is None:
            return None
        return self._sketch(
            "get", function.name, entity, "one", call, dotted(function.value), tuple(given[1:2])
        )

    def _iterated(self) -> Iterator[ir.Expr]:
        for block in self.code.outline.blocks:
            loop = block.loop
            if isinstance(loop, ir.Loop) and loop.kind == "each" and loop.iterable is not None:
                yield loop.iterable
            elif isinstance(loop, ir.Comprehension):
                yield from (one.iterable for one in loop.generators)
        for site in self.code.outline.calls:
            call = site.call
            if isinstance(call.function, ir.Name) and call.function.id in {"list", "set", "tuple"}:
                yield from (a.value for a in call.arguments[:1])

    def _looped(self, value: ir.Expr) -> Sketch | None:
        while isinstance(value, ir.Await):
            value = value.value
        if not _may_be_query(value) or (value.start, value.end) in self.used:
            return None
        statement = self._resolved(value)
        if statement is None or not _is_query(statement):
            return None
        if not _calls_something(statement):
            return None
        return self._sketch("query", "", statement, "many", value, _receiver(statement))

    def _built(self, call: ir.Call) -> Sketch | None:
        top = call
        while (after := self.outer.get(id(top))) is not None and _last(after) not in TERMINALS:
            top = after
        statement = self._resolved(top)
        if statement is None:
            return None
        return self._sketch("built", "", statement, "unknown", None, "")

    def _sketch(
        self,
        kind: Literal["execute", "query", "get", "built"],
        method: str,
        statement: ir.Expr,
        fetches: Fetches,
        call: ir.Node | None,
        receiver: str,
        arguments: tuple[ir.Argument, ...] = (),
    ) -> Sketch | None:
        nodes = list(ir.walk(statement))
        if len(nodes) > 20 * _LARGEST or not _fits(nodes):
            return None
        for node in (*nodes, *(n for a in arguments for n in ir.walk(a.value))):
            if isinstance(node, ir.Call) and self._is_root(node):
                self.used.add((node.start, node.end))
        at = call or statement
        function = self.code.enclosing(at)
        names = {
            node.id
            for node in (*nodes, *(n for a in arguments for n in ir.walk(a.value)))
            if isinstance(node, ir.Name) and self._is_local(node)
        }
        return Sketch(
            self.code.unit.key,
            self.code.outline.functions[0].owner or self.code.unit.owner,
            kind,
            method,
            statement,
            fetches,
            function.key,
            None if call is None else (call.start, call.end),
            arguments,
            receiver,
            tuple(sorted(names)),
        )

    def _is_local(self, name: ir.Name) -> bool:
        if ":" in name.id:
            return False
        found, local = self.code.names.bindings(name.id, name.start, here=True)
        return local and bool(found)

    def _is_root(self, call: ir.Call) -> bool:
        function = call.function
        return _begins(call) or (isinstance(function, ir.Name) and function.id in self.roots)

    # Names --------------------------------------------------------------------------------------

    def _has_root(self, statement: ir.Expr) -> bool:
        return any(
            (isinstance(node, ir.Call) and self._is_root(node))
            or (isinstance(node, ir.Attribute) and node.name == "query")
            for node in ir.walk(statement)
        )

    def _resolved(self, expression: ir.Expr) -> ir.Expr | None:
        """The expression with local names followed; None when that becomes too large."""
        self.left = _LARGEST
        found = self._follow(expression, _DEEPEST)
        return found if self.left > 0 else None

    def _follow(self, node: ir.Expr, depth: int) -> ir.Expr:
        self.left -= 1
        if depth <= 0 or self.left <= 0:
            return node
        match node:
            case ir.Name():
                return self._name(node, depth)
            case ir.Call(function=function, arguments=arguments):
                return replace(
                    node,
                    function=self._follow(function, depth - 1),
                    arguments=tuple(
                        replace(one, value=self._argument(one, depth)) for one in arguments
                    ),
                )
            case ir.Attribute(value=value):
                return replace(node, value=self._follow(value, depth - 1))
            case ir.Operator(operands=operands):
                return replace(node, operands=tuple(self._follow(o, depth - 1) for o in operands))
            case ir.Collection(entries=entries):
                found = tuple(replace(e, value=self._follow(e.value, depth - 1)) for e in entries)
                return replace(node, entries=found)
            case ir.Await(value=value):
                return self._follow(value, depth)
            case ir.Index(value=value):
                return replace(node, value=self._follow(value, depth - 1))
            case ir.Lambda() | ir.Comprehension():
                return ir.Unknown(node.start, node.end)
            case _:
                return node

    def _argument(self, argument: ir.Argument, depth: int) -> ir.Expr:
        value = argument.value
        found = self._follow(value, depth - 1)
        if argument.spread == "*" and isinstance(value, ir.Name) and value.id in self.appended:
            added = (self._follow(one, depth - 2) for one in self.appended[value.id])
            return ir.Operator(value.start, value.end, "maybe", (found, *added))
        return found

    def _name(self, name: ir.Name, depth: int) -> ir.Expr:
        found, local = self.code.names.bindings(name.id, name.start, here=True)
        if not local or not found:
            return name
        first, *rest = found
        if first.kind == "import" and not rest:
            module, _, last = first.detail.rpartition(".")
            return replace(name, id=f"{module or '.'}:{last}" if module else name.id)
        if any(one.kind != "value" or one.value is None for one in found):
            return name
        outline = self.code.outline
        block = outline.block_at(name.start).number
        if not outline.is_within(block, first.block) and len(found) > 1:
            return ir.Unknown(name.start, name.end)
        value = first.value
        assert value is not None
        if not _is_relevant(value):
            return name
        base = self._follow(value, depth - 1)
        if rest:
            added = [self._added(one, name.id, depth) for one in rest]
            if any(one is None for one in added):
                return ir.Unknown(name.start, name.end)
            base = ir.Operator(
                name.start, name.end, "maybe", (base, *(one for one in added if one is not None))
            )
        return ir.Operator(name.start, name.end, ":=", (name, base))

    def _added(self, binding: Binding, name: str, depth: int) -> ir.Expr | None:
        """What `stmt = stmt.where(…)` adds, as a chain that begins with an empty name."""
        links: list[tuple[ir.Call, ir.Attribute]] = []
        node = binding.value
        while isinstance(node, ir.Call) and isinstance(node.function, ir.Attribute):
            links.append((node, node.function))
            node = node.function.value
        if not isinstance(node, ir.Name) or node.id != name:
            return None
        chain: ir.Expr = replace(node, id="")
        for call, function in reversed(links):
            arguments = tuple(
                replace(one, value=self._argument(one, depth - 2)) for one in call.arguments
            )
            chain = replace(call, function=replace(function, value=chain), arguments=arguments)
        return chain


def _other_names(code: Code) -> frozenset[str]:
    """Other names under which the file imports what begins a statement."""
    return frozenset(
        name
        for name, bindings in code.scope.names.items()
        for one in bindings
        if one.kind == "import"
        and name not in ROOTS
        and one.detail.startswith("sqlalchemy")
        and one.detail.rpartition(".")[2] in ROOTS
    )


def _is_relevant(value: ir.Expr) -> bool:
    """Whether a value may be a part of a statement, rather than what it is asked with."""
    match value:
        case ir.Constant() | ir.Text() | ir.Collection():
            return True
        case ir.Name(id=name) | ir.Attribute(value=ir.Name(id=name)) if name[:1].isupper():
            return True
        case ir.Await():
            return False
        case _:
            pass
    return any(
        (isinstance(node, ir.Call) and _last(node) in _WORDS)
        or (isinstance(node, ir.Attribute) and node.name == "query")
        for node in ir.walk(value)
    ) and not _is_result(value)


def _is_result(value: ir.Expr) -> bool:
    """Whether a value is what a statement gave rather than the statement."""
    while isinstance(value, ir.Call):
        last = _last(value)
        is_given = bool(value.arguments) and last in _EXECUTES
        if (
            last in TERMINALS
            and last not in {"update", "delete"}
            and not (last == "scalar" and is_given)
        ):
            return True
        if is_given and isinstance(value.function, ir.Attribute):
            return True
        value = value.function.value if isinstance(value.function, ir.Attribute) else value.function
    return False


def _is_class(value: ir.Expr) -> bool:
    name = value.name if isinstance(value, ir.Attribute) else getattr(value, "id", "")
    return name[:1].isupper() or name in {"cls", "model"}


def _last(call: ir.Call) -> str:
    function = call.function
    if isinstance(function, ir.Attribute):
        return function.name
    return function.id if isinstance(function, ir.Name) else ""


_MODULES = frozenset(
    {"sa", "sqlalchemy", "db", "orm", "sqlmodel", "postgresql", "pg", "mysql", "sql"}
)


def _begins(call: ir.Call) -> bool:
    """Whether a call may begin a statement."""
    function = call.function
    if isinstance(function, ir.Name):
        return function.id in ROOTS and function.id != "query"
    if not isinstance(function, ir.Attribute) or function.name not in ROOTS:
        return False
    if function.name == "query":
        return bool(call.arguments)
    owner = function.value
    if isinstance(owner, ir.Attribute) and owner.name == "__table__":
        return True
    name = owner.id if isinstance(owner, ir.Name) else getattr(owner, "name", "")
    return name in _MODULES or (
        function.name in {"insert", "update", "delete", "select"} and _is_table(name)
    )


def _is_table(name: str) -> bool:
    return name.endswith(("_table", "table", "_t")) or name.startswith(("t_", "tbl"))


def _may_be_query(value: ir.Expr) -> bool:
    """A cheap look before names are followed."""
    while True:
        match value:
            case ir.Call(function=ir.Attribute(name="query")):
                return True
            case ir.Call(function=ir.Attribute(value=inner)) | ir.Await(value=inner):
                value = inner
            case ir.Attribute(name="query") | ir.Name():
                return True
            case _:
                return False


def _is_query(statement: ir.Expr) -> bool:
    """Whether a chain begins with `session.query(…)` or `Model.query`."""
    for _ in range(200):
        match statement:
            case ir.Operator(operator=":=", operands=(_, inner)):
                statement = inner
            case ir.Operator(operator="maybe", operands=(inner, *_)):
                statement = inner
            case ir.Call(function=ir.Attribute(name="query"), arguments=arguments):
                return bool(arguments)
            case ir.Call(function=ir.Attribute(value=inner)):
                statement = inner
            case ir.Attribute(name="query"):
                return True
            case _:
                return False
    return False


def _calls_something(statement: ir.Expr) -> bool:
    return any(isinstance(node, ir.Call) for node in ir.walk(statement))


def _receiver(statement: ir.Expr) -> str:
    for node in ir.walk(statement):
        if isinstance(node, ir.Call) and isinstance(node.function, ir.Attribute):
            if node.function.name == "query":
                return dotted(node.function.value)
        elif isinstance(node, ir.Attribute) and node.name == "query":
            return dotted(node)
    return ""


_LARGEST_INTEGER = 2**63


def _fits(nodes: list[ir.Node]) -> bool:
    return all(
        abs(one.value) < _LARGEST_INTEGER
        for one in nodes
        if isinstance(one, ir.Constant) and isinstance(one.value, int)
    )
