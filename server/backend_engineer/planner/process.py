"""Processes of PostgreSQL: limited in what they may take, and gone when we are.

On Linux the kernel tells a process that its parent has died; that counts from the *thread* that
started it, so all are started by one thread that lives as long as we do.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import IO

from backend_engineer.planner.binaries import Binaries

_ENVIRONMENT = {"LC_ALL": "C", "LANG": "C", "PATH": "/usr/bin:/bin", "TZ": "UTC"}
_LARGEST_FILE = 64 * 1024 * 1024
"""Bytes that a process may write to one file; the files that only look large are ours."""
_MEMORY = 640 * 1024 * 1024
"""Bytes that a process may address; what is beyond that is refused by the kernel, and reported."""
_PDEATHSIG = 1
_ORPHAN_SECONDS = 6.0

Process = subprocess.Popen[bytes]


def spawn(
    programs: Binaries, command: Sequence[str], cwd: Path, output: IO[bytes], last: signal.Signals
) -> Process:
    """Start a program as the user who runs PostgreSQL here.

    `last` is the signal that it gets when this process ends, however that ends.
    """
    return _starter(os.getpid()).submit(_spawn, programs, command, cwd, output, last).result()


def watched(process: int) -> IO[bytes] | None:
    """Where the kernel does not tell: a shell that stops a process once the pipe to us is closed."""
    if sys.platform == "linux":
        return None
    shell = subprocess.Popen(  # noqa: S603
        ["/bin/sh", "-c", f"cat >/dev/null; kill -QUIT {process}"],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    assert shell.stdin is not None
    return shell.stdin


def end_orphan(data: Path) -> None:
    """Stop a server in a folder that is ours alone: who started it was killed, and it lives on."""
    try:
        process = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return
    for kind in (signal.SIGQUIT, signal.SIGKILL):
        until = time.monotonic() + _ORPHAN_SECONDS
        if not _serves(process, data):
            return
        with contextlib.suppress(OSError):
            os.kill(process, kind)
        while time.monotonic() < until and _serves(process, data):
            time.sleep(0.005)


@cache
def _starter(process: int) -> ThreadPoolExecutor:  # noqa: ARG001 - a forked copy of us has no thread
    return ThreadPoolExecutor(1, "postgresql")


def _spawn(
    programs: Binaries, command: Sequence[str], cwd: Path, output: IO[bytes], last: signal.Signals
) -> Process:
    parent = os.getpid()

    def prepare() -> None:
        """In the new process; no lock is taken and nothing imported here."""
        if _prctl is not None:
            _prctl(_PDEATHSIG, last, 0, 0, 0)
            if os.getppid() != parent:  # it died before the kernel was told
                os._exit(1)
        resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))

    started: Process = subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=_ENVIRONMENT,
        cwd=cwd,
        start_new_session=True,
        preexec_fn=prepare,  # noqa: PLW1509 - system calls alone
        **programs.as_user(),  # type: ignore[call-overload]
    )
    return started


_prctl: Callable[..., int] | None = (
    ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None
)


def _serves(process: int, data: Path) -> bool:
    """Whether a process is the server of a folder, by its command line."""
    if sys.platform == "linux":
        try:
            words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.fsencode(data) in words
    told = subprocess.run(  # noqa: S603
        ["/bin/ps", "-o", "command=", "-p", str(process)], capture_output=True, check=False
    )
    return os.fsencode(data) in told.stdout
