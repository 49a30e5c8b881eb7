"""What is known of files on disk, kept between runs under the user's cache folder."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
import platformdirs

import backend_analyzers
from backend_analyzers.source import File
from backend_analyzers.sources import Summary

_LARGEST = 512_000_000
"""Bytes of summaries kept; the ones not used for longest go first."""
_DAY = 86_400
_READERS = (
    *("tree-sitter", "tree-sitter-javascript", "tree-sitter-postgres", "tree-sitter-python"),
    *("tree-sitter-typescript", "tree-sitter-yaml", "sqlglot"),
)
"""Packages that decide what is read out of a text."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Summary).decode


def folder() -> Path:
    """Where the cache is; it can be deleted at any time."""
    return platformdirs.user_cache_path("backend-engineer", appauthor=False)


def fingerprint(package: Path | None = None) -> str:
    """Identifies the analyzers, or another package: another version of it finds other things."""
    state = blake2b(digest_size=8)
    package = package or Path(backend_analyzers.__path__[0])
    for file in sorted(package.rglob("*.py")):
        status = file.stat()
        state.update(
            f"{file.relative_to(package)} {status.st_size} {status.st_mtime_ns}\n".encode()
        )
    for name in _READERS:
        with contextlib.suppress(PackageNotFoundError):
            state.update(version(name).encode())
    return state.hexdigest()


class Store:
    """A table of bytes by key.  A store that fails is one that holds nothing."""

    def __init__(self, where: Path) -> None:
        self.where = where
        self._connection: sqlite3.Connection | None = None
        with _tolerated():
            where.parent.mkdir(parents=True, exist_ok=True)
            self._connection = _connect(where)

    def get(self, key: bytes) -> bytes | None:
        """What was kept under this key."""
        if self._connection is None:
            return None
        with _tolerated():
            row = self._connection.execute(
                "SELECT value FROM summary WHERE key = ?", (key,)
            ).fetchone()
            return row[0] if row else None
        return None

    def put(self, values: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep some values."""
        if self._connection is None:
            return
        today = int(time.time() // _DAY)
        with _tolerated(), self._connection as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO summary (key, value, used) VALUES (?, ?, ?)",
                ((key, value, today) for key, value in values),
            )

    def prune(self) -> None:
        """Forget what was not written for longest once there is too much, and other versions' tables."""
        if self._connection is None:
            return
        with _tolerated(), self._connection as connection:
            size = connection.execute("SELECT coalesce(sum(length(value)), 0) FROM summary")
            if size.fetchone()[0] > _LARGEST:
                connection.execute(
                    "DELETE FROM summary WHERE key IN "
                    "(SELECT key FROM summary ORDER BY used LIMIT (SELECT count(*) / 2 FROM summary))"
                )
        kind = self.where.name.partition("-")[0]
        for other in self.where.parent.glob(f"{kind}-*.sqlite*"):
            with contextlib.suppress(OSError):
                if (
                    not other.name.startswith(self.where.name)
                    and time.time() - other.stat().st_mtime > 7 * _DAY
                ):
                    other.unlink()

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Cache:
    """The summaries of files by path and content."""

    def __init__(self, where: Path) -> None:
        self._store = Store(where)

    def get(self, file: File) -> Summary | None:
        """What was kept for this path with this content."""
        with _tolerated():
            kept = self._store.get(_key(file.path, file.digest))
            return _decode(kept) if kept is not None else None
        return None

    def put(self, summaries: Iterable[tuple[str, Summary]]) -> None:
        """Keep the summaries of some paths."""
        self._store.put((_key(path, s.digest), _encode(s)) for path, s in summaries)

    def prune(self) -> None:
        """Forget what is too much or too old."""
        self._store.prune()

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()


def open_cache(where: Path | None = None) -> Cache:
    """The cache of this version of the analyzers, in `where` or the user's cache folder."""
    return Cache((where or folder()) / f"files-{fingerprint()}.sqlite")


def _connect(where: Path) -> sqlite3.Connection:
    try:
        return _prepared(where)
    except sqlite3.DatabaseError:
        for broken in (
            where,
            where.with_name(f"{where.name}-wal"),
            where.with_name(f"{where.name}-shm"),
        ):
            broken.unlink(missing_ok=True)
        return _prepared(where)


def _prepared(where: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(where, timeout=2, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS summary (key BLOB PRIMARY KEY, value BLOB, used INTEGER) WITHOUT ROWID"
    )
    return connection


def _key(path: str, digest: str) -> bytes:
    return blake2b(f"{path}\0{digest}".encode(errors="replace"), digest_size=16).digest()


@contextlib.contextmanager
def _tolerated() -> Iterator[None]:
    with contextlib.suppress(sqlite3.Error, OSError, msgspec.MsgspecError):
        yield
