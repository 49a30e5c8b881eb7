"""Names, types, constants and texts: what the expressions of a unit denote."""

from __future__ import annotations

from backend_analyzers import ir
from backend_analyzers.flow.fold import MISSING
from backend_analyzers.flow.scope import scope
from tests.flow.reading import codes_of, file_of, written


def calls(text: str, path: str = "app.py") -> list[str]:
    """What each call of a text calls."""
    return [
        code.callee_of(site.call) for code in codes_of(file_of(text, path)) for site in code.calls()
    ]


def folded(text: str, path: str = "app.py") -> list[str]:
    """The text of the first argument of each call of `run`."""
    return [
        written(code.text_of(site.call.arguments[0].value))
        for code in codes_of(file_of(text, path))
        for site in code.calls()
        if isinstance(site.call.function, ir.Name) and site.call.function.id == "run"
    ]


def test_imports_and_aliases() -> None:
    found = calls("""
        import requests, httpx as hx, os.path
        from psycopg import connect as open_database
        from . import db
        from .db import pool
        fetch = requests.get

        def f():
            import json as j
            requests.get(); hx.post(); open_database(); db.run(); pool.query(); fetch(); j.loads()
            unknown(); requests_like.get()
        """)
    assert found == [
        *("requests.get", "httpx.post", "psycopg.connect", ".db.run", ".db.pool.query"),
        *("requests.get", "json.loads", "", ""),
    ]


def test_what_the_module_defines_begins_with_a_colon() -> None:
    found = calls("""
        def helper(): ...
        class Orders(Base):
            def one(self): self.two(); helper(); Orders().two(); Orders.two()
            def two(self):
                def requests(): ...
                requests()
        """)
    assert found == [
        *(":Orders.two", ":helper", ":Orders.two", ":Orders", ":Orders.two"),
        ":Orders.two.requests",
    ]


def test_types_of_constructors_annotations_and_contexts() -> None:
    found = calls("""
        import httpx, psycopg
        from psycopg_pool import AsyncConnectionPool
        from sqlalchemy.orm import Session, sessionmaker
        SessionLocal = sessionmaker()
        client = None
        client = httpx.Client()

        class Orders:
            pool: AsyncConnectionPool
            def __init__(self, client: "httpx.AsyncClient", other):
                self.client = client
                self.other = other

            async def go(self, session: Session | None):
                client.get(); self.client.get(); self.other.get(); session.execute()
                async with self.pool.connection() as connection, connection.cursor() as cursor:
                    cursor.execute()
                SessionLocal().commit()
                with httpx.Client() as c:
                    c.get()
        """)
    assert found[-11:] == [
        "httpx.Client.get",
        "httpx.AsyncClient.get",
        "",
        "sqlalchemy.orm.Session.execute",
        "psycopg_pool.AsyncConnectionPool.connection",
        "psycopg.AsyncConnection.cursor",
        "psycopg.AsyncCursor.execute",
        "sqlalchemy.orm.Session.commit",
        "sqlalchemy.orm.sessionmaker.__call__",
        "httpx.Client",
        "httpx.Client.get",
    ]


def test_a_name_with_two_types_is_unknown() -> None:
    found = calls("""
        import httpx, requests
        def f(flag, other):
            if flag:
                client = httpx.Client()
            else:
                client = requests.Session()
            client.get()
            session = None
            if other:
                session = requests.Session()
            session.get()
            if flag:
                client = httpx.Client()
                client.get()
                return
            client = requests.Session()
            client.get()
        """)
    methods = [name for name in found if name.endswith("get") or not name]
    assert methods == ["", "requests.Session.get", "httpx.Client.get", "requests.Session.get"]


