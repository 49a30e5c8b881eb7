"""One private PostgreSQL: made once, started lazily, and gone with the process that started it.

Its data folder is kept from one run to the next.  Several of our processes at once each have a folder
of their own, of a few that are kept: a lock says which one is free.  So there is nothing temporary
that somebody who is killed could leave behind.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import logging
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

import psycopg

from backend_engineer import cache
from backend_engineer.planner.binaries import Binaries, Unavailable, find

log = logging.getLogger("backend_engineer.planner")

SUPERUSER = "postgres"
OWNER = "workspace"
"""The role that loads what the workspace declares; it may do nothing outside its own databases."""

_FOLDERS = 16
_SECONDS = 20
_LAYOUT = 2
"""Goes up when existing folders no longer fit."""

_ENVIRONMENT = {"LC_ALL": "C", "LANG": "C", "PATH": "/usr/bin:/bin", "TZ": "UTC"}
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
    "autovacuum": "off",
    "max_connections": "12",
    "shared_buffers": "16MB",
    "max_worker_processes": "0",
    "jit": "off",
    "logging_collector": "off",
    "max_logical_replication_workers": "0",
    "temp_file_limit": "100MB",
    "log_min_messages": "fatal",
    "timezone": "UTC",
}
_LARGEST_FILE = 256 * 1024 * 1024
"""Bytes that the server may write to one file; the files that only look large are ours."""
_LONGEST_SOCKET = 100


class Cluster:
    """A running server.  `connect` gives a superuser's connection; every thread takes its own."""

    def __init__(self, binaries: Binaries, data: Path, lock: IO[bytes]) -> None:
        self.binaries = binaries
        self.data = data
        self._lock = lock
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: IO[bytes] | None = None
        self._sockets = data if len(str(data)) < _LONGEST_SOCKET - 20 else _short(data)

    @property
    def version(self) -> int:
        """The major version."""
        return self.binaries.version

    def connect(
        self, database: str = "postgres", user: str = SUPERUSER, **options: Any
    ) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection that commits each statement."""
        return psycopg.connect(
            host=str(self._sockets),
            dbname=database,
            user=user,
            autocommit=True,
            connect_timeout=_SECONDS,
            **options,
        )

    def start(self) -> None:
        """Start the server and wait until it takes connections.  Raises `Unavailable`."""
        settings = dict(_SETTINGS)
        if self.version >= 18:  # noqa: PLR2004
            settings["io_method"] = "sync"
        options = [word for item in settings.items() for word in ("-c", "=".join(item))]
        command = self.binaries.command(
            "postgres", "-D", str(self.data), "-k", str(self._sockets), *options
        )
        self._process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            cwd=self.data,
            start_new_session=True,
            preexec_fn=_prepare,  # noqa: PLW1509 - two system calls, and no lock is taken
            **self.binaries.as_user(),  # type: ignore[call-overload]
        )
        if sys.platform != "linux":
            self._watch = _watched(self._process.pid)
        self._wait()

    def stop(self) -> None:
        """Stop the server; what it holds stays."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
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
        if self._sockets != self.data:
            shutil.rmtree(self._sockets, ignore_errors=True)
        self._lock.close()

    def _wait(self) -> None:
        assert self._process is not None
        ready = self.data / "postmaster.pid"
        until = time.monotonic() + _SECONDS
        while time.monotonic() < until:
            with contextlib.suppress(OSError, IndexError):
                lines = ready.read_text().splitlines()
                if int(lines[0]) == self._process.pid and lines[7].strip() == "ready":
                    return
            if self._process.poll() is not None:
                raise Unavailable(f"PostgreSQL stopped with exit code {self._process.returncode}")
            time.sleep(0.004)
        self.stop()
        raise Unavailable(f"PostgreSQL did not start within {_SECONDS} seconds")


