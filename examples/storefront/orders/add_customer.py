"""Adds a customer: `python -m orders.add_customer EMAIL`, which asks for the password."""

import sys
from getpass import getpass

import psycopg

from orders import security, settings


def main() -> None:
    email = sys.argv[1]
    password_hash = security.hash_password(getpass())
    with psycopg.connect(
        settings.DATABASE_URL, connect_timeout=5, options="-c statement_timeout=5000"
    ) as connection:
        connection.execute(
            "INSERT INTO customers (email, password_hash) VALUES (%s, %s)",
            (email, password_hash),
        )
    print(f"added {email}")


if __name__ == "__main__":
    main()
