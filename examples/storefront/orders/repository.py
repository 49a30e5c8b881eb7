"""The SQL of orders, refunds and sales."""

import secrets
from datetime import date
from uuid import UUID

import httpx
from psycopg import AsyncConnection, sql
from psycopg.rows import DictRow

from orders.models import BasketItem

SORT_COLUMNS = {"newest": "placed_at", "largest": "total_cents"}


async def create_order(
    connection: AsyncConnection[DictRow],
    customer_id: int,
    items: list[BasketItem],
    prices: dict[str, int],
) -> DictRow:
    total = sum(item.quantity * prices[item.sku] for item in items)
    async with connection.transaction():
        cursor = await connection.execute(
            """
            INSERT INTO orders (reference, customer_id, total_cents)
            VALUES (%s, %s, %s)
            RETURNING id, reference, status, total_cents, placed_at, tracking_token
            """,
            (secrets.token_hex(5).upper(), customer_id, total),
        )
        order = await cursor.fetchone()
        assert order is not None
        await cursor.executemany(
            """
            INSERT INTO order_lines (order_id, line_number, sku, quantity, unit_price_cents)
            VALUES (%s, %s, %s, %s, %s)
            """,
            [
                (order["id"], number, item.sku, item.quantity, prices[item.sku])
                for number, item in enumerate(items, start=1)
            ],
        )
    return order


async def orders_of_customer(
    connection: AsyncConnection[DictRow], customer_id: int, *, sort: str, limit: int, offset: int
) -> list[DictRow]:
    query = sql.SQL(
        """
        SELECT id, reference, status, total_cents, placed_at
        FROM orders
        WHERE customer_id = %s
        ORDER BY {} DESC, id
        LIMIT %s OFFSET %s
        """
    ).format(sql.Identifier(SORT_COLUMNS[sort]))
    cursor = await connection.execute(query, (customer_id, limit, offset))
    return await cursor.fetchall()


async def order_of_customer(
    connection: AsyncConnection[DictRow], customer_id: int, order_id: int
) -> DictRow | None:
    cursor = await connection.execute(
        """
        SELECT id, reference, status, total_cents, placed_at, tracking_token
        FROM orders
        WHERE id = %s AND customer_id = %s
        """,
        (order_id, customer_id),
    )
    return await cursor.fetchone()


async def lines_of_order(connection: AsyncConnection[DictRow], order_id: int) -> list[DictRow]:
    cursor = await connection.execute(
        """
        SELECT line_number, sku, quantity, unit_price_cents
        FROM order_lines
        WHERE order_id = %s
        ORDER BY line_number
        """,
        (order_id,),
    )
    return await cursor.fetchall()


async def packing_list(
    connection: AsyncConnection[DictRow], order_ids: list[int]
) -> dict[int, list[DictRow]]:
    """What to put into the parcel of each order."""
    parcels: dict[int, list[DictRow]] = {}
    for order_id in order_ids:
        # defect: query-in-loop
        cursor = await connection.execute(
            "SELECT sku, quantity FROM order_lines WHERE order_id = %s ORDER BY line_number",
            (order_id,),
        )
        parcels[order_id] = await cursor.fetchall()
    return parcels


async def pay_order(
    connection: AsyncConnection[DictRow],
    customer_id: int,
    order_id: int,
    token: str,
    client: httpx.AsyncClient,
) -> bool:
    """Charges the card and marks the order as paid; False when there is nothing to pay."""
    async with connection.transaction():
        cursor = await connection.execute(
            """
            UPDATE orders SET status = 'paid'
            WHERE id = %s AND customer_id = %s AND status = 'pending'
            RETURNING total_cents
            """,
            (order_id, customer_id),
        )
        order = await cursor.fetchone()
        if order is None:
            return False
        charge = {"token": token, "amount_cents": order["total_cents"]}
        # defect: transaction-across-network-call
        response = await client.post("/charges", json=charge)
        response.raise_for_status()
        await connection.execute(
            "INSERT INTO payments (order_id, amount_cents) VALUES (%s, %s)",
            (order_id, order["total_cents"]),
        )
    return True


async def mark_shipped(
    connection: AsyncConnection[DictRow], order_ids: list[int], carrier_code: str
) -> None:
    await connection.execute(
        """
        WITH shipped AS (
            UPDATE orders SET status = 'shipped'
            WHERE id = ANY(%s) AND status = 'paid'
            RETURNING id
        )
        INSERT INTO shipments (order_id, carrier_code)
        SELECT id, %s FROM shipped
        """,
        (order_ids, carrier_code),
    )


async def tracking(connection: AsyncConnection[DictRow], token: UUID) -> DictRow | None:
    cursor = await connection.execute(
        """
        SELECT o.reference, o.status, c.name AS carrier, s.shipped_at
        FROM orders AS o
        LEFT JOIN shipments AS s ON s.order_id = o.id
        LEFT JOIN carriers AS c ON c.code = s.carrier_code
        WHERE o.tracking_token = %s
        """,
        (token,),
    )
    return await cursor.fetchone()


async def sales_of_day(connection: AsyncConnection[DictRow], day: date) -> DictRow:
    cursor = await connection.execute(
        """
        SELECT count(*) AS orders, coalesce(sum(total_cents), 0)::bigint AS total_cents
        FROM orders
        -- defect: non-sargable-predicate
        WHERE date(placed_at) = %s
        """,
        (day,),
    )
    row = await cursor.fetchone()
    assert row is not None
    return row


async def sales_since(connection: AsyncConnection[DictRow], first: date) -> DictRow:
    cursor = await connection.execute(
        """
        SELECT count(*) AS orders, coalesce(sum(total_cents), 0)::bigint AS total_cents
        FROM orders
        WHERE placed_at >= %s::date
        """,
        (first,),
    )
    row = await cursor.fetchone()
    assert row is not None
    return row
