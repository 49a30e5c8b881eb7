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
    try:
        # defect: blocking-call-in-async
        response = requests.get(f"{settings.CARRIER_URL}/rates", params={"grams": grams}, timeout=3)
        response.raise_for_status()
    except requests.RequestException as error:
        raise HTTPException(status.HTTP_502_BAD_GATEWAY, "the carrier gave no price") from error
    return Quote.model_validate(response.json())


@router.get("/label")
async def label(reference: Annotated[str, Query(max_length=32)]) -> Response:
    try:
        printed = await asyncio.to_thread(print_label, reference)
    except requests.RequestException as error:
        raise HTTPException(status.HTTP_502_BAD_GATEWAY, "the carrier printed no label") from error
    return Response(printed, media_type="application/pdf")


def print_label(reference: str) -> bytes:
    response = requests.get(
        f"{settings.CARRIER_URL}/labels", params={"reference": reference}, timeout=3
    )
    response.raise_for_status()
    return response.content
