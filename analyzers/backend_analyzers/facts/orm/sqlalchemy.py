"""The statements that SQLAlchemy writes, as approximate SQL: of Core, of sessions and of `Model.query`.

A file says which chains of calls it has (`sketches`); here the names in them are followed to the models.
What cannot be read becomes a parameter or a hole, and what names no model is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from backend_analyzers import ir
from backend_analyzers.facts.models.sqlalchemy import mapped, names
from backend_analyzers.facts.orm.chains.entities import Models, Names, columns_of
from backend_analyzers.facts.orm.chains.lowering import Lowering
from backend_analyzers.facts.orm.chains.selects import Select
from backend_analyzers.facts.orm.chains.sketches import Sketch, sketches
from backend_analyzers.facts.orm.chains.writing import Sql, around, parameter, text, written
from backend_analyzers.facts.queries import Query
from backend_analyzers.source import Place
from backend_analyzers.sql.parse import parse
from backend_analyzers.sql.statement import Statement
from backend_analyzers.workspace import Workspace


def queries_of(workspace: Workspace) -> Mapping[str, tuple[Query, ...]]:
    """The statements of each file that has any."""
    drawn = {path: some for path, some in workspace.each(sketches).items() if some}
    found = workspace.by_path(_of_file, drawn, workspace.fact(models))
    return {path: some for path, some in found.items() if some}


def models(workspace: Workspace) -> Models:
    """The models of the workspace, by how statements name them."""
    return Models(workspace.fact(mapped), workspace.fact(names))


def _of_file(path: str, drawn: tuple[Sketch, ...], known: Models) -> tuple[Query, ...]:
    if not known.found:
        return ()
    found = (_query(path, sketch, known) for sketch in drawn)
    return tuple(sorted((one for one in found if one is not None), key=lambda query: query.at))


def _query(path: str, sketch: Sketch, known: Models) -> Query | None:
    reader = known.world.reader(path)
    lowering = Lowering(known, Names(known, reader, sketch.owner, sketch.locals))
    select = _select(sketch, lowering)
    if select is None or not _has_model(select):
        return None
    sql = select.sql(whole=True)
    result = written(sql)
    spans = [segment for segment in result.segments if segment[3] > segment[2]]
    statement = sketch.statement
    start = min((one[2] for one in spans), default=statement.start)
    end = max((one[3] for one in spans), default=statement.end)
    if sketch.call is not None:
        start, end = min(start, sketch.call[0]), max(end, sketch.call[1])
    return Query(
        at=Place(path, sketch.unit, start, end),
        text=result.text,
        statements=_parsed(result.text, result.holes),
        segments=result.segments,
        holes=result.holes,
        executed=sketch.kind != "built",
        has_parameters=True,
        fetches=sketch.fetches,
        function=sketch.function,
        call=None if sketch.call is None else Place(path, sketch.unit, *sketch.call),
        receiver=sketch.receiver,
        approximate=True,
    )


@lru_cache(maxsize=20_000)
def _parsed(sql: str, holes: tuple[tuple[int, int], ...]) -> tuple[Statement, ...]:
    """Kept by text: an edit of a model changes few statements of few files."""
    return parse(sql, dialect="postgresql", holes=holes)


def _has_model(select: Select) -> bool:
    if select.target is not None or select.body:
        return True
    return bool(select.entities or select.joins or select.nested)


def _select(sketch: Sketch, lowering: Lowering) -> Select | None:
    if sketch.kind == "get":
        return _by_key(sketch, lowering)
    select = lowering.query(sketch.statement)
    if select is None:
        return None
    if select.kind == "exists":
        inner, select = select, Select(sketch.statement, lowering.models)
        select.outputs = [around("EXISTS (", inner.sql(), ")")]
        select.entities = inner.entities
        select.joined = set(inner.entities)
    if sketch.kind == "query":
        return _ended(sketch, select, lowering)
    return select


def _by_key(sketch: Sketch, lowering: Lowering) -> Select | None:
    """`session.get(Order, 5)`."""
    entity = lowering.entity(sketch.statement)
    if entity is None or entity.mapped is None:
        return None
    select = Select(sketch.statement, lowering.models)
    select.add(entity)
    select.outputs = columns_of(entity, lowering.models, sketch.statement)
    return _with_key(select, sketch, lowering)


def _with_key(select: Select, sketch: Sketch, lowering: Lowering) -> Select:
    entity = select.primary
    mapped_ = None if entity is None else entity.mapped
    while mapped_ is not None and lowering.models.parent(mapped_) is not None:
        mapped_ = lowering.models.parent(mapped_)
    if entity is None or mapped_ is None:
        return select
    label = entity.label if mapped_ is entity.mapped else mapped_.model.table
    given: ir.Node = sketch.arguments[0].value if sketch.arguments else sketch.statement
    keys = next(
        (c.columns for c in mapped_.model.create.constraints if c.kind == "primary key"), ()
    )
    for key in keys:
        left: Sql = (text(f"{label}.{key} = ", given),)
        select.where.append((*left, *parameter(given)))
    return select


def _ended(sketch: Sketch, select: Select, lowering: Lowering) -> Select | None:
    """The query as the method that ends its chain makes it."""
    at = sketch.statement
    match sketch.method:
        case "first" | "first_or_404":
            if not select.limit:
                select.limit = (text("1", at),)
        case "get" | "get_or_404":
            return _with_key(select, sketch, lowering)
        case "count":
            return _counted(select, at)
        case "paginate":
            select.limit, select.offset = parameter(at), parameter(at)
        case "update":
            return _changed(sketch, select, lowering, "update")
        case "delete":
            return _changed(sketch, select, lowering, "delete")
        case _:
            pass
    return select


def _counted(select: Select, at: ir.Node) -> Select:
    """`count()` counts the rows of the query in parentheses; without its columns where that is the same."""
    plain = not (select.group or select.distinct or select.limit or select.compound or select.body)
    if plain:
        select.outputs = [(text("count(*)", at),)]
        select.order = []
        select.eager = []
        return select
    outer = Select(at, select.models)
    body = around("SELECT count(*) FROM (", select.sql(), ") AS anon_1")
    outer.body = body
    outer.ctes = select.ctes
    return outer


def _changed(sketch: Sketch, select: Select, lowering: Lowering, kind: str) -> Select | None:
    """`query.update({…})` and `query.delete()`."""
    if select.primary is None or select.primary.mapped is None:
        return None
    select.kind = kind
    select.target = select.primary
    select.entities.pop(select.primary.key, None)
    if kind == "update":
        lowering.set_values(select, sketch.arguments)
        if not select.sets and not select.doubtful:
            return None
        if not select.sets:
            return None
    return select
