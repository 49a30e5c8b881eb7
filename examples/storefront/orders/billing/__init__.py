"""Invoices, with SQLAlchemy: what the bookkeeper's requests need."""
