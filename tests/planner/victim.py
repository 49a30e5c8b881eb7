"""A process that has a planner, says how far it is, and waits to be killed: `victim.py FOLDER PHASE`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from backend_engineer.planner import cluster as clusters
from backend_engineer.planner import process
from backend_engineer.planner import shadow as shadows
from backend_engineer.planner.planner import Planner
from backend_engineer.settings import PlannerSettings
from tests.planner.conftest import DATA, script

SLEEPING = """
CREATE TABLE t (id int);
CREATE FUNCTION s() RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
  BEGIN PERFORM pg_sleep(1000); RETURN 1; END $$;
"""


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main(folder: Path, phase: str) -> None:
    if phase == "nobody":
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    if phase == "initdb":
        make = process.spawn

        def spawned(*arguments: object) -> object:
            made = make(*arguments)  # type: ignore[arg-type]
            say("ready")
            return made

        clusters.__dict__["spawn"] = spawned
    if phase == "inflate":
        inflate = shadows._inflate

        def inflated(*arguments: object) -> None:
            say("ready")
            inflate(*arguments)  # type: ignore[arg-type]

        shadows.__dict__["_inflate"] = inflated
    settings = PlannerSettings(statistics="tpch_stats.sql", timeout=600_000)
    with Planner(settings, DATA, folder=folder) as planner:
        if phase == "inflate":
            planner.shadow(script((DATA / "tpch_ddl.sql").read_text()))
        elif phase == "query":
            shadow = planner.shadow(script(SLEEPING))
            say("ready")
            shadow.explain("SELECT * FROM t WHERE id = s()", seconds=600)
        else:
            top = planner.shadow(script("CREATE TABLE t (id int);")).explain("SELECT * FROM t")
            say(f"ready {top['Node Type']} {os.geteuid()}")
            if phase == "nobody":
                return
        time.sleep(600)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
