"""What is asked about a query, and how the answers are edits of the text that wrote it."""

from __future__ import annotations

from backend_analyzers.facts.plans import Plannable
from backend_analyzers.oracle import Advise


def question_of(one: Plannable) -> Advise:
    """The plan of a query, and what would make it cheaper."""
    return Advise(one.script, one.sql)
