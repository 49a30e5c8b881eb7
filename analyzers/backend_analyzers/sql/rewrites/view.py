"""A statement as rewrites see it: its tree, its query levels, and what the schema says of its columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import msgspec

from backend_analyzers.sql.building import RESERVED
from backend_analyzers.sql.expand import written
from backend_analyzers.sql.lexing import prepare
from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.parse import parse, trees
from backend_analyzers.sql.resolve import ColumnResolution, Resolver
from backend_analyzers.sql.rewrites.select import Select, Source, descend, selects
from backend_analyzers.sql.schema import Schema, SchemaColumn, Table, find_column
from backend_analyzers.sql.statement import ColumnRef, Statement, TableRef

_MARK = re.compile("\ue000(\\d+)\ue001")
_SHARED = re.compile(r"\$\d|:\w|%\(|@|\?\d")
"""Parameters that may be written more than once."""
_COMMENT = re.compile(rb"--|/\*")
_TOKENS = re.compile(r"('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|\s*\n\s*")
_VOLATILE = re.compile(
    r"\b(?:random|nextval|setval|clock_timestamp|timeofday|gen_random_uuid|uuid_generate_v\w+|pg_sleep"
    r"|pg_(?:try_)?advisory\w+|currval|lastval|txid_current)\s*\(",
    re.IGNORECASE,
)


class Edit(msgspec.Struct, frozen=True, gc=False):
    """Replace a range of the text, in bytes."""

    start: int
    end: int
    text: str


class Rewrite(msgspec.Struct, frozen=True, gc=False):
    """Another way to write a statement: the whole text, and the edits that lead to it, in order.

    `same` is False for one that gives other rows and is only shown as what the code could be.
    """

    title: str
    text: str
    edits: tuple[Edit, ...]
    same: bool = True


class Column(NamedTuple):
    """A stored column that an expression names; `source` is the index of its table in the statement."""

    source: int
    table: Table
    stored: SchemaColumn

    @property
    def name(self) -> str:
        """The folded name."""
        return self.stored.name

    @property
    def key(self) -> tuple[int, str]:
        """Identifies the column within the statement."""
        return self.source, self.stored.name


class View:
    """One statement with everything that rewrites ask about it, worked out when first asked."""

    def __init__(self, text: str, statement: Statement, schema: Schema, root: Node) -> None:
        self.text = text.encode(errors="replace")
        self.statement = statement
        self.schema = schema
        self.root = root
        self.resolver = Resolver(statement, schema)
        self.selects: tuple[Select, ...] = tuple(selects(root, statement))

    @cached_property
    def is_volatile(self) -> bool:
        """Whether it calls what gives another value each time."""
        return _VOLATILE.search(self.text.decode(errors="replace")) is not None

    # What the text says.

    def source(self, start: int, end: int) -> str:
        """A part of the text to be put elsewhere: in one line, with a mark for each parameter."""
        pieces: list[str] = []
        last = start
        for number, (first, after) in enumerate(self.statement.parameters):
            if start <= first and after <= end:
                pieces += [self._slice(last, first), f"\ue000{number}\ue001"]
                last = after
        pieces.append(self._slice(last, end))
        return _TOKENS.sub(lambda match: match[1] or " ", "".join(pieces))

    def of(self, node: Node) -> str:
        """The text of a node, to be put elsewhere."""
        return self.source(node.start, node.end)

    def all_of(self, *nodes: Node) -> str:
        """Several conditions that all must hold, as one."""
        texts = [f"({self.of(node)})" if node.kind == "or" else self.of(node) for node in nodes]
        return " AND ".join(texts)

    def lower(self, node: Node) -> str:
        """A short text in lower case, to be looked at."""
        return self._slice(node.start, node.end).lower()

    def qualified(self, start: int, end: int, inside: frozenset[int] = frozenset()) -> str | None:
        """A part of the text in which each column says its table; None when one is not sure.

        Columns of the sources `inside`, which come along, need none.
        """
        edits: list[Edit] = []
        for ref in self.columns_in(start, end):
            found = self.resolution(ref)
            if found is None or found.source is None:
                return None
            if not ref.qualifier and found.source not in inside:
                label = self.label(found.source)
                edits.append(Edit(ref.start, ref.start, f"{label}."))
        pieces, last = [], start
        for edit in edits:
            pieces += [self.source(last, edit.start), edit.text]
            last = edit.start
        pieces.append(self.source(last, end))
        return "".join(pieces)

    def label(self, source: int) -> str:
        """How columns of a table are qualified."""
        return written(self.statement.tables[source].label, self.statement.dialect)

    def rewrite(self, title: str, *edits: Edit) -> Iterator[Rewrite]:
        """The rewrite that some edits make, if the parameters stay in order and no comment is lost."""
        ordered = sorted(edits, key=lambda edit: (edit.start, edit.end))
        pieces: list[str] = []
        last = 0
        for edit in ordered:
            if edit.start < last or _COMMENT.search(self.text, edit.start, edit.end):
                return
            pieces += [self._marked(last, edit.start), edit.text]
            last = edit.end
        text = "".join((*pieces, self._marked(last, len(self.text))))
        used = [int(number) for number in _MARK.findall(text)]
        if self._is_out_of_order(used):
            return
        final = tuple(Edit(e.start, e.end, self._unmarked(e.text)) for e in ordered)
        yield Rewrite(title, self._unmarked(text), final)

    def advice(self, title: str, *edits: Edit) -> Rewrite:
        """What the query could be when the code that runs it changes as well."""
        ordered = sorted(edits, key=lambda edit: (edit.start, edit.end))
        final = tuple(Edit(e.start, e.end, self._unmarked(e.text)) for e in ordered)
        pieces: list[str] = []
        last = 0
        for edit in final:
            pieces += [self._slice(last, edit.start), edit.text]
            last = edit.end
        return Rewrite(
            title, "".join((*pieces, self._slice(last, len(self.text)))), final, same=False
        )

    def _marked(self, start: int, end: int) -> str:
        pieces, last = [], start
        for number, (first, after) in enumerate(self.statement.parameters):
            if start <= first and after <= end:
                pieces += [self._slice(last, first), f"\ue000{number}\ue001"]
                last = after
        return "".join((*pieces, self._slice(last, end)))

    def _unmarked(self, text: str) -> str:
        return _MARK.sub(lambda match: self._slice(*self.statement.parameters[int(match[1])]), text)

    def _is_out_of_order(self, used: Sequence[int]) -> bool:
        """Whether the driver would hand over other values: positions count, names only must be there."""
        texts = [self._slice(*span) for span in self.statement.parameters]
        if not all(_SHARED.match(text) for text in texts):
            return list(used) != list(range(len(texts)))
        return {texts[number] for number in used} != set(texts)

    def _slice(self, start: int, end: int) -> str:
        return self.text[start:end].decode(errors="replace")

    # What the names mean.

    @cached_property
    def _resolutions(self) -> dict[tuple[int, int], tuple[ColumnRef, ColumnResolution]]:
        return {
            (ref.start, ref.end): (ref, self.resolver.column(ref)) for ref in self.statement.columns
        }

    def resolution(self, ref: ColumnRef) -> ColumnResolution | None:
        """What a column means; None unless it is one column of one table or subquery."""
        found = self._resolutions[ref.start, ref.end][1]
        return found if found.state in {"column", "derived"} else None

    def column(self, node: Node | None) -> Column | None:
        """The stored column that an expression is."""
        node = bare(node)
        if node is None or node.kind not in {"columnref", "identifier"}:
            return None
        found = self._resolutions.get((node.start, node.end))
        return self.stored(found[0]) if found is not None else None

    def stored(self, ref: ColumnRef) -> Column | None:
        """The stored column of a reference."""
        found = self._resolutions[ref.start, ref.end][1]
        if found.state != "column" or found.table is None or found.source is None:
            return None
        table = self.schema.tables[found.table]
        stored = find_column(table, ref.name)
        return Column(found.source, table, stored) if stored is not None else None

    def columns_in(self, start: int, end: int) -> list[ColumnRef]:
        """The columns named in a range, those of its subqueries included, in order."""
        spans = sorted(span for span in self._resolutions if start <= span[0] and span[1] <= end)
        return [self._resolutions[span][0] for span in spans]

    def uses(self, start: int, end: int) -> frozenset[int] | None:
        """The tables of which columns are named in a range; None when that is not sure."""
        found = set()
        for ref in self.columns_in(start, end):
            known = self.resolution(ref)
            if known is None or known.source is None:
                return None
            found.add(known.source)
        for star in self.statement.stars:
            if start <= star.start < end:
                return None
        return frozenset(found)

    def table(self, source: int | None) -> Table | None:
        """The stored table of a source, when all of it is known."""
        if source is None:
            return None
        found = self.resolver.table(self.statement.tables[source])
        table = self.schema.tables.get(found.table) if found.table else None
        return table if table is not None and table.known and table.kind == "table" else None

    def ref(self, source: int) -> TableRef:
        """How the statement names a table."""
        return self.statement.tables[source]

    def is_required(self, column: Column | None, select: Select) -> bool:
        """Whether a column has no NULL among the rows that the FROM of its query level gives."""
        if column is None or not column.table.known or column.table.kind != "table":
            return False
        source = select.by_number.get(column.source)
        return source is not None and not source.nullable and declared_required(column)

    def labels(self, select: Select) -> frozenset[str]:
        """The names that qualify columns inside a query level."""
        derived = [d.alias for d in self.statement.derived if d.scope == select.scope.id]
        tables = [t.label for t in self.statement.tables if t.scope == select.scope.id]
        return frozenset((*tables, *(alias for alias in derived if alias)))

    def fresh(self, wish: str) -> str:
        """A name that nothing in the statement has."""
        taken = {t.label for t in self.statement.tables} | {t.name for t in self.statement.tables}
        taken |= {c.name for c in self.statement.columns} | {c.name for c in self.statement.ctes}
        taken |= {d.alias for d in self.statement.derived if d.alias}
        taken |= {o.name for s in self.statement.scopes for o in s.outputs if o.name}
        name, number = wish, 2
        while name in taken or name.upper() in RESERVED:
            name, number = f"{wish}_{number}", number + 1
        return name


def declared_required(column: Column) -> bool:
    """Whether a column is NOT NULL or part of the primary key."""
    return not column.stored.nullable or column.name in (column.table.primary_key or ())


def view(text: str, statement: Statement, schema: Schema) -> View | None:
    """The statement as rewrites see it; None unless it is all of the text, and all of it is understood."""
    if not statement.complete or statement.dialect != "postgresql":
        return None
    prepared = prepare(text.encode(errors="replace"), "postgresql")
    if len(prepared.pieces) != 1 or prepared.holes:
        return None
    root, clean = trees(prepared, *prepared.pieces[0])
    return View(text, statement, schema, root) if clean else None


def view_of(text: str, schema: Schema) -> View | None:
    """The same, from text alone."""
    statements = parse(text, dialect="postgresql")
    return view(text, statements[0], schema) if len(statements) == 1 else None


def bare(node: Node | None) -> Node | None:
    """An expression without parentheses around it."""
    while node is not None and node.kind == "c_expr" and node.children[0].kind == "(":
        node = node.children[1] if len(node.children) == 3 else None  # noqa: PLR2004
    return node


def conjuncts(node: Node | None) -> list[Node]:
    """The parts of a condition that all must hold."""
    if node is None:
        return []
    inner = bare(node)
    if inner is not None and inner.kind == "and":
        return [part for child in inner.children for part in conjuncts(child)]
    return [node]


def comparison(node: Node | None) -> tuple[Node, str, Node] | None:
    """Both sides of a comparison with a plain operator."""
    node = bare(node)
    if node is None or node.kind != "a_expr" or len(node.children) != 3:  # noqa: PLR2004
        return None
    left, operator, right = node.children
    return (left, operator.kind, right) if operator.kind in OPERATORS else None


OPERATORS = frozenset({"=", "<", ">", "<=", ">=", "<>", "!="})
TURNED = {"=": "=", "<": ">", ">": "<", "<=": ">=", ">=": "<=", "<>": "<>", "!=": "!="}
_FIXED = frozenset(
    {"integer_literal", "float_literal", "string_literal", "kw_true", "kw_false", "param"}
)


def is_fixed(node: Node | None) -> bool:
    """Whether an expression is a constant or a parameter, perhaps cast."""
    node = bare(node)
    if node is None:
        return False
    if node.kind in {"a_expr", "a_expr_prec"} and any(c.kind == "::" for c in node.children):
        return is_fixed(node.children[0])
    if node.kind in {"a_expr", "a_expr_prec"} and node.children[0].kind in {"-", "+"}:
        return is_fixed(node.children[1])
    return node.kind in _FIXED or node.kind == "AexprConst"


def queries_in(node: Node) -> Iterator[Node]:
    """The subqueries in parentheses within an expression, not those inside of them."""
    for child in node.children:
        if child.kind == "select_with_parens":
            yield child
        else:
            yield from queries_in(child)


def all_nodes(node: Node) -> Iterator[Node]:
    """A node and everything below it."""
    yield node
    for child in node.children:
        yield from all_nodes(child)


def without(items: Iterable[Node], gone: Node) -> Edit | None:
    """The edit that takes one of several conjuncts or items away; None when it is the only one."""
    parts = list(items)
    place = next((n for n, part in enumerate(parts) if part is gone), None)
    if place is None or len(parts) == 1:
        return None
    if place == 0:
        return Edit(gone.start, parts[1].start, "")
    return Edit(parts[place - 1].end, gone.end, "")


__all__ = ["Column", "Edit", "Rewrite", "Select", "Source", "View", "descend"]
