"""Work that nobody waits for, done beside the requests."""

import asyncio
import logging

from psycopg import OperationalError
from psycopg_pool import AsyncConnectionPool, PoolTimeout

log = logging.getLogger(__name__)


async def log_backlog(pool: AsyncConnectionPool) -> None:
    """Says how much there is to pack, when the service starts."""
    # defect: leaked-connection
    connection = await pool.getconn()
    # defect: missing-index
    cursor = await connection.execute("SELECT count(*) AS orders FROM orders WHERE status = 'paid'")
    row = await cursor.fetchone()
    log.info("orders to pack: %s", row)
    await pool.putconn(connection)


async def expire_unpaid_orders(pool: AsyncConnectionPool, *, every: float = 60.0) -> None:
    """Gives up orders that nobody paid within half an hour, until it is cancelled."""
    while True:
        try:
            async with pool.connection() as connection:
                cursor = await connection.execute(
                    """
                    UPDATE orders SET status = 'expired'
                    WHERE status = 'pending' AND placed_at < now() - interval '30 minutes'
                    """
                )
            if cursor.rowcount:
                log.info("expired %d unpaid orders", cursor.rowcount)
        except (OperationalError, PoolTimeout):
            log.warning("unpaid orders were not expired this time", exc_info=True)
        await asyncio.sleep(every)
