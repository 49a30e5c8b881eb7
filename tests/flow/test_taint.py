"""What of a query's text comes from outside."""

from __future__ import annotations

from backend_analyzers.events import DatabaseQuery
from backend_analyzers.flow.meanings import events
from backend_analyzers.flow.taint import Source, is_request, parameters_of, tainted_holes
from tests.flow.reading import codes_of, file_of


def tainted(text: str, path: str = "app.py", source: Source = is_request) -> list[str]:
    """For each query, the notes along the way of what reaches its text."""
    found = []
    for code in codes_of(file_of(text, path)):
        for event in events(code):
            if isinstance(event, DatabaseQuery) and event.sql is not None:
                holes = tainted_holes(code, event.sql, source, parameters=True)
                found.append(
                    "; ".join(
                        f"{taint.kind}: " + " -> ".join(note for _, note in taint.path)
                        for _, taint in holes
                    )
                )
    return found


def test_requests_reach_texts() -> None:
    found = tainted("""
        from flask import request
        def f(cursor):
            name = request.args.get("name").strip()
            where = f" WHERE a = '{name}'"
            cursor.execute("SELECT a FROM b" + where)
            cursor.execute("SELECT a FROM b LIMIT %d" % int(request.args["limit"]))
            cursor.execute(f"SELECT a FROM b ORDER BY {COLUMNS[request.args['sort']]}")
            cursor.execute(f"SELECT a FROM b WHERE c IN ({', '.join('?' for _ in name)})")
        """)
    assert found == [
        "request: comes from outside here -> is given to `name`",
        "",
        "",
        "",
    ]


def test_allow_lists_and_types_clean() -> None:
    found = tainted("""
        from uuid import UUID
        def f(cursor, sort: str, id: int, key: UUID, order, table, other):
            if sort not in {"a", "b"}:
                raise ValueError(sort)
            cursor.execute(f"SELECT a FROM b ORDER BY {sort} LIMIT {id} OFFSET {key}")
            if order in ALLOWED and table == "x":
                cursor.execute(f"SELECT a FROM {table} ORDER BY {order}")
            cursor.execute(f"SELECT a FROM {table} WHERE c = {helper(other)}")
        """)
    assert found == ["", "", "parameter: `table` comes from the caller"]


def test_handlers_are_told_apart_by_the_caller() -> None:
    text = """
        def handler(name: str, db):
            db.execute("SELECT a FROM b WHERE c = '" + name + "'")
        def helper(name: str, db):
            db.execute("SELECT a FROM b WHERE c = '" + name + "'")
        """
    source = parameters_of(frozenset({("handler", "name")}))
    assert tainted(text, source=source) == [
        "request: comes from outside here",
        "parameter: `name` comes from the caller",
    ]


def test_javascript_requests() -> None:
    found = tainted(
        """
        app.get("/:id", async (req, res) => {
            const { id } = req.params;
            const sort = req.query.sort;
            const limit = Number(req.query.limit);
            await db.query(`SELECT a FROM b WHERE c = ${id} LIMIT ${limit}`);
            if (!["a", "b"].includes(sort)) { return res.status(400).end(); }
            await db.query(`SELECT a FROM b ORDER BY ${sort}`);
            const marks = req.body.ids.map((_, i) => `$${i + 1}`).join(", ");
            await db.query(`SELECT a FROM b WHERE c IN (${marks})`);
            await sql`SELECT a FROM b WHERE c = ${id}`;
        });
        """,
        "app.ts",
    )
    assert found[:3] == ["request: comes from outside here -> is given to `id`", "", ""]
