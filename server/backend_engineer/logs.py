"""Where defects of our own are written down, so that a report of them can be complete."""

from __future__ import annotations

import contextlib
import sys
import time
from importlib.metadata import version
from pathlib import Path

import platformdirs

_LARGEST = 1_000_000


def log_file() -> Path:
    """The log; it can be deleted at any time."""
    return platformdirs.user_log_path("backend-engineer", appauthor=False) / "backend-engineer.log"


def record(what: str, details: str) -> Path:
    """Append a defect to the log and return where that is.  A log that fails is no further fault."""
    path = log_file()
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    python = ".".join(str(part) for part in sys.version_info[:3])
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > _LARGEST:
            path.replace(path.with_suffix(".old.log"))
        with path.open("a", encoding="utf-8", errors="replace") as log:
            log.write(
                f"{when} {version('backend-engineer')} Python {python}: {what}\n{details}\n\n"
            )
    return path
