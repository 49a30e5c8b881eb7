"""Everything that differs between deployments, read once from the environment."""

import os

DATABASE_URL = os.environ["DATABASE_URL"]
SQLALCHEMY_URL = DATABASE_URL.replace("postgresql:", "postgresql+psycopg:", 1)
REPORTS_DATABASE_URL = os.environ.get("REPORTS_DATABASE_URL", DATABASE_URL)

CATALOGUE_URL = os.environ["CATALOGUE_URL"]
CATALOGUE_TOKEN = os.environ["CATALOGUE_TOKEN"]

CARRIER_URL = os.environ["CARRIER_URL"]
WAREHOUSE_URL = os.environ["WAREHOUSE_URL"]
MAIL_URL = os.environ["MAIL_URL"]
PAYMENTS_URL = os.environ["PAYMENTS_URL"]
