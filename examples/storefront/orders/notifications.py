"""Messages to others, sent after the response by a background task on a worker thread."""

import logging

import requests

from orders import settings

log = logging.getLogger(__name__)


def notify_warehouse(reference: str) -> None:
    """Tells the warehouse that there is something to pack."""
    try:
        # defect: missing-timeout
        response = requests.post(f"{settings.WAREHOUSE_URL}/orders", json={"reference": reference})
        response.raise_for_status()
    except requests.RequestException:
        log.exception("the warehouse does not know of order %s", reference)


def confirm_by_mail(email: str, reference: str) -> None:
    """A lost confirmation is not worth more than a line in the log."""
    message = {"to": email, "template": "order-confirmed", "reference": reference}
    try:
        requests.post(f"{settings.MAIL_URL}/messages", json=message, timeout=5)
    except requests.RequestException:
        log.warning("no confirmation was sent for order %s", reference, exc_info=True)
