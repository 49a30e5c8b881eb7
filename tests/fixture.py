"""Annotated fixtures: Markdown whose code blocks say what a rule reports in them.

A comment under a line of code marks the findings on that line:

    session.get(Customer, 1)
    # <- a finding that starts under the comment sign itself
    x = session.get(Customer, 1)
    #   ^^^^^^^^^^^^^^^^^^^^^^^^ a finding, under the code it covers

`^` and `<-` mark a finding; `~` and `<~` mark a place related to one.

A block stands alone, unless a line such as ``In `app/orders.py`:`` names it:
the named blocks of a section make up one workspace.  ``Fixed, `app/orders.py`:``
names what the file becomes once every fix is applied, and ``At the base, `app/orders.py`:`` what it was
at the revision that changes are measured against; a file that is not there then says ``(none)``.
"""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from backend_analyzers.analyze import applied, review_all
from backend_analyzers.rule import Finding
from backend_analyzers.source import Span
from backend_analyzers.workspace import Base, Options, Workspace
from backend_engineer.answering import Answering, questions_of_fixes
from backend_engineer.settings import PlannerSettings

ROWS = dict.fromkeys(("customers", "orders", "order_items", "events", "payments"), 1_000_000)
"""The tables that are large in fixtures, so that costs mean something there."""

_BLOCK = re.compile(
    r"(?:^(?P<kind>In|Fixed,|At the base,) `(?P<path>[^`]+)`:\n\n)?"
    r"^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_NOTE = re.compile(r"^\s*(?:#|--|//)\s*(?:\^+|~+|<[-~]) .*\n", re.MULTILINE)
_MALFORMED = re.compile(r"^\s*(?:#|--|//)\s*(?:\^|~|<[-~])", re.MULTILINE)
_SIGN = {
    "python": "#",
    "sql": "--",
    "javascript": "//",
    "typescript": "//",
    "tsx": "//",
    "yaml": "#",
    "prisma": "//",
}
_SUFFIX = {
    "python": "py",
    "sql": "sql",
    "javascript": "js",
    "js": "js",
    "typescript": "ts",
    "ts": "ts",
    "tsx": "tsx",
    "yaml": "yaml",
}


@dataclass(frozen=True)
class Case:
    """One workspace, as annotated in the fixture."""

    title: str
    annotated: dict[str, str]
    fixed: dict[str, str]
    base: dict[str, str | None] = field(default_factory=dict)

    @property
    def workspace(self) -> Workspace:
        texts = {path: _without_notes(text) for path, text in self.annotated.items()}
        base = Base("main", self.base) if self.base else None
        return Workspace.of(texts, Options(statistics=True, base=base))


def cases(markdown: str) -> Iterator[Case]:
    """Yield the cases of a fixture, or of the documentation of a rule."""
    for section in re.split(r"^## ", markdown, flags=re.MULTILINE):
        title = section.partition("\n")[0]
        named: dict[str, str] = {}
        fixed: dict[str, str] = {}
        base: dict[str, str | None] = {}
        for count, block in enumerate(_BLOCK.finditer(section), 1):
            if block["kind"] == "In":
                named[block["path"]] = block["text"]
            elif block["kind"] == "At the base,":
                base[block["path"]] = block["text"] if block["text"].strip() != "(none)" else None
            elif block["kind"]:
                fixed[block["path"]] = block["text"]
            elif (language := block["language"]) in _SUFFIX:
                yield Case(f"{title} {count}", {f"snippet.{_SUFFIX[language]}": block["text"]}, {})
        if named:
            yield Case(title, named, fixed, base)


def findings_of(workspace: Workspace, rule: str) -> list[Finding]:
    """What one rule reports, the way every surface sees it: suppressions applied, in order."""
    return [f for found in review_all(workspace).values() for f in found if f.rule == rule]


def answered(workspace: Workspace, rule: str) -> Workspace:
    """The workspace once a real planner has answered what the rule and its fixes want to know."""
    settled = _answering().settle(workspace, lambda one: one.name == rule)
    asked = questions_of_fixes(settled, findings_of(settled, rule))
    if not asked:
        return settled
    _answering().answer(asked)
    return settled.updated({}, answers={**settled.answers, **_answering().known})


@cache
def _answering() -> Answering:
    """One planner for the whole run, started with the first question."""
    folder = Path(tempfile.mkdtemp(prefix="be-fixtures-"))
    folder.chmod(0o711)
    made = Answering(folder, PlannerSettings(rows=ROWS), None, clusters=folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(made.close)
    return made


def annotate(workspace: Workspace, findings: Iterable[Finding]) -> dict[str, str]:
    """Write the findings into the text of the files, the way a fixture would."""
    notes = [(workspace.span(f.at), "^", f.message) for f in findings]
    notes += [(workspace.span(r.at), "~", r.note) for f in findings for r in f.related]
    return {
        path: _with_notes(
            source.file().text.decode(),
            _SIGN[source.language],
            [note for note in dict.fromkeys(notes) if note[0].path == path],
        )
        for path, source in workspace.files.items()
    }


def as_text(files: dict[str, str]) -> str:
    """All files as one text, so that a failed comparison shows a readable difference."""
    return "\n".join(f"In `{path}`:\n\n{text}" for path, text in sorted(files.items()))


def apply_fixes(workspace: Workspace, findings: Iterable[Finding]) -> dict[str, str]:
    """Apply the first fix of each finding and return the files that changed."""
    changes = [change for f in findings if f.fixes for change in f.fixes[0].changes]
    after = applied(workspace, changes)
    return {path: after.files[path].file().text.decode() for path in {c.at.path for c in changes}}


def _without_notes(text: str) -> str:
    code = _NOTE.sub("", text)
    if malformed := _MALFORMED.search(code):
        raise ValueError(
            f"malformed annotation: {malformed.string[malformed.start() :].partition(chr(10))[0]}"
        )
    return code


def _with_notes(text: str, sign: str, notes: list[tuple[Span, str, str]]) -> str:
    out: list[str] = []
    offset = 0
    for line in text.splitlines(keepends=True):
        out.append(line)
        size = len(line.encode())
        for at, mark, message in sorted(notes):
            if offset <= at.start < offset + size:
                out.append(_note(line, at.start - offset, at.end - offset, sign, mark, message))
        offset += size
    return "".join(out)


def _note(line: str, start: int, end: int, sign: str, mark: str, message: str) -> str:
    code = line.rstrip("\n").encode()
    column = len(code[:start].decode())
    width = max(1, len(code[start:end].decode()))
    indent = min(len(line) - len(line.lstrip()), max(0, column - len(sign) - 1))
    if column < len(sign):
        return f"{sign} <{'-' if mark == '^' else mark} {message}\n"
    return " " * indent + sign.ljust(column - indent) + mark * width + f" {message}\n"
