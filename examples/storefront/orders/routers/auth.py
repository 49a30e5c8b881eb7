"""Logging in."""

import asyncio

from fastapi import APIRouter, HTTPException, status

from orders import security
from orders.dependencies import Database
from orders.models import Credentials, Token

router = APIRouter()


@router.post("/login")
async def login(credentials: Credentials, database: Database) -> Token:
    cursor = await database.execute(
        "SELECT id, password_hash FROM customers WHERE lower(email) = lower(%s)",
        (credentials.email,),
    )
    row = await cursor.fetchone()
    # scrypt is slow on purpose and would hold up every other request.
    if row is None or not await asyncio.to_thread(
        security.password_matches, credentials.password, row["password_hash"]
    ):
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "wrong address or password")
    return Token(access_token=security.issue_token(row["id"]))
