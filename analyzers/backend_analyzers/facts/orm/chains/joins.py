"""The conditions of joins that SQLAlchemy finds by itself: from relations and foreign keys."""

from __future__ import annotations

from collections.abc import Iterable

from backend_analyzers import ir
from backend_analyzers.facts.models import Field
from backend_analyzers.facts.models.sqlalchemy_mapping import Mapped
from backend_analyzers.facts.orm.chains.entities import Entity, Models, holder
from backend_analyzers.facts.orm.chains.writing import Sql, text
from backend_analyzers.sql.names import quoted

Pairs = tuple[tuple[str, str], ...]


class Joins:
    """Finds how entities are joined."""

    def __init__(self, models: Models) -> None:
        self.models = models

    def condition(
        self, owner: Entity, field: Field | None, target: Entity, at: ir.Node
    ) -> tuple[Entity | None, Sql] | None:
        """How a relation leads from its owner to its target, and the table between the two."""
        if field is None:
            return None
        if field.through:
            between = self.between(field, at)
            steps = None if between is None else self.through(owner, between, target, at)
            if steps is None:
                return None
            return between, (*steps[0], text(" AND ", at), *steps[1])
        if not field.join:
            return None
        return None, self._equal(owner, target, field.join, at)

    def between(self, field: Field, at: ir.Node, label: str = "") -> Entity | None:
        """The table of a relation of many to many."""
        found = [one for (_, name), one in self.models.by_table.items() if name == field.through]
        return Entity(label or field.through, found[0], at=at) if len(found) == 1 else None

    def through(
        self, owner: Entity, between: Entity, target: Entity, at: ir.Node
    ) -> tuple[Sql, Sql] | None:
        """The two conditions of a relation of many to many."""
        assert between.mapped is not None
        if owner.mapped is None or target.mapped is None:
            return None
        first = _links(between.mapped, owner.mapped)
        second = _links(between.mapped, target.mapped)
        if owner.mapped.model.table == target.mapped.model.table and len(first) > 1:
            first, second = first[:1], second[1:2]
        if len(first) != 1 or len(second) != 1:
            return None
        turned = tuple((b, a) for a, b in first[0])
        return (
            self._equal(owner, between, turned, at),
            self._equal(between, target, second[0], at),
        )

    def found(self, sources: Iterable[Entity], target: Entity, at: ir.Node) -> Sql | None:
        """The condition by the only foreign key between a target and one of the sources."""
        if target.mapped is None:
            return None
        for one in sources:
            if one.mapped is None or one.key == target.key:
                continue
            links = [*_links(one.mapped, target.mapped)]
            links += (tuple((b, a) for a, b in link) for link in _links(target.mapped, one.mapped))
            links = list(dict.fromkeys(links))
            if len(links) == 1:
                return self._equal(one, target, links[0], at)
            if links:
                return None
        return None

    def _equal(self, one: Entity, other: Entity, pairs: Pairs, at: ir.Node) -> Sql:
        words = " AND ".join(f"{self._named(one, a)} = {self._named(other, b)}" for a, b in pairs)
        return (text(words, at),)

    def _named(self, entity: Entity, column: str) -> str:
        """A column with its table: with joined inheritance it may be that of the parent."""
        mapped = entity.mapped
        label = entity.label
        if mapped is not None and column not in {c.name for c in mapped.model.create.columns}:
            held = holder(mapped, column, self.models)
            label = held[0].model.table if held is not None else label
        return f"{quoted(label)}.{quoted(column)}"


def _links(one: Mapped, other: Mapped) -> list[Pairs]:
    """The foreign keys from one table to another."""
    place = (other.model.table, other.model.schema)
    found: list[Pairs] = []
    for column in one.model.create.columns:
        reference = column.references
        if reference is not None and (reference.table.name, reference.table.schema) == place:
            found.append(((column.name, reference.columns[0] if reference.columns else "id"),))
    for constraint in one.model.create.constraints:
        reference = constraint.reference
        if reference is not None and (reference.table.name, reference.table.schema) == place:
            found.append(tuple(zip(constraint.columns, reference.columns, strict=False)))
    return found
