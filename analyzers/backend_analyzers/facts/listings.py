"""Chains of calls that load every row of a model: `session.scalars(select(Order)).all()`, `prisma.order.findMany()`."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from backend_analyzers import ir
from backend_analyzers.facts.modules import reference
from backend_analyzers.libraries.row_words import (
    ALL,
    FILTERS,
    HARMLESS,
    NARROWING,
    ORDERS,
    PAGES,
    STATEMENT,
    ecosystem,
)
from backend_analyzers.source import Language, Place

Find = Callable[[str], "ir.Expr | None"]
"""What a local name stands for, when it is assigned once."""


class Listing(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Rows of a model that are loaded without a limit.

    `keys` are the columns that are compared for equality, `ordered` those that the rows are in order of.
    """

    model: str
    place: Place
    keys: tuple[str, ...] = ()
    ordered: tuple[str, ...] = ()


class _Read(msgspec.Struct):
    """What has been read of one chain."""

    model: str = ""
    keys: list[str] = []
    ordered: list[str] = []
    is_open: bool = True


_LONGEST_CHAIN = 30
_MODEL = re.compile(r"^_?[A-Z]\w*[a-z]\w*$")
_SESSION = re.compile(r"(?i)(?:^|[._])(?:session|db|dbsession|db_session|s|sess|conn|connection)$")
_PRISMA = re.compile(r"(?i)(?:^|[._])(?:\w*prisma\w*|db|tx|database)$")
_KNEX = re.compile(r"(?i)^(?:\w*knex|db|database|trx|dbconnection)(?:\(\))?$")
_REPOSITORY = re.compile(r"(?i)(\w+?)_?repo(?:sitory)?$")


def listing(call: ir.Call, language: Language, place: Place, find: Find) -> Listing | None:
    """What a call loads, when it is the end of a chain that loads every row of one model."""
    function = call.function
    if not isinstance(function, ir.Attribute) or function.name not in ALL[ecosystem(language)]:
        return None
    read = _Read()
    if language.is_ecmascript:
        _read_ecmascript(call, read)
    else:
        _read_python(call, read, find)
    if not read.is_open or not read.model:
        return None
    return Listing(read.model, place, tuple(read.keys), tuple(read.ordered))


# Python ----------------------------------------------------------------------------------------


def _read_python(call: ir.Call, read: _Read, find: Find) -> None:
    at: ir.Expr = call
    for _ in range(_LONGEST_CHAIN):
        match at:
            case ir.Await():
                at = at.value
            case ir.Call(function=ir.Attribute() as method):
                if method.name in STATEMENT and at.arguments:
                    at = at.arguments[0].value
                elif method.name == "query" and at.arguments:
                    _model(at, read)
                    read.is_open = read.is_open and bool(_SESSION.search(reference(method.value)))
                    return
                else:
                    _word(method.name, at, read)
                    at = method.value
            case ir.Call(function=ir.Name(id="select")):
                _model(at, read)
                return
            case ir.Attribute(name="query", value=ir.Name(id=model)) if _MODEL.match(model):
                read.model = model
                return
            case ir.Name():
                found = find(at.id)
                if found is None:
                    read.is_open = False
                    return
                at = found
            case _:
                read.is_open = False
                return
        if not read.is_open:
            return
    read.is_open = False


def _model(call: ir.Call, read: _Read) -> None:
    """The model that `select(Order)` or `query(Order.id, Order.total)` names."""
    models = set()
    for argument in call.arguments:
        name = reference(argument.value)
        head = name.partition(".")[0] if not name.startswith("models.") else name.split(".")[1]
        if argument.spread or not _MODEL.match(head) or "(" in name:
            read.is_open = False
        models.add(head)
    if len(models) != 1:
        read.is_open = False
    read.model = next(iter(models), "")


def _word(name: str, call: ir.Call, read: _Read) -> None:
    """One link of a chain."""
    if name in NARROWING or name not in HARMLESS:
        read.is_open = False
    elif name in FILTERS:
        for argument in call.arguments:
            if argument.spread:
                read.is_open = False
            elif argument.name:
                read.keys.append(argument.name)
            else:
                _condition(argument.value, read)
    elif name in ORDERS:
        for argument in call.arguments:
            read.ordered += _columns(argument.value)


def _condition(value: ir.Expr, read: _Read) -> None:
    """One condition: an equality, or one that leaves most rows; others may leave a few."""
    match value:
        case ir.Operator(operator="==" | "is", operands=(left, right)):
            if isinstance(right, ir.Constant):
                return
            read.keys.append(reference(left).rpartition(".")[2])
        case ir.Operator(operator="!=" | "is not"):
            pass
        case ir.Operator(operator="not" | "~" | "and" | "&", operands=operands):
            for operand in operands:
                _condition(operand, read)
        case ir.Call(function=ir.Attribute(name="is_" | "isnot" | "is_not" | "ilike" | "like")):
            pass
        case ir.Attribute():
            pass
        case ir.Collection(kind="mapping"):
            _conditions(value, read)
        case _:
            read.is_open = False


