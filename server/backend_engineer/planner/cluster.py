"""One private PostgreSQL: made once, started lazily, and gone with the process that started it."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import psycopg

from backend_engineer.planner import folders
from backend_engineer.planner.binaries import Binaries, Unavailable, find
from backend_engineer.planner.process import Process, end_orphan, spawn, watched

log = logging.getLogger("backend_engineer.planner")

SUPERUSER = "postgres"
OWNER = "workspace"
"""The role that loads what the workspace declares; it may do nothing outside its own schemas."""

_SECONDS = 20
_INITDB_SECONDS = 60
_LAYOUT = 3
"""Goes up when existing folders no longer fit."""

_INITDB = (
    *("-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"),
    "--wal-segsize=1",
)
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "64MB",
    "autovacuum": "off",
    "max_connections": "12",
    "shared_buffers": "16MB",
    "dynamic_shared_memory_type": "mmap",
    "max_worker_processes": "0",
    "max_parallel_maintenance_workers": "0",
    "jit": "off",
    "logging_collector": "off",
    "max_logical_replication_workers": "0",
    "temp_file_limit": "50MB",
    "log_min_messages": "fatal",
    "timezone": "UTC",
}
_PASSING = (
    *("starting up", "recovery mode", "shutting down", "not yet accepting", "too many clients"),
    *("refused", "No such file", "closed the connection", "reset by peer", "Broken pipe"),
)
"""What a server says, or the system says of it, that will be there again in a moment."""


class Cluster:
    """A running server.  `connect` gives a superuser's connection; every thread takes its own.

    `used` names the databases that somebody here counts on, least recently used first.
    """

    def __init__(self, binaries: Binaries, data: Path, lock: IO[bytes]) -> None:
        self.binaries = binaries
        self.data = data
        self.used: dict[str, None] = {}
        self._lock = lock
        self._process: Process | None = None
        self._watch: IO[bytes] | None = None
        self._sockets = folders.Sockets(data)

    @property
    def version(self) -> int:
        """The major version."""
        return self.binaries.version

    def connect(
        self, database: str = "postgres", user: str = SUPERUSER, **options: Any
    ) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection that commits each statement; a server that was killed is started again."""
        until = time.monotonic() + _SECONDS
        while True:
            try:
                return psycopg.connect(
                    host=self._sockets.host,
                    dbname=database,
                    user=user,
                    autocommit=True,
                    connect_timeout=_SECONDS,
                    **options,
                )
            except psycopg.OperationalError as error:
                passing = any(word in str(error) for word in _PASSING)
                if self._process is None or not passing or time.monotonic() > until:
                    raise
            if self._process.poll() is not None:
                self.start()
            time.sleep(0.01)

    def start(self) -> None:
        """Start the server and wait until it takes connections.  Raises `Unavailable`."""
        settings = dict(_SETTINGS)
        if self.version >= 18:  # noqa: PLR2004
            settings["io_method"] = "sync"
        options = [word for item in settings.items() for word in ("-c", "=".join(item))]
        command = self.binaries.command(
            "postgres", "-D", str(self.data), "-k", self._sockets.option, *options
        )
        # An immediate shutdown: nothing that a statement does can hold it up.
        with (self.data / "server.log").open("wb") as said:
            self._process = spawn(self.binaries, command, self.data, said, signal.SIGQUIT)
        self._watch = watched(self._process.pid)
        self._wait(self._process)

    def stop(self) -> None:
        """Stop the server; what it holds stays."""
        process = self._process
        if process is not None and process.poll() is None:
            for kind in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                process.send_signal(kind)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_SECONDS / 2)
                    break
        self._process = None
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def restart(self) -> None:
        """Stop and start: nothing of any file is in its memory afterwards."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop for good and let others have the folder."""
        self.stop()
        self._sockets.close()
        self._lock.close()

    def _wait(self, process: Process) -> None:
        ready = self.data / "postmaster.pid"
        until = time.monotonic() + _SECONDS
        while time.monotonic() < until:
            with contextlib.suppress(OSError, IndexError, ValueError):
                lines = ready.read_text().splitlines()
                if int(lines[0]) == process.pid and lines[7].strip() == "ready":
                    return
            if process.poll() is not None:
                raise Unavailable(f"PostgreSQL does not start: {self._said(process.returncode)}")
            time.sleep(0.004)
        self.stop()
        raise Unavailable(f"PostgreSQL did not start within {_SECONDS} seconds")

    def _said(self, code: int) -> str:
        with contextlib.suppress(OSError):
            lines = (self.data / "server.log").read_text(errors="replace").splitlines()
            told = [line.partition("FATAL:")[2].strip() for line in lines if "FATAL:" in line]
            if told:
                return told[-1]
        return f"exit code {code}"


