"""Baselines: the findings that a project has decided to live with, by fingerprint."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from backend_engineer.report.located import Located

VERSION = 1


class BaselineError(Exception):
    """A baseline that cannot be used; the message is for people."""


class Known(msgspec.Struct, frozen=True):
    """One finding of the baseline; all but the fingerprint is for people who read the file."""

    fingerprint: str
    rule: str
    path: str
    message: str


class Baseline(msgspec.Struct, frozen=True):
    """The content of the file."""

    version: int
    findings: tuple[Known, ...]


def read(path: Path) -> frozenset[str]:
    """The fingerprints in a baseline file.  Raises `BaselineError`."""
    try:
        baseline = msgspec.json.decode(path.read_bytes(), type=Baseline)
    except FileNotFoundError:
        raise BaselineError(
            f"the baseline `{path}` does not exist; write it with --write-baseline"
        ) from None
    except OSError as error:
        raise BaselineError(f"the baseline `{path}` cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BaselineError(
            f"`{path}` is not a baseline ({error}); write it anew with --write-baseline"
        ) from None
    if baseline.version != VERSION:
        raise BaselineError(
            f"the baseline `{path}` has version {baseline.version}, expected {VERSION}; "
            "write it anew with --write-baseline"
        )
    return frozenset(known.fingerprint for known in baseline.findings)


def text(findings: Iterable[Located]) -> str:
    """The content of a baseline with these findings, in stable order for small differences."""
    known = tuple(
        Known(f.fingerprint, f.rule, f.at.path, f.message)
        for f in sorted(findings, key=lambda f: (f.at.path, f.rule, f.fingerprint))
    )
    encoded = msgspec.json.encode(Baseline(VERSION, known))
    return msgspec.json.format(encoded, indent=2).decode() + "\n"
