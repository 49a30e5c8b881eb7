"""Issuing invoices, and what the bookkeeper reads of them."""

import logging
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from orders.billing.models import Invoice, InvoiceLine

log = logging.getLogger(__name__)


def issue(session: Session, orders: Iterable[dict[str, int]]) -> int:
    """Issues what was not yet issued; how many there were."""
    issued = 0
    for order in orders:
        line = InvoiceLine(line_number=1, text="goods", price=Decimal(order["total_cents"]) / 100)
        number = f"{order['id']:08}"
        try:
            session.add(Invoice(order_id=order["id"], number=number, lines=[line]))
            session.commit()
        # defect: missing-rollback
        except IntegrityError:
            log.info("the order %s has its invoice", order["id"])
        else:
            issued += 1
    return issued


def sums(session: Session, since: datetime) -> dict[str, Decimal]:
    """The sum of each invoice, by its number."""
    statement = select(Invoice).where(Invoice.issued_at >= since).order_by(Invoice.id).limit(500)
    found: dict[str, Decimal] = {}
    for invoice in session.scalars(statement):
        # defect: lazy-load-in-loop
        found[invoice.number] = sum((line.price for line in invoice.lines), Decimal(0))
    return found


def texts(session: Session, since: datetime) -> dict[str, list[str]]:
    """What each invoice is about, by its number."""
    statement = (
        select(Invoice)
        .options(selectinload(Invoice.lines))
        .where(Invoice.issued_at >= since)
        .order_by(Invoice.id)
        .limit(500)
    )
    return {
        invoice.number: [line.text for line in invoice.lines]
        for invoice in session.scalars(statement)
    }
