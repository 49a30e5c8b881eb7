"""One query while it is put together, and its text."""

from __future__ import annotations

from backend_analyzers import ir
from backend_analyzers.facts.orm.chains.entities import Entity, Models, source
from backend_analyzers.facts.orm.chains.writing import Sql, around, hole, is_parameter, joined, text


class Select:
    """What a chain of calls has asked for so far.  `outer` is the query around it, if it may refer to it."""

    def __init__(self, at: ir.Node, models: Models, outer: Select | None = None) -> None:
        self.at = at
        self.models = models
        self.outer = outer
        self.kind = "select"
        self.outputs: list[Sql] = []
        self.entities: dict[tuple[str, str], Entity] = {}
        self.joins: list[Sql] = []
        self.joined: set[tuple[str, str]] = set()
        self.where: list[Sql] = []
        self.group: list[Sql] = []
        self.having: list[Sql] = []
        self.order: list[Sql] = []
        self.distinct: Sql = ()
        self.limit: Sql = ()
        self.offset: Sql = ()
        self.suffix: Sql = ()
        self.ctes: dict[str, Sql] = {}
        self.compound: list[tuple[str, Sql]] = []
        self.doubtful = False
        self.nested = False
        """Whether there are queries inside of it."""
        self.primary: Entity | None = None
        self.last: Entity | None = None
        self.target: Entity | None = None
        self.sets: list[tuple[str, Sql, Sql]] = []
        """(column, where it is named, value) of INSERT and UPDATE."""
        self.selected: Sql = ()
        self.conflict: Sql = ()
        self.returning: list[Sql] = []
        self.eager: list[Sql] = []
        self.body: Sql = ()
        """A whole text, instead of all this: a compound."""

    def use(self, entity: Entity) -> None:
        """An entity is referred to: it is in FROM, unless a query around this one has it already."""
        if entity.key in self.entities or entity.key in self.joined:
            return
        around_this = self.outer
        while around_this is not None:
            if entity.key in around_this.entities or entity.key in around_this.joined:
                return
            if around_this.target is not None and around_this.target.key == entity.key:
                return
            around_this = around_this.outer
        if self.target is not None and self.target.key == entity.key:
            return
        self.add(entity)

    def add(self, entity: Entity) -> None:
        """An entity is in FROM."""
        self.entities.setdefault(entity.key, entity)
        if self.primary is None:
            self.primary = entity
        if entity.kind == "cte" and entity.body:
            self.top().ctes.setdefault(entity.label, entity.body)

    def top(self) -> Select:
        """The outermost query: WITH stands there."""
        found = self
        while found.outer is not None:
            found = found.outer
        return found

    # Text ---------------------------------------------------------------------------------------

    def sql(self, *, whole: bool = False) -> Sql:
        """The text of the query."""
        found = self._sql()
        if self.ctes and whole:
            inner = (around(f"{name} AS (", body, ")") for name, body in self.ctes.items())
            found = (text("WITH ", self.at), *joined(inner, ", "), text(" ", self.at), *found)
        return found

    def _sql(self) -> Sql:
        match self.kind:
            case "insert":
                found = self._insert()
            case "update":
                found = self._update()
            case "delete":
                found = self._delete()
            case _:
                found = self._select()
        if self.returning:
            found = (*found, text(" RETURNING ", self.at), *joined(self.returning, ", "))
        if self.doubtful or self._is_loose():
            found = (*found, text(" ", self.at), *hole(self.at))
        return found

    def _is_loose(self) -> bool:
        """Whether a condition that is not known may tie tables that nothing else does."""
        base = [key for key in self.entities if key not in self.joined]
        several = len(base) + (self.target is not None) > 1
        return several and any(is_parameter(one) for one in self.where)

    def _select(self) -> Sql:
        at = self.at
        found: Sql = self.body
        if not found:
            outputs = joined(self.outputs, ", ") or (text("1", at),)
            found = (text("SELECT ", at), *self.distinct, *outputs, *self._from())
            found += _clause(" WHERE ", self.where, " AND ", at)
            found += _clause(" GROUP BY ", self.group, ", ", at)
            found += _clause(" HAVING ", self.having, " AND ", at)
        for word, other in self.compound:
            found = (*found, text(f" {word} ", at), *other)
        found += _clause(" ORDER BY ", self.order, ", ", at)
        if self.limit:
            found += (text(" LIMIT ", at), *self.limit)
        if self.offset:
            found += (text(" OFFSET ", at), *self.offset)
        return found + self.suffix

    def _from(self) -> Sql:
        at = self.at
        base = [entity for key, entity in self.entities.items() if key not in self.joined]
        if not base and not self.joins:
            return ()
        parts = [source(one, self.models) for one in (*base[1:], *base[:1])]
        tail = tuple(piece for one in (*self.joins, *self.eager) for piece in one)
        return (text(" FROM ", at), *joined(parts, ", "), *tail)

    def _insert(self) -> Sql:
        at = self.at
        assert self.target is not None
        found: Sql = (text("INSERT INTO ", at), *source(self.target, self.models))
        if self.sets:
            names = joined((name for _, name, _ in self.sets), ", ")
            found += (text(" (", at), *names, text(")", at))
        if self.selected:
            found += (text(" ", at), *self.selected)
        elif self.sets:
            values = joined((value for _, _, value in self.sets), ", ")
            found += (text(" VALUES (", at), *values, text(")", at))
        else:
            found += (text(" DEFAULT VALUES", at),)
        return found + self.conflict

    def _update(self) -> Sql:
        at = self.at
        assert self.target is not None
        found: Sql = (text("UPDATE ", at), *source(self.target, self.models), text(" SET ", at))
        sets = [(*name, text(" = ", at), *value) for _, name, value in self.sets]
        found += joined(sets, ", ")
        others = [source(one, self.models) for one in self.entities.values()]
        if others:
            found += (text(" FROM ", at), *joined(others, ", "))
        return found + _clause(" WHERE ", self.where, " AND ", at)

    def _delete(self) -> Sql:
        at = self.at
        assert self.target is not None
        found: Sql = (text("DELETE FROM ", at), *source(self.target, self.models))
        others = [source(one, self.models) for one in self.entities.values()]
        if others:
            found += (text(" USING ", at), *joined(others, ", "))
        return found + _clause(" WHERE ", self.where, " AND ", at)


def _clause(word: str, parts: list[Sql], between: str, at: ir.Node) -> Sql:
    found = joined(parts, between)
    return (text(word, at), *found) if found else ()
