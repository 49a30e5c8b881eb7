"""Sessions for the bookkeeper's requests, which run on worker threads."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import NullPool

from orders import settings

# defect: unpooled-connection
engine = create_engine(settings.SQLALCHEMY_URL, poolclass=NullPool)
Billing = sessionmaker(engine)


def session() -> Iterator[Session]:
    with Billing() as opened:
        yield opened


BillingSession = Annotated[Session, Depends(session)]
