"""JSON for reports: laid out, in stable order, and never refused for what a file is called."""

from __future__ import annotations

from typing import Any

import msgspec


def pretty(document: object) -> str:
    """A document as indented JSON with a line end."""
    try:
        encoded = msgspec.json.encode(document)
    except UnicodeEncodeError:  # a path whose bytes are no UTF-8
        encoded = msgspec.json.encode(_clean(document))
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


def _clean(value: Any) -> Any:
    match value:
        case str():
            return value.encode(errors="replace").decode()
        case dict():
            return {_clean(key): _clean(one) for key, one in value.items()}
        case list() | tuple():
            return [_clean(one) for one in value]
        case _:
            return value
