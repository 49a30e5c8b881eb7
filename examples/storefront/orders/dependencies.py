"""What a route may ask for: a database connection and the customer who is calling."""

from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import jwt
from fastapi import Depends, HTTPException, Request, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from psycopg import AsyncConnection
from psycopg.rows import DictRow
from pydantic import BaseModel

from orders import security

bearer = HTTPBearer()


class Customer(BaseModel):
    id: int
    email: str


async def connection(request: Request) -> AsyncIterator[AsyncConnection[DictRow]]:
    """One connection for each request; each statement is committed unless a transaction is opened."""
    async with request.app.state.pool.connection() as opened:
        yield opened


Database = Annotated[AsyncConnection[DictRow], Depends(connection)]


def catalogue_client(request: Request) -> httpx.AsyncClient:
    return request.app.state.catalogue


Catalogue = Annotated[httpx.AsyncClient, Depends(catalogue_client)]


async def current_customer(
    credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)],
    database: Database,
) -> Customer:
    try:
        customer_id = security.customer_id_of(credentials.credentials)
    except jwt.InvalidTokenError:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "the token is not valid") from None
    cursor = await database.execute("SELECT id, email FROM customers WHERE id = %s", (customer_id,))
    row = await cursor.fetchone()
    if row is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "the token is not valid")
    return Customer.model_validate(row)


CurrentCustomer = Annotated[Customer, Depends(current_customer)]