def _columns(value: ir.Node) -> list[str]:
    return [
        node.name if isinstance(node, ir.Attribute) else node.text
        for node in ir.walk(value)
        if isinstance(node, ir.Attribute | ir.Chunk)
    ]


# JavaScript and TypeScript ---------------------------------------------------------------------


def _read_ecmascript(call: ir.Call, read: _Read) -> None:
    assert isinstance(call.function, ir.Attribute)
    last, receiver = call.function.name, call.function.value
    options = call.arguments[0].value if call.arguments else None
    if last in {"findMany", "findAll"} or (last == "find" and _is_repository(receiver)):
        read.model = _owner(last, receiver)
        read.is_open = len(call.arguments) <= 1
        if options is not None:
            _options(options, read)
        return
    at: ir.Expr = call
    for _ in range(_LONGEST_CHAIN):
        match at:
            case ir.Call(function=ir.Attribute(name="find", value=ir.Name(id=model))) if (
                _MODEL.match(model)
            ):
                read.model = model
                _found(at, read)
                return
            case ir.Call(function=ir.Attribute() as method):
                if method.name == "from" and at.arguments:
                    _table(at, read)
                elif method.name in FILTERS and _key(at, read):
                    pass
                else:
                    _word(method.name, at, read)
                at = method.value
            case ir.Call(function=ir.Name(id=name)) if _KNEX.match(name) and not read.model:
                _table(at, read)
                return
            case ir.Name(id=name) | ir.Attribute(name=name) if _KNEX.match(name) and read.model:
                return
            case _:
                read.is_open = False
                return
        if not read.is_open:
            return
    read.is_open = False


def _owner(last: str, receiver: ir.Expr) -> str:
    """The model of `prisma.order`, `Order` and `orderRepository`."""
    name = reference(receiver)
    head, _, model = name.rpartition(".")
    if last == "findMany":
        return model if _PRISMA.search(head) else ""
    if last == "findAll":
        return model if _MODEL.match(model) else ""
    found = _REPOSITORY.search(model)
    return found[1] if found is not None else ""


def _is_repository(receiver: ir.Expr) -> bool:
    return bool(_REPOSITORY.search(reference(receiver).rpartition(".")[2]))


def _options(value: ir.Expr, read: _Read) -> None:
    """`{where: {…}, orderBy: {…}}` of Prisma, Sequelize and TypeORM."""
    if not isinstance(value, ir.Collection) or value.kind != "mapping":
        read.is_open = False
        return
    for entry in value.entries:
        key = entry.key.constant if isinstance(entry.key, ir.Text) else None
        if entry.spread or key is None or key in PAGES or key in {"group", "having", "distinct"}:
            read.is_open = False
        elif key == "where":
            _conditions(entry.value, read)
        elif key in {"orderBy", "order"}:
            read.ordered += _columns(entry.value)


def _found(call: ir.Call, read: _Read) -> None:
    """`Order.find(filter, projection, options)` of Mongoose."""
    if len(call.arguments) > 2:  # noqa: PLR2004 - options may hold a limit
        read.is_open = False
    elif call.arguments:
        _conditions(call.arguments[0].value, read)


def _conditions(value: ir.Expr, read: _Read) -> None:
    """The conditions of `{status: "open", customerId}`."""
    if not isinstance(value, ir.Collection) or value.kind != "mapping":
        read.is_open = False
        return
    for entry in value.entries:
        key = entry.key.constant if isinstance(entry.key, ir.Text) else None
        if entry.spread or key is None or key in {"OR", "AND", "$or", "$and", "$in", "$expr"}:
            read.is_open = False
        elif isinstance(entry.value, ir.Collection):
            words = {e.key.constant for e in entry.value.entries if isinstance(e.key, ir.Text)}
            if len(words) < len(entry.value.entries):
                # `{[Op.in]: ids}`: some of the rows that the column leads to.
                read.keys.append(key)
            read.is_open = read.is_open and words <= {"not", "equals", "contains", "$ne", "$exists"}
        elif not isinstance(entry.value, ir.Constant):
            read.keys.append(key)


def _key(call: ir.Call, read: _Read) -> bool:
    """`.where("customer_id", id)` and `.where({customer_id: id})` of knex."""
    first = call.arguments[0].value if call.arguments else None
    if isinstance(first, ir.Text) and (name := first.constant) is not None:
        if len(call.arguments) != 2:  # noqa: PLR2004 - a column and a value
            read.is_open = False
        read.keys.append(name.rpartition(".")[2])
        return True
    if isinstance(first, ir.Collection) and first.kind == "mapping":
        _conditions(first, read)
        return True
    read.is_open = False
    return True


def _table(call: ir.Call, read: _Read) -> None:
    first = call.arguments[0].value if call.arguments else None
    name = first.constant if isinstance(first, ir.Text) else reference(first) if first else ""
    read.model = (name or "").partition(" ")[0]
