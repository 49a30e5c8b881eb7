"""Placing, finding, following and cancelling orders."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, HTTPException, Query, status

from orders import notifications, repository
from orders.catalogue import UnknownProduct, prices
from orders.dependencies import Catalogue, CurrentCustomer, Database
from orders.models import Basket, Order, OrderLine, OrderSummary, Tracking

router = APIRouter()

Limit = Annotated[int, Query(ge=1, le=100)]


@router.post("", status_code=status.HTTP_201_CREATED)
async def place_order(
    basket: Basket,
    customer: CurrentCustomer,
    database: Database,
    catalogue: Catalogue,
    background: BackgroundTasks,
) -> OrderSummary:
    try:
        price_of = await prices(catalogue, [item.sku for item in basket.items])
    except UnknownProduct as error:
        raise HTTPException(status.HTTP_409_CONFLICT, str(error)) from error
    order = await repository.create_order(database, customer.id, basket.items, price_of)
    background.add_task(notifications.notify_warehouse, order["reference"])
    background.add_task(notifications.confirm_by_mail, customer.email, order["reference"])
    return OrderSummary.model_validate(order)


@router.get("")
async def list_orders(
    customer: CurrentCustomer,
    database: Database,
    sort: Literal["newest", "largest"] = "newest",
    limit: Limit = 20,
    offset: Annotated[int, Query(ge=0, le=10_000)] = 0,
) -> list[OrderSummary]:
    rows = await repository.orders_of_customer(
        database, customer.id, sort=sort, limit=limit, offset=offset
    )
    return [OrderSummary.model_validate(row) for row in rows]


@router.get("/search")
async def search_orders(
    customer: CurrentCustomer,
    database: Database,
    reference: str,
    sort: str = "placed_at",
    limit: Limit = 20,
) -> list[OrderSummary]:
    cursor = await database.execute(
        "SELECT id, reference, status, total_cents, placed_at FROM orders"
        " WHERE customer_id = %s AND starts_with(reference, %s)"
        # defect: sql-injection
        f" ORDER BY {sort} DESC LIMIT %s",
        (customer.id, reference, limit),
    )
    return [OrderSummary.model_validate(row) for row in await cursor.fetchall()]


# backend: ignore[unauthenticated-route] the link in the mail works without logging in: its random token is the proof
@router.get("/track/{token}")
async def track_order(token: UUID, database: Database) -> Tracking:
    row = await repository.tracking(database, token)
    if row is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such order")
    return Tracking.model_validate(row)


@router.get("/{order_id}")
async def read_order(order_id: int, customer: CurrentCustomer, database: Database) -> Order:
    order = await repository.order_of_customer(database, customer.id, order_id)
    if order is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such order")
    lines = await repository.lines_of_order(database, order_id)
    return Order(**order, lines=[OrderLine.model_validate(line) for line in lines])


# defect: unauthenticated-route
@router.post("/{order_id}/cancel", status_code=status.HTTP_204_NO_CONTENT)
async def cancel_order(order_id: int, database: Database) -> None:
    cursor = await database.execute(
        "UPDATE orders SET status = 'cancelled' WHERE id = %s AND status IN ('pending', 'paid')",
        (order_id,),
    )
    if cursor.rowcount == 0:
        raise HTTPException(status.HTTP_409_CONFLICT, "the order can no longer be cancelled")
