"""Giving money back."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, status

from orders.dependencies import CurrentCustomer, Database
from orders.models import Refund, RefundRequest

router = APIRouter()


@router.post("", status_code=status.HTTP_201_CREATED)
async def request_refund(
    refund: RefundRequest, customer: CurrentCustomer, database: Database
) -> Refund:
    cursor = await database.execute(
        """
        INSERT INTO refunds (order_id, amount_cents, reason)
        SELECT id, %s, %s
        FROM orders
        WHERE id = %s AND customer_id = %s AND total_cents >= %s
        RETURNING id, order_id, amount_cents, reason, created_at
        """,
        (refund.amount_cents, refund.reason, refund.order_id, customer.id, refund.amount_cents),
    )
    row = await cursor.fetchone()
    if row is None:
        raise HTTPException(status.HTTP_409_CONFLICT, "the order cannot be refunded that much")
    return Refund.model_validate(row)


@router.get("")
async def list_refunds(
    customer: CurrentCustomer,
    database: Database,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> list[Refund]:
    cursor = await database.execute(
        """
        SELECT r.id, r.order_id, r.amount_cents, r.reason, r.created_at
        FROM refunds AS r
        JOIN orders AS o ON o.id = r.order_id
        WHERE o.customer_id = %s
        ORDER BY r.id DESC
        LIMIT %s
        """,
        (customer.id, limit),
    )
    return [Refund.model_validate(row) for row in await cursor.fetchall()]


@router.get("/{refund_id}")
async def read_refund(refund_id: int, customer: CurrentCustomer, database: Database) -> Refund:
    cursor = await database.execute(
        """
        SELECT r.id, r.order_id, r.amount_cents, r.reason,
               -- defect: unknown-column
               r.refunded_at AS created_at
        FROM refunds AS r
        JOIN orders AS o ON o.id = r.order_id
        WHERE r.id = %s AND o.customer_id = %s
        """,
        (refund_id, customer.id),
    )
    row = await cursor.fetchone()
    if row is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such refund")
    return Refund.model_validate(row)
