"""Reading what SQLAlchemy, SQLModel, Flask-SQLAlchemy and Alembic are told: columns, types, constraints.

Expressions are evaluated to *things* (`things`), as far as their names can be followed; what the
things mean to a database is said once here for models, migrations and statements.
"""
