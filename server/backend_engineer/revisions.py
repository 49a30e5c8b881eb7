"""What git says has changed: the lines since a revision, files that are new to it included."""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from backend_analyzers.source import Language
from backend_analyzers.workspace import Base
from backend_engineer.report.located import Located, Spot

_HUNK = re.compile(rb"^@@ -\S+ \+(\d+)(?:,(\d+))? @@", re.MULTILINE)
_TIMEOUT = 120


class RevisionError(Exception):
    """What was asked of git cannot be had; the message is for people."""


class ChangedLines:
    """The lines of each file that differ from a revision, zero-based."""

    def __init__(self, lines: Mapping[str, frozenset[int]], new: frozenset[str]) -> None:
        self._lines = lines
        self._new = new

    def touch(self, finding: Located) -> bool:
        """Whether a change may have caused the finding: it is on a changed line, or relates to one."""
        return self._in(finding.at) or any(self._in(related.at) for related in finding.related)

    def _in(self, spot: Spot) -> bool:
        if spot.path in self._new:
            return True
        changed = self._lines.get(spot.path, frozenset())
        start, end = spot.range.start, spot.range.end
        last = end.line - (end.line > start.line and end.character == 0)
        return any(line in changed for line in range(start.line, last + 1))


def changed_lines(root: Path, revision: str) -> ChangedLines:
    """The lines below `root` that differ from where `revision` and the work tree parted.

    Raises `RevisionError`.
    """
    base = _parting(root, revision)
    difference = _git(
        root,
        *("diff", "--unified=0", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames"),
        *("--relative", "--src-prefix=a/", "--dst-prefix=b/", "--ignore-submodules", base, "--"),
        failure=f"git could not compare with `{revision}`",
    )
    return ChangedLines(_lines(difference), _untracked(root))


def base_at(root: Path, revision: str) -> Base:
    """The text of every file below `root` that is read and differs from that at `revision`.

    Raises `RevisionError`.
    """
    commit = _parting(root, revision)
    named = _git(
        root,
        *("diff", "--name-only", "-z", "--no-renames", "--relative", "--ignore-submodules"),
        *(commit, "--"),
        failure=f"git could not compare with `{revision}`",
    )
    paths = [path for name in named.split(b"\0") if name and Language.of(path := _text(name))]
    before: dict[str, str | None] = dict.fromkeys(p for p in _untracked(root) if Language.of(p))
    before.update(zip(paths, _texts(root, commit, paths), strict=True))
    return Base(revision, before)


def _parting(root: Path, revision: str) -> str:
    """The commit where a revision and the work tree parted."""
    commit = _git(
        root,
        *("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"),
        failure=f"`{revision}` is no revision of the repository around `{root}`; "
        "name a commit, a branch or a tag that `git log` knows",
    )
    base = commit.decode().strip()
    with contextlib.suppress(RevisionError):  # unrelated histories: the revision itself
        base = _git(root, "merge-base", base, "HEAD", failure="").decode().strip()
    return base


def _untracked(root: Path) -> frozenset[str]:
    new = _git(
        root,
        *("ls-files", "--others", "--exclude-standard", "-z"),
        failure="git could not list the files that it does not track",
    )
    return frozenset(_text(name) for name in new.split(b"\0") if name)


def _texts(root: Path, commit: str, paths: list[str]) -> Iterator[str | None]:
    """What files held at a commit, in order; None for those that were not there."""
    asked = "".join(f"{commit}:./{path}\n" for path in paths if "\n" not in path)
    answer = _git(
        root,
        *("cat-file", "--batch"),
        failure="git could not read files of the past",
        given=asked.encode("utf-8", "surrogateescape"),
    )
    at = 0
    for path in paths:
        if "\n" in path:
            yield None
            continue
        end = answer.index(b"\n", at)
        words = answer[at:end].split(b" ")
        at = end + 1
        if len(words) == 3 and words[1] == b"blob":  # noqa: PLR2004 - id, kind, size
            size = int(words[2])
            yield answer[at : at + size].decode(errors="replace")
            at += size + 1
        else:
            yield None


def _lines(difference: bytes) -> dict[str, frozenset[int]]:
    changed: dict[str, frozenset[int]] = {}
    for part in re.split(rb"^diff --git ", difference, flags=re.MULTILINE)[1:]:
        header, _, _ = part.partition(b"\n@@")
        name = re.search(rb"^\+\+\+ (.*?)\t?$", header, re.MULTILINE)
        if name is None or name[1] == b"/dev/null":
            continue
        lines: set[int] = set()
        for hunk in _HUNK.finditer(part):
            start = int(hunk[1]) - 1
            lines.update(range(start, start + int(hunk[2] or 1)))
        changed[_text(_unquoted(name[1])).removeprefix("b/")] = frozenset(lines)
    return changed


_ESCAPE = re.compile(rb"\\(?:([0-7]{3})|(.))")
_LETTERS = {
    b"a": b"\a",
    b"b": b"\b",
    b"t": b"\t",
    b"n": b"\n",
    b"v": b"\v",
    b"f": b"\f",
    b"r": b"\r",
}


def _unquoted(name: bytes) -> bytes:
    """Undo git's quoting of unusual file names."""
    if not name.startswith(b'"'):
        return name
    return _ESCAPE.sub(
        lambda m: bytes([int(m[1], 8)]) if m[1] else _LETTERS.get(m[2], m[2]), name[1:-1]
    )


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _git(root: Path, *arguments: str, failure: str, given: bytes = b"") -> bytes:
    # The repository is not trusted: its configuration must not start programs of its choice.
    safe = ("-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "-c", "core.hooksPath=")
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and revisions follow --end-of-options
            ["git", "-C", str(root), *safe, *arguments],  # noqa: S607 - the user's own git
            capture_output=True,
            check=False,
            timeout=_TIMEOUT,
            input=given,
        )
    except FileNotFoundError:
        raise RevisionError("git is not installed or not on the PATH; --since needs it") from None
    except subprocess.TimeoutExpired:
        raise RevisionError(f"git did not answer within {_TIMEOUT} seconds") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise RevisionError(f"{failure} (git says: {said})" if said else failure)
    return done.stdout
