"""What JavaScript and TypeScript migrations do, statement by statement, whatever the tool.

`up` is followed with the functions of its file that it calls, loops over lists that are written out
are unrolled, and what stands under a condition is marked so.  Each tool reads the calls of its object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from backend_analyzers import ir
from backend_analyzers.facts.migrations import Operation
from backend_analyzers.facts.migrations.javascript_files import Found, Link, chain, placed_ddl
from backend_analyzers.facts.orm.spelled import Known, Spelled, spelled
from backend_analyzers.flow.code import Code
from backend_analyzers.libraries.knex_schema import CLIENTS, OTHERS
from backend_analyzers.sql.ddl import Ddl, DdlStatement
from backend_analyzers.sql.statement import Dialect

_DEEPEST = 6
_MOST_TURNS = 100


# Following -------------------------------------------------------------------------------------


class Frame(NamedTuple):
    """Where the reading is: names of the tool's object, and what other names stand for."""

    code: Code
    roots: frozenset[str]
    known: Known
    is_conditional: bool = False
    depth: int = 0


class Follower:
    """Follows a function; each tool says what the calls of its object do (`call`)."""

    def __init__(self, functions: Mapping[str, Found], dialect: Dialect) -> None:
        self.functions = functions
        self.dialect: Dialect = dialect
        self.found: list[Operation] = []
        self.is_complete = True

    def call(self, frame: Frame, links: list[Link], whole: ir.Expr) -> None:
        """Read a chain that begins at the tool's object."""
        raise NotImplementedError

    def is_root(self, frame: Frame, root: ir.Expr) -> bool:
        """Whether an expression is the tool's object."""
        return isinstance(root, ir.Name) and root.id in frame.roots

    # What is found ------------------------------------------------------------------------------

    def value(self, frame: Frame, expression: ir.Expr) -> Spelled:
        return spelled(frame.code, expression, frame.known)

    def add(self, frame: Frame, at: ir.Node, *actions: Ddl, concurrent: bool = False) -> None:
        """Note what is done to the schema, a statement each."""
        statements = tuple(
            DdlStatement(self.dialect, at.start, at.end, (action,)) for action in actions
        )
        self.found.append(
            Operation(
                frame.code.place(at),
                statements,
                concurrent=concurrent,
                depends=frame.is_conditional,
            )
        )

    def add_code(self, frame: Frame, at: ir.Node) -> None:
        """Note something that could do anything."""
        self.is_complete = False
        self.found.append(
            Operation(frame.code.place(at), runs="code", depends=frame.is_conditional)
        )

    def add_rows(self, frame: Frame, at: ir.Node) -> None:
        """Note a change of rows whose SQL the tool writes."""
        self.found.append(Operation(frame.code.place(at), runs="sql", depends=frame.is_conditional))

    def add_sql(self, frame: Frame, at: ir.Node, given: ir.Expr) -> None:
        """Note SQL that is written out."""
        said = self.value(frame, given)
        text = frame.code.text_of(given)
        if said.kind != "text":
            self.add_code(frame, at)
            return
        parts = text.parts if text is not None else ()
        here = (given.start, given.end)
        statements = placed_ddl(parts, frame.code.unit.node.end, said.text, here, self.dialect)
        self.found.append(
            Operation(
                frame.code.place(at),
                statements,
                said.text,
                runs="ddl" if statements else "sql",
                concurrent="CONCURRENTLY" in said.text.upper(),
                depends=frame.is_conditional,
            )
        )

    # Statements ---------------------------------------------------------------------------------

    def run(self, frame: Frame, body: Iterable[ir.Stmt]) -> bool:
        """Follow some statements; whether the function is surely left among them."""
        return any(self._statement(frame, statement) for statement in body)

    def _statement(self, frame: Frame, statement: ir.Stmt) -> bool:
        match statement:
            case ir.Evaluate(value=value) | ir.Assign(value=value) | ir.Return(value=value):
                if value is not None:
                    self.expression(frame, value)
                return isinstance(statement, ir.Return)
            case ir.Raise():
                return True
            case ir.Branch():
                return self._branch(frame, statement)
            case ir.Loop():
                return self._loop(frame, statement)
            case ir.Try():
                return self.run(frame, statement.body) or self.run(frame, statement.final)
            case ir.With() | ir.Other():
                return self.run(frame, statement.body)
            case _:
                return False

    def _branch(self, frame: Frame, branch: ir.Branch) -> bool:
        decided = self.decided(frame, branch.test)
        if decided is not None:
            return self.run(frame, branch.body if decided else branch.orelse)
        self.expression(frame, branch.test)
        inner = frame._replace(is_conditional=True)
        self.run(inner, branch.body)
        self.run(inner, branch.orelse)
        return False

    def decided(self, frame: Frame, test: ir.Expr) -> bool | None:
        """Whether a test holds, when all it asks is which database this is."""
        match test:
            case ir.Operator(operator="==" | "===" | "case", operands=operands):
                return self._is_dialect(frame, operands)
            case ir.Operator(operator="!=" | "!==", operands=operands):
                found = self._is_dialect(frame, operands)
                return None if found is None else not found
            case ir.Operator(operator="!", operands=(inner,)):
                found = self.decided(frame, inner)
                return None if found is None else not found
            case ir.Operator(operator="||" | "&&" as word, operands=operands):
                answers = [self.decided(frame, one) for one in operands]
                if (word == "||") in answers:
                    return word == "||"
                return None if None in answers else word == "&&"
            case _:
                return None

    def _is_dialect(self, frame: Frame, operands: tuple[ir.Expr, ...]) -> bool | None:
        for operand in operands:
            value = self.value(frame, operand)
            if value.kind == "text":
                name = value.text.lower()
                if name in CLIENTS:
                    return CLIENTS[name] == self.dialect
                return False if name in OTHERS else None
        return None

    def _loop(self, frame: Frame, loop: ir.Loop) -> bool:
        if loop.kind == "each" and loop.iterable is not None and loop.target is not None:
            turns = self._turns(frame, loop.iterable, loop.target)
            if turns is not None:
                for known in turns:
                    if self.run(frame._replace(known={**frame.known, **known}), loop.body):
                        return True
                return False
        if any(self._mentions(frame, one) for one in loop.body):
            self.add_code(frame, loop)
        return False

    def _turns(
        self, frame: Frame, iterable: ir.Expr, target: ir.Expr
    ) -> list[dict[str, Spelled]] | None:
        """What the names of a loop stand for in each turn, when its list is written out."""
        values = self.value(frame, iterable)
        if values.kind != "list" or values.is_open or len(values.entries) > _MOST_TURNS:
            return None
        turns = []
        for entry in values.entries:
            if isinstance(target, ir.Name):
                turns.append({target.id: entry.value})
            elif isinstance(target, ir.Collection) and target.kind == "mapping":
                turns.append(dict(_destructured(target, entry.value)))
            else:
                return None
        return turns

    def _mentions(self, frame: Frame, node: ir.Node) -> bool:
        return any(isinstance(one, ir.Name) and one.id in frame.roots for one in ir.walk(node))

    # Expressions --------------------------------------------------------------------------------

    def expression(self, frame: Frame, expression: ir.Expr) -> None:
        """Read what an expression does, if it does anything to the database."""
        match expression:
            case ir.Await(value=value):
                self.expression(frame, value)
                return
            case ir.Operator(operator="&&" | "||" | "?:" | "??", operands=operands):
                self.expression(frame, operands[0])
                for operand in operands[1:]:
                    self.expression(frame._replace(is_conditional=True), operand)
                return
            case ir.Operator(operands=operands):
                for operand in operands:
                    self.expression(frame, operand)
                return
            case ir.Call():
                self._chain(frame, expression)
            case ir.Collection(entries=entries):
                for entry in entries:
                    self.expression(frame, entry.value)
            case ir.Attribute() if self._mentions(frame, expression):
                self._chain(frame, expression)
            case _:
                pass

    def _chain(self, frame: Frame, expression: ir.Expr) -> None:
        root, links = chain(expression)
        links, after = _without_then(links)
        if self.is_root(frame, root) and links:
            self.call(frame, links, expression)
        elif isinstance(root, ir.Name) and len(links) == 1 and not links[0].name:
            self._called(frame, root, links[0], expression)
        elif isinstance(root, ir.Name | ir.Collection | ir.Call) and links:
            self._others(frame, root, links, expression)
        for link in after:
            for given in link.arguments[:1]:
                if isinstance(given, ir.Lambda):
                    self._enter(frame, frame.code, given.function, ())

    def _others(self, frame: Frame, root: ir.Expr, links: list[Link], whole: ir.Expr) -> None:
        """`Promise.all([…])`, `names.forEach(…)`, and calls that may pass the object on."""
        last = links[-1]
        if isinstance(root, ir.Name) and root.id == "Promise":
            for given in last.arguments[:1]:
                self.expression(frame, given)
            return
        if last.name in {"forEach", "map"} and last.arguments and len(links) == 1:
            given = last.arguments[0]
            if isinstance(given, ir.Lambda) and given.function.parameters:
                parameter = given.function.parameters[0]
                target = parameter.pattern or ir.Name(
                    parameter.start, parameter.end, parameter.name
                )
                turns = self._turns(frame, root, target)
                if turns is not None:
                    for known in turns:
                        inner = frame._replace(known={**frame.known, **known})
                        self.run(inner, given.function.body)
                    return
        if isinstance(root, ir.Name) and root.id == "this" and not last.name.startswith("$"):
            found = self.functions.get(last.name)
            if found is not None and found.code.unit.owner:
                self._enter(frame, found.code, found.function, last.arguments)
                return
        if self._mentions(frame, whole):
            self.add_code(frame, whole)

    def _called(self, frame: Frame, root: ir.Name, link: Link, whole: ir.Expr) -> None:
        """A call of a function of the file; of another one that is given the object, anything may come."""
        found = self.functions.get(root.id)
        if found is not None:
            self._enter(frame, found.code, found.function, link.arguments)
        elif self._mentions(frame, whole):
            self.add_code(frame, whole)

    def _enter(
        self, frame: Frame, code: Code, function: ir.Function, given: tuple[ir.Expr, ...]
    ) -> None:
        if frame.depth >= _DEEPEST:
            self.is_complete = False
            return
        roots = set(frame.roots) if code is frame.code else set()
        known = dict(frame.known) if code is frame.code else {}
        for parameter, argument in zip(function.parameters, given, strict=False):
            known.pop(parameter.name, None)
            if self.is_root(frame, argument):
                roots.add(parameter.name)
            elif parameter.name:
                known[parameter.name] = self.value(frame, argument)
            elif isinstance(parameter.pattern, ir.Collection):
                known.update(_destructured(parameter.pattern, self.value(frame, argument)))
        inner = Frame(code, frozenset(roots), known, frame.is_conditional, frame.depth + 1)
        self.run(inner, function.body)

    def enter_callback(self, frame: Frame, given: ir.Expr) -> bool:
        """Follow `transaction(async (trx) => {…})`, whose parameter is the object too."""
        if not isinstance(given, ir.Lambda):
            return False
        names = {one.name for one in given.function.parameters[:1]}
        self.run(frame._replace(roots=frame.roots | names), given.function.body)
        return True


def _destructured(target: ir.Collection, value: Spelled) -> Iterator[tuple[str, Spelled]]:
    for entry in target.entries:
        key = entry.key.constant if isinstance(entry.key, ir.Text) else None
        held = value.get(key) if key is not None else None
        if isinstance(entry.value, ir.Name) and held is not None:
            yield entry.value.id, held.value


def _without_then(links: list[Link]) -> tuple[list[Link], list[Link]]:
    """A chain without the promise at its end, and what is done afterwards."""
    for place, link in enumerate(links):
        if link.name in {"then", "catch", "finally"} and link.call is not None:
            return links[:place], [one for one in links[place:] if one.name != "catch"]
    return links, []
