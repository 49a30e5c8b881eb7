"""Ten thousand mutations of real files raise nothing."""

from __future__ import annotations

import os
import random
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from backend_analyzers.analyze import faults, review_all
from backend_analyzers.source import File, Language
from backend_analyzers.sources import Open, summarize
from backend_analyzers.workspace import Workspace

ROOT = Path(__file__).parent.parent.parent
MUTATIONS = 10_000
SLICE = 6_000
"""Bytes of a file that one mutation works on: enough for several functions."""


def _samples() -> list[tuple[str, bytes]]:
    """Real code in every language: the example shop, this project, and whatever Python ships."""
    shop = [p for p in (ROOT / "examples").rglob("*") if p.is_file() and Language.of(p.name)]
    own = sorted((ROOT / "analyzers").rglob("*.py"))[:40]
    library = sorted(Path(os.__file__).parent.glob("*.py"))[:60]
    return [(p.name, p.read_bytes()) for p in (*sorted(shop), *own, *library)]


def _mutated(chance: random.Random, text: bytes) -> bytes:
    begin = chance.randrange(max(1, len(text) - SLICE))
    out = bytearray(text[begin : begin + SLICE])
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(out) + 1)
        match chance.randrange(5):
            case 0:
                del out[at : at + chance.randrange(1, 40)]
            case 1:
                out[at:at] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 8)))
            case 2:
                other = chance.randrange(len(out) + 1)
                out[at:at] = out[other : other + chance.randrange(1, 300)]
            case 3:
                out[at:at] = chance.choice((b"(", b")", b'"', b"'", b"`", b"{", b"}", b"\n", b"$$"))
            case _:
                del out[at:]
    return bytes(out).decode(errors="replace").encode()


def _run(seed: int, count: int) -> list[str]:
    chance = random.Random(seed)
    samples = _samples()
    problems = []
    for number in range(count):
        name, text = chance.choice(samples)
        language = Language.of(name)
        assert language
        file = File(name, language, _mutated(chance, text))
        try:
            summarize(file)
            workspace = Workspace({name: Open(file)})
            review_all(workspace)
            problems += [f"{seed}/{number} {fault.error}" for fault in faults(workspace)]
        except Exception as error:  # noqa: BLE001 - what this test is looking for
            problems.append(f"{seed}/{number} {name}: {error!r}")
    return problems


@pytest.mark.e2e
def test_mutations_raise_nothing() -> None:
    batches = 20
    with ProcessPoolExecutor(2) as pool:
        found = pool.map(_run, range(batches), [MUTATIONS // batches] * batches)
        problems = [problem for batch in found for problem in batch]

    assert not problems, "\n".join(problems[:5])
