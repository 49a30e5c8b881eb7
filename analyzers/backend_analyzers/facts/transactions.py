"""Where transactions are open in the functions of a file, and what happens meanwhile.

A transaction is a `with` block that begins one, a callback that is given one, a function that a decorator wraps in one,
or what lies between the first change and the commit that follows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from backend_analyzers import ir
from backend_analyzers.events import AnyEvent, DatabaseQuery, TransactionBegin, TransactionEnd
from backend_analyzers.fact import file_fact, unit_fact
from backend_analyzers.facts.calls import Act, Calling, running, unit_calls
from backend_analyzers.facts.function_names import function_keys
from backend_analyzers.facts.network import wait
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.meanings import events
from backend_analyzers.flow.order import may_follow
from backend_analyzers.flow.scope import dotted
from backend_analyzers.source import File, Place


class Meanwhile(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A call to another system, or of a function of the project, while a transaction is open.

    `barred` are ranges further up from which the call cannot be reached: the other arm of a choice.
    """

    act: Act | None
    call: Calling | None
    barred: tuple[tuple[int, int], ...] = ()

    @property
    def place(self) -> Place:
        """Where it is."""
        made = self.act or self.call
        assert made is not None
        return made.place

    def after(self, changes: Iterable[Place]) -> Place | None:
        """The first of some changes that has been made when it runs."""
        return next(
            (
                one
                for one in changes
                if one.end <= self.place.start
                and not any(start <= one.start < end for start, end in self.barred)
            ),
            None,
        )


