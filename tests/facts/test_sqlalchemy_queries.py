"""Statements of SQLAlchemy as SQL: what they say, and that it names what SQLAlchemy's own SQL names."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from textwrap import dedent

import pytest

from backend_analyzers.facts.models.sqlalchemy import models
from backend_analyzers.facts.orm.sqlalchemy import queries_of
from backend_analyzers.facts.queries import Query
from backend_analyzers.sql.parse import parse
from backend_analyzers.workspace import Workspace

MODELS = """
import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Integer, Numeric, String, Table
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


order_tags = Table(
    "order_tags", Base.metadata,
    Column("order_id", ForeignKey("orders.id"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
)


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    city: Mapped[str | None]
    email: Mapped[str] = mapped_column("email_address")
    data = Column(JSONB)
    orders: Mapped[list["Order"]] = relationship(back_populates="customer")


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    total = Column(Numeric)
    state: Mapped[str]
    placed_at = Column(sa.DateTime)
    customer: Mapped[Customer] = relationship(back_populates="orders")
    lines: Mapped[list["Line"]] = relationship(back_populates="order")
    tags: Mapped[list["Tag"]] = relationship(secondary=order_tags)


class Line(Base):
    __tablename__ = "lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    sku: Mapped[str]
    count: Mapped[int]
    order: Mapped[Order] = relationship(back_populates="lines")


class Tag(Base):
    __tablename__ = "tags"
    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str]


class Employee(Base):
    __tablename__ = "employees"
    __table_args__ = {"schema": "staff"}
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "e"}
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    boss_id: Mapped[int | None] = mapped_column(ForeignKey("staff.employees.id"))


class Engineer(Employee):
    __tablename__ = "engineers"
    __table_args__ = {"schema": "staff"}
    __mapper_args__ = {"polymorphic_identity": "n"}
    id: Mapped[int] = mapped_column(ForeignKey("staff.employees.id"), primary_key=True)
    language: Mapped[str]
