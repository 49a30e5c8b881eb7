"""Paying with a gift card."""

from fastapi import APIRouter, HTTPException, status

from orders.dependencies import Database
from orders.models import GiftCardPayment, GiftCardTopUp

router = APIRouter()


@router.post("/{code}/payments", status_code=status.HTTP_204_NO_CONTENT)
async def pay(code: str, payment: GiftCardPayment, database: Database) -> None:
    cursor = await database.execute(
        "SELECT balance_cents FROM gift_cards WHERE code = %s", (code,)
    )
    card = await cursor.fetchone()
    if card is None or card["balance_cents"] < payment.amount_cents:
        raise HTTPException(status.HTTP_409_CONFLICT, "the card does not hold that much")
    left = card["balance_cents"] - payment.amount_cents
    # defect: lost-update
    await database.execute(
        "UPDATE gift_cards SET balance_cents = %s WHERE code = %s", (left, code)
    )


@router.post("/{code}/top-ups", status_code=status.HTTP_204_NO_CONTENT)
async def top_up(code: str, top_up: GiftCardTopUp, database: Database) -> None:
    cursor = await database.execute(
        "UPDATE gift_cards SET balance_cents = balance_cents + %s WHERE code = %s",
        (top_up.amount_cents, code),
    )
    if cursor.rowcount == 0:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such card")