def start(folder: Path | None = None, *, binaries: str = "") -> Cluster:
    """A running server, whose data folders are kept in `folder`.  Raises `Unavailable`."""
    programs = find(binaries)
    home = folders.home(folder, programs)
    for number in range(folders.MOST):
        try:
            lock = folders.locked(home / f"{number}.lock")
        except OSError as error:
            raise Unavailable(f"`{home}` cannot be written: {error.strerror}") from None
        if lock is None:
            continue
        try:
            return _started(programs, home / str(number), lock)
        except BaseException as error:
            lock.close()
            if isinstance(error, (OSError, subprocess.SubprocessError, psycopg.Error)):
                raise Unavailable(f"PostgreSQL does not start in `{home}`: {error}") from error
            raise
    raise Unavailable(f"all {folders.MOST} databases in `{home}` are in use")


@contextlib.contextmanager
def cluster(folder: Path | None = None, *, binaries: str = "") -> Iterator[Cluster]:
    """A running server for the length of a block."""
    running = start(folder, binaries=binaries)
    try:
        yield running
    finally:
        running.close()


@contextlib.contextmanager
def limited(running: Cluster, backend: int, seconds: float) -> Iterator[None]:
    """Stop what a connection runs after some time, from outside: its own settings can be changed.

    `backend` is the process of the connection.  One that does not listen is killed, and the server
    starts anew by itself.
    """
    done = threading.Event()

    def watch() -> None:
        if done.wait(seconds):
            return
        with contextlib.suppress(psycopg.Error), running.connect() as connection:
            connection.execute("SELECT pg_terminate_backend(%s)", (backend,))
        if not done.wait(2):
            with contextlib.suppress(OSError):
                os.kill(backend, signal.SIGKILL)

    watcher = threading.Thread(target=watch, daemon=True, name="limit")
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _started(programs: Binaries, data: Path, lock: IO[bytes]) -> Cluster:
    """Start what is in a folder; make it anew when it is not there, of another kind, or broken."""
    end_orphan(data)
    mark = data / "backend-engineer"
    if mark.is_file() and mark.read_text() == _kind(programs):
        running = Cluster(programs, data, lock)
        try:
            running.start()
            with running.connect():
                return running
        except (Unavailable, psycopg.Error) as error:
            running.stop()
            log.info("the planner's folder %s is made anew: %s", data, error)
    _make(programs, data)
    running = Cluster(programs, data, lock)
    try:
        running.start()
        with running.connect() as connection:
            connection.execute(f"CREATE ROLE {OWNER} LOGIN")
            connection.execute("REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
        mark.write_text(_kind(programs))
    except BaseException:
        running.stop()
        raise
    return running


def _make(programs: Binaries, data: Path) -> None:
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700, exist_ok=True)
    if programs.as_user():
        assert programs.user is not None
        os.chown(data, programs.user, programs.user)
    more = ("--no-data-checksums",) if programs.version >= 18 else ()  # noqa: PLR2004
    command = programs.command("initdb", "-D", str(data), *_INITDB, *more)
    said_in = data.with_name(f"{data.name}.log")
    with said_in.open("wb") as said:
        process = spawn(programs, command, data, said, signal.SIGTERM)
    try:
        code = process.wait(_INITDB_SECONDS)
    except BaseException:
        process.terminate()
        process.wait(_SECONDS)
        raise
    if code != 0:
        told = " ".join(said_in.read_text(errors="replace").split())[-300:]
        raise Unavailable(f"a database cannot be made in `{data}`: {told or f'exit code {code}'}")


def _kind(programs: Binaries) -> str:
    return f"{_LAYOUT} {programs.version} {programs.user} {programs.folder}\n"
