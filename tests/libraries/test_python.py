"""What calls of Python libraries mean, with the defaults of each library."""

from __future__ import annotations

from tests.flow.reading import python


def test_deadlines_of_http_clients() -> None:
    found = python("""
        import aiohttp, httpx, requests, urllib.request
        from requests import Session
        waiting = httpx.Client(timeout=None)
        usual = httpx.AsyncClient()
        unlimited = httpx.Timeout(None)

        async def f(url, limit, options):
            requests.get(url)
            requests.post(url, timeout=3)
            requests.request("put", url, timeout=None)
            requests.get(url, timeout=(None, None))
            requests.get(url, timeout=limit)
            requests.get(url, **options)
            with Session() as session:
                session.delete(url)
            httpx.get(url)
            httpx.get(url, timeout=unlimited)
            waiting.get(url)
            waiting.get(url, timeout=httpx.Timeout(5, read=None))
            await usual.stream("GET", url)
            async with aiohttp.ClientSession() as s, aiohttp.ClientSession(timeout=None) as t:
                await s.get(url)
                await t.get(url)
                await s.get(url, timeout=aiohttp.ClientTimeout(total=None))
            urllib.request.urlopen(url)
        """)
    assert found == [
        "HttpRequest requests.get GET timeout=absent blocking",
        "HttpRequest requests.post POST timeout=present blocking",
        "HttpRequest requests.request PUT timeout=absent blocking",
        "HttpRequest requests.get GET timeout=absent blocking",
        "HttpRequest requests.get GET timeout=unknown blocking",
        "HttpRequest requests.get GET timeout=unknown blocking",
        "HttpRequest requests.Session.delete DELETE timeout=absent blocking",
        "HttpRequest httpx.get GET timeout=present blocking",
        "HttpRequest httpx.get GET timeout=absent blocking",
        "HttpRequest httpx.Client.get GET timeout=absent blocking",
        "HttpRequest httpx.Client.get GET timeout=present blocking",
        "HttpRequest httpx.AsyncClient.stream GET timeout=present async",
        "HttpRequest aiohttp.ClientSession.get GET timeout=present async",
        "HttpRequest aiohttp.ClientSession.get GET timeout=absent async",
        "HttpRequest aiohttp.ClientSession.get GET timeout=absent async",
        "HttpRequest urllib.request.urlopen ? timeout=absent blocking",
    ]


def test_a_deadline_may_come_from_around_the_call() -> None:
    found = python("""
        import asyncio, httpx, requests, socket, urllib.request
        from urllib.request import urlopen
        socket.setdefaulttimeout(10)
        shared = requests.Session()
        shared.mount("https://", ImpatientAdapter())

        class Impatient(requests.Session):
            def request(self, *a, **k): ...

        class Client:
            def __init__(self):
                self.session = requests.Session()
                self.session.mount("https://", Adapter(5))
                self.plain = requests.Session()

            def go(self, url):
                self.session.get(url)
                self.plain.get(url)

        @timeout(5)
        def decorated(url):
            requests.get(url)

        async def f(url):
            client = httpx.AsyncClient(timeout=None)
            async with asyncio.timeout(3):
                await client.get(url)
            await asyncio.wait_for(client.get(url), 3)
            await client.get(url)
            Impatient().get(url)
            shared.get(url)
            urlopen(url)
        """)
    assert [line.split()[1:4:2] for line in found] == [
        ["requests.Session.get", "timeout=unknown"],
        ["requests.Session.get", "timeout=absent"],
        ["requests.get", "timeout=unknown"],
        ["httpx.AsyncClient.get", "timeout=unknown"],
        ["httpx.AsyncClient.get", "timeout=unknown"],
        ["httpx.AsyncClient.get", "timeout=absent"],
        ["requests.Session.get", "timeout=unknown"],
        ["requests.Session.get", "timeout=unknown"],
        ["urllib.request.urlopen", "timeout=present"],
    ]


def test_drivers() -> None:
    found = python("""
        import asyncpg, psycopg, psycopg2, sqlite3
        from psycopg_pool import ConnectionPool
        pool = ConnectionPool(DSN)

        async def f(id, p: asyncpg.Pool):
            with pool.connection() as connection:
                connection.execute("SELECT 1")
                with connection.cursor() as cursor:
                    cursor.executemany("INSERT INTO a VALUES (%s)", rows)
                connection.commit()
            old = psycopg2.connect("dbname=x")
            cur = old.cursor()
            cur.execute("SELECT * FROM a WHERE id = %s" % id)
            db = sqlite3.connect(":memory:")
            db.execute("SELECT a FROM b WHERE c = ?", (id,))
            rows = await p.fetch("SELECT * FROM a WHERE id = $1", id)
            async with p.acquire() as c, c.transaction():
                await c.fetchrow("SELECT 2")
        """)
    assert found == [
        "DatabaseConnect psycopg_pool.ConnectionPool timeout=present pool blocking",
        "DatabaseQuery psycopg.Connection.execute 'SELECT 1' blocking",
        "DatabaseQuery psycopg.Cursor.executemany 'INSERT INTO a VALUES (%s)' parameters batch blocking",
        "TransactionEnd psycopg.Connection.commit commit",
        "DatabaseConnect psycopg2.connect timeout=unknown blocking",
        "DatabaseQuery psycopg2.cursor.execute 'SELECT * FROM a WHERE id = {}' blocking",
        "DatabaseConnect sqlite3.connect timeout=present blocking",
        "DatabaseQuery sqlite3.Connection.execute 'SELECT a FROM b WHERE c = ?' parameters blocking",
        "DatabaseQuery asyncpg.Pool.fetch 'SELECT * FROM a WHERE id = $1' many parameters async",
        "TransactionBegin asyncpg.Connection.transaction async",
        "DatabaseQuery asyncpg.Connection.fetchrow 'SELECT 2' one async",
    ]


