"""Rules about schemas and queries."""

from __future__ import annotations

from backend_analyzers.facts.resolved import Resolved
from backend_analyzers.facts.rewriting import Grounds, compared, places
from backend_analyzers.rule import Change, Fix
from backend_analyzers.sql.rewrites import Rewrite


def written_anew(one: Resolved, standing: Grounds, rewrite: Rewrite) -> tuple[Fix, ...]:
    """The fix that writes a statement in another way; none when the text of the host cannot be changed so."""
    where = places(one.query, rewrite.edits)
    same = compared(one.query, rewrite.text, standing.of(one.query))
    if where is None or same is None:
        return ()
    return (Fix(rewrite.title, tuple(Change(at, text) for at, text in where), same),)
