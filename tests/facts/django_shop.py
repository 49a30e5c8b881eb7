"""The Django project of `tests/data/django_shop.md`, and what Django itself makes of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from backend_analyzers.workspace import Workspace

_FILE = re.compile(r"^`([\w/.]+\.py)`\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PACKAGES = ("shop", "accounts", "catalog", "orders", "archive")


@cache
def texts() -> dict[str, str]:
    """The files of the project by path."""
    page = (Path(__file__).parent.parent / "data" / "django_shop.md").read_text("utf-8")
    found: dict[str, str] = dict(_FILE.findall(page))
    for package in _PACKAGES:
        found[f"{package}/__init__.py"] = ""
        if package != "shop":
            found[f"{package}/migrations/__init__.py"] = ""
    return found


def workspace() -> Workspace:
    """The project as the analyzers see it."""
    return Workspace.of(texts())


def asked_of_django(folder: Path, script: str) -> Any:
    """What a script prints as JSON, with the project set up and migrated in memory."""
    for path, text in texts().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    (folder / "ask.py").write_text(_SETUP + script, "utf-8")
    done = subprocess.run(
        [sys.executable, "ask.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


_SETUP = """
import json, os, sys
sys.dont_write_bytecode = True
os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
import django
django.setup()
from django.core.management import call_command
from django.db import connection
call_command("migrate", verbosity=0)
"""

TABLES = """
found = {}
with connection.cursor() as cursor:
    for info in connection.introspection.get_table_list(cursor):
        if info.name == "django_migrations":
            continue
        constraints = connection.introspection.get_constraints(cursor, info.name)
        cursor.execute(f'PRAGMA table_info("{info.name}")')
        columns = {
            name: {"nullable": not (not_null or key), "key": bool(key)}
            for _, name, _, not_null, _, key in cursor.fetchall()
        }
        found[info.name] = {
            "columns": columns,
            "indexes": [
                [name, one["unique"], one["columns"]]
                for name, one in constraints.items()
                if (one["index"] or one["unique"]) and not one["primary_key"]
            ],
            "checks": sum(one["check"] for one in constraints.values()),
            "foreign": sorted(
                [one["columns"], list(one["foreign_key"])]
                for one in constraints.values()
                if one["foreign_key"]
            ),
        }
print(json.dumps(found))
"""
"""Prints the tables that the migrations have made, as SQLite has them."""
