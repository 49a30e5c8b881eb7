"""The settings as editors and people read them: a JSON schema and a reference page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

from backend_engineer.configuration import expected
from backend_engineer.settings import Settings

_HEADER = """\
<!-- Generated from `server/backend_engineer/settings.py`.  Do not edit: run `pytest --update`. -->

# Settings

Settings stand in `backend-engineer.toml` in the project's folder, or in `pyproject.toml` under
`[tool.backend-engineer]`. What an editor sends goes over them, and options of the command line over
both. An unknown key or a value that does not fit is reported with its line, and the default holds.
"""


def schema() -> dict[str, Any]:
    """The JSON schema of `backend-engineer.toml`."""
    made = msgspec.json.schema(Settings)
    for definition in made.get("$defs", {}).values():
        definition["additionalProperties"] = False
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def reference() -> str:
    """The page `docs/settings.md`."""
    return _HEADER + "".join(_entries(Settings(), ""))


def _entries(settings: msgspec.Struct, parent: str) -> Iterator[str]:
    info = inspect.type_info(type(settings))
    assert isinstance(info, inspect.StructType)
    tables = []
    for field in info.fields:
        default = getattr(settings, field.name)
        if isinstance(default, msgspec.Struct):
            tables.append((field.name, default))
            continue
        kind = field.type
        text = ""
        if isinstance(kind, inspect.Metadata):
            text = (kind.extra_json_schema or {}).get("description", "")
        shown = json.dumps(msgspec.to_builtins(default))
        yield (
            f"\n## `{parent}{field.name}`\n\n{text}\n\n"
            f"Takes {expected(kind)}. Default: `{shown}`.\n"
        )
    for name, table in tables:
        yield from _entries(table, f"{parent}{name}.")