def start(folder: Path | None = None, *, binaries: str = "") -> Cluster:
    """A running server, whose data folders are kept in `folder`.  Raises `Unavailable`."""
    programs = find(binaries)
    home = _home(folder, programs)
    last: Exception | None = None
    for number in range(_FOLDERS):
        lock = _locked(home / f"{number}.lock")
        if lock is None:
            continue
        try:
            return _started(programs, home / str(number), lock)
        except (OSError, subprocess.SubprocessError, Unavailable, psycopg.Error) as error:
            log.debug("the planner's folder %s does not start: %s", home / str(number), error)
            last = error
            lock.close()
            break
    raise Unavailable(f"PostgreSQL could not be started in `{home}`: {last or 'all are in use'}")


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
    mark = data / "backend-engineer"
    if mark.is_file() and mark.read_text() == _kind(programs):
        running = Cluster(programs, data, lock)
        for _ in range(2):  # a server whose owner was killed a moment ago may still be stopping
            try:
                running.start()
            except Unavailable:
                time.sleep(0.3)
            else:
                return running
    _make(programs, data)
    running = Cluster(programs, data, lock)
    running.start()
    try:
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
    data.mkdir(mode=0o700)
    if programs.user is not None:
        os.chown(data, programs.user, programs.user)
    more = ("--no-data-checksums",) if programs.version >= 18 else ()  # noqa: PLR2004
    done = subprocess.run(  # noqa: S603
        programs.command("initdb", "-D", str(data), *_INITDB, *more),
        capture_output=True,
        env=_ENVIRONMENT,
        cwd=data,
        timeout=60,
        check=False,
        **programs.as_user(),  # type: ignore[call-overload]
    )
    if done.returncode != 0:
        said = " ".join(done.stderr.decode(errors="replace").split())[-300:]
        raise Unavailable(f"a database could not be made in `{data}`: {said}")


def _kind(programs: Binaries) -> str:
    return f"{_LAYOUT} {programs.version} {programs.user}\n"


def _home(folder: Path | None, programs: Binaries) -> Path:
    """Where data folders are; as root somewhere that an unprivileged user can reach."""
    home = folder or cache.folder() / "planner"
    home.mkdir(parents=True, exist_ok=True)
    if programs.user is not None and not _can_reach(home, programs.user):
        home = Path(tempfile.gettempdir()) / f"backend-engineer-{os.geteuid()}"
        home.mkdir(mode=0o711, exist_ok=True)
        status = home.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            raise Unavailable(f"`{home}` belongs to somebody else; remove it")
        home.chmod(0o711)
    return home


def _can_reach(path: Path, user: int) -> bool:
    for folder in (path, *path.parents):
        status = folder.stat()
        allowed = 0o001 if status.st_uid != user else 0o100
        if not status.st_mode & allowed:
            return False
    return True


def _locked(path: Path) -> IO[bytes] | None:
    """The lock on a file, held until it is closed or the process ends; None when another has it."""
    file = path.open("wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def _short(data: Path) -> Path:
    """A folder for the socket where the data folder's own path is too long for one."""
    name = f"be-{os.geteuid()}-{blake2b(str(data).encode(), digest_size=6).hexdigest()}"
    folder = Path(tempfile.gettempdir()) / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    status = data.stat()
    os.chown(folder, status.st_uid, status.st_gid)
    return folder


def _prepare() -> None:
    """In the new process: die with the parent, and write no large files."""
    if _prctl is not None:
        _prctl(1, signal.SIGINT, 0, 0, 0)  # PR_SET_PDEATHSIG; SIGINT is a fast, clean shutdown
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


_prctl: Callable[..., int] | None = (
    ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None
)


def _watched(process: int) -> IO[bytes]:
    """A shell that stops a process once we are gone: it reads from a pipe that nobody writes to."""
    script = f"cat >/dev/null; kill -INT {process}"
    shell = subprocess.Popen(  # noqa: S603
        ["/bin/sh", "-c", script], stdin=subprocess.PIPE, start_new_session=True
    )
    assert shell.stdin is not None
    return shell.stdin
