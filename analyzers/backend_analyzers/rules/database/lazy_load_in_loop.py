"""Related rows that are loaded one by one in a loop: N+1, written by the mapper.

An attribute such as `order.customer` looks like a value and is a query: the first access loads the related row.
A page of fifty orders then costs fifty-one round trips, and nothing in the code says so.

## Example

```python
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    customer: Mapped[Customer] = relationship()
  # ~~~~~~~~ is loaded when it is used


def labels(session: Session) -> list[str]:
    return [order.customer.name for order in session.scalars(select(Order).limit(50))]
    #       ^^^^^^^^^^^^^^ `customer` is loaded with a query of its own for each `Order`
    #                               ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ the loop
```

Load the related rows with the query: `select(Order).options(selectinload(Order.customer)).limit(50)`, or in Django
`Order.objects.select_related("customer")` and `prefetch_related("lines")`.

## Not reported

Relations that the query (`select_related`, `prefetch_related`, `options`) or the model (`lazy="selectin"`) loads
with the rows; loops over rows whose query is not in the same function, or goes through a manager or a method of the
project's own; writes (`order.lines.add(…)`); templates; tests and migrations.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.fact import codes, file_fact
from backend_analyzers.facts.lazy_loads import Access, RowLoop, row_loops
from backend_analyzers.facts.models import Field, Model
from backend_analyzers.facts.models.found import found_models
from backend_analyzers.facts.paths import is_migration, is_test, is_tool
from backend_analyzers.rule import (
    Change,
    Confidence,
    Finding,
    Fix,
    Related,
    Severity,
    workspace_rule,
)
from backend_analyzers.source import File
from backend_analyzers.workspace import Workspace


@workspace_rule(
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    cwe=(1049, 1073),
    controls=("OWASP API4:2023",),
)
def lazy_load_in_loop(workspace: Workspace) -> Iterator[Finding]:
    loops = {path: some for path, some in workspace.each(row_loops).items() if some}
    if not loops:
        return
    models = workspace.fact(found_models)
    managed: set[str] = set().union(*workspace.each(_own_managers).values())
    imported = workspace.each(_loader_imports)
    for path, some in loops.items():
        if is_test(path) or is_migration(path):
            continue
        for loop in some:
            model = models.find(path, loop.model)
            if model is None or model.mapper != loop.mapper or "*" in loop.eager:
                continue
            if loop.mapper == "django" and _classes(model) & managed:
                continue
            for access in loop.accesses:
                field = model.field(access.name)
                if field is not None and _is_loaded(model, field, access, loop):
                    yield _finding(path, loop, access, field, model, imported.get(path, ""))


@file_fact
def _own_managers(file: File) -> frozenset[str]:
    """The classes of a file that give their rows through a manager of their own."""
    return frozenset(
        code.unit.owner.rpartition(".")[2]
        for code in codes(file)
        if code.unit.owner and code.unit.key.rpartition(".")[2] == "objects"
    )


@file_fact
def _loader_imports(file: File) -> str:
    """By what name a file calls `selectinload`, empty when it has not imported it."""
    for code in codes(file)[:1]:
        for name, bindings in code.scope.names.items():
            if any(one.detail == "sqlalchemy.orm.selectinload" for one in bindings):
                return name
    return ""


def _classes(model: Model) -> set[str]:
    """The class of a model and those that it has fields from."""
    own = [field for field in model.fields if field.column]
    owners = {field.at.unit.rpartition(".")[0].rpartition(".")[2] for field in own}
    return {*owners, model.key.rpartition(".")[2]}


def _is_loaded(model: Model, field: Field, access: Access, loop: RowLoop) -> bool:
    """Whether an access runs a query for each row."""
    if field.relation in {"", "?"} or field.loading != "lazy" or field.name in loop.eager:
        return False
    own = {field.name, *(one for one, _ in field.join)}
    if model.mapper == "sqlalchemy" and not field.many and own & {*loop.fixed}:
        return False  # the same row for all of them, which the session has after the first
    # Other methods of Django's managers run a query of their own, whatever was prefetched.
    return model.mapper != "django" or not field.many or access.then in {"all", "count"}


def _finding(
    path: str, loop: RowLoop, access: Access, field: Field, model: Model, loader: str
) -> Finding:
    name = model.key.rpartition(".")[2]
    if model.mapper == "django":
        word = "prefetch_related" if field.many else "select_related"
        text = f'.{word}("{field.name}")'
    else:
        text = f".options({loader}({loop.spelled}.{field.name}))" if loader else ""
    fixes: tuple[Fix, ...] = ()
    if text and loop.insert.unit:
        fixes = (Fix(f"Load `{field.name}` with the rows", (Change(loop.insert, text),)),)
    named = access.name
    return Finding(
        at=access.at,
        message=f"`{named}` is loaded with a query of its own for each `{name}`",
        help=f"Load `{named}` together with the rows.",
        related=(Related(loop.loop, "the loop"), Related(field.at, "is loaded when it is used")),
        fixes=fixes,
        confidence=Confidence.LOW if is_tool(path) else None,
    )
