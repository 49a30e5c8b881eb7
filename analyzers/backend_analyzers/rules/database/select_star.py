"""A query in code that selects all columns of a table.

Each new column then travels to every caller, wide ones and secret ones included; an index that holds
the needed columns cannot answer the query alone; and code that counts on the order of columns breaks
when a migration changes it.

## Example

```javascript
const { Pool } = require("pg");
const pool = new Pool();

async function product(id) {
  const { rows } = await pool.query("SELECT * FROM products WHERE id = $1", [id]);
  //                                        ^ selects every column of `products`
  return rows[0];
}
```

Use instead:

```javascript
const { Pool } = require("pg");
const pool = new Pool();

async function product(id) {
  const { rows } = await pool.query("SELECT id, name, price FROM products WHERE id = $1", [id]);
  return rows[0];
}
```

## Not reported

Stars over subqueries, WITH queries, views and functions, which list their columns themselves;
`count(*)` and EXISTS, which read none; INSERT … SELECT; queries that want no row; system catalogues;
tables chosen at run time, whose columns nobody can list; and migrations, scripts and tests.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.resolved import Resolved, fits
from backend_analyzers.facts.rewriting import Grounds, findings_with, viewed
from backend_analyzers.rule import Change, Confidence, Finding, Fix, Severity, workspace_rule
from backend_analyzers.rules.database import written_anew
from backend_analyzers.sql.expand import star_expansion
from backend_analyzers.sql.rewrites import Edit
from backend_analyzers.sql.statement import Star, TableRef
from backend_analyzers.workspace import Workspace

_SCRIPTS = frozenset({"scripts", "script", "bin", "tools", "seeds", "seeders", "seed", "examples"})
_SYSTEM = frozenset({"information_schema", "pg_catalog", "sys", "performance_schema", "mysql"})


@workspace_rule(severity=Severity.HINT, confidence=Confidence.HIGH)
def select_star(workspace: Workspace) -> Iterator[Finding]:
    yield from findings_with(workspace, _stars)


def _stars(statements: tuple[Resolved, ...], standing: Grounds) -> Iterator[Finding]:
    for one in statements:
        if one.query.approximate:
            continue  # what a mapper reads follows from its models
        if one.query.executed and not one.in_migration and one.statement.kind == "select":
            if _is_script(one.query.at.path):
                return
            for star in one.statement.stars:
                tables = _tables(one, star)
                if tables:
                    yield _finding(one, star, tables, standing)


def _is_script(path: str) -> bool:
    return any(part.lower().lstrip("_") in _SCRIPTS for part in path.split("/")[:-1])


def _tables(one: Resolved, star: Star) -> list[TableRef]:
    """The tables that a star at the top of a query covers; none unless it covers only tables."""
    statement = one.statement
    scope = statement.scopes[star.scope]
    tops = (0, *statement.scopes[0].arms)
    limit = scope.limit or statement.limit
    if star.clause != "select" or star.in_exists or star.scope not in tops:
        return []
    if limit is not None and limit.text.strip() == "0":
        return []
    if not star.qualifier and any(d.scope == star.scope for d in statement.derived):
        return []
    found = [
        (number, table)
        for number, table in enumerate(statement.tables)
        if table.scope == star.scope
        and (not star.qualifier or star.qualifier[-1] in {table.label, table.name})
    ]
    if not all(_is_stored(one, number, table) for number, table in found):
        return []
    return [table for _, table in found]


def _is_stored(one: Resolved, number: int, table: TableRef) -> bool:
    if table.cte is not None or (table.schema or "") in _SYSTEM:
        return False
    if table.name.startswith(("pg_", "sqlite_")):
        return False
    if any(start < table.end and table.start < end for start, end in one.query.holes):
        return False
    for known in one.everywhere:
        state = known.resolution.tables[number]
        if state.state in {"cte", "system"}:
            return False
        if state.table is not None and known.schema.tables[state.table].kind not in _STORED:
            return False
    return True


_STORED = frozenset({"table", "foreign table"})


def _finding(one: Resolved, star: Star, tables: list[TableRef], standing: Grounds) -> Finding:
    at = one.query.place(star.start, star.end)
    names = list(dict.fromkeys(one.source(t.name_start, t.name_end).strip('"`') for t in tables))
    return Finding(
        at=at,
        message=f"selects every column of {' and '.join(f'`{name}`' for name in names)}",
        help="Name the columns that the caller uses.",
        fixes=_expanded(one, star, standing),
        evidence={"query": one.source(one.statement.start, one.statement.end)[:400]},
    )


def _expanded(one: Resolved, star: Star, standing: Grounds) -> tuple[Fix, ...]:
    """The columns in place of the star, when all schemas that know the table agree on them."""
    texts = {star_expansion(one.statement, star, known.schema) for known in one.known}
    text = next(iter(texts)) if len(texts) == 1 else None
    if text is None or not one.query.is_written(star.start, star.end) or not fits(one.query, text):
        return ()
    subject = viewed(one, standing)
    if subject is None:
        # What is not PostgreSQL cannot be compared; a star stands for these columns all the same.
        return (Fix("List the columns", (Change(one.query.place(star.start, star.end), text),)),)
    rewrites = subject.rewrite("List the columns", Edit(star.start, star.end, text))
    return tuple(fix for rewrite in rewrites for fix in written_anew(one, standing, rewrite))
