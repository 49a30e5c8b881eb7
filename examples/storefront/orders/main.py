"""The application: `uvicorn orders.main:app`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import Depends, FastAPI
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from orders import catalogue, jobs, settings
from orders.dependencies import current_customer
from orders.routers import (
    auth,
    gift_cards,
    invoices,
    newsletter,
    orders,
    payments,
    refunds,
    reports,
    shipments,
)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    # defect: pool-exceeds-server
    pool = AsyncConnectionPool(
        settings.DATABASE_URL,
        min_size=1,
        max_size=10,
        timeout=5,
        kwargs={
            "autocommit": True,
            "row_factory": dict_row,
            "connect_timeout": 5,
            "options": "-c statement_timeout=5000",
        },
        open=False,
    )
    async with pool, catalogue.client() as catalogue_client:
        app.state.pool = pool
        app.state.catalogue = catalogue_client
        expiry = asyncio.create_task(jobs.expire_unpaid_orders(pool))
        await jobs.log_backlog(pool)
        yield
        expiry.cancel()
        with suppress(asyncio.CancelledError):
            await expiry


app = FastAPI(title="Storefront orders", lifespan=lifespan)

app.include_router(auth.router, prefix="/auth", tags=["auth"])
app.include_router(orders.router, prefix="/orders", tags=["orders"])
app.include_router(
    refunds.router,
    prefix="/refunds",
    tags=["refunds"],
    dependencies=[Depends(current_customer)],
)
app.include_router(
    shipments.router,
    prefix="/shipments",
    tags=["shipments"],
    dependencies=[Depends(current_customer)],
)
app.include_router(
    payments.router,
    prefix="/payments",
    tags=["payments"],
    dependencies=[Depends(current_customer)],
)
app.include_router(
    gift_cards.router,
    prefix="/gift-cards",
    tags=["gift cards"],
    dependencies=[Depends(current_customer)],
)
app.include_router(
    invoices.router,
    prefix="/invoices",
    tags=["invoices"],
    dependencies=[Depends(current_customer)],
)
app.include_router(
    newsletter.router,
    prefix="/newsletter",
    tags=["newsletter"],
    dependencies=[Depends(current_customer)],
)
app.include_router(reports.router)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}
