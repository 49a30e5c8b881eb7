"""The planner: how long it takes to start, to make a shadow, to plan, and to try out an index."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from measure import Row, bounded, milliseconds, p50

from backend_analyzers.oracle import Script
from backend_analyzers.sql.lexing import prepare
from backend_engineer.planner.advise import best_indexes, candidates_of
from backend_engineer.planner.explain import explain
from backend_engineer.planner.planner import Planner
from backend_engineer.planner.translate import schema_of
from backend_engineer.settings import PlannerSettings

DATA = Path(__file__).parents[1] / "tests" / "data" / "shadow"


def measure(folder: Path, *, rounds: int) -> list[Row]:
    """Each figure is the median of some rounds; nothing is compared, as nobody else does this."""
    del folder  # not reachable for the user who runs PostgreSQL when we are root
    script = _script((DATA / "tpch_ddl.sql").read_text())
    queries = [one["sql"] for one in json.loads((DATA / "tpch_plans.json").read_text()).values()]
    with _home() as home:
        first = [_first_start() for _ in range(max(2, rounds // 2))]
        with Planner(PlannerSettings(), DATA, folder=home) as planner:
            planner.cluster.restart()
        later = [_start(home) for _ in range(rounds)]
        settings = PlannerSettings(statistics="tpch_stats.sql")
        with Planner(settings, DATA, folder=home) as planner:
            planner.cluster.restart()
            began = time.perf_counter()
            shadow = planner.shadow(script)
            made = time.perf_counter() - began
            with shadow.planning(seconds=60) as connection:
                began = time.perf_counter()
                costs = [explain(connection, query)["Total Cost"] for query in queries]
                planned = time.perf_counter() - began
            schema = schema_of(script)
            each: list[float] = []
            for query, cost in zip(queries, costs, strict=True):
                count = len(candidates_of(query, schema))
                if count:
                    began = time.perf_counter()
                    best_indexes(shadow, query, schema, cost, seconds=60)
                    each.append((time.perf_counter() - began) / count)
    return [
        bounded("planner: the first start", "ms", p50(milliseconds(first)), most=1_500),
        bounded("planner: a later start", "ms", p50(milliseconds(later)), most=150),
        Row(what="planner: a shadow of 8 tables, 17 indexes", unit="ms", ours=made * 1000),
        Row(what="planner: a plan, mean of 64", unit="ms", ours=planned * 1000 / len(queries)),
        bounded("planner: an index tried out, p50", "ms", p50(milliseconds(each)), most=60),
    ]


def _first_start() -> float:
    with _home() as home:
        return _start(home)


def _start(home: Path) -> float:
    planner = Planner(PlannerSettings(), DATA, folder=home)
    began = time.perf_counter()
    with planner.cluster.connect():
        took = time.perf_counter() - began
    planner.close()
    return took


@contextmanager
def _home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="benchmark-planner-"))
    home.chmod(0o711)
    try:
        yield home
    finally:
        shutil.rmtree(home)


def _script(text: str) -> Script:
    written = text.encode()
    pieces = prepare(written, "postgresql").pieces
    return Script(tuple(s for a, b in pieces if (s := written[a:b].decode().strip())))


if __name__ == "__main__":
    for row in measure(Path(), rounds=5):
        sys.stdout.write(f"{row.what}: {row.ours:.1f} {row.unit}\n")
