"""Runs the migrations of the orders database, which are written by hand, each in a transaction of its own."""

from alembic import context
from sqlalchemy import create_engine, pool

from orders import settings

engine = create_engine(settings.SQLALCHEMY_URL, poolclass=pool.NullPool)

with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
