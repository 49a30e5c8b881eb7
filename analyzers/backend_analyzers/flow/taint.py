"""What of a value comes from outside, within one function, and how it got there.

The caller says what a source is.  What passes a conversion to a number, an allow-list, or a quoting
function is clean; what goes through a function that is not known is unknown, which is clean too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from backend_analyzers import ir
from backend_analyzers.flow.bindings import Binding
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.guards import is_checked
from backend_analyzers.source import Place

Source = Callable[[Code, ir.Expr], str]
"""The kind of source that an expression is (`request`), or empty."""

PARAMETER = "parameter"
"""The kind of what a function takes from its caller, when `parameters=True` asks for it."""

STEPS = 40
_BREADTH = 60
_CLEAN_TYPES = frozenset(
    """
    int float bool complex number boolean bigint Number Boolean Date decimal.Decimal uuid.UUID
    datetime.date datetime.datetime datetime.time datetime.timedelta pydantic.UUID4
    pydantic.PositiveInt pydantic.NonNegativeInt ipaddress.IPv4Address
    """.split()  # noqa: SIM905 - a list of sixteen quoted words reads worse
)
_SANITISERS = frozenset(
    """
    int float bool len hash ord round abs sum Number parseInt parseFloat Boolean BigInt Number.parseInt
    uuid.UUID decimal.Decimal datetime.date.fromisoformat datetime.datetime.fromisoformat
    shlex.quote re.escape html.escape markupsafe.escape encodeURIComponent isinstance typeof
    psycopg.sql.Identifier psycopg.sql.Literal psycopg.sql.Placeholder psycopg2.sql.Identifier
    psycopg2.sql.Literal psycopg2.sql.Placeholder psycopg2.extensions.quote_ident
    pg.escapeIdentifier pg.escapeLiteral pg-format pg-format.ident pg-format.literal mysql.escape
    mysql.escapeId mysql2.escape mysql2.escapeId sqlstring.escape sqlstring.escapeId
    werkzeug.utils.secure_filename os.path.basename path.basename
    """.split()  # noqa: SIM905
)
_CLEAN_METHODS = frozenset(
    """
    length size count index indexOf includes has startswith endswith startsWith endsWith isdigit
    isalnum isalpha isidentifier test escape escapeId escapeIdentifier escapeLiteral quote ident
    """.split()  # noqa: SIM905
)
_PASSING = frozenset(
    """
    str String bytes repr format decodeURIComponent decodeURI JSON.parse json.loads list tuple set
    sorted reversed dict iter next urllib.parse.unquote base64.b64decode Object.keys Object.values
    Object.entries Array.from os.path.join path.join
    """.split()  # noqa: SIM905
)
_PASSING_METHODS = frozenset({"join", "format", "concat", "replace", "replaceAll", "get"})
_OPERATORS = frozenset({"+", "%", "or", "and", "||", "&&", "??", ":=", "=", "as", "!", "satisfies"})


class Tainted(msgspec.Struct, frozen=True):
    """A value from outside: what kind of source, and the way it took, source first."""

    kind: str
    path: tuple[tuple[Place, str], ...]


def tainted_holes(
    code: Code, text: ir.Text, source: Source, *, parameters: bool = False
) -> list[tuple[ir.Hole, Tainted]]:
    """The holes of a text of the unit that a source reaches; those of a tagged template are parameters."""
    found: list[tuple[ir.Hole, Tainted]] = []
    if text.function is not None:
        return found
    for part in text.parts:
        if isinstance(part, ir.Hole):
            tainted = taint(code, part.value, source, parameters=parameters)
            if tainted is not None:
                found.append((part, tainted))
    return found


def taint(
    code: Code, expression: ir.Expr, source: Source, *, parameters: bool = False
) -> Tainted | None:
    """Whether a value comes from a source, and how.

    With `parameters`, what the function takes from its caller counts as well, as `PARAMETER`.
    """
    return _Tracing(code, source, parameters).of(expression, STEPS)


class _Tracing:
    """One question, with the expressions on the way to its answer."""

    def __init__(self, code: Code, source: Source, parameters: bool) -> None:
        self.code = code
        self.source = source
        self.parameters = parameters
        self.known: dict[int, Tainted | None] = {}

    def of(self, expression: ir.Expr, steps: int) -> Tainted | None:
        key = id(expression)
        if key not in self.known:
            self.known[key] = None
            if steps > 0:
                self.known[key] = self._of(expression, steps - 1)
        return self.known[key]

    def _of(self, expression: ir.Expr, steps: int) -> Tainted | None:
        if isinstance(expression, ir.Constant | ir.Lambda):
            return None
        code = self.code
        if isinstance(expression, ir.Name | ir.Attribute | ir.Call | ir.Index):
            if code.type_of(expression) in _CLEAN_TYPES or is_checked(code, expression):
                return None
            kind = self.source(code, expression)
            if kind:
                return Tainted(kind, ((code.place(expression), "comes from outside here"),))
        match expression:
            case ir.Name():
                return self._name(expression, steps)
            case ir.Attribute(value=value, name=name):
                return None if name in _CLEAN_METHODS else self.of(value, steps)
            case ir.Index(value=value):
                return self.of(value, steps)
            case ir.Await(value=value):
                return self.of(value, steps)
            case ir.Call():
                return self._call(expression, steps)
            case ir.Text(parts=parts):
                holes = [part.value for part in parts if isinstance(part, ir.Hole)]
                return self._any(holes, steps)
            case ir.Operator(operator="?:", operands=(_, *branches)):
                return self._any(branches, steps)
            case ir.Operator(operator=operator, operands=operands) if operator in _OPERATORS:
                return self._any(operands, steps)
            case ir.Collection(entries=entries):
                return self._any([entry.value for entry in entries], steps)
            case ir.Comprehension(element=element):
                return self.of(element, steps)
            case _:
                return None

    def _any(self, expressions: Iterable[ir.Expr], steps: int) -> Tainted | None:
        for expression in list(expressions)[:_BREADTH]:
            found = self.of(expression, steps)
            if found is not None:
                return found
        return None

    def _name(self, name: ir.Name, steps: int) -> Tainted | None:
        found, local = self.code.names.bindings(name.id, name.start, here=True)
        if not local:
            return None
        for binding in found:
            tainted = self._binding(name, binding, steps)
            if tainted is not None:
                return tainted
        return None

    def _binding(self, name: ir.Name, binding: Binding, steps: int) -> Tainted | None:
        if binding.kind == "parameter":
            return self._parameter(name, steps)
        value = binding.value
        if value is None or binding.kind == "unknown":
            return None
        is_mapping = isinstance(value, ir.Collection) and value.kind == "mapping"
        if is_mapping and binding.kind == "element":
            return None  # its keys are written out
        tainted = self.of(value, steps)
        if tainted is None:
            return None
        step = (self.code.place(value), f"is given to `{name.id}`")
        return (
            tainted
            if tainted.path[-1][0] == step[0] and len(tainted.path) > 1
            else Tainted(tainted.kind, (*tainted.path, step))
        )

    def _parameter(self, name: ir.Name, steps: int) -> Tainted | None:
        """A callback's parameter is an element of what it runs over; another's comes from its caller."""
        outline = self.code.outline
        function = self.code.enclosing(name)
        while function.number and all(one.name != name.id for one in function.parameters):
            function = outline.functions[function.parent]
        if function.call is not None:
            called = function.call.function
            is_first = bool(function.parameters) and function.parameters[0].name == name.id
            if is_first and isinstance(called, ir.Attribute):
                return self.of(called.value, steps)
            return None
        if not self.parameters or name.id in {"self", "cls", "this"}:
            return None
        place = self.code.place(name)
        for parameter in function.parameters:
            if parameter.name == name.id:
                place = self.code.place(parameter)
        return Tainted(PARAMETER, ((place, f"`{name.id}` comes from the caller"),))

    def _call(self, call: ir.Call, steps: int) -> Tainted | None:
        function = call.function
        callee = self.code.callee_of(call)
        if callee in _SANITISERS:
            return None
        values = [one.value for one in call.arguments]
        if isinstance(function, ir.Attribute):
            name = function.name
            if name in _CLEAN_METHODS or callee.startswith(":"):
                return None
            if name in {"map", "flatMap"} and values and isinstance(values[0], ir.Lambda):
                return self._any(_returned(values[0]), steps)
            receiver = self.of(function.value, steps)
            if receiver is not None:
                return receiver
            if name == "get" and not isinstance(function.value, ir.Text):
                return None  # looking a key up gives a value of ours
            passes = name in _PASSING_METHODS and isinstance(
                function.value, ir.Text | ir.Collection | ir.Operator | ir.Name
            )
            return self._any(values, steps) if passes or callee in _PASSING else None
        if callee in _PASSING or callee in self.code.names.tables.texts:
            return self._any(values, steps)
        return None


def _returned(function: ir.Lambda) -> list[ir.Expr]:
    """What a callback gives back, as far as it says so at its top level."""
    return [
        statement.value
        for statement in function.function.body
        if isinstance(statement, ir.Return) and statement.value is not None
    ]


_REQUEST_TYPES = frozenset(
    {
        *("express.Request", "fastapi.Request", "starlette.requests.Request", "flask.Request"),
        *("django.http.HttpRequest", "fastapi.WebSocket", "aiohttp.web.Request"),
        *("http.IncomingMessage", "fastify.FastifyRequest", "next.NextApiRequest"),
    }
)
_REQUEST_NAMES = ("flask.request",)


def is_request(code: Code, expression: ir.Expr) -> str:
    """The source that needs no knowledge of routes: the request objects of web frameworks."""
    if not isinstance(expression, ir.Name | ir.Attribute):
        return ""
    if code.type_of(expression) in _REQUEST_TYPES or code.name_of(expression) in _REQUEST_NAMES:
        return "request"
    return ""


def parameters_of(handlers: frozenset[tuple[str, str]]) -> Source:
    """The source that (key of a function, name of a parameter) pairs are, and every request object."""

    def source(code: Code, expression: ir.Expr) -> str:
        if not isinstance(expression, ir.Name):
            return is_request(code, expression)
        found, local = code.names.bindings(expression.id, expression.start, here=True)
        if local and any(one.kind == "parameter" for one in found):
            function = code.enclosing(expression)
            while function.number and all(one.name != expression.id for one in function.parameters):
                function = code.outline.functions[function.parent]
            if (function.key, expression.id) in handlers:
                return "request"
        return is_request(code, expression)

    return source
