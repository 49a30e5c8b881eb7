"""A workspace whose one large file looks like a backend: routes, models and queries of many things."""

from __future__ import annotations

from pathlib import Path

LINES = 2_000
"""How long the large file is, give or take a few lines."""

THINGS = (
    "account", "address", "audit", "basket", "booking", "bundle", "campaign", "carrier", "coupon",
    "customer", "delivery", "device", "discount", "dispute", "invoice", "label", "ledger", "parcel",
    "payment", "payout", "refund", "review", "stock", "supplier", "tariff", "ticket", "voucher",
    "warehouse",
)  # fmt: skip

HEAD = '''"""The whole shop in one file."""

import asyncio
import hashlib
import json
import logging
import os
from datetime import datetime
from typing import Annotated, Any

import httpx
import psycopg
import requests
from fastapi import APIRouter, Depends, HTTPException, Query
from psycopg.rows import DictRow, dict_row
from pydantic import BaseModel

log = logging.getLogger(__name__)
router = APIRouter(prefix="/v1")
DATABASE_URL = os.environ["DATABASE_URL"]
CARRIER = "https://carrier.example/v2"
COLUMNS = "id, name, owner_id, status, amount_cents, created_at"


async def database() -> psycopg.AsyncConnection[DictRow]:
    return await psycopg.AsyncConnection.connect(DATABASE_URL, row_factory=dict_row)


async def signed_in(token: str) -> int:
    async with httpx.AsyncClient(timeout=5.0) as client:
        answer = await client.get(f"{CARRIER}/session/{token}")
    if answer.status_code != 200:
        raise HTTPException(status_code=401)
    return int(answer.json()["id"])


Database = Annotated[psycopg.AsyncConnection[DictRow], Depends(database)]
User = Annotated[int, Depends(signed_in)]
'''

PART = '''

class {Thing}(BaseModel):
    id: int
    name: str
    owner_id: int
    status: str = "new"
    amount_cents: int = 0
    created_at: datetime

    def label(self) -> str:
        return f"{{self.name}} ({{self.status}})"


class {Thing}Repository:
    """Reads and writes {thing} rows."""

    def __init__(self, connection: psycopg.AsyncConnection[DictRow]) -> None:
        self.connection = connection

    async def one(self, {thing}_id: int) -> DictRow | None:
        cursor = await self.connection.execute(
            "SELECT id, name, owner_id, status, amount_cents, created_at FROM {thing}s WHERE id = %s",
            ({thing}_id,),
        )
        return await cursor.fetchone()

    async def page(self, owner_id: int, limit: int, offset: int) -> list[DictRow]:
        query = "SELECT " + COLUMNS + " FROM {thing}s WHERE owner_id = %s"
        query += " ORDER BY created_at DESC LIMIT %s OFFSET %s"
        cursor = await self.connection.execute(query, (owner_id, limit, offset))
        return await cursor.fetchall()

    async def insert(self, name: str, owner_id: int, amount_cents: int) -> int:
        cursor = await self.connection.execute(
            """
            INSERT INTO {thing}s (name, owner_id, amount_cents)
            VALUES (%s, %s, %s)
            RETURNING id
            """,
            (name, owner_id, amount_cents),
        )
        row = await cursor.fetchone()
        assert row is not None
        return int(row["id"])


@router.get("/{thing}s/{{{thing}_id}}")
async def get_{thing}({thing}_id: int, connection: Database, user: User) -> {Thing}:
    row = await {Thing}Repository(connection).one({thing}_id)
    if row is None or row["owner_id"] != user:
        raise HTTPException(status_code=404)
    return {Thing}.model_validate(row)


@router.get("/{thing}s")
async def list_{thing}s(
    connection: Database, user: User, limit: Annotated[int, Query(le=100)] = 20, offset: int = 0
) -> list[{Thing}]:
    rows = await {Thing}Repository(connection).page(user, limit, offset)
    return [{Thing}.model_validate(row) for row in rows]


@router.post("/{thing}s", status_code=201)
async def create_{thing}(body: dict[str, Any], connection: Database, user: User) -> dict[str, int]:
    amount = int(body.get("amount_cents", 0))
{defect}
    created = await {Thing}Repository(connection).insert(str(body["name"]), user, amount)
    log.info("created {thing} %s", created)
    return {{"id": created}}
'''

DEFECTS = (
    "    digest = hashlib.sha256(json.dumps(body).encode()).hexdigest()",
    '    requests.post(f"{CARRIER}/created", json=body)',
    '    rows = await connection.execute("SELECT * FROM {thing}s WHERE name = %s", (body["name"],))',
    "    await connection.execute(f\"SELECT 1 FROM {thing}s WHERE name = '{body['name']}'\")",
)
"""The work in between, in turns: some of it is what the one or the other linter reports."""

TABLE = """CREATE TABLE {thing}s (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    owner_id bigint NOT NULL REFERENCES customers (id),
    status text NOT NULL DEFAULT 'new',
    amount_cents bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX {thing}s_owner ON {thing}s (owner_id, created_at);
"""

MAIN = '''"""Runs the shop."""

from fastapi import FastAPI

from shop import router

app = FastAPI()
app.include_router(router, prefix="/api")
'''


def write_workspace(folder: Path) -> Path:
    """Write the workspace into an empty folder; the path of its large file."""
    text = HEAD + "".join(_part(number, thing) for number, thing in enumerate(THINGS))
    lines = text.count("\n")
    assert abs(lines - LINES) < LINES * 0.03, f"the file has {lines} lines"
    things = (*[t for t in THINGS if t == "customer"], *[t for t in THINGS if t != "customer"])
    migrations = folder / "migrations"
    migrations.mkdir()
    (migrations / "0001_all.sql").write_text(
        "\n".join(TABLE.replace("{thing}", thing) for thing in things), encoding="ascii"
    )
    (folder / "main.py").write_text(MAIN, encoding="ascii")
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\n', encoding="ascii"
    )
    large = folder / "shop.py"
    large.write_text(text, encoding="ascii")
    return large


def _part(number: int, thing: str) -> str:
    defect = DEFECTS[number % len(DEFECTS)].replace("{thing}", thing)
    return PART.format(thing=thing, Thing=thing.capitalize(), defect=defect)
