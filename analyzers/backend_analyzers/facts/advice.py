"""What is asked about a query: its plan, which index would help, and which other text of it."""

from __future__ import annotations

from backend_analyzers.facts.plans import Plannable
from backend_analyzers.oracle import Advise


def question_of(one: Plannable) -> Advise:
    """The plan of a query, and what would make it cheaper."""
    return Advise(one.script, one.sql, tuple(rewrite.text for rewrite in one.rewrites))
