"""Fixes: which ones hold, applying them until none is left, and writing files without loss.

Only proved fixes are applied: the text still parses, the finding is gone, and no other appears.
"""

from __future__ import annotations

import codecs
import contextlib
import difflib
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from backend_analyzers.analyze import applied, prove, review, review_all, same_rows
from backend_analyzers.rule import Change, Finding, Fix
from backend_analyzers.source import Place, decode
from backend_analyzers.workspace import Workspace

_MOST_ROUNDS = 10

Key = tuple[str, str, str]
"""Path, rule and message: what stays of a finding while text moves."""

Held = tuple[Place, str]
"""A fix that holds: the place of its finding, and its title."""


class Fixed(msgspec.Struct, frozen=True):
    """What fixing came to."""

    workspace: Workspace
    count: int
    paths: tuple[str, ...]
    """The files that changed, in order."""


class Refused(Exception):  # noqa: N818 - a reason, said to a person
    """A file was not written; the message says why."""


def proved(workspace: Workspace, findings: Iterable[Finding]) -> frozenset[Held]:
    """The fixes that hold.

    Tries the first fixes of all findings of a file together, and one by one only where that fails.
    """
    held: set[Held] = set()
    by_path: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.fixes:
            by_path.setdefault(finding.at.path, []).append(finding)
    for found in by_path.values():
        batch = _apart(workspace, (f for f in found if same_rows(workspace, f.fixes[0]).holds))
        together = len(batch) > 1 and _hold_together(workspace, batch)
        if together:
            held.update((finding.at, finding.fixes[0].title) for finding in batch)
        for finding in found:
            for fix in finding.fixes:
                key = (finding.at, fix.title)
                if key not in held and prove(workspace, finding, native(workspace, fix)).holds:
                    held.add(key)
    return frozenset(held)


def fix_all(workspace: Workspace, chosen: Iterable[Finding]) -> Fixed:
    """Apply the first proved fix of each chosen finding, again and again until none is left."""
    wanted = {_key(finding) for finding in chosen}
    before = workspace
    count = 0
    for _ in range(_MOST_ROUNDS):
        candidates = [
            finding
            for found in review_all(workspace).values()
            for finding in found
            if finding.fixes and _key(finding) in wanted
        ]
        held = proved(workspace, candidates)
        ready = [
            msgspec.structs.replace(finding, fixes=(fix,))
            for finding in candidates
            if (fix := _first_held(finding, held)) is not None
        ]
        batch = _apart(workspace, ready)
        if len(batch) > 1 and not _hold_together(workspace, batch):
            batch = batch[:1]
        if not batch:
            break
        workspace = applied(workspace, _changes(workspace, batch))
        count += len(batch)
    paths = tuple(
        path
        for path in sorted(workspace.files)
        if path not in before.files or before.files[path].digest != workspace.files[path].digest
    )
    return Fixed(workspace, count, paths)


def unified_diff(before: Workspace, after: Fixed) -> Iterator[str]:
    """The lines of a patch that `patch -p1` and `git apply` take."""
    for path in after.paths:
        old = before.files[path].file().text.decode() if path in before.files else ""
        new = after.workspace.files[path].file().text.decode()
        name = f"a/{path}" if path in before.files else "/dev/null"
        lines = difflib.unified_diff(_lines(old), _lines(new), name, f"b/{path}")
        for line in lines:
            yield line
            if not line.endswith("\n"):
                yield "\n\\ No newline at end of file\n"


def write(root: Path, before: Workspace, after: Fixed, path: str) -> None:
    """Write one changed file in its own encoding, as a whole or not at all.  Raises `Refused`."""
    target = root / path
    text = after.workspace.files[path].file().text.decode()
    try:
        if path not in before.files:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("x", encoding="utf-8", newline="") as file:
                file.write(text)
            return
        raw = target.read_bytes()
        was, encoding = decode(raw)
        if was.encode(errors="replace") != before.files[path].file().text:
            raise Refused("it was changed meanwhile; run again")
        if _encoded(was, raw, encoding) != raw:
            raise Refused(f"it holds bytes that are no {encoding}, which would be lost")
        _replace(target, _encoded(text, raw, encoding))
    except FileExistsError:
        raise Refused("it exists already") from None
    except UnicodeEncodeError as error:
        raise Refused(f"the fix needs characters that {error.encoding} does not have") from None
    except OSError as error:
        raise Refused(error.strerror or str(error)) from None