def test_sqlalchemy() -> None:
    found = python("""
        from typing import Annotated
        from fastapi import Depends
        from sqlalchemy import create_engine, text
        from sqlalchemy.ext.asyncio import AsyncSession
        from sqlalchemy.orm import Session, sessionmaker
        engine = create_engine(URL)
        Local = sessionmaker(engine)
        def get_db() -> Session: ...
        Async = Annotated[AsyncSession, Depends(x)]

        def f(user, session: Async, db=Depends(get_db)):
            with engine.connect() as connection:
                connection.execute(text("SELECT * FROM a WHERE id = :id"), {"id": 1})
                connection.exec_driver_sql(f"DELETE FROM a WHERE id = {user}")
            db.execute(select(User))
            db.query(User).filter(User.id == user).order_by(User.id).all()
            session.scalars(text("SELECT 1"))
            with Local() as s:
                s.commit()
        """)
    assert found == [
        "DatabaseConnect sqlalchemy.create_engine timeout=unknown pool async",
        "DatabaseQuery sqlalchemy.Connection.execute 'SELECT * FROM a WHERE id = :id' parameters blocking",
        "DatabaseQuery sqlalchemy.Connection.exec_driver_sql 'DELETE FROM a WHERE id = {}' blocking",
        "DatabaseQuery sqlalchemy.orm.Session.execute '?' blocking",
        "DatabaseQuery sqlalchemy.orm.Query.all '?' many blocking",
        "DatabaseQuery sqlalchemy.ext.asyncio.AsyncSession.scalars 'SELECT 1' many async",
        "TransactionEnd sqlalchemy.orm.Session.commit commit",
    ]


def test_sql_on_an_unknown_object_is_a_query() -> None:
    found = python("""
        from .db import connection
        def f(cursor, x):
            cursor.execute("SELECT a FROM b WHERE c = %s", (x,))
            connection.fetchrow(f"SELECT a FROM b WHERE c = {x}")
            command.execute("select a nice hat")
            command.execute(x)
            queue.fetch()
        """)
    assert found == [
        "DatabaseQuery execute 'SELECT a FROM b WHERE c = %s' parameters",
        "DatabaseQuery .db.connection.fetchrow 'SELECT a FROM b WHERE c = {}' one",
    ]


def test_the_system() -> None:
    found = python("""
        import asyncio, logging, os, subprocess, time, jwt
        from pathlib import Path
        log = logging.getLogger(__name__)

        def f(x, flag, k):
            subprocess.run(["ls", x], timeout=5)
            subprocess.check_output("ls " + x, shell=True)
            subprocess.run(x, shell=flag)
            os.system(x)
            time.sleep(1)
            open(x); Path(x).read_text(); (Path(x) / "a").open()
            log.warning("a %s", x, exc_info=True); logging.log(logging.INFO, "a")
            jwt.decode(x, k, algorithms=["HS256"])
            jwt.decode(x, options={"verify_signature": False})
            jwt.decode(x, k, algorithms=ALGORITHMS)
            jwt.encode({}, k, algorithm="HS256")
        """)
    assert found == [
        "ProcessRun subprocess.run no-shell timeout=present blocking",
        "ProcessRun subprocess.check_output shell timeout=absent blocking",
        "ProcessRun subprocess.run shell? timeout=absent blocking",
        "ProcessRun os.system shell timeout=absent blocking",
        "Sleep time.sleep blocking",
        "FileOpen open blocking",
        "FileOpen pathlib.Path.read_text blocking",
        "FileOpen pathlib.Path.open blocking",
        "LogWrite logging.Logger.warning warning 2",
        "LogWrite logging.log  1",
        "TokenDecode jwt.decode verify=True algorithms=('HS256',)",
        "TokenDecode jwt.decode verify=False algorithms=()",
        "TokenDecode jwt.decode verify=True algorithms=None",
        "TokenEncode jwt.encode algorithms=('HS256',)",
    ]


def test_responses() -> None:
    found = python("""
        from fastapi import HTTPException, status
        from fastapi.responses import JSONResponse
        from flask import jsonify
        def f(error):
            raise HTTPException(status_code=500, detail=str(error))
            raise HTTPException(status.HTTP_404_NOT_FOUND, "no")
            return JSONResponse({"a": 1}, status_code=201)
            return jsonify(error=str(error)), 500
        """)
    assert found == [
        "ResponseSent fastapi.HTTPException error 500",
        "ResponseSent fastapi.HTTPException error 404",
        "ResponseSent starlette.responses.JSONResponse json 201",
        "ResponseSent flask.jsonify json None",
    ]
