"""Everything that differs between deployments, read once from the environment."""

import os

DATABASE_URL = os.environ["DATABASE_URL"]

CATALOGUE_URL = os.environ["CATALOGUE_URL"]
CATALOGUE_TOKEN = os.environ["CATALOGUE_TOKEN"]

CARRIER_URL = os.environ["CARRIER_URL"]
WAREHOUSE_URL = os.environ["WAREHOUSE_URL"]
MAIL_URL = os.environ["MAIL_URL"]
