"""One way to write each query, as far as that is sure: two with the same are the same.

Of sqlglot's rules only those that hold in SQL's logic of three values are used; `simplify` is not among
them, as it takes `x = x` for true and so forgets NULL.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.eliminate_ctes import eliminate_ctes
from sqlglot.optimizer.merge_subqueries import merge_subqueries
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope

from backend_engineer.planner.tables import Tables

logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
_TURNED: dict[type[exp.Expr], type[exp.Expr]] = {exp.GT: exp.LT, exp.GTE: exp.LTE}
_EITHER_WAY = (exp.EQ, exp.NEQ, exp.And, exp.Or, exp.NullSafeEQ, exp.NullSafeNEQ)
_MOST = 20_000
"""Characters; a longer query is not worth the time."""


def canonical(text: str, tables: Tables) -> str | None:
    """The text by which a query is told from others; None when it cannot be read well enough."""
    if len(text) > _MOST:
        return None
    schema: dict[str, object] = {
        table: {column.name: column.type for column in columns}
        for table, columns in tables.columns.items()
    }
    try:
        tree = sqlglot.parse_one(text, read="postgres")
        if any(tree.find_all(exp.Command, exp.Anonymous, exp.Lateral, exp.Pivot, exp.TableSample)):
            return None
        tree = qualify(
            tree,
            schema=schema,
            dialect="postgres",
            expand_alias_refs=False,
            validate_qualify_columns=True,
            quote_identifiers=True,
        )
        tree = merge_subqueries(eliminate_ctes(tree))
        for change in (_between, _single, _ordered):
            tree = _everywhere(tree, change)
        _renamed(tree)
        for projection in tree.expressions:
            if isinstance(projection, exp.Alias):
                projection.set("alias", exp.to_identifier("_"))
        return tree.sql("postgres")
    except (sqlglot.errors.SqlglotError, RecursionError, KeyError, ValueError, AttributeError):
        return None


def _everywhere(tree: exp.Expr, change: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    return tree.transform(change, copy=False)


def _between(node: exp.Expr) -> exp.Expr:
    """`x BETWEEN a AND b` is `x >= a AND x <= b`; the smaller side of a comparison comes first."""
    if isinstance(node, exp.Between) and not node.args.get("symmetric"):
        low = exp.LTE(this=node.args["low"].copy(), expression=node.this.copy())
        high = exp.LTE(this=node.this.copy(), expression=node.args["high"].copy())
        return exp.and_(low, high)
    turned = _TURNED.get(type(node))
    if turned is not None:
        return turned(this=node.args["expression"], expression=node.this)
    return node


def _single(node: exp.Expr) -> exp.Expr:
    """`x IN (1)` is `x = 1`; parentheses around what stands alone say nothing."""
    if isinstance(node, exp.In) and len(node.expressions) == 1 and not node.args.get("query"):
        return exp.EQ(this=node.this, expression=node.expressions[0])
    if isinstance(node, exp.Paren) and isinstance(node.this, exp.Column | exp.Literal):
        return node.this
    return node


def _ordered(node: exp.Expr) -> exp.Expr:
    """Operands that may change places are put in the order of their texts."""
    if isinstance(node, exp.And | exp.Or):
        if isinstance(node.parent, type(node)):
            return node
        parts = sorted(node.flatten(), key=lambda part: part.sql("postgres"))
        combine = exp.and_ if isinstance(node, exp.And) else exp.or_
        return combine(*(part.copy() for part in parts), copy=False)
    if isinstance(node, _EITHER_WAY):
        left, right = node.this, node.expression
        if left.sql("postgres") > right.sql("postgres"):
            node.set("this", right)
            node.set("expression", left)
    return node


def _renamed(tree: exp.Expr) -> None:
    """Tables are called by their number, in the order in which they come."""
    count = 0
    for scope in traverse_scope(tree):
        for name, (node, _) in list(scope.selected_sources.items()):
            fresh = f"_t{count}"
            count += 1
            for column in scope.columns:
                if column.table == name:
                    column.set("table", exp.to_identifier(fresh, quoted=True))
            node.set("alias", exp.TableAlias(this=exp.to_identifier(fresh, quoted=True)))
