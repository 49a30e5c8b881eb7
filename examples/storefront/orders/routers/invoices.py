"""Invoices, for the bookkeeper."""

from datetime import datetime
from decimal import Decimal

from fastapi import APIRouter

from orders.billing import invoices
from orders.billing.database import BillingSession
from orders.models import Issued, ToInvoice

router = APIRouter()


@router.post("/issue")
def issue(request: ToInvoice, session: BillingSession) -> Issued:
    orders = [{"id": one.id, "total_cents": one.total_cents} for one in request.orders]
    return Issued(issued=invoices.issue(session, orders))


@router.get("/sums")
def sums(since: datetime, session: BillingSession) -> dict[str, Decimal]:
    return invoices.sums(session, since)


@router.get("/texts")
def texts(since: datetime, session: BillingSession) -> dict[str, list[str]]:
    return invoices.texts(session, since)
