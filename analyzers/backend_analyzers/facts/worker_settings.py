"""How many workers and threads the configuration file of gunicorn starts."""

from __future__ import annotations

from backend_analyzers import ir
from backend_analyzers.fact import codes, file_fact
from backend_analyzers.source import File, Language


@file_fact
def worker_settings(file: File) -> dict[str, int]:
    """`workers` and `threads` as `gunicorn.conf.py` sets them; -1 when the number is not known."""
    if file.language is not Language.PYTHON:
        return {}
    name = file.path.rpartition("/")[2]
    if name not in {"gunicorn.conf.py", "gunicorn_conf.py", "gunicorn_config.py"}:
        return {}
    found: dict[str, int] = {}
    for code in codes(file):
        node = code.unit.node
        if isinstance(node, ir.Assign) and node.value is not None:
            for target in node.targets:
                if isinstance(target, ir.Name) and target.id in {"workers", "threads"}:
                    value = code.constant(node.value)
                    found[target.id] = value if type(value) is int else -1
    return found
