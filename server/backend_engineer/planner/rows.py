"""Made-up rows that keep the constraints of a schema and are close to what queries ask for."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator

from backend_engineer.planner.shape import Shape
from backend_engineer.planner.tables import Column, Row, Tables
from backend_engineer.planner.values import NOW, is_one_of, pool

_TRIES = 6
_OIDS = {
    16: "boolean",
    20: "bigint",
    21: "smallint",
    23: "integer",
    25: "text",
    114: "json",
    700: "real",
    701: "double precision",
    1005: "smallint[]",
    1007: "integer[]",
    1009: "text[]",
    1016: "bigint[]",
    1042: "character",
    1043: "character varying",
    1082: "date",
    1114: "timestamp without time zone",
    1184: "timestamp with time zone",
    1186: "interval",
    1700: "numeric",
    2950: "uuid",
    3802: "jsonb",
}
_ALIKE = {"integer": "whole", "bigint": "whole", "smallint": "whole", "character varying": "text"}


class Rows:
    """Makes up the rows of the tables that some queries read, other ones each time.

    `unknown` are the tables that the database does not have.  `allowed` leaves out the values that the
    checks of a column forbid.
    """

    def __init__(
        self,
        tables: Tables,
        shapes: Iterable[Shape],
        seed: int,
        allowed: Callable[[str, Column, list[str]], list[str]] = lambda _table, _column, values: (
            values
        ),
    ) -> None:
        self._tables = tables
        self._allowed = allowed
        self._random = random.Random(seed)  # noqa: S311 - the same rows for the same seed
        shapes = tuple(shapes)
        names = frozenset().union(*(shape.tables for shape in shapes))
        self._literals: dict[str, set[str]] = {}
        for shape in shapes:
            for column, values in shape.literals.items():
                self._literals.setdefault(column, set()).update(values)
            if shape.is_timely:
                self._literals.setdefault("", set()).add(NOW)
        self._size = max((size for shape in shapes for size in shape.sizes), default=0)
        known = {table.lower(): table for table in tables.columns}
        asked = [known[name] for name in sorted(names) if name in known]
        self.unknown = [] if asked else sorted(names)
        self._order = list(self._parents_first(asked))
        self._pools: dict[tuple[str, str, bool], list[str]] = {}
        self._last: dict[str, list[str]] = {}
        """Values of the last rows by type: what parameters had best be equal to."""

    def next(self) -> dict[str, list[Row]]:
        """Rows for each table, parents before their children."""
        chance = self._random
        nulls = chance.choice((0.0, 0.15, 0.3, 0.5))
        small = chance.random() < 0.7  # noqa: PLR2004 - mostly few values, so that rows meet
        focused = chance.random() < 0.4  # noqa: PLR2004
        crowded = self._size > 2 and chance.random() < 0.4  # noqa: PLR2004
        made: dict[str, list[Row]] = {}
        for table in self._order:
            made[table] = []
            count = (
                chance.randint(self._size, self._size + 5)
                if crowded
                else chance.choice((0, 1, 1, 2, 2, 3, 3, 4, 5, 7))
            )
            pools = self._few(table, small=small, focused=focused)
            clones = chance.random() < 0.35  # noqa: PLR2004
            for _ in range(count):
                row = self._row(table, made, pools, nulls, clones=clones)
                if row is not None:
                    made[table].append(row)
        self._remember(made)
        return made

    def parameters(self, types: Iterable[int]) -> list[str | None]:
        """Values for parameters of these types, near to what the tables hold."""
        chance = self._random
        found: list[str | None] = []
        for oid in types:
            kind = _OIDS.get(oid, "text")
            seen = self._last.get(_ALIKE.get(kind, kind), [])
            if kind.endswith("[]"):
                seen = self._last.get(_ALIKE.get(kind[:-2], kind[:-2]), [])
                if seen and chance.random() < 0.8:  # noqa: PLR2004
                    some = [value for value in chance.sample(seen, min(2, len(seen))) if value]
                    found.append(
                        "{" + ",".join(f'"{value}"' for value in some if '"' not in value) + "}"
                    )
                    continue
            elif seen and chance.random() < 0.7:  # noqa: PLR2004
                found.append(chance.choice(seen))
                continue
            values = pool(kind, self._literals.get("", set()))
            missing = chance.random() < 0.05 or not values  # noqa: PLR2004
            found.append(None if missing else chance.choice(values))
        return found

    def _remember(self, made: dict[str, list[Row]]) -> None:
        self._last = {}
        for table, rows in made.items():
            for column in self._tables.columns[table]:
                kind = column.type.partition("(")[0]
                values = [v for row in rows if (v := row.get(column.name)) is not None]
                self._last.setdefault(_ALIKE.get(kind, kind), []).extend(values)

    def _few(self, table: str, *, small: bool, focused: bool) -> dict[str, list[str]]:
        """The values of each column this time: sometimes only two or three, so that they are equal.

        `focused`: mostly those that the queries ask for, so that rows stand several conditions.
        """
        chance = self._random
        found: dict[str, list[str]] = {}
        for column in self._tables.columns[table]:
            values = self._pool(table, column, small=small)
            count = chance.choice((2, 3, 4, 6, 100))
            some = chance.sample(values, count) if count < len(values) else values
            asked = self._literals.get(column.name.lower()) if focused else None
            hit = [value for value in values if is_one_of(value, asked)] if asked else []
            found[column.name] = [*hit, *hit, *some[:3]] if hit else some
        return found

    def _row(
        self,
        table: str,
        made: dict[str, list[Row]],
        pools: dict[str, list[str]],
        nulls: float,
        *,
        clones: bool,
    ) -> Row | None:
        chance = self._random
        columns = [column for column in self._tables.columns[table] if not column.made]
        for _ in range(_TRIES):
            row: Row = {}
            if clones and made[table] and chance.random() < 0.6:  # noqa: PLR2004
                row = dict(chance.choice(made[table]))
            for column in columns:
                if column.name in row and chance.random() < 0.75:  # noqa: PLR2004
                    continue
                values = pools[column.name]
                if not values and column.defaults:
                    continue
                empty = not values or (not column.required and chance.random() < nulls)
                row[column.name] = None if empty else chance.choice(values)
            if self._refer(table, row, made, nulls) and self._fits(table, row, made[table]):
                return row
        return None

    def _refer(self, table: str, row: Row, made: dict[str, list[Row]], nulls: float) -> bool:
        """Make the foreign keys point to rows that are there; whether that is possible."""
        required = {column.name for column in self._tables.columns[table] if column.required}
        for key in self._tables.keys.get(table, ()):
            parents = made.get(key.table, [])
            free = not required.issuperset(key.columns)
            if parents and not (free and self._random.random() < nulls):
                parent = self._random.choice(parents)
                for own, its in zip(key.columns, key.target, strict=True):
                    row[own] = parent.get(its)
            elif free:
                row.update((own, None) for own in key.columns if own not in required)
            elif key.table == table:
                for own, its in zip(key.columns, key.target, strict=True):
                    row[own] = row.get(its)
            else:
                return False
        return True

    def _fits(self, table: str, row: Row, others: list[Row]) -> bool:
        columns = self._tables.columns[table]
        for column in columns:
            given = column.made or (column.defaults and column.name not in row)
            if column.required and not given and row.get(column.name) is None:
                return False
        for key in self._tables.unique.get(table, ()):
            values = [row.get(name) for name in key]
            if None not in values and any(values == [o.get(n) for n in key] for o in others):
                return False
        return True

    def _pool(self, table: str, column: Column, *, small: bool) -> list[str]:
        key = table, column.name, small
        if key not in self._pools:
            near = self._literals.get(column.name.lower(), set())
            near = near | self._tables.checked.get((table, column.name), set())
            timely = NOW in self._literals.get("", ()) and column.type.startswith(
                ("timestamp", "date")
            )
            if not small or timely or column.type.startswith(("json", "text[]")):
                near = near | self._literals.get("", set())
            labels = self._tables.labels.get(column.type)
            values = pool(column.type, near, labels=labels)
            self._pools[key] = self._allowed(table, column, values)
        return self._pools[key]

    def _parents_first(self, asked: list[str]) -> Iterator[str]:
        seen: set[str] = set()
        waiting = list(asked)
        for table in waiting:  # grows while it is walked
            waiting += [
                key.table
                for key in self._tables.keys.get(table, ())
                if key.table in self._tables.columns and key.table not in waiting
            ]

        def visit(table: str) -> Iterator[str]:
            if table in seen:
                return
            seen.add(table)
            for key in self._tables.keys.get(table, ()):
                if key.table in waiting:
                    yield from visit(key.table)
            yield table

        for table in waiting:
            yield from visit(table)
