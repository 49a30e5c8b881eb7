"""`SELECT *` with the columns written out."""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.sql.expand import star_expansion
from backend_analyzers.sql.rewrites.view import Edit, Rewrite, View


def rewrite(view: View) -> Iterator[Rewrite]:
    for star in view.statement.stars:
        scope = view.statement.scopes[star.scope]
        if star.clause != "select" or star.in_exists or scope.role != "top":
            continue
        text = star_expansion(view.statement, star, view.schema)
        if text is not None:
            yield from view.rewrite("List the columns", Edit(star.start, star.end, text))
