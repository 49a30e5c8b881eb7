"""Paying for an order."""

import httpx
from fastapi import APIRouter, HTTPException, status

from orders import repository, settings
from orders.dependencies import CurrentCustomer, Database
from orders.models import CardPayment

router = APIRouter()


@router.post("/{order_id}", status_code=status.HTTP_204_NO_CONTENT)
async def pay(
    order_id: int, payment: CardPayment, customer: CurrentCustomer, database: Database
) -> None:
    async with httpx.AsyncClient(base_url=settings.PAYMENTS_URL, timeout=10.0) as client:
        paid = await repository.pay_order(database, customer.id, order_id, payment.token, client)
    if not paid:
        raise HTTPException(status.HTTP_409_CONFLICT, "the order cannot be paid")
