"""Read a folder into summaries, in worker processes when there is enough to do."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, wait
from pathlib import Path

import msgspec

from backend_analyzers.analyze import file_report
from backend_analyzers.source import File
from backend_analyzers.sources import Summary, summarize
from backend_engineer.cache import Cache, open_cache
from backend_engineer.discovery import Rules, Skipped, read

assert file_report is not None  # importing it loads every rule and fact

_IN_PROCESS = 60
"""Up to so many files a pool costs more than it saves."""
_CHUNK_BYTES = 400_000
_CHUNK_FILES = 40

DEFECT = "could not be analysed"
"""How the reason begins when a file was left out by a defect of ours."""

Progress = Callable[[int, int], None]
"""Called with how many files are done and how many there are."""


class Cancelled(Exception):  # noqa: N818 - not an error
    """Indexing was asked to stop."""


class Task(msgspec.Struct, frozen=True):
    """Some files of a folder, for one worker."""

    root: str
    paths: tuple[str, ...]
    rules: Rules
    cache: str | None
    """The folder of the cache, or None for none."""


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """What became of one file."""

    path: str
    summary: Summary | None
    reason: str = ""
    cached: bool = False


def index(
    root: Path,
    paths: Sequence[str],
    rules: Rules,
    *,
    cache: Path | None,
    jobs: int = 0,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[Entry]:
    """Summarize the files at `paths`, in any order.

    `jobs` is the number of worker processes (0: one for each processor).  Raises `Cancelled` soon
    after `cancelled()` becomes true.
    """
    tasks = list(_tasks(root, paths, rules, cache))
    jobs = jobs or os.cpu_count() or 1
    kept = open_cache(cache) if cache else None
    try:
        done = 0
        batches = (
            _in_process(tasks, kept)
            if jobs == 1 or len(paths) <= _IN_PROCESS
            else _in_pool(tasks, jobs, cancelled)
        )
        for entries in batches:
            if cancelled():
                raise Cancelled
            if kept is not None:
                kept.put((e.path, e.summary) for e in entries if e.summary and not e.cached)
            done += len(entries)
            if progress is not None:
                progress(done, len(paths))
            yield from entries
        if kept is not None:
            kept.prune()
    finally:
        if kept is not None:
            kept.close()


def _tasks(root: Path, paths: Sequence[str], rules: Rules, cache: Path | None) -> Iterator[Task]:
    chunk: list[str] = []
    size = 0
    for path in paths:
        with contextlib.suppress(OSError):  # deleted meanwhile: the worker says so
            size += (root / path).stat().st_size
        chunk.append(path)
        if size >= _CHUNK_BYTES or len(chunk) >= _CHUNK_FILES:
            yield Task(str(root), tuple(chunk), rules, str(cache) if cache else None)
            chunk, size = [], 0
    if chunk:
        yield Task(str(root), tuple(chunk), rules, str(cache) if cache else None)


def _in_process(tasks: Iterable[Task], cache: Cache | None) -> Iterator[list[Entry]]:
    for task in tasks:
        for path in task.paths:
            yield [_entry(task, path, cache)]


def _in_pool(tasks: list[Task], jobs: int, cancelled: Callable[[], bool]) -> Iterator[list[Entry]]:
    # Not fork: the language server has threads.
    context = multiprocessing.get_context("spawn")
    decode = msgspec.msgpack.Decoder(list[Entry]).decode
    with ProcessPoolExecutor(
        min(jobs, len(tasks)),
        mp_context=context,
        initializer=_watch_parent,
        initargs=(os.getpid(),),
    ) as pool:
        waiting = list(reversed(tasks))
        running: set[Future[bytes]] = set()
        try:
            while waiting or running:
                while waiting and len(running) < 2 * jobs:
                    running.add(_submit(pool, waiting.pop()))
                finished, running = wait(running, timeout=0.2, return_when="FIRST_COMPLETED")
                if cancelled():
                    raise Cancelled  # noqa: TRY301 - as any failure, it ends the pool
                for future in finished:
                    yield decode(future.result())
        except BaseException:
            workers = list((pool._processes or {}).values())  # noqa: SLF001 - public in Python 3.14
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in workers:
                worker.kill()  # nobody wants what it is doing
            raise


def _submit(pool: Executor, task: Task) -> Future[bytes]:
    return pool.submit(work, task)


_CACHES: dict[str, Cache] = {}


def work(task: Task) -> bytes:
    """Run one task in a worker; the answer is MessagePack of `list[Entry]`."""
    cache = None
    if task.cache:
        if task.cache not in _CACHES:
            _CACHES[task.cache] = open_cache(Path(task.cache))
        cache = _CACHES[task.cache]
    return msgspec.msgpack.encode([_entry(task, path, cache) for path in task.paths])


def _entry(task: Task, path: str, cache: Cache | None) -> Entry:
    found = read(Path(task.root), path, task.rules)
    if isinstance(found, Skipped):
        return Entry(path, None, found.reason)
    if cache is not None and (summary := cache.get(found)) is not None:
        return Entry(path, summary, cached=True)
    return summary_of(found)


def summary_of(file: File) -> Entry:
    """Summarize one file.  A defect of ours on one file must not lose the others."""
    try:
        return Entry(file.path, summarize(file))
    except Exception as error:  # noqa: BLE001 - the boundary
        return Entry(file.path, None, f"{DEFECT}: {error!r}")


def _watch_parent(parent: int) -> None:
    """End this worker when its parent is gone, however it ended, and by nothing else."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the parent as well

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="parent").start()
