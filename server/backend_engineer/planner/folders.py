"""Where data folders are kept, and which one is free.

They are kept from one run to the next.  Several of our processes at once have a folder each, of a few
that are kept: a lock says which one is free.  So there is nothing temporary that somebody who is
killed could leave behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import sys
import tempfile
from hashlib import blake2b
from pathlib import Path
from typing import IO

from backend_engineer import cache
from backend_engineer.planner.binaries import Binaries, Unavailable

MOST = 16
"""Data folders, and so our processes with a server at the same time."""
_LONGEST_SOCKET = 80
"""Bytes of a folder's path that leave room for the name of a socket (104 on macOS, 108 on Linux)."""


def home(folder: Path | None, programs: Binaries) -> Path:
    """The folder of data folders.  Raises `Unavailable` when it cannot be written."""
    wanted = folder or cache.folder() / "planner"
    try:
        return _home(wanted, programs)
    except OSError as error:
        raise Unavailable(
            f"`{error.filename or wanted}` cannot be written: {error.strerror}. Make it writable, or "
            "set XDG_CACHE_HOME to a folder that is"
        ) from None


def locked(path: Path) -> IO[bytes] | None:
    """The lock on a file, held until it is closed or the process ends; None when another has it."""
    file = path.open("wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


class Sockets:
    """Where a server listens (`option`, for `-k`) and where its clients connect (`host`).

    The socket is in the data folder, which is the user's alone.  The path of a socket is short: a
    folder whose path is long is reached through a handle of it on Linux, elsewhere by another folder.
    """

    def __init__(self, data: Path) -> None:
        self._handle = -1
        self._other: Path | None = None
        self.option = self.host = str(data)
        if len(os.fsencode(data)) <= _LONGEST_SOCKET:
            return
        if sys.platform == "linux":
            self._handle = os.open(data, os.O_PATH | os.O_DIRECTORY)
            self.option, self.host = ".", f"/proc/self/fd/{self._handle}"
        else:
            self._other = _short(data)
            self.option = self.host = str(self._other)

    def close(self) -> None:
        """Let go of what was needed."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        if self._other is not None:
            shutil.rmtree(self._other, ignore_errors=True)


def _home(wanted: Path, programs: Binaries) -> Path:
    """As root somewhere that an unprivileged user can reach."""
    wanted.mkdir(parents=True, exist_ok=True)
    if programs.user is None or _can_reach(wanted, programs.user):
        return wanted
    shared = Path("/var/cache")
    if not shared.is_dir() or not os.access(shared, os.W_OK):
        shared = Path(tempfile.gettempdir())
    found = shared / f"backend-engineer-{os.geteuid()}"
    found.mkdir(mode=0o711, exist_ok=True)
    status = found.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise Unavailable(f"`{found}` belongs to somebody else; remove it")
    found.chmod(0o711)
    return found


def _can_reach(path: Path, user: int) -> bool:
    for folder in (path, *path.parents):
        status = folder.stat()
        allowed = 0o001 if status.st_uid != user else 0o100
        if not status.st_mode & allowed:
            return False
    return True


def _short(data: Path) -> Path:
    name = f"be-{os.geteuid()}-{blake2b(os.fsencode(data), digest_size=6).hexdigest()}"
    folder = Path(tempfile.gettempdir()) / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    status = data.stat()
    with contextlib.suppress(PermissionError):
        os.chown(folder, status.st_uid, status.st_gid)
    return folder
