"""How a rule is declared, and what it reports."""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

import msgspec

from backend_analyzers.flow.code import Code
from backend_analyzers.oracle import Compare
from backend_analyzers.source import File, Language, Place
from backend_analyzers.workspace import Workspace


class Severity(enum.StrEnum):
    """How much it matters when the finding is right."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


class Confidence(enum.StrEnum):
    """How often the finding is right.  Below medium it is not shown by default."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Change(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Replace the text of a place; a path that does not exist yet becomes a new file."""

    at: Place
    text: str


class Fix(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A change that makes the finding go away.  `analyze.prove` proves it before it is offered.

    A fix that writes queries in another way says in `same` which ones must give the same rows.
    """

    title: str
    changes: tuple[Change, ...]
    same: tuple[Compare, ...] = ()


def fixing(title: str, edits: Iterable[tuple[Place, str]] | None) -> tuple[Fix, ...]:
    """The fix that makes some edits; none where there are none."""
    changes = tuple(Change(at, text) for at, text in edits or ())
    return (Fix(title, changes),) if changes else ()


class Related(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Another place the reader must see to understand the finding."""

    at: Place
    note: str


class Finding(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One thing wrong: what (`message`), where (`at`), and what to do (`help`).

    `evidence` is what the rule saw, as short named texts.  Why it is wrong is the same for every
    finding of a rule, so it is in the rule's page and not here.
    """

    at: Place
    message: str
    help: str
    related: tuple[Related, ...] = ()
    fixes: tuple[Fix, ...] = ()
    evidence: dict[str, str] = {}
    confidence: Confidence | None = None
    """When this finding is less sure than its rule."""
    rule: str = ""  # filled in by the rule that found it
    unnecessary: bool = False
    """The range is text without effect: editors fade it."""


Scope = Literal["unit", "file", "workspace", "review"]


class Rule(msgspec.Struct, frozen=True):
    """A named check.  Its documentation is the docstring of its module."""

    name: str
    category: str
    doc: str
    severity: Severity
    confidence: Confidence
    scope: Scope
    check: Callable[..., Iterable[Finding]]
    cwe: tuple[int, ...] = ()
    controls: tuple[str, ...] = ()
    languages: frozenset[Language] | None = None

    @property
    def summary(self) -> str:
        """The first line of the page."""
        return self.doc.partition("\n")[0]

    def run(self, *subject: Any) -> Iterator[Finding]:
        """The findings about `subject`, named after this rule."""
        for finding in self.check(*subject):
            yield msgspec.structs.replace(finding, rule=self.name)

    def reads(self, language: Language) -> bool:
        """Whether a unit or file rule looks at files in `language`."""
        return self.languages is None or language in self.languages


CODE = frozenset(language for language in Language if language.is_code)
SQL = frozenset({Language.SQL})


def unit_rule(
    *,
    severity: Severity,
    confidence: Confidence,
    cwe: tuple[int, ...] = (),
    controls: tuple[str, ...] = (),
) -> Callable[[Callable[[Code], Iterable[Finding]]], Rule]:
    """Declare a rule about code that looks at one unit at a time: rerun only where text changes."""
    return _declare("unit", severity, confidence, cwe, controls, CODE)


def file_rule(
    *,
    severity: Severity,
    confidence: Confidence,
    cwe: tuple[int, ...] = (),
    controls: tuple[str, ...] = (),
    languages: frozenset[Language] | None = None,
) -> Callable[[Callable[[File], Iterable[Finding]]], Rule]:
    """Declare a rule that looks at one file at a time."""
    return _declare("file", severity, confidence, cwe, controls, languages)


def workspace_rule(
    *,
    severity: Severity,
    confidence: Confidence,
    cwe: tuple[int, ...] = (),
    controls: tuple[str, ...] = (),
) -> Callable[[Callable[[Workspace], Iterable[Finding]]], Rule]:
    """Declare a rule that compares files with each other, through facts."""
    return _declare("workspace", severity, confidence, cwe, controls, None)


def review_rule(
    *, severity: Severity, confidence: Confidence
) -> Callable[[Callable[..., Iterable[Finding]]], Rule]:
    """Declare a rule about the findings of all the others: `check(workspace, findings)`."""
    return _declare("review", severity, confidence, (), (), None)


def _declare(
    scope: Scope,
    severity: Severity,
    confidence: Confidence,
    cwe: tuple[int, ...],
    controls: tuple[str, ...],
    languages: frozenset[Language] | None,
) -> Callable[[Callable[..., Iterable[Finding]]], Rule]:
    def declare(check: Callable[..., Iterable[Finding]]) -> Rule:
        doc = sys.modules[check.__module__].__doc__ or ""
        return Rule(
            name=check.__name__.replace("_", "-"),
            category=check.__module__.split(".")[-2],
            doc=doc.strip(),
            severity=severity,
            confidence=confidence,
            scope=scope,
            check=check,
            cwe=cwe,
            controls=controls,
            languages=languages,
        )

    return declare
