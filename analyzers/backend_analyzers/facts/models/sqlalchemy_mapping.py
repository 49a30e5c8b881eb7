"""Classes put together with what they inherit: which table each is mapped to, with which columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from backend_analyzers.facts.alchemy.columns import ColumnRead, Foreign
from backend_analyzers.facts.alchemy.constraints import ConstraintRead
from backend_analyzers.facts.alchemy.tables import Built, Names, TableRead, built, table_items
from backend_analyzers.facts.alchemy.things import (
    UNKNOWN,
    Made,
)
from backend_analyzers.facts.alchemy.types import NOT_KNOWN, Typed
from backend_analyzers.facts.alchemy.world import World
from backend_analyzers.facts.models import Field, Model
from backend_analyzers.facts.models.sqlalchemy_classes import (
    FileRead,
    MemberRead,
)
from backend_analyzers.facts.models.sqlalchemy_drafts import Draft, Drafts
from backend_analyzers.facts.module_files import module_path
from backend_analyzers.source import Place
from backend_analyzers.sql.ddl import Reference, TableName


class Mapped(msgspec.Struct, frozen=True, eq=False):
    """A mapped class, with what its relations still need.

    `parent` is the class whose table it extends (joined inheritance) or shares (single-table).
    `attributes` leads from an attribute to its column in `model.table`.
    """

    key: str
    model: Model
    parent: str = ""
    shares: bool = False
    relations: tuple[MemberRead, ...] = ()
    attributes: Mapping[str, str] = {}
    is_class: bool = True


def mapping(reads: Mapping[str, FileRead], world: World) -> dict[str, Mapped]:
    """The mapped classes of all files, without their relations."""
    return _Mapping(reads, world).all()


class _Mapping:
    """Finds the mapped classes and builds their tables."""

    def __init__(self, reads: Mapping[str, FileRead], world: World) -> None:
        self.world = world
        self._drafts = Drafts(reads, world)
        self.drafts: dict[str, Draft | None] = {}
        self.reads = reads
        self.tables: dict[tuple[str | None, str], list[Draft]] = {}
        self.names = _names(reads)

    def all(self) -> dict[str, Mapped]:
        """Every mapped class and every table."""
        drafts = self._drafts.all()
        self.drafts = self._drafts.found
        for draft in drafts:
            if draft.table is not None:
                self.tables.setdefault((draft.table.schema, draft.table.name), []).append(draft)
        cores = list(self._cores())
        self.types = _KnownTypes(drafts, cores, self)
        found: dict[str, Mapped] = {}
        for group in self.tables.values():
            for one in self._models(group):
                found[one.key] = one
        for core in cores:
            if core[0] not in found:
                found[core[0]] = self._core(*core)
        return found

    def _models(self, group: list[Draft]) -> Iterator[Mapped]:
        """The models of one table: a class, and those that share its table."""
        columns: dict[str, ColumnRead] = {}
        attributes: dict[str, str] = {}
        constraints: list[ConstraintRead] = []
        known = True
        for draft in group:
            for name, (_, read) in draft.columns.items():
                column_name = read.name or name
                settled_read = self.types.typed(read)
                columns.setdefault(
                    column_name, msgspec.structs.replace(settled_read, name=column_name)
                )
                attributes.setdefault(name, column_name)
            constraints += (one for one in draft.constraints if one not in constraints)
            known = known and draft.known and draft.whole
        first = next((one for one in group if not one.shares), group[0])
        assert first.table is not None
        at = first.read.at
        whole = (at.start, at.end)
        made = built(
            first.table,
            TableRead(tuple(columns.values()), tuple(constraints), known),
            self.names,
            lambda _read: (*whole, *whole),
            whole,
            references=self.reference,
            attributes=attributes,
        )
        for draft in group:
            yield self._model(draft, made)

    def _model(self, draft: Draft, made: Built) -> Mapped:
        assert draft.table is not None
        definitions = {one.name: one for one in made.create.columns}
        fields: list[Field] = []
        attributes: dict[str, str] = {}
        for name, (member, read) in draft.columns.items():
            definition = definitions[read.name or name]
            attributes[name] = definition.name
            fields.append(
                Field(name, member.at, definition.name, definition.type, definition.nullable)
            )
        fields += (Field(name, one.at) for name, one in draft.computed.items())
        parent = self.drafts.get(draft.parent) if draft.parent and not draft.shares else None
        while parent is not None:
            held = {one.name for one in fields}
            fields += (
                Field(name, member.at)
                for name, (member, _) in parent.columns.items()
                if name not in held
            )
            parent = self.drafts.get(parent.parent) if parent.parent else None
        model = Model(
            key=dotted_key(draft.key),
            mapper="sqlalchemy",
            table=draft.table.name,
            at=draft.read.at,
            fields=tuple(fields),
            create=made.create,
            indexes=made.indexes,
            schema=draft.table.schema,
            known=draft.known,
            types=made.types,
        )
        relations = dict(draft.relations)
        if draft.parent:
            above = self.drafts.get(draft.parent)
            while above is not None:
                for name, one in above.relations.items():
                    relations.setdefault(name, one)
                above = self.drafts.get(above.parent) if above.parent else None
        return Mapped(
            draft.key, model, draft.parent, draft.shares, tuple(relations.values()), attributes
        )

    def reference(self, read: ColumnRead, table: str) -> Reference | None:
        """What a foreign key points to that is given as an attribute of a class."""
        del table
        if not read.foreign or not read.foreign[0].key:
            return None
        key = read.foreign[0]
        span = (read.start, read.end)
        target = self.drafts.get(key.key)
        if target is not None and target.table is not None:
            found = target.columns.get(key.target)
            name = (found[1].name or key.target) if found is not None else key.target
            where = TableName(target.table.name, target.table.schema, *span)
            return Reference(where, (name,), key.on_delete, key.on_update)
        if key.key.startswith("table:"):
            where = TableName(key.key.removeprefix("table:"), None, *span)
            return Reference(where, (key.target,), key.on_delete, key.on_update)
        return None

    # Core ---------------------------------------------------------------------------------------

    def _cores(self) -> Iterator[tuple[str, Place, Made, TableRead, TableName]]:
        """The tables that no class is mapped to."""
        used = {id(one.core.node) for one in self.drafts.values() if one and one.core is not None}
        seen: set[tuple[str | None, str]] = set(self.tables)
        for path, read in self.reads.items():
            for one in read.tables:
                name, schema = one.made.get("name", 0, UNKNOWN), one.made.get("schema")
                if not isinstance(name, str) or id(one.made.node) in used:
                    continue
                space = schema if isinstance(schema, str) else None
                if (space, name) in seen:
                    continue
                seen.add((space, name))
                reader = self.world.reader(path)
                items = [given.value for given in one.made.arguments[2:]]
                found = table_items(items, reader, known=one.made.complete)
                if not found.columns:
                    continue
                node = one.made.arguments[0].node or one.made.node
                table = TableName(name, space, node.start, node.end)
                yield f"{path}:{one.name or name}", one.at, one.made, found, table

    def _core(self, key: str, at: Place, made: Made, items: TableRead, table: TableName) -> Mapped:
        columns = tuple(self.types.typed(one) for one in items.columns)
        whole = (made.node.start, made.node.end)
        result = built(
            table,
            TableRead(columns, items.constraints, items.known),
            self.names,
            lambda read: (read.start, read.end, read.name_start, read.name_end),
            whole,
            references=self.reference,
        )
        path = at.path
        fields = tuple(
            Field(
                one.key or one.name,
                Place(path, one.unit, one.name_start, one.name_end),
                one.name,
                definition.type,
                definition.nullable,
            )
            for one, definition in zip(columns, result.create.columns, strict=True)
        )
        model = Model(
            key=dotted_key(key),
            mapper="sqlalchemy",
            table=table.name,
            at=at,
            fields=fields,
            create=result.create,
            indexes=result.indexes,
            schema=table.schema,
            known=items.known,
            types=result.types,
        )
        attributes = {field.name: field.column for field in fields}
        return Mapped(key, model, attributes=attributes, is_class=False)


class _KnownTypes:
    """The types of columns, also of those that have the type of what they point to."""

    def __init__(
        self,
        drafts: list[Draft],
        cores: list[tuple[str, Place, Made, TableRead, TableName]],
        mapping: _Mapping,
    ) -> None:
        self.mapping = mapping
        self.by_table: dict[tuple[str | None, str], dict[str, ColumnRead]] = {}
        for draft in drafts:
            if draft.table is not None:
                known = self.by_table.setdefault((draft.table.schema, draft.table.name), {})
                for name, (_, read) in draft.columns.items():
                    known.setdefault(read.name or name, read)
        for _, _, _, items, table in cores:
            known = self.by_table.setdefault((table.schema, table.name), {})
            for read in items.columns:
                known.setdefault(read.name, read)

    def typed(self, read: ColumnRead) -> ColumnRead:
        """The column with its type."""
        kind = self._type(read, 0)
        return read if kind is read.typed else msgspec.structs.replace(read, typed=kind)

    def _type(self, read: ColumnRead, depth: int) -> Typed:
        if read.typed.text or not read.foreign or depth > 8:  # noqa: PLR2004
            return read.typed
        target = self._target(read.foreign[0], read)
        if target is None:
            return read.otherwise
        kind = self._type(target, depth + 1)
        return Typed(kind.text, kind.labels, kind.schema) if kind.text else NOT_KNOWN

    def _target(self, key: Foreign, read: ColumnRead) -> ColumnRead | None:
        if key.key:
            draft = self.mapping.drafts.get(key.key)
            found = draft.columns.get(key.target) if draft is not None else None
            return found[1] if found is not None else None
        schema, table, name = key.parts
        return self.by_table.get((schema, table), {}).get(name or read.name)


def dotted_key(key: str) -> str:
    """`app/models.py:Order` as code calls it: `app.models.Order`."""
    path, _, name = key.partition(":")
    return f"{module_path(path).replace('/', '.')}.{name}"


def _names(reads: Mapping[str, FileRead]) -> Names:
    """The naming convention, where the workspace has just one."""
    found: list[dict[str, str]] = []
    for read in reads.values():
        found += (one for one in read.conventions if one not in found)
    return Names(found[0]) if len(found) == 1 else Names()
