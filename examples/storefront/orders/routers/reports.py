"""Numbers for the shopkeeper."""

from datetime import date

import psycopg
from fastapi import APIRouter, Depends

from orders import repository, settings
from orders.dependencies import Database, current_customer
from orders.models import DailySales

router = APIRouter(prefix="/reports", tags=["reports"], dependencies=[Depends(current_customer)])


@router.get("/daily")
async def daily_sales(day: date, database: Database) -> DailySales:
    return DailySales.model_validate(await repository.sales_of_day(database, day))


@router.get("/since")
async def sales_since(first: date, database: Database) -> DailySales:
    return DailySales.model_validate(await repository.sales_since(database, first))


@router.get("/customers")
async def customers_since(first: date) -> dict[str, int]:
    """Counted on the replica, when there is one."""
    # defect: connection-per-request
    async with await psycopg.AsyncConnection.connect(
        settings.REPORTS_DATABASE_URL, connect_timeout=5
    ) as connection:
        cursor = await connection.execute(
            "SELECT count(*) FROM customers WHERE created_at >= %s::date", (first,)
        )
        row = await cursor.fetchone()
    assert row is not None
    return {"customers": row[0]}
