"""Memory over very many keystrokes: a server that runs all day must not grow with what is typed."""

from __future__ import annotations

import random
import string
import time
from pathlib import Path

from editing import Typist
from measure import MIB, Memory, Row, bounded, memory, p50
from startup import OURS

LINE = 40
"""Keys on a line before it is deleted again."""
PULL = 10
"""The diagnostics are pulled after so many keys, which also keeps the server abreast."""
MOST = 100.0
"""Bytes a keystroke that count as none.  Memory goes up and down by a megabyte, which over the whole
run makes fifty bytes; a message that is kept for each key makes two thousand."""


def measure(folder: Path, *, keys: int, warm_up: int) -> list[Row]:
    """Type lines that never occurred before, and delete them again, so that only leaks remain."""
    folder.mkdir()
    typist = Typist(OURS, folder)
    chance = random.Random(1)  # noqa: S311 - the same keys in each run
    with typist.client:
        time.sleep(1)
        _type(typist, chance, warm_up)
        samples = _type(typist, chance, keys)
        rss = memory(typist.client.process.pid).rss
    tenth = max(len(samples) // 10, 1)
    before, after = samples[:tenth], samples[-tenth:]
    # The middles of the first and the last tenth are nine tenths of the run apart.
    distance = keys * (1 - tenth / len(samples))
    grown = p50([m.pss for m in after]) - p50([m.pss for m in before])
    return [
        bounded(f"growth a keystroke, over {keys:,}", "bytes", max(grown / distance, 0), most=MOST),
        bounded(f"memory after {keys + warm_up:,} keystrokes", "MiB", rss / MIB, most=300),
    ]


def _type(typist: Typist, chance: random.Random, keys: int) -> list[Memory]:
    samples = []
    typist.new_line()
    for number in range(1, keys + 1):
        if typist.column < LINE:
            typist.type(_key(chance, typist.column))
        else:
            typist.clear_line()
        if number % PULL == 0:
            typist.document.diagnostics(time.perf_counter())
        if number % max(keys // 200, 1) == 0:
            samples.append(memory(typist.client.process.pid))
    typist.clear_line()
    typist.document.diagnostics(time.perf_counter())
    return samples


def _key(chance: random.Random, column: int) -> str:
    """Indented calls with names that are new each time."""
    if column < 4:
        return " "
    if column in {14, 26}:
        return "."
    if column == 34:
        return "("
    return chance.choice(string.ascii_lowercase)
