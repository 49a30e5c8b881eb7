"""Figures: quantiles, memory of a tree of processes, and rows of the table."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import msgspec
import psutil

MIB = 1024 * 1024


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the table: our figure, a peer's in the same run, and the bound that must hold."""

    what: str
    unit: str
    ours: float
    peer: str = ""
    theirs: float | None = None
    bound: str = ""
    holds: bool | None = None

    @property
    def ratio(self) -> float | None:
        """Ours in units of the peer's."""
        return self.ours / self.theirs if self.theirs else None


def compared(
    what: str, unit: str, ours: float, peer: str, theirs: float, *, times: float | None = None
) -> Row:
    """A figure beside a peer's, at most `times` the peer's when that is given."""
    return Row(
        what=what,
        unit=unit,
        ours=ours,
        peer=peer,
        theirs=theirs,
        bound="" if times is None else f"<= {times:g} x",
        holds=None if times is None else ours <= times * theirs,
    )


def bounded(what: str, unit: str, ours: float, *, most: float) -> Row:
    """A figure that must stay below an absolute bound."""
    return Row(what=what, unit=unit, ours=ours, bound=f"<= {most:g} {unit}", holds=ours <= most)


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which a share of the values lies, interpolated."""
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def p50(values: Sequence[float]) -> float:
    return quantile(values, 0.5)


def p95(values: Sequence[float]) -> float:
    return quantile(values, 0.95)


def milliseconds(values: Sequence[float]) -> list[float]:
    return [value * 1000 for value in values]


class Memory(msgspec.Struct, frozen=True):
    """Bytes of a process and all below it."""

    rss: int
    """Resident: what processes share is counted in each of them."""
    pss: int
    """Proportional: what they share is counted once.  As `rss` where the system cannot tell."""


def memory(pid: int) -> Memory:
    """What a process and its descendants occupy now; zero when it has ended."""
    rss = pss = 0
    for process in _tree(pid):
        with contextlib.suppress(psutil.Error):
            full = process.memory_full_info()
            rss += full.rss
            pss += getattr(full, "pss", 0) or full.rss
    return Memory(rss, pss)


def cpu_seconds(pid: int) -> float:
    """What a process and its descendants have computed so far."""
    total = 0.0
    for process in _tree(pid):
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total


class Finished(msgspec.Struct, frozen=True):
    """A command that has run to its end."""

    code: int
    seconds: float
    cpu: float
    """Seconds of all processes together."""
    peak: Memory
    """The largest sample of the whole tree."""
    largest: int
    """Bytes: the most that any one process of the tree ever held (`ru_maxrss`)."""


def run(
    command: Sequence[str], *, output: Path, environment: dict[str, str] | None = None
) -> Finished:
    """Run a command, its output to a file, watching the memory of the tree that it grows."""
    began = time.perf_counter()
    with output.open("wb") as out, output.with_suffix(".log").open("wb") as log:
        child = subprocess.Popen(
            command, stdout=out, stderr=log, env={**os.environ, **(environment or {})}
        )
        with _Sampler(child.pid) as sampler:
            _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
    return Finished(
        child.returncode,
        seconds,
        usage.ru_utime + usage.ru_stime,
        sampler.peak,
        usage.ru_maxrss * 1024,
    )


class _Sampler:
    """Keeps the largest memory that it saw, looking twenty times a second."""

    def __init__(self, pid: int) -> None:
        self.peak = Memory(0, 0)
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            now = memory(self._pid)
            self.peak = Memory(max(self.peak.rss, now.rss), max(self.peak.pss, now.pss))


def _tree(pid: int) -> list[psutil.Process]:
    try:
        top = psutil.Process(pid)
        return [top, *top.children(recursive=True)]
    except psutil.Error:
        return []
