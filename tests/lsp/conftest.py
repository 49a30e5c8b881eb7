"""A small shop to review, and servers to review it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lsp.client import Client

SCHEMA = """\
CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (
  id bigint PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers (id),
  total integer NOT NULL
);
CREATE INDEX orders_total ON orders (total);
CREATE INDEX orders_total_id ON orders (total, id);
"""
APP = """\
from fastapi import APIRouter, FastAPI
import psycopg

router = APIRouter(prefix="/orders")


@router.get("/{order_id}")
def get_order(order_id: int) -> object:
    with psycopg.connect("") as connection:
        return connection.execute("SELECT total FROM orders WHERE id = %s", (order_id,)).fetchone()


app = FastAPI()
app.include_router(router)
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with a service and its migrations."""
    return make_shop(tmp_path / "shop")


def make_shop(root: Path) -> Path:
    (root / "migrations").mkdir(parents=True)
    (root / "migrations" / "001_orders.sql").write_text(SCHEMA)
    (root / "app.py").write_text(APP)
    return root


@pytest.fixture
def start() -> Iterator[Callable[..., Client]]:
    """Start servers, and leave none behind."""
    clients: list[Client] = []

    def make(*arguments: str) -> Client:
        clients.append(Client(arguments=arguments))
        return clients[-1]

    yield make
    for client in clients:
        client.kill()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Path]]:
    """One server for a whole module, with the shop open and read."""
    root = make_shop(tmp_path_factory.mktemp("shared") / "shop")
    client = Client()
    try:
        client.initialize(root)
        client.indexed()
        yield client, root
        client.stop()
    finally:
        client.kill()
