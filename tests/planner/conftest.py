"""One private PostgreSQL for the whole run of a worker, in a folder that is thrown away."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend_analyzers.oracle import Script
from backend_analyzers.sql.lexing import prepare
from backend_engineer.planner.planner import Planner
from backend_engineer.settings import PlannerSettings

DATA = Path(__file__).parents[1] / "data" / "shadow"


def script(text: str) -> Script:
    """The statements of a text of SQL."""
    written = text.encode()
    pieces = prepare(written, "postgresql").pieces
    return Script(tuple(s for a, b in pieces if (s := written[a:b].decode().strip())))


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Where clusters are kept during the run: reachable for an unprivileged user, unlike `tmp_path`."""
    made = Path(tempfile.mkdtemp(prefix="be-planner-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="session")
def open_planner(folder: Path) -> Callable[..., Planner]:
    """A planner with some settings; who opens it closes it."""

    def make(root: Path = DATA, **settings: object) -> Planner:
        return Planner(PlannerSettings(**settings), root, folder=folder)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def planner(open_planner: Callable[..., Planner]) -> Iterator[Planner]:
    """A planner that knows nothing of production."""
    with open_planner() as made:
        yield made
