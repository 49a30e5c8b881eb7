"""The newsletter."""

from fastapi import APIRouter, status

from orders.dependencies import Database
from orders.models import Subscription

router = APIRouter()


@router.post("", status_code=status.HTTP_204_NO_CONTENT)
async def subscribe(subscription: Subscription, database: Database) -> None:
    cursor = await database.execute(
        "SELECT id FROM subscribers WHERE email = %s", (subscription.email,)
    )
    if await cursor.fetchone() is None:
        # defect: check-then-insert
        await database.execute(
            "INSERT INTO subscribers (email) VALUES (%s)", (subscription.email,)
        )
