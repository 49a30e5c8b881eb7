"""`check` of a large real project, beside `bandit -r`, and what merely parsing its files takes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import msgspec
from distribution import NAME, VERSION, distribution
from measure import MIB, Finished, Row, bounded, compared, run

PEER = "bandit -r"
PARSER = Path(__file__).with_name("parse_only.py")


class Parsed(msgspec.Struct, frozen=True):
    """What `parse_only.py` tells: the same files that `check` reads, and seconds to parse them."""

    files: int
    lines: int
    python_files: int
    python_lines: int
    seconds: float


def measure(folder: Path, *, rounds: int) -> list[Row]:
    """Both from nothing, in turns, and of each its fastest run; then ours again, with its cache."""
    project = distribution()
    colds, bandits = [], []
    cache = folder
    for number in range(rounds):
        cache = folder / f"cache-{number}"
        colds.append(_check(project, folder / "cold.json", cache))
        bandits.append(_bandit(project, folder / "bandit.json"))
    cold, bandit = _fastest(colds), _fastest(bandits)
    warm = _check(project, folder / "warm.json", cache)
    if (folder / "cold.json").read_bytes() != (folder / "warm.json").read_bytes():
        raise RuntimeError("with its cache, `check` finds something else than without")
    parsed = _parse(project, folder / "parsed.json")
    where = f"check {NAME} {VERSION}"
    return [
        compared(f"{where}, no cache", "s", cold.seconds, PEER, bandit.seconds, times=1),
        compared(f"{where}, with cache", "s", warm.seconds, PEER, bandit.seconds),
        compared(f"{where}, CPU of all processes", "s", cold.cpu, PEER, bandit.cpu),
        compared(
            "files a second",
            "files",
            parsed.files / cold.seconds,
            PEER,
            parsed.python_files / bandit.seconds,
        ),
        compared(
            "lines a second",
            "lines",
            parsed.lines / cold.seconds,
            PEER,
            parsed.python_lines / bandit.seconds,
        ),
        *_memory(cold, bandit),
        compared("the same files only parsed", "s", parsed.seconds, "CPU of check", cold.cpu),
    ]


def _fastest(runs: list[Finished]) -> Finished:
    return min(runs, key=lambda finished: finished.seconds)


def _memory(cold: Finished, bandit: Finished) -> list[Row]:
    return [
        bounded("peak memory of all processes (PSS)", "MiB", cold.peak.pss / MIB, most=300),
        compared(
            "peak memory of all processes (RSS)",
            "MiB",
            cold.peak.rss / MIB,
            PEER,
            bandit.peak.rss / MIB,
        ),
        compared(
            "peak memory of the largest process",
            "MiB",
            cold.largest / MIB,
            PEER,
            bandit.largest / MIB,
        ),
    ]


def _check(project: Path, output: Path, cache: Path) -> Finished:
    """Our command as a user runs it; its cache is the benchmark's own."""
    command = (sys.executable, "-I", "-m", "backend_engineer", "check", str(project))
    own = {"XDG_CACHE_HOME": str(cache), "HOME": str(cache)}
    finished = run((*command, "--format", "json"), output=output, environment=own)
    summary = _expect(finished, output)["summary"]
    if not summary["files"] or summary["faults"]:
        raise RuntimeError(f"`check` failed in part: {summary}")
    return finished


def _bandit(project: Path, output: Path) -> Finished:
    command = (
        sys.executable,
        "-I",
        "-m",
        "bandit",
        "-r",
        str(project),
        "--format",
        "json",
        "--quiet",
    )
    finished = run(command, output=output)
    _expect(finished, output)
    return finished


def _parse(project: Path, output: Path) -> Parsed:
    finished = run((sys.executable, "-I", str(PARSER), str(project)), output=output)
    return msgspec.convert(_expect(finished, output), Parsed)


def _expect(finished: Finished, output: Path) -> dict[str, dict[str, int]]:
    if finished.code not in {0, 1}:
        log = output.with_suffix(".log").read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"exit code {finished.code}:\n{log[-2000:]}")
    document: dict[str, dict[str, int]] = json.loads(output.read_bytes())
    return document
