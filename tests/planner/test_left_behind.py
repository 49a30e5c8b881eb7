"""Nothing is left of a planner whose owner is killed, and the next one works."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from backend_engineer.planner import cluster as clusters
from backend_engineer.planner.binaries import Unavailable
from backend_engineer.planner.planner import Planner
from backend_engineer.settings import PlannerSettings
from tests.planner.conftest import DATA, script
from tests.planner.test_shadow import PLANS, PRODUCTION, shape

ROOT = Path(__file__).parents[2]
PLAIN = script("CREATE TABLE t (id int);")


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder of its own for data folders."""
    made = Path(tempfile.mkdtemp(prefix="be-killed-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


def victim(home: Path, phase: str) -> subprocess.Popen[str]:
    code = f"import sys; sys.argv = ['victim', {str(home)!r}, {phase!r}]; from tests.planner import victim; "
    return subprocess.Popen(
        [sys.executable, "-c", f"{code}victim.main({'victim.Path(sys.argv[1])'}, {phase!r})"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def servers(home: Path) -> list[int]:
    """The processes that have the folder on their command line, or that it belongs to."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline", "cwd"]):
        told = [*(process.info["cmdline"] or ()), process.info["cwd"] or ""]
        if process.pid != os.getpid() and any(str(home) in word for word in told):
            found.append(process.pid)
    return found


def wait_until_gone(home: Path, seconds: float = 10) -> float:
    started = time.monotonic()
    while servers(home) and time.monotonic() - started < seconds:
        time.sleep(0.01)
    return time.monotonic() - started


def temporary() -> set[str]:
    """What is ours among the system's temporary files, but for the folders of tests."""
    ours = (f"be-{os.geteuid()}-", "backend-engineer", ".s.PGSQL", "pgsql")
    return {p.name for p in Path(tempfile.gettempdir()).iterdir() if p.name.startswith(ours)}


@pytest.mark.parametrize(
    ("phase", "delay"),
    [
        ("idle", 0.0),
        ("query", 0.1),
        ("initdb", 0.0),
        ("initdb", 0.15),
        ("inflate", 0.0),
        ("inflate", 0.2),
        ("inflate", 0.4),
    ],
)
@pytest.mark.e2e
@pytest.mark.skipif(sys.platform != "linux", reason="others have no /proc")
def test_nothing_is_left_of_a_server_that_is_killed(home: Path, phase: str, delay: float) -> None:
    if phase != "initdb":
        with Planner(PlannerSettings(), DATA, folder=home) as planner:
            planner.shadow(PLAIN)
    before = temporary()
    with victim(home, phase) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready")
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        took = wait_until_gone(home)
    assert servers(home) == []
    assert took < 5
    assert [path.name for path in home.glob("*/.s.PGSQL*")] == []
    assert temporary() == before
    settings = PlannerSettings(statistics="tpch_stats.sql")
    with Planner(settings, DATA, folder=home) as planner:
        shadow = planner.shadow(PRODUCTION)
        for name in ("h03", "h09", "o02", "o13"):
            top = shadow.explain(PLANS[name]["sql"], seconds=30)
            assert shape(top) == shape(PLANS[name]["plan"])
    assert sorted(path.name for path in home.iterdir() if path.is_dir()) == ["0"]


def test_a_server_that_outlived_its_owner_is_ended(home: Path) -> None:
    """Where the kernel does not tell a process that its parent died."""
    with Planner(PlannerSettings(), DATA, folder=home) as planner:
        cluster = planner.cluster
        command = psutil.Process(cluster._process.pid).cmdline()  # type: ignore[union-attr]
    with (home / "out").open("wb") as out:
        orphan = subprocess.Popen(
            command,
            stdout=out,
            stderr=out,
            cwd=home,
            **cluster.binaries.as_user(),  # type: ignore[call-overload]
        )
    mark = home / "0" / "postmaster.pid"
    while not mark.exists() or "ready" not in mark.read_text(errors="replace"):
        time.sleep(0.01)
    with Planner(PlannerSettings(), DATA, folder=home) as planner:
        assert planner.shadow(PLAIN).explain("SELECT * FROM t")
        assert orphan.wait(5) is not None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_it_works_as_a_normal_user(home: Path) -> None:
    os.chown(home, 65534, 65534)
    with victim(home, "nobody") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready Seq Scan 65534\n"
        assert process.wait(20) == 0
    assert (home / "0").stat().st_uid == 65534
    assert servers(home) == []


def test_two_at_once_have_a_folder_each(home: Path) -> None:
    with (
        Planner(PlannerSettings(), DATA, folder=home) as one,
        Planner(PlannerSettings(), DATA, folder=home) as other,
    ):
        assert one.cluster.data != other.cluster.data
        assert one.shadow(PLAIN).explain("SELECT * FROM t")
        assert other.shadow(PLAIN).explain("SELECT * FROM t")
    with Planner(PlannerSettings(), DATA, folder=home) as again:
        assert again.cluster.data == home / "0"


@pytest.mark.parametrize(
    "broken", ["global/pg_control", "PG_VERSION", "base", "backend-engineer", "global"]
)
def test_a_broken_folder_is_made_anew(home: Path, broken: str) -> None:
    with Planner(PlannerSettings(), DATA, folder=home) as planner:
        planner.shadow(PLAIN)
    path = home / "0" / broken
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.write_bytes(b"garbage\0" * 10)
    with Planner(PlannerSettings(), DATA, folder=home) as planner:
        assert planner.shadow(PLAIN).explain("SELECT * FROM t")


def test_a_server_that_is_killed_alone_is_started_again(home: Path) -> None:
    with Planner(PlannerSettings(), DATA, folder=home) as planner:
        planner.shadow(PLAIN)
        process = planner.cluster._process
        assert process is not None
        process.kill()
        process.wait()
        assert planner.shadow(PLAIN).explain("SELECT * FROM t")


def test_a_folder_with_a_long_name(home: Path) -> None:
    """The path of a socket has a limit that a folder's has not."""
    long = home / ("a" * 90) / ("b" * 90)
    long.mkdir(parents=True)
    for folder in (long.parent, long):
        folder.chmod(0o711)
    before = temporary()
    with Planner(PlannerSettings(), DATA, folder=long) as planner:
        assert planner.shadow(PLAIN).explain("SELECT * FROM t")
    assert temporary() == before


def test_a_folder_that_cannot_be_written_is_named(home: Path) -> None:
    (home / "file").write_text("")
    with pytest.raises(Unavailable, match="cannot be written: Not a directory"):
        clusters.start(home / "file" / "planner")


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        ("#!/bin/sh\nexit 1\n", 0o755, "exit code 1"),
        ("#!/bin/sh\necho 'libfoo.so: cannot open' >&2; exit 127\n", 0o755, "libfoo.so"),
        ("#!/bin/sh\necho 'postgres (PostgreSQL) 18.6'\n", 0o644, "Permission denied"),
        ("\x7fELF not for this machine", 0o755, "does not run"),
        ("#!/bin/sh\necho 'postgres (PostgreSQL) 9.6'\n", 0o755, "version 9, 14 is needed"),
        ("#!/bin/sh\necho 'postgres (PostgreSQL) 18.6'\nexit 0\n", 0o755, "cannot be made"),
    ],
)
def test_programs_that_do_not_run_are_named(home: Path, text: str, mode: int, said: str) -> None:
    programs = home / "bin"
    programs.mkdir()
    programs.chmod(0o755)
    for name in ("postgres", "initdb"):
        path = programs / name
        path.write_text(
            text if name == "postgres" or "exit 0" not in text else "#!/bin/sh\nexit 3\n"
        )
        path.chmod(mode)
    with pytest.raises(Unavailable, match=said):
        clusters.start(home, binaries=str(programs))
