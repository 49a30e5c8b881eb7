"""Rules about schemas and queries."""

from __future__ import annotations

from backend_analyzers.facts.resolved import Resolved
from backend_analyzers.facts.rewriting import Grounds, compared, places
from backend_analyzers.rule import Change, Fix
from backend_analyzers.sql.rewrites import Rewrite


def written_anew(
    one: Resolved, standing: Grounds, rewrite: Rewrite, *, title: str = "", but: str = ""
) -> tuple[Fix, ...]:
    """The fix that writes a statement in another way; none when the text of the host cannot be changed so.

    `but` is a statement about the schema without which the rows may differ.
    """
    found = standing.of(one.query)
    where = places(one.query, rewrite.edits)
    same = compared(one.query, rewrite, found, but=but) if found is not None else None
    if where is None or same is None:
        return ()
    return (Fix(title or rewrite.title, tuple(Change(at, text) for at, text in where), same),)