"""

HEAD = """
from datetime import datetime
from sqlalchemy import (
    and_, case, cast, delete, desc, distinct, exists, extract, func, insert, literal, not_, null, or_, select, text,
    tuple_, union, union_all, update, String, Integer,
)
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Session, aliased, contains_eager, joinedload, load_only, selectinload
from models import Customer, Employee, Engineer, Line, Order, Tag, order_tags
"""


def of(body: str, **others: str) -> list[Query]:
    """The statements of a function."""
    code = HEAD + "\n\ndef work(session: Session, wanted, ids, city=None):\n"
    code += "".join(f"    {line}\n" for line in dedent(body).strip().splitlines())
    files = {"models.py": MODELS, "code.py": code} | {
        f"{k}.py": dedent(v) for k, v in others.items()
    }
    found = Workspace.of(files).fact(queries_of)
    return list(found.get("code.py", ()))


def text_of(body: str) -> str:
    (query,) = of(body)
    return query.text


@pytest.mark.parametrize(
    ("code", "sql"),
    [
        (
            "select(Order.id).where(Order.total > 5, Order.state == wanted).order_by(Order.id.desc()).limit(3)",
            (
                "SELECT orders.id FROM orders WHERE orders.total > 5 AND orders.state = $1"
                " ORDER BY orders.id DESC LIMIT 3"
            ),
        ),
        (
            "select(Order.id).join(Order.customer).where(Customer.city.is_(None))",
            (
                "SELECT orders.id FROM orders JOIN customers ON orders.customer_id = customers.id"
                " WHERE customers.city IS NULL"
            ),
        ),
        (
            "select(Customer.email).filter_by(name='x', city=None)",
            (
                "SELECT customers.email_address FROM customers"
                " WHERE customers.name = 'x' AND customers.city IS NULL"
            ),
        ),
        (
            "select(func.count()).select_from(Order).where(Order.id.in_(ids))",
            "SELECT count(*) FROM orders WHERE orders.id IN ($1)",
        ),
        (
            "select(Order.state, func.sum(Order.total)).group_by(Order.state).having(func.sum(Order.total) > 9)",
            (
                "SELECT orders.state, sum(orders.total) FROM orders GROUP BY orders.state"
                " HAVING sum(orders.total) > 9"
            ),
        ),
        (
            "select(Tag.label).join(order_tags).where(order_tags.c.order_id == wanted).distinct()",
            (
                "SELECT DISTINCT tags.label FROM tags JOIN order_tags ON tags.id = order_tags.tag_id"
                " WHERE order_tags.order_id = $1"
            ),
        ),
        (
            "select(Order.id).where(or_(Order.total.between(1, 2), ~Order.state.like('a%')))",
            (
                "SELECT orders.id FROM orders"
                " WHERE (orders.total BETWEEN 1 AND 2 OR NOT (orders.state LIKE 'a%'))"
            ),
        ),
        (
            "select(Customer.id).where(Customer.orders.any(Order.state == 'new'))",
            (
                "SELECT customers.id FROM customers WHERE EXISTS (SELECT 1 FROM orders"
                " WHERE customers.id = orders.customer_id AND orders.state = 'new')"
            ),
        ),
        (
            "update(Order).where(Order.id == wanted).values(state='paid', total=Order.total * 2)",
            "UPDATE orders SET state = 'paid', total = orders.total * 2 WHERE orders.id = $1",
        ),
        (
            "delete(Line).where(Line.order_id.in_(select(Order.id).where(Order.state == 'gone')))",
            (
                "DELETE FROM lines WHERE lines.order_id IN"
                " (SELECT orders.id FROM orders WHERE orders.state = 'gone')"
            ),
        ),
        (
            "insert(Tag).values(label=wanted).returning(Tag.id)",
            "INSERT INTO tags (label) VALUES ($1) RETURNING tags.id",
        ),
        (
            "pg_insert(Tag).values(id=1, label='x').on_conflict_do_nothing(index_elements=['id'])",
            "INSERT INTO tags (id, label) VALUES (1, 'x') ON CONFLICT (id) DO NOTHING",
        ),
        (
            "select(Order.id).with_for_update(skip_locked=True)",
            "SELECT orders.id FROM orders FOR UPDATE SKIP LOCKED",
        ),
        (
            "select(Order.id).where(Order.customer == wanted)",
            "SELECT orders.id FROM orders WHERE orders.customer_id = $1",
        ),
        (
            "select(case((Order.total > 5, 'big'), else_='small').label('size'))",
            "SELECT CASE WHEN orders.total > 5 THEN 'big' ELSE 'small' END AS size FROM orders",
        ),
    ],
)
def test_statements_as_sql(code: str, sql: str) -> None:
    assert text_of(f"return session.execute({code})") == sql


@pytest.mark.parametrize(
    ("code", "sql"),
    [
        ("session.get(Tag, wanted)", "SELECT tags.* FROM tags WHERE tags.id = $1"),
        (
            "session.query(Tag).filter(Tag.label == 'x').first()",
            "SELECT tags.* FROM tags WHERE tags.label = 'x' LIMIT 1",
        ),
        (
            "session.query(Tag).filter_by(label=wanted).order_by(Tag.id).count()",
            "SELECT count(*) FROM tags WHERE tags.label = $1",
        ),
        (
            "session.query(Tag.label).distinct().count()",
            "SELECT count(*) FROM (SELECT DISTINCT tags.label FROM tags) AS anon_1",
        ),
        (
            "session.query(Tag).filter(Tag.id == 3).update({'label': wanted})",
            "UPDATE tags SET label = $1 WHERE tags.id = 3",
        ),
        ("session.query(Tag).filter(Tag.id == 3).delete()", "DELETE FROM tags WHERE tags.id = 3"),
        (
            "session.query(exists().where(Tag.id == 3)).scalar()",
            "SELECT EXISTS (SELECT 1 FROM tags WHERE tags.id = 3)",
        ),
        (
            "session.scalar(select(Engineer.language).where(Engineer.kind == 'x'))",
            (
                "SELECT engineers.language FROM staff.employees JOIN staff.engineers"
                " ON employees.id = engineers.id WHERE employees.kind = 'x'"
            ),
        ),
    ],
)
def test_what_a_session_runs(code: str, sql: str) -> None:
    assert text_of(f"return {code}") == sql


def test_what_the_call_asks_for() -> None:
    one, many, get, unknown = of(
        """
        session.execute(select(Tag)).scalar_one()
        session.scalars(select(Tag)).all()
        session.get(Tag, 1)
        session.execute(select(Tag))
        """
    )

    assert [q.fetches for q in (one, many, get, unknown)] == ["one", "many", "one", "unknown"]
    assert {q.function for q in (one, many, get, unknown)} == {"work"}
    assert one.receiver == "session" and one.call is not None and one.executed and one.approximate


def test_a_query_that_a_loop_runs_over() -> None:
    (query,) = of("for tag in session.query(Tag).order_by(Tag.id):\n    print(tag)")

    assert (query.executed, query.fetches) == (True, "many")


def test_a_statement_that_is_only_built() -> None:
    (query,) = of("return select(Tag.id).where(Tag.label == wanted)")

    assert not query.executed and query.call is None


def test_names_lead_back_to_the_code() -> None:
    code = "return session.scalars(select(Customer).where(Customer.email == wanted))"
    workspace_text = HEAD + f"\n\ndef work(session: Session, wanted):\n    {code}\n"
    workspace = Workspace.of({"models.py": MODELS, "code.py": workspace_text})
    (query,) = workspace.fact(queries_of)["code.py"]
    statement = query.statements[0]

    def source(start: int, end: int) -> str:
        span = workspace.span(query.place(start, end))
        return workspace_text.encode()[span.start : span.end].decode()

    column = next(c for c in statement.columns if c.clause == "where")
    table = statement.tables[0]
    assert source(column.name_start, column.name_end) == "email"
    assert source(table.name_start, table.name_end) == "Customer"
    assert not query.is_written(column.name_start, column.name_end)
    predicate = statement.predicates[0]
    assert source(predicate.start, predicate.end) == "Customer.email == wanted"


def test_statements_are_followed_through_names() -> None:
    assert (
        text_of(
            """
            statement = select(Order.id)
            statement = statement.where(Order.total > 5)
            limited = statement.limit(3)
            return session.execute(limited).all()
            """
        )
        == "SELECT orders.id FROM orders WHERE orders.total > 5 LIMIT 3"
    )


def test_what_is_added_under_a_condition_is_not_sure() -> None:
    (query,) = of(
        """
        statement = select(Order.id).where(Order.total > 5)
        if city:
            statement = statement.where(Order.state == city)
        return session.execute(statement).all()
        """
    )

    assert query.text == "SELECT orders.id FROM orders WHERE orders.total > 5 AND $1"


def test_joins_under_a_condition_leave_a_hole() -> None:
    (query,) = of(
        """
        statement = select(Order.id)
        if city:
            statement = statement.join(Order.customer).where(Customer.city == city)
        return session.execute(statement).all()
        """
    )

    assert query.holes and not query.statements[0].complete


@pytest.mark.parametrize(
    "code",
    [
        "select(Order.id, Tag.id).where(ties(Order, Tag))",
        "select(Order.id).join(Tag)",
        "select(Order.id).join(Tag, ties(Order, Tag))",
        "select(Order.id).where(Order.id == 1).custom(Tag)",
    ],
)
def test_what_may_tie_tables_is_not_left_to_chance(code: str) -> None:
    (query,) = of(f"return session.execute({code})")

    assert query.holes and not query.statements[0].complete


def test_lists_of_conditions() -> None:
    assert (
        text_of(
            """
            conditions = [Order.total > 5]
            if city:
                conditions.append(Order.state == city)
            return session.execute(select(Order.id).where(*conditions)).all()
            """
        )
        == "SELECT orders.id FROM orders WHERE orders.total > 5 AND $1"
    )


def test_either_of_two_statements_is_not_known() -> None:
    found = of(
        """
        if city:
            statement = select(Order.id)
        else:
            statement = select(Tag.id)
        return session.execute(statement).all()
        """
    )

    assert all(not query.executed for query in found)


@pytest.mark.parametrize(
    "code",
    [
        "return session.execute(text('SELECT 1'))",
        "return session.execute(wanted)",
        "return wanted.query(ids).all()",
        "return wanted.get(ids, 1)",
        "wanted.update({'a': 1})",
        "ids.delete()",
        "return select(wanted)",
        "return session.query(wanted).filter(wanted.id == 1).all()",
    ],
)
def test_what_names_no_model_is_left_out(code: str) -> None:
    assert of(code) == []


def test_queries_of_flask_sqlalchemy() -> None:
    files = {
        "shop/__init__.py": "",
        "shop/db.py": "from flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy()\n",
        "shop/user.py": dedent(
            """
            from shop.db import db

            class User(db.Model):
                id = db.Column(db.Integer, primary_key=True)
                naïve = db.Column(db.Boolean)

                @classmethod
                def simple(cls):
                    return cls.query.filter(cls.naïve, cls.id > 3).all()

            def find(key):
                db.session.execute(db.select(User.id).filter_by(naïve=True)).scalars()
                return User.query.filter_by(naïve=False).order_by(db.func.lower(User.id)).first_or_404()
            """
        ),
    }
    found = Workspace.of(files).fact(queries_of)["shop/user.py"]

    assert [query.text for query in found] == [
        'SELECT "user".* FROM "user" WHERE "user"."naïve" AND "user".id > 3',
        'SELECT "user".id FROM "user" WHERE "user"."naïve" = true',
        (
            'SELECT "user".* FROM "user" WHERE "user"."naïve" = false'
            ' ORDER BY lower("user".id) LIMIT 1'
        ),
    ]
    assert [query.receiver for query in found] == ["cls.query", "db.session", "User.query"]


@pytest.mark.parametrize(
    "code",
    [
        "session.execute(select(",
        "session.execute(select(Order).where(",
        "session.execute(select(Order).where(Order.))",
        "session.query(Order).filter().join().all()",
        "session.execute(select())",
        "session.execute(update(Order))",
        "session.execute(insert(Order).values())",
        "session.execute(select(Order).join(Tag))",
        "statement = statement.where(Order.id == 1)\nsession.execute(statement)",
        "session.execute(select(Order).where(Order.id == 99999999999999999999999))",
        "session.execute(select(*[Order.id for _ in ids]))",
        "session.execute(select(Order).order_by(*ids).options(selectinload(Order.lines), *ids))",
    ],
)
def test_half_typed_statements(code: str) -> None:
    of(code)


# Against SQLAlchemy itself ---------------------------------------------------------------------

STATEMENTS = [
    "select(Customer)",
    "select(Customer.id, Order.total).join(Order)",
    "select(Customer).join(Customer.orders).where(Order.state == 'new')",
    "select(Customer).outerjoin(Customer.orders).join(Order.lines)",
    "select(Order).join(Order.tags).where(Tag.label == 'x')",
    "select(Order, Customer).join(Customer, Customer.id == Order.customer_id, isouter=True)",
    "select(Order).where(Order.customer_id == Customer.id, Customer.city != None)",
    "select(Order).where(Order.total.in_([1, 2, 3]), Order.id.notin_([4]))",
    "select(Order).where(and_(Order.total >= 1, or_(Order.state == 'a', Order.state == 'b')))",
    "select(Order).where(not_(Order.state.ilike('%x%')), Order.state.isnot(None))",
    "select(func.max(Order.placed_at), Order.customer_id).group_by(Order.customer_id)",
    "select(func.count(distinct(Order.customer_id)))",
    "select(Order.id).order_by(Order.placed_at.desc().nullslast(), desc(Order.id)).offset(5).limit(5)",
    "select(Order.id).where(extract('year', Order.placed_at) == 2024)",
    "select(cast(Order.total, Integer)).where(func.lower(Order.state) == 'x')",
    "select(Order.id).where(exists().where(Line.order_id == Order.id))",
    "select(Order.id).where(exists(select(Line.id).where(Line.order_id == Order.id)))",
    "select(Order.id).where(~Order.lines.any(Line.sku == 'x'))",
    "select(Line.id).where(Line.order.has(Order.state == 'x'))",
    "select(Order.id).where(Order.tags.any(Tag.label == 'x'))",
    "select(Order.id).where(Order.id.in_(select(Line.order_id).where(Line.count > 3)))",
    "select(Customer.name, select(func.count(Order.id)).where(Order.customer_id == Customer.id).scalar_subquery())",
    "union(select(Order.id), select(Line.order_id))",
    "select(Order.id).where(Order.total > 1).union_all(select(Line.id).where(Line.count > 1))",
    "select(case((Order.total > 5, Order.state), else_=literal('x')), Order.id)",
    "select(Order.id, func.row_number().over(partition_by=Order.customer_id, order_by=Order.placed_at))",
    "select(Employee)",
    "select(Engineer)",
    "select(Engineer.id).where(Engineer.boss_id == 5, Engineer.language == 'c')",
    "select(Employee.id).join(aliased(Employee, name='boss'), Employee.boss_id == 5)",
    "select(order_tags.c.tag_id).where(order_tags.c.order_id == 5)",
    "select(order_tags)",
    "select(Customer.id).where(Customer.data['a'].astext == 'x')",
    "select(Customer.id).where(Customer.email.startswith('a'), Customer.name.contains('b'))",
    "select(Order.id).where(tuple_(Order.id, Order.total) > (1, 2), Order.total.is_distinct_from(5))",
    "select(Order).options(joinedload(Order.customer))",
    "select(Customer).options(selectinload(Customer.orders)).where(Customer.id == 1)",
    "select(Order).options(load_only(Order.state))",
    "select(Order.id).with_only_columns(Order.state, Order.total).distinct()",
    "select(Order.id).select_from(Customer).join(Customer.orders)",
    "update(Order).where(Order.id == 5).values(state='x')",
    "update(Order).where(Order.customer_id == Customer.id, Customer.city == 'x').values({'total': 0})",
    "delete(Order).where(Order.total < 0)",
    "insert(Line).values(order_id=1, sku='x', count=2)",
    "insert(Line).values([{'order_id': 1, 'sku': 'x', 'count': 3}])",
    "insert(Tag).from_select(['id', 'label'], select(Order.id, Order.state))",
    "pg_insert(Tag).values(id=1, label='x').on_conflict_do_update(index_elements=['id'], set_={'label': 'y'})",
    "Session().query(Order).filter(Order.id > 3).statement",
    "Session().query(Order.id, Customer.name).join(Customer).filter(Customer.city.like('x')).statement",
    "Session().query(Order).join(Order.customer).filter_by(name='x').statement",
    "Session().query(func.sum(Line.count)).join(Line.order).filter(Order.state == 'x').statement",
]

ASK = (
    HEAD
    + """