def native(workspace: Workspace, fix: Fix) -> Fix:
    """The fix with the line ends of each file that it changes."""
    changes = tuple(_with_line_ends(workspace, change) for change in fix.changes)
    return msgspec.structs.replace(fix, changes=changes)


def _replace(target: Path, content: bytes) -> None:
    target = target.resolve()
    status = target.stat()
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(status.st_mode & 0o7777)
        if hasattr(os, "chown"):
            with contextlib.suppress(OSError):
                os.chown(name, status.st_uid, status.st_gid)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


_MARKED = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)


def _encoded(text: str, raw: bytes, encoding: str) -> bytes:
    """`text` in the encoding of `raw`, with its byte order mark if it has one."""
    for mark, codec in _MARKED:
        if raw.startswith(mark):
            return mark + text.encode(codec)
    return text.encode(encoding, "strict")


def _first_held(finding: Finding, held: frozenset[Held]) -> Fix | None:
    return next((fix for fix in finding.fixes if (finding.at, fix.title) in held), None)


def _key(finding: Finding) -> Key:
    return (finding.at.path, finding.rule, finding.message)


def _changes(workspace: Workspace, findings: Iterable[Finding]) -> list[Change]:
    """What the first fixes of some findings change; each change once."""
    found = (c for f in findings for c in native(workspace, f.fixes[0]).changes)
    return list(dict.fromkeys(found))


def _with_line_ends(workspace: Workspace, change: Change) -> Change:
    if "\n" not in change.text or change.at.path not in workspace.files:
        return change
    text = workspace.files[change.at.path].file().text
    if b"\r\n" not in text:
        return change
    return Change(change.at, change.text.replace("\r\n", "\n").replace("\n", "\r\n"))


def _apart(workspace: Workspace, findings: Iterable[Finding]) -> list[Finding]:
    """Those findings, from the first on, whose first fixes do not touch each other."""
    taken: dict[str, list[tuple[int, int]]] = {}
    seen: set[Change] = set()
    batch = []
    for finding in findings:
        changes = [c for c in finding.fixes[0].changes if c not in seen]
        spans = [workspace.span(change.at) for change in changes]
        if any(
            span.start <= end and start <= span.end
            for span in spans
            for start, end in taken.get(span.path, ())
        ):
            continue
        for span in spans:
            taken.setdefault(span.path, []).append((span.start, span.end))
        seen.update(changes)
        batch.append(finding)
    return batch


def _hold_together(workspace: Workspace, findings: list[Finding]) -> bool:
    """Whether the first fixes of some findings hold when applied at once."""
    changes = _changes(workspace, findings)
    after = applied(workspace, changes)
    touched = {change.at.path for change in changes} | {f.at.path for f in findings}
    if any(path not in after.files or _breaks(workspace, after, path) for path in touched):
        return False
    was, now = _counted(workspace, touched), _counted(after, touched)
    for key, number in Counter(_key(f) for f in findings).items():
        if now[key] > was[key] - number:
            return False
    return not now - was


def _breaks(before: Workspace, after: Workspace, path: str) -> bool:
    if not after.files[path].file().tree.root_node.has_error:
        return False
    return path not in before.files or not before.files[path].file().tree.root_node.has_error


def _counted(workspace: Workspace, paths: Iterable[str]) -> Counter[Key]:
    return Counter(_key(f) for path in paths for f in review(workspace, path))


def _lines(text: str) -> list[str]:
    """The lines of a text; only LF ends one, as for `diff`."""
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
