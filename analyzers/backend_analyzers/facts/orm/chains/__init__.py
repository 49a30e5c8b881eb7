"""Statements that SQLAlchemy builds by chains of calls, read and written as SQL."""
