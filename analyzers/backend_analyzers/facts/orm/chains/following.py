"""Local names followed through the assignments of a function, as far as a statement needs them."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from backend_analyzers import ir
from backend_analyzers.flow.bindings import Binding
from backend_analyzers.flow.code import Code

Fetches = Literal["one", "many", "unknown"]


ROOTS = frozenset({"select", "insert", "update", "delete", "union", "union_all", "query", "exists"})
EXECUTES = frozenset(
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
LARGEST = 400
"""Nodes of one statement, after names are followed."""


class Following:
    """Follows the names of one unit."""

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

    def is_root(self, call: ir.Call) -> bool:
        """Whether a call may begin a statement."""
        function = call.function
        return begins(call) or (isinstance(function, ir.Name) and function.id in self.roots)

    def resolved(self, expression: ir.Expr) -> ir.Expr | None:
        """The expression with local names followed; None when that becomes too large."""
        self.left = LARGEST
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
        (isinstance(node, ir.Call) and last(node) in _WORDS)
        or (isinstance(node, ir.Attribute) and node.name == "query")
        for node in ir.walk(value)
    ) and not _is_result(value)


def _is_result(value: ir.Expr) -> bool:
    """Whether a value is what a statement gave rather than the statement."""
    while isinstance(value, ir.Call):
        called = last(value)
        is_given = bool(value.arguments) and called in EXECUTES
        if (
            called in TERMINALS
            and called not in {"update", "delete"}
            and not (called == "scalar" and is_given)
        ):
            return True
        if is_given and isinstance(value.function, ir.Attribute):
            return True
        value = value.function.value if isinstance(value.function, ir.Attribute) else value.function
    return False


def last(call: ir.Call) -> str:
    """The last name of what a call calls."""
    function = call.function
    if isinstance(function, ir.Attribute):
        return function.name
    return function.id if isinstance(function, ir.Name) else ""


_MODULES = frozenset(
    {"sa", "sqlalchemy", "db", "orm", "sqlmodel", "postgresql", "pg", "mysql", "sql"}
)


def begins(call: ir.Call) -> bool:
    """Whether a call may begin a statement, by its name."""
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
