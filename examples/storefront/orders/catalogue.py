"""The catalogue service, as this one sees it."""

from collections.abc import Iterable

import httpx

from orders import settings


class UnknownProduct(Exception):
    """A product that the catalogue does not sell; the text is meant for the customer."""

    def __init__(self, sku: str) -> None:
        super().__init__(f"no product has the number {sku}")


def client() -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=settings.CATALOGUE_URL,
        headers={"Authorization": f"Bearer {settings.CATALOGUE_TOKEN}"},
        timeout=2.0,
    )


async def prices(catalogue: httpx.AsyncClient, skus: Iterable[str]) -> dict[str, int]:
    """The price of each product in cents; raises `UnknownProduct` when one is not sold."""
    wanted = sorted(set(skus))
    response = await catalogue.post("/prices", json={"skus": wanted})
    response.raise_for_status()
    found = {price["sku"]: int(price["price_cents"]) for price in response.json()["prices"]}
    for sku in wanted:
        if sku not in found:
            raise UnknownProduct(sku)
    return found
