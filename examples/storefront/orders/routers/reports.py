"""Numbers for the shopkeeper."""

from datetime import date

from fastapi import APIRouter, Depends

from orders import repository
from orders.dependencies import Database, current_customer
from orders.models import DailySales

router = APIRouter(prefix="/reports", tags=["reports"], dependencies=[Depends(current_customer)])


@router.get("/daily")
async def daily_sales(day: date, database: Database) -> DailySales:
    return DailySales.model_validate(await repository.sales_of_day(database, day))


@router.get("/since")
async def sales_since(first: date, database: Database) -> DailySales:
    return DailySales.model_validate(await repository.sales_since(database, first))
