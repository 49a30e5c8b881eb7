"""Opening and typing in a 2,000-line Python file, beside `ruff server`; and hovers meanwhile."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
from backend_file import write_workspace
from lsp_client import Answer, Client, Document
from measure import MIB, Row, bounded, compared, cpu_seconds, memory, milliseconds, p50, p95
from startup import OURS

RUFF = (sys.executable, "-I", "-m", "ruff", "server")
PEER = "ruff server"
TYPED = '    await connection.execute(f"UPDATE {table} SET name = {user}", x)'
"""What is typed, key by key: most versions on the way are broken, as they are when people type."""
PAUSES = (0.1, 0.3)
"""Seconds between two keys, at least and at most: sixty words a minute, in no exact rhythm."""
HERE = "    amount = int(body.get"
"""Typing happens inside the body of a function, below this line."""
BURST_KEYS = 40
BURST_PAUSE = 0.06


class Typist:
    """A server with the large file open, and a place in it to type at."""

    def __init__(self, command: tuple[str, ...], folder: Path) -> None:
        self.path = write_workspace(folder)
        self.client = Client(command, folder, log=folder.parent / f"{folder.name}.log")
        self.client.initialize()
        self.document = Document(self.client, self.path, "python")
        self.first, self.found = self.document.diagnostics(self.document.opened)
        middle = [n for n, line in enumerate(self._lines()) if line.startswith(HERE)]
        self.line = middle[len(middle) // 2] + 1
        self.column = 0

    def new_line(self) -> None:
        """Open an empty line to type in."""
        self.document.replace(self.line, 0, 0, "\n")
        self.column = 0

    def type(self, key: str) -> float:
        """Type one key; the time when it was sent."""
        sent = self.document.replace(self.line, self.column, self.column, key)
        self.column += 1
        return sent

    def clear_line(self) -> None:
        """Delete what was typed."""
        self.document.replace(self.line, 0, self.column, "")
        self.column = 0

    def _lines(self) -> list[str]:
        return self.path.read_text(encoding="ascii").splitlines()


class Edits(msgspec.Struct):
    """Seconds from each key to its diagnostics, and what it cost."""

    answers: list[float]
    cpu: float = 0.0


def measure(folder: Path, *, keys: int, rounds: int) -> list[Row]:
    """Both servers get the same keys in turns; the diagnostics of each version are pulled.

    The same line is typed several times: a single round has two values above its p95, and on a busy
    machine those are the machine's.
    """
    ours, theirs = _typist(OURS, folder / "ours"), _typist(RUFF, folder / "theirs")
    with ours.client, theirs.client:
        _settle(ours)
        _settle(theirs)
        edits = _typing((ours, theirs), keys, rounds)
        first_hover = ours.client.wait(_hover(ours)).seconds
        hovers = milliseconds([a.seconds for a in _hovers(ours)])
        still_there = ours.document.diagnostics(time.perf_counter())[1]
        if not (ours.found and theirs.found and still_there):
            raise RuntimeError("a server reports nothing: what is measured is not a review")
        mine, other = (milliseconds(e.answers) for e in edits)
        rss = memory(ours.client.process.pid).rss / MIB, memory(theirs.client.process.pid).rss / MIB
    return [
        compared("open to first diagnostics", "ms", ours.first * 1000, PEER, theirs.first * 1000),
        compared("edit to diagnostics, p50", "ms", p50(mine), PEER, p50(other)),
        compared("edit to diagnostics, p95", "ms", p95(mine), PEER, p95(other), times=3),
        compared("CPU an edit", "ms", edits[0].cpu * 1000, PEER, edits[1].cpu * 1000),
        Row(what="the very first hover", unit="ms", ours=first_hover * 1000),
        bounded("hover in a burst of edits, p95", "ms", p95(hovers), most=20),
        compared("memory of the server", "MiB", rss[0], PEER, rss[1]),
    ]


def _typist(command: tuple[str, ...], folder: Path) -> Typist:
    folder.mkdir()
    return Typist(command, folder)


def _settle(typist: Typist) -> None:
    """Let the server finish what follows an opening: indexing, the rules that compare files."""
    time.sleep(1)
    typist.new_line()
    typist.document.diagnostics(time.perf_counter())
    time.sleep(0.5)


def _typing(typists: tuple[Typist, Typist], keys: int, rounds: int) -> tuple[Edits, Edits]:
    made = (Edits([]), Edits([]))
    chance = random.Random(1)  # noqa: S311 - the same rhythm in each run
    before = [cpu_seconds(t.client.process.pid) for t in typists]
    for _ in range(rounds):
        for key in TYPED[:keys]:
            for typist, edits in zip(typists, made, strict=True):
                taken, _found = typist.document.diagnostics(typist.type(key))
                edits.answers.append(taken)
                time.sleep(chance.uniform(*PAUSES) / 2)
        for typist in typists:
            typist.clear_line()
            typist.document.diagnostics(time.perf_counter())
    for typist, edits, start in zip(typists, made, before, strict=True):
        edits.cpu = (cpu_seconds(typist.client.process.pid) - start) / (keys * rounds)
    return made


def _hovers(typist: Typist) -> list[Answer]:
    """Type without waiting for anything, as an editor does, and hover over a finding after each key."""
    typist.new_line()
    answers, pulled = [], []
    for number in range(BURST_KEYS):
        typist.type(TYPED[number % len(TYPED)])
        pulled.append(typist.document.ask())
        answers.append(_hover(typist))
        time.sleep(BURST_PAUSE)
    for answer in (*answers, *pulled):
        typist.client.wait(answer)
    if any(answer.result is None for answer in answers):
        raise RuntimeError("a hover over a finding showed nothing")
    return answers


def _hover(typist: Typist) -> Answer:
    """Over the first finding of the file."""
    place: Any = min(typist.found, key=lambda d: d["range"]["start"]["line"])["range"]["start"]
    return typist.document.hover(place["line"], place["character"])
