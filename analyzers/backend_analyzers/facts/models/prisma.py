"""The models of Prisma schemas: which model is which table, and which field which column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from backend_analyzers.fact import file_fact
from backend_analyzers.facts.models import Model
from backend_analyzers.facts.models.prisma_names import Schema
from backend_analyzers.facts.models.prisma_relations import join_tables
from backend_analyzers.facts.models.prisma_tables import model_of
from backend_analyzers.facts.paths import folder
from backend_analyzers.libraries.prisma_types import PROVIDERS
from backend_analyzers.source import File, Language, Place
from backend_analyzers.sql.ddl import CreateType
from backend_analyzers.sql.statement import Dialect
from backend_analyzers.syntax.prisma import Block, blocks
from backend_analyzers.workspace import Workspace


class Declared(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A block of a schema and the key of its unit."""

    unit: str
    block: Block


class Prisma(msgspec.Struct, frozen=True):
    """One schema, which may be written in several files; models by the name that they are declared under."""

    folder: str
    dialect: Dialect
    models: Mapping[str, Model]
    enums: tuple[tuple[Place, CreateType], ...]


@file_fact
def declared(file: File) -> tuple[Declared, ...]:
    """The blocks of a Prisma file."""
    if file.language is not Language.PRISMA:
        return ()
    return tuple(Declared(unit, block) for unit, block in blocks(file))


def models(workspace: Workspace) -> Mapping[str, Model]:
    """Every model; where two schemas have one of the same name, the later is called by its folder too."""
    found: dict[str, Model] = {}
    for schema in workspace.fact(schemas):
        for model in schema.models.values():
            found[model.key] = model
    return found


def schemas(workspace: Workspace) -> tuple[Prisma, ...]:
    """The schemas of the workspace."""
    files = {path: found for path, found in workspace.each(declared).items() if found}
    taken: set[str] = set()
    made = []
    for root, paths in sorted(_grouped(files).items()):
        schema = _schema(root, {path: files[path] for path in sorted(paths)}, taken)
        if schema is not None:
            made.append(schema)
            taken |= schema.models.keys()
    return tuple(made)


def schema_for(found: tuple[Prisma, ...], path: str) -> Prisma | None:
    """The schema that a file of code uses: the one that lies nearest."""
    if len(found) < 2:  # noqa: PLR2004 - no choice
        return found[0] if found else None
    parts = path.split("/")

    def shared(schema: Prisma) -> int:
        count = 0
        for one, other in zip(parts, schema.folder.split("/"), strict=False):
            if one != other:
                break
            count += 1
        return count

    best = sorted(found, key=shared, reverse=True)
    return best[0] if shared(best[0]) > shared(best[1]) else None


def _grouped(files: Mapping[str, tuple[Declared, ...]]) -> dict[str, list[str]]:
    """The files of each schema, by the folder of the one that names the database."""
    roots = {
        folder(path)
        for path, found in files.items()
        if any(one.block.kind == "datasource" for one in found)
    }
    grouped: dict[str, list[str]] = {}
    for path in files:
        root = folder(path)
        while root not in roots and root:
            root = folder(root)
        if root not in roots:
            below = [one for one in roots if one.startswith(f"{folder(path)}/")]
            root = below[0] if len(below) == 1 else next(iter(roots)) if len(roots) == 1 else ""
        if root in roots:
            grouped.setdefault(root, []).append(path)
    return grouped


def _schema(root: str, files: Mapping[str, tuple[Declared, ...]], taken: set[str]) -> Prisma | None:
    placed = [(path, one.unit, one.block) for path, found in files.items() for one in found]
    source = next((block for _, _, block in placed if block.kind == "datasource"), None)
    provider = source.setting("provider") if source is not None else None
    dialect = PROVIDERS.get(provider.string or "") if provider is not None else None
    if dialect is None or source is None:
        return None
    mode = source.setting("relationMode")
    schema = Schema(
        dialect=dialect,
        folder=root,
        taken=frozenset(taken),
        blocks={b.name: (path, unit, b) for path, unit, b in placed if b.kind in {"model", "view"}},
        enums={b.name: (path, unit, b) for path, unit, b in placed if b.kind == "enum"},
        has_foreign_keys=mode is None or mode.string != "prisma",
    )
    made = {name: model_of(schema, name) for name in schema.blocks}
    made.update((model.key.rpartition(":")[2], model) for model in join_tables(schema))
    return Prisma(root, dialect, made, tuple(_enums(schema)))


def _enums(schema: Schema) -> Iterator[tuple[Place, CreateType]]:
    for path, unit, block in schema.enums.values():
        at = Place(path, unit, block.name_start, block.name_end)
        namespace = schema.namespace(block)
        values = tuple(schema.label(member) for member in block.members)
        name = schema.enum_name(block)
        yield at, CreateType(name, namespace, "enum", values, 0, block.end)