class Transaction(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A range of a unit in which a transaction is open.

    `at` is what begins it.  `changes` are the places in it that write rows or lock them.
    """

    at: Place
    end: int
    changes: tuple[Place, ...] = ()
    meanwhile: tuple[Meanwhile, ...] = ()


@file_fact
def transactions(file: File) -> tuple[Transaction, ...]:
    """The transactions of a file in which something happens beside queries."""
    return tuple(one for found in unit_transactions.each(file) for one in found)


@unit_fact
def unit_transactions(code: Code) -> tuple[Transaction, ...]:
    """The transactions of a unit in which something happens beside queries."""
    if len(code.outline.functions) == 1:
        return ()
    happened = events(code)
    if not _may_begin(code, happened):
        return ()
    reader = _Reader(code, happened)
    found = [*reader.blocks(), *reader.decorated(), *reader.until_commit()]
    return tuple(one for one in found if one.meanwhile)


def _may_begin(code: Code, happened: tuple[AnyEvent, ...]) -> bool:
    return any(isinstance(one, TransactionBegin | TransactionEnd) for one in happened) or any(
        function.node is not None
        and any("atomic" in dotted(_called(d)) for d in function.node.decorators)
        for function in code.outline.functions
    )


def _called(decorator: ir.Expr) -> ir.Expr:
    return decorator.function if isinstance(decorator, ir.Call) else decorator


class _Reader:
    """One unit, with its events."""

    def __init__(self, code: Code, happened: tuple[AnyEvent, ...]) -> None:
        self.code = code
        self.happened = happened
        self.keys = function_keys(code)
        self.calls = {one.key: one.calls for one in unit_calls(code)}

    def blocks(self) -> Iterator[Transaction]:
        """`with connection.transaction():`, and `transaction(async (tx) => …)`."""
        outline = self.code.outline
        begins = {
            (one.start, one.end): one for one in self.happened if isinstance(one, TransactionBegin)
        }
        for context, start, end in outline.contexts:
            inner = context.value if isinstance(context, ir.Await) else context
            begun = begins.get((inner.start, inner.end))
            if begun is not None:
                number = outline.block_at(context.start).function
                yield self._between(
                    number, self.code.place(inner), start, end, named=_is_django(begun.function)
                )
        for function in outline.functions:
            call = function.call
            if call is not None and function.node is not None and (call.start, call.end) in begins:
                node = function.node
                yield self._between(
                    function.number, self.code.place(call.function), node.start, node.end
                )

    def decorated(self) -> Iterator[Transaction]:
        """`@transaction.atomic`."""
        for function in self.code.outline.functions:
            if function.node is None:
                continue
            for decorator in function.node.decorators:
                called = _called(decorator)
                if _is_django(self.code.name_of(called)):
                    node = function.node
                    yield self._between(
                        function.number,
                        self.code.place(decorator),
                        node.name_end,
                        node.end,
                        named=True,
                    )

    def until_commit(self) -> Iterator[Transaction]:
        """From the first change to the commit that it waits for."""
        outline = self.code.outline
        open_since: dict[int, DatabaseQuery] = {}
        for event in self.happened:
            number = outline.block_at(event.start).function
            if isinstance(event, DatabaseQuery):
                if number and number not in open_since and _changes(self.code, event):
                    open_since[number] = event
            elif isinstance(event, TransactionEnd):
                first = open_since.get(number)
                if first is None:
                    continue
                block, last = outline.block_at(first.start), outline.block_at(event.start)
                if may_follow(outline, block, last):
                    del open_since[number]
                    if event.action == "commit":
                        at = self.code.place_of(first.start, first.end)
                        yield self._between(number, at, first.start, event.start)

    def _between(
        self, number: int, at: Place, start: int, end: int, *, named: bool = False
    ) -> Transaction:
        outline = self.code.outline
        changes: list[Place] = []
        meanwhile: list[Meanwhile] = []
        for event in self.happened:
            inside = start <= event.start < end
            if not inside or running(self.code, outline.block_at(event.start).number) != number:
                continue
            if isinstance(event, DatabaseQuery) and _changes(self.code, event):
                changes.append(self.code.place_of(event.start, event.end))
            found = wait(self.code, event)
            if found is not None and not self._is_for_debugging(event.start):
                meanwhile.append(Meanwhile(found, None, self._barred(number, event.start)))
        if named:
            changes += self._named_changes(number, start, end)
        key = self.keys.get(number, outline.functions[number].key)
        for call in self.calls.get(key, ()):
            if start <= call.place.start < end:
                barred = self._barred(number, call.place.start)
                meanwhile.append(Meanwhile(None, call, barred))
        return Transaction(at, end, tuple(sorted(changes)), tuple(meanwhile))

    def _is_for_debugging(self, at: int) -> bool:
        """Whether a branch that speaks of debugging is around."""
        return any(
            branch.start <= at < branch.end and _names_debugging(branch.test)
            for branch, _ in self.code.outline.branches
        )

    def _barred(self, number: int, at: int) -> tuple[tuple[int, int], ...]:
        """The blocks of a function before an offset that do not lead to it."""
        outline = self.code.outline
        later = outline.block_at(at)
        return tuple(
            (block.start, block.end)
            for block in outline.blocks
            if block.function == number
            and block.end <= at
            and not may_follow(outline, block, later)
        )

    def _named_changes(self, number: int, start: int, end: int) -> Iterator[Place]:
        """Calls that change rows by what Django calls them."""
        for site in self.code.outline.calls:
            called = site.call.function
            if not (start <= site.call.start < end and isinstance(called, ir.Attribute)):
                continue
            if self.code.outline.blocks[site.block].function != number:
                continue
            in_chain = isinstance(called.value, ir.Call) or dotted(called.value).endswith("objects")
            if called.name in _DJANGO_WRITES or (in_chain and called.name in {"update", "delete"}):
                yield self.code.place(site.call)


def _names_debugging(test: ir.Expr) -> bool:
    names = (dotted(one) for one in ir.walk(test) if isinstance(one, ir.Name | ir.Attribute))
    return any("debug" in name.lower() for name in names)


_DJANGO_WRITES = frozenset(
    {
        *("save", "bulk_create", "bulk_update", "update_or_create", "get_or_create"),
        *("select_for_update", "aupdate", "acreate", "asave"),
    }
)


def _is_django(name: str) -> bool:
    return name == "django.db.transaction.atomic"


_WRITES = re.compile(r"\s*(?:insert|update|delete|merge|replace|lock)\b", re.IGNORECASE)
_LOCKS = re.compile(r"\bfor\s+(?:no\s+key\s+)?(?:update|share)\b", re.IGNORECASE)
_STATEMENTS = frozenset({"insert", "update", "delete", "with_for_update"})


def _changes(code: Code, event: DatabaseQuery) -> bool:
    """Whether a query writes rows or locks them."""
    if event.sql is not None:
        text = "".join(one.text if isinstance(one, ir.Chunk) else " x " for one in event.sql.parts)
        return bool(_WRITES.match(text) or _LOCKS.search(text))
    last = event.function.rpartition(".")[2]
    if last == "flush":
        return True
    if last in {"update", "delete"}:
        return event.function.startswith("sqlalchemy.")
    return any(
        _names_statement(code, site.call)
        for site in code.outline.calls
        if event.argument_start <= site.call.start and site.call.end <= event.argument_end
    )


def _names_statement(code: Code, call: ir.Call) -> bool:
    called = call.function
    if isinstance(called, ir.Attribute) and called.name == "with_for_update":
        return True
    name = code.callee_of(call)
    return name.startswith("sqlalchemy.") and name.rpartition(".")[2] in _STATEMENTS