def test_javascript_modules_and_types() -> None:
    found = calls(
        """
        import axios, { AxiosInstance } from "axios";
        import * as pg from "pg";
        import { readFile } from "node:fs/promises";
        const { Pool: P } = require("pg");
        const knex = require("knex")({ client: "pg" });
        const api = axios.create();
        class Repo {
            private readonly pool = new pg.Pool();
            constructor(private readonly http: AxiosInstance) {}
            async all(id: number) {
                this.pool.query(); this.http.get(); api.get(); api("/x"); readFile(); knex.raw();
                const client = await new P().connect();
                client.query();
            }
        }
        """,
        "app.ts",
    )
    assert found[-9:] == [
        *("pg.Pool.query", "axios.AxiosInstance.get", "axios.AxiosInstance.get"),
        *("axios.AxiosInstance.__call__", "fs.promises.readFile", "knex.Knex.raw"),
        *("pg.Pool.connect", "pg.Pool", "pg.Client.query"),
    ]


def test_texts_fold_into_one() -> None:
    found = folded("""
        TABLE = "orders"
        COLUMNS = f"{TABLE}.id, " + "name"
        LIMIT = 60 * 2
        class Orders:
            KIND = "big"
            def f(self, x, rows):
                q = f"SELECT {COLUMNS} FROM {TABLE}"
                if x:
                    q += " WHERE id = %s" % x
                run(q)
                run("LIMIT {} {kind} {{}}".format(x, kind=self.KIND))
                run("a %(b)s %%" % {"b": TABLE})
                run(" AND ".join(["a = 1", x]))
                run(", ".join(rows))
                run(f"LIMIT {LIMIT}")
                run("é" + x.strip() + 'ü')
                run(x)
                q = x
                run(q)
        """)
    assert found == [
        "SELECT orders.id, name FROM orders WHERE id = {}",
        "LIMIT {} big {}",
        "a orders %",
        "a = 1 AND {}",
        "{}",
        "LIMIT 120",
        "é{}ü",
        "?",
        "?",
    ]


def test_texts_of_javascript_fold_too() -> None:
    found = folded(
        """
        const TABLE = "orders";
        function f(x: string) {
            let q = `SELECT * FROM ${TABLE} WHERE id = ${x}`;
            q += " LIMIT 1";
            run(q);
            run("a" + x + TABLE);
            run(["a", x].join(" "));
        }
        """,
        "app.ts",
    )
    assert found == ["SELECT * FROM orders WHERE id = {} LIMIT 1", "a{}orders", "a {}"]


def test_chunks_keep_the_bytes_of_their_literal() -> None:
    file = file_of("""
        TABLE = "orders"
        def f(x):
            where = " WHERE ü = 1"
            run(f"SELECT é FROM {TABLE}" + where)
        """)
    code = codes_of(file)[1]
    text = code.text_of(code.calls()[0].call.arguments[0].value)
    assert text is not None
    start = file.text.index(b"def f")
    spans = [file.text[start + part.start : start + part.end].decode() for part in text.parts]
    assert spans == ["SELECT é FROM ", "TABLE", " WHERE ü = 1"]


def test_constants() -> None:
    (code,) = codes_of(file_of('x = f(1, -2, "a" "b", [1, "c"], None, y, 3 * 60)'))
    values = [code.constant(one.value) for one in code.calls()[0].call.arguments]
    assert values == [1, -2, "ab", (1, "c"), None, MISSING, 180]


def test_the_scope_stays_equal_while_a_body_is_written() -> None:
    text = """
        import httpx
        LIMIT = 10
        handlers = {"a": lambda x: x}
        class Orders:
            def __init__(self, base):
                self.client = httpx.Client()

            def one(self):
                return 1

        async def two(a: int) -> str:
            return "x"
        """
    before = file_of(text)
    for old, new in (
        ("return 1", "y = 5; return requests.get(y)"),
        ('return "x"', "z = 1"),
        ("self.client", "print(1); self.client"),
        ("lambda x: x", "lambda x: x + 100"),
    ):
        assert scope(file_of(text.replace(old, new))) == scope(before), old
    for old, new in (("LIMIT = 10", "LIMIT = 11"), ("httpx.Client", "httpx.AsyncClient")):
        assert scope(file_of(text.replace(old, new))) != scope(before), old
