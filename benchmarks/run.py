"""Measure speed and memory, beside peers in the same run; print a table and, on request, JSON.

Exits 1 when a bound does not hold or a benchmark fails.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import checking
import editing
import growth
import msgspec
import parsing
import planning
import psutil
import startup
from measure import Row
from rich.console import Console
from rich.table import Table

Benchmark = Callable[[Path, bool], list[Row]]

BENCHMARKS: dict[str, Benchmark] = {
    "startup": lambda folder, quick: startup.measure(folder, rounds=5 if quick else 20),
    "editing": lambda folder, quick: editing.measure(folder, keys=50, rounds=1 if quick else 3),
    "parsing": lambda folder, quick: parsing.measure(folder, keys=50 if quick else 500),
    "growth": lambda folder, quick: growth.measure(
        folder / "growth", keys=2_000 if quick else 20_000, warm_up=1_000 if quick else 5_000
    ),
    "planning": lambda folder, quick: planning.measure(folder, rounds=5 if quick else 20),
    "checking": lambda folder, quick: checking.measure(folder, rounds=1 if quick else 3),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=BENCHMARKS, help="can be repeated")
    parser.add_argument("--quick", action="store_true", help="fewer rounds; for trying out")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    options = parser.parse_args()
    rows: dict[str, list[Row]] = {}
    failed: list[str] = []
    for name in options.only or BENCHMARKS:
        sys.stderr.write(f"{name} …\n")
        with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
            try:
                rows[name] = BENCHMARKS[name](Path(folder), options.quick)
            except Exception:  # noqa: BLE001 - the figures of the others shall not be lost
                failed.append(name)
                traceback.print_exc()
    machine = _machine()
    # A pipe has no width: the table keeps its lines whole there.
    console = Console() if sys.stdout.isatty() else Console(width=130)
    console.print(_table(rows, machine))
    if options.json:
        document = {
            "machine": machine,
            "quick": options.quick,
            "failed": failed,
            "benchmarks": rows,
        }
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(document)))
    broken = any(row.holds is False for group in rows.values() for row in group)
    return 1 if broken or failed else 0


def _machine() -> dict[str, str]:
    """What the absolute figures depend on."""
    tools = ("pygls", "ruff", "bandit", "tree-sitter")
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": str(os.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "python": platform.python_version(),
        **{tool: version(tool) for tool in tools},
    }


def _table(rows: dict[str, list[Row]], machine: dict[str, str]) -> Table:
    table = Table(caption=", ".join(f"{key} {value}" for key, value in machine.items()))
    for heading in ("", "ours", "peer", "", "ratio", "bound", ""):
        table.add_column(heading, justify="right" if heading in {"ours", "ratio"} else "left")
    for group in rows.values():
        for row in group:
            table.add_row(
                row.what,
                _figure(row.ours, row.unit),
                "" if row.theirs is None else _figure(row.theirs, row.unit),
                row.peer,
                "" if row.ratio is None else f"{row.ratio:.2f}",
                row.bound,
                {None: "", True: "holds", False: "BROKEN"}[row.holds],
            )
        table.add_section()
    return table


def _figure(value: float, unit: str) -> str:
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


if __name__ == "__main__":
    sys.exit(main())
