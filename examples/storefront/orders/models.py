"""What goes over the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field


class Credentials(BaseModel):
    email: Annotated[str, Field(max_length=254)]
    password: Annotated[str, Field(max_length=128)]


class Token(BaseModel):
    access_token: str
    token_type: str = "bearer"


class BasketItem(BaseModel):
    sku: Annotated[str, Field(max_length=32)]
    quantity: Annotated[int, Field(ge=1, le=100)]


class Basket(BaseModel):
    items: Annotated[list[BasketItem], Field(min_length=1, max_length=50)]


class OrderSummary(BaseModel):
    id: int
    reference: str
    status: str
    total_cents: int
    placed_at: datetime


class OrderLine(BaseModel):
    line_number: int
    sku: str
    quantity: int
    unit_price_cents: int


class Order(OrderSummary):
    tracking_token: UUID
    lines: list[OrderLine]


class Tracking(BaseModel):
    reference: str
    status: str
    carrier: str | None
    shipped_at: datetime | None


class RefundRequest(BaseModel):
    order_id: int
    amount_cents: Annotated[int, Field(gt=0)]
    reason: Annotated[str, Field(max_length=500)]


class Refund(BaseModel):
    id: int
    order_id: int
    amount_cents: int
    reason: str
    created_at: datetime


class PackingRequest(BaseModel):
    order_ids: Annotated[list[int], Field(min_length=1, max_length=50)]


class Quote(BaseModel):
    carrier: str
    price_cents: int


class DailySales(BaseModel):
    orders: int
    total_cents: int


class InvoicedOrder(BaseModel):
    id: int
    total_cents: Annotated[int, Field(ge=0)]


class ToInvoice(BaseModel):
    orders: Annotated[list[InvoicedOrder], Field(min_length=1, max_length=500)]


class Issued(BaseModel):
    issued: int


class GiftCardPayment(BaseModel):
    amount_cents: Annotated[int, Field(gt=0)]


class GiftCardTopUp(BaseModel):
    amount_cents: Annotated[int, Field(gt=0, le=50_000)]


class Subscription(BaseModel):
    email: Annotated[str, Field(max_length=254)]


class CardPayment(BaseModel):
    token: Annotated[str, Field(max_length=64)]
