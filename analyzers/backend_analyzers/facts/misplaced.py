"""Columns that depend on something else than a key of their table, with what says so.

A table with a comment that a repetition is meant has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from backend_analyzers.facts.designed import Designed, designed
from backend_analyzers.facts.table_forms import KnownDependency, TableForm, form_of, table_forms
from backend_analyzers.source import Place
from backend_analyzers.sql.dependencies import Dependency
from backend_analyzers.workspace import Workspace

Kind = Literal["partial", "transitive", "prime"]


class Misplaced(msgspec.Struct, frozen=True):
    """Some columns of a table, and what they depend on."""

    designed: Designed
    form: TableForm
    kind: Kind
    dependency: Dependency
    known: KnownDependency

    @property
    def columns(self) -> str:
        """The columns in words."""
        return ", ".join(f"`{name}`" for name in self.dependency.right)

    @property
    def determinant(self) -> str:
        """What they depend on, in words."""
        return ", ".join(f"`{name}`" for name in self.dependency.left)

    @property
    def verb(self) -> str:
        """As sure as what says it."""
        several = len(self.dependency.right) > 1
        if self.known.source in {"name", "data"}:
            return "seem to depend" if several else "seems to depend"
        return "depend" if several else "depends"

    @property
    def help(self) -> str:
        """What to do."""
        them = "them" if len(self.dependency.right) > 1 else "it"
        if self.known.source == "name":
            where = self.known.note.rpartition(".")[0].rpartition(", ")[2]
            return (
                f"Read {them} from `{where}` through {self.determinant}, or say in a comment that the "
                "copy is meant."
            )
        return (
            f"Move {them} to a table with the key {self.determinant}, or say in a comment that the "
            "repetition is meant."
        )

    @property
    def at(self) -> Place:
        """The first of the columns, as they are declared."""
        right = set(self.dependency.right)
        first = next(c.name for c in self.designed.table.columns if c.name in right)
        return self.designed.column_at(first)

    @property
    def evidence(self) -> dict[str, str]:
        """What the finding rests on, and what would be better."""
        said = {
            "comment": "a comment",
            "data": f"data: {self.known.note}",
            "name": f"names: {self.known.note}",
            "key": "keys",
            "unique": "keys",
        }
        return {
            "dependency": str(self.dependency),
            "rests on": said[self.known.source],
            "normal form": str(self.form.analysis.form),
            **({"instead": self.form.ddl} if self.form.ddl else {}),
        }


def misplaced(workspace: Workspace) -> tuple[Misplaced, ...]:
    """All of them, table by table."""
    forms = workspace.fact(table_forms)
    found: list[Misplaced] = []
    for one in workspace.fact(designed):
        form = form_of(forms, one.home, one.table)
        if form is not None and form.dependencies and not form.denormalised:
            found += _of(one, form)
    return tuple(found)


def _of(one: Designed, form: TableForm) -> Iterator[Misplaced]:
    analysis = form.analysis
    kinds: tuple[tuple[Kind, tuple[Dependency, ...]], ...] = (
        ("partial", analysis.partial),
        ("transitive", analysis.transitive),
        ("prime", analysis.prime),
    )
    for kind, dependencies in kinds:
        for dependency in dependencies:
            behind = form.behind(dependency)
            if behind:
                yield Misplaced(one, form, kind, dependency, behind[0])