import json, sys, warnings
from sqlalchemy.dialects import postgresql
found = []
for code in json.load(sys.stdin):
    found.append(str(eval(code).compile(dialect=postgresql.dialect())))
print(json.dumps(found))
"""
)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("queries")
    (root / "models.py").write_text(MODELS)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASK],
        cwd=root,
        input=json.dumps(STATEMENTS),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert not done.returncode, done.stderr
    return dict(zip(STATEMENTS, json.loads(done.stdout), strict=True))


def all_columns() -> dict[str, set[str]]:
    found = Workspace.of({"models.py": MODELS}).fact(models)
    return {one.table: {c.name for c in one.create.columns} for one in found.values()}


def named(sql: str) -> tuple[list[str], set[tuple[str, str]], bool]:
    """The tables and the columns that a statement names, whatever they are called inside of it."""
    sql = re.sub(r"\(__\[\w+\]\)", "(NULL)", sql.replace("%%", "%"))
    statement = parse(sql, dialect="postgresql")[0]
    labels = {t.label: t.name for t in statement.tables}
    derived = {d.alias for d in statement.derived} | {c.name for c in statement.ctes}
    columns = {
        (labels.get(c.qualifier[-1], "?") if c.qualifier else "", c.name)
        for c in statement.columns
        if not c.qualifier or c.qualifier[-1] not in derived
    }
    for star in statement.stars:
        if not star.qualifier:
            continue
        table = labels[star.qualifier[-1]]
        columns |= {(table, name) for name in all_columns()[table]}
    owners = {name for table, name in columns if table}
    kept = {(table, name) for table, name in columns if table or name not in owners}
    return sorted(t.name for t in statement.tables if t.cte is None), kept, statement.complete


@pytest.mark.parametrize("code", STATEMENTS)
def test_tables_and_columns_are_those_of_sqlalchemy(code: str, compiled: dict[str, str]) -> None:
    (query,) = of(f"return session.execute({code})")
    theirs_text = compiled[code]
    if "insert(" in code:  # it asks for the new key by itself
        theirs_text = theirs_text.partition(" RETURNING ")[0]
    ours, theirs = named(query.text), named(theirs_text)

    assert query.statements[0].complete
    assert ours[:2] == theirs[:2]


def test_queries_that_are_built_on_each_other_end_soon() -> None:
    steps = "\n".join(
        f"    q = select(q.subquery(), exists(q), func.count(q.c.id)).where(exists(select(q)), q.c.a == {n})"
        for n in range(12)
    )
    code = (
        "from sqlalchemy import exists, func, select\nfrom models import Customer\n\n\n"
        f"def f(session):\n    q = select(Customer)\n{steps}\n    return session.scalars(q)\n"
    )
    found = Workspace.of({"models.py": MODELS, "q.py": code}).fact(queries_of)

    assert all(len(query.text) < 200_000 for query in found.get("q.py", ()))
