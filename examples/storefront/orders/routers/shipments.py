"""Packing and shipping."""

import asyncio
from typing import Annotated, Literal

import requests
from fastapi import APIRouter, HTTPException, Query, Response, status

from orders import repository, settings
from orders.dependencies import Database
from orders.models import PackingRequest, Quote

router = APIRouter()


@router.post("/packing-list")
async def make_packing_list(
    request: PackingRequest, database: Database
) -> dict[int, list[dict[str, str | int]]]:
    return await repository.packing_list(database, request.order_ids)


@router.post("/{carrier_code}", status_code=status.HTTP_204_NO_CONTENT)
async def ship(
    carrier_code: Literal["post", "bike"], request: PackingRequest, database: Database
) -> None:
    await repository.mark_shipped(database, request.order_ids, carrier_code)


@router.get("/quote")
async def quote(grams: Annotated[int, Query(ge=1, le=30_000)]) -> Quote:
    # defect: blocking-call-in-async
    response = requests.get(f"{settings.CARRIER_URL}/rates", params={"grams": grams}, timeout=3)
    if not response.ok:
        raise HTTPException(status.HTTP_502_BAD_GATEWAY, "the carrier gave no price")
    return Quote.model_validate(response.json())


@router.get("/label")
async def label(reference: Annotated[str, Query(max_length=32)]) -> Response:
    printed = await asyncio.to_thread(
        requests.get, f"{settings.CARRIER_URL}/labels", params={"reference": reference}, timeout=3
    )
    if not printed.ok:
        raise HTTPException(status.HTTP_502_BAD_GATEWAY, "the carrier printed no label")
    return Response(printed.content, media_type="application/pdf")
