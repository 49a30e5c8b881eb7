"""Models of SQLAlchemy: what a class says, and that it is what SQLAlchemy itself makes of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from backend_analyzers.facts.models import Field, Model
from backend_analyzers.facts.models.sqlalchemy import models
from backend_analyzers.source import Edit, Place
from backend_analyzers.sources import Open
from backend_analyzers.sql.ddl import Ddl, DdlStatement
from backend_analyzers.sql.interpret import apply
from backend_analyzers.sql.parse_ddl import parse_ddl
from backend_analyzers.sql.schema import Schema, Table
from backend_analyzers.sql.statement import Dialect
from backend_analyzers.workspace import Workspace

HEAD = """\
from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column, relationship


class Base(DeclarativeBase):
    pass


"""


def of(text: str, **others: str) -> dict[str, Model]:
    """The models of `app/models.py` and other files, by the last part of their keys."""
    files = {"app/models.py": HEAD + dedent(text), "app/__init__.py": ""}
    files |= {f"app/{name}.py": dedent(other) for name, other in others.items()}
    return {key.rpartition(".")[2]: one for key, one in Workspace.of(files).fact(models).items()}


def fields(model: Model) -> dict[str, tuple[str, str, bool]]:
    return {f.name: (f.column, f.type, f.nullable) for f in model.fields if f.column}


def field(model: Model, name: str) -> Field:
    found = model.field(name)
    assert found is not None
    return found


def test_annotations_say_type_and_nullability() -> None:
    order = of(
        """
        class Order(Base):
            __tablename__ = "orders"
            id: Mapped[int] = mapped_column(primary_key=True)
            note: Mapped[str | None]
            code: Mapped[str] = mapped_column(String(20), name="order_code")
            weight: Mapped[sa.types.Float] = mapped_column(nullable=True, type_=sa.Numeric(10, 2))
            anything = mapped_column(sa.JSON)
        """
    )["Order"]

    assert (order.key, order.table, order.mapper) == ("app.models.Order", "orders", "sqlalchemy")
    assert order.known
    assert fields(order) == {
        "id": ("id", "integer", False),
        "note": ("note", "character varying", True),
        "code": ("order_code", "character varying(20)", False),
        "weight": ("weight", "numeric(10,2)", True),
        "anything": ("anything", "json", True),
    }


def test_annotated_types_and_type_maps() -> None:
    order = of(
        """
        from decimal import Decimal
        from typing import Annotated, Optional

        key = Annotated[int, mapped_column(primary_key=True)]
        short = Annotated[str, 30]
        stamp = Annotated[sa.DateTime, mapped_column(sa.DateTime(timezone=True), server_default=sa.func.now())]

        class Model(Base):
            __abstract__ = True
            type_annotation_map = {short: String(30), Decimal: sa.Numeric(12, 4), dict[str, str]: sa.JSON}

        class Order(Model):
            __tablename__ = "orders"
            id: Mapped[key]
            code: Mapped[short]
            price: Mapped[Optional[Decimal]]
            extra: Mapped[dict[str, str]]
            made: Mapped[stamp]
        """
    )["Order"]

    assert fields(order) == {
        "id": ("id", "integer", False),
        "code": ("code", "character varying(30)", False),
        "price": ("price", "numeric(12,4)", True),
        "extra": ("extra", "json", False),
        "made": ("made", "timestamp with time zone", False),
    }
    assert order.create.columns[-1].default == "now()"


def test_mixins_and_bases_of_other_files() -> None:
    found = of(
        """
        from app.mixins import Stamped, OwnedMixin

        class Order(Stamped, OwnedMixin, Base):
            __tablename__ = "orders"
            id: Mapped[int] = mapped_column(primary_key=True)
        """,
        mixins="""
        from sqlalchemy import Column, DateTime, ForeignKey, String
        from sqlalchemy.orm import declared_attr

        class Stamped:
            created_at = Column(DateTime(timezone=True), nullable=False)

        class OwnedMixin:
            @declared_attr
            def owner_id(cls):
                return Column(ForeignKey("users.id"), nullable=False, index=True)

            @declared_attr
            def label(cls):
                return Column(f"{cls.__name__.lower()}_label", String(10))
        """,
        users="""
        from app.models import Base
        from sqlalchemy import BigInteger, Column

        class User(Base):
            __tablename__ = "users"
            id = Column(BigInteger, primary_key=True)
        """,
    )

    assert fields(found["Order"]) == {
        "id": ("id", "integer", False),
        "created_at": ("created_at", "timestamp with time zone", False),
        "owner_id": ("owner_id", "bigint", False),
        "label": ("order_label", "character varying(10)", True),
    }
    assert [i.name for i in found["Order"].indexes] == ["ix_orders_owner_id"]
    assert field(found["Order"], "created_at").at.path == "app/mixins.py"


def test_relations_know_their_columns() -> None:
    found = of(
        """
        tags = Table("order_tags", Base.metadata,
            Column("order_id", ForeignKey("orders.id"), primary_key=True),
            Column("tag_id", ForeignKey("tags.id"), primary_key=True))

        class Customer(Base):
            __tablename__ = "customers"
            id: Mapped[int] = mapped_column(primary_key=True)
            orders: Mapped[list["Order"]] = relationship(back_populates="customer", lazy="selectin")

        class Order(Base):
            __tablename__ = "orders"
            id: Mapped[int] = mapped_column(primary_key=True)
            customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
            parent_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"))
            customer: Mapped[Customer] = relationship(back_populates="orders", lazy="raise")
            tags = relationship("Tag", secondary=tags, backref="orders")
            parent = relationship("Order", remote_side=[id], backref="children")

        class Tag(Base):
            __tablename__ = "tags"
            id: Mapped[int] = mapped_column(primary_key=True)
        """
    )
    customer, order, tag = found["Customer"], found["Order"], found["Tag"]

    assert field(customer, "orders") == Field(
        "orders",
        field(customer, "orders").at,
        relation="app.models.Order",
        many=True,
        join=(("id", "customer_id"),),
        loading="eager",
    )
    one = field(order, "customer")
    assert (one.relation, one.many, one.join, one.loading) == (
        "app.models.Customer",
        False,
        (("customer_id", "id"),),
        "none",
    )
    assert (field(order, "tags").through, field(order, "tags").many) == ("order_tags", True)
    assert (field(tag, "orders").through, field(tag, "orders").relation) == (
        "order_tags",
        "app.models.Order",
    )
    assert (field(order, "parent").join, field(order, "parent").many) == (
        (("parent_id", "id"),),
        False,
    )
    assert (field(order, "children").join, field(order, "children").many) == (
        (("id", "parent_id"),),
        True,
    )


def test_inheritance_of_tables() -> None:
    found = of(
        """
        class Person(Base):
            __tablename__ = "people"
            id: Mapped[int] = mapped_column(primary_key=True)
            kind: Mapped[str]
            __mapper_args__ = {"polymorphic_on": "kind"}

        class Manager(Person):
            level: Mapped[int | None]
            __mapper_args__ = {"polymorphic_identity": "manager"}

        class Engineer(Person):
            __tablename__ = "engineers"
            id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
            language: Mapped[str]
        """
    )

    assert found["Manager"].table == "people"
    assert set(fields(found["Manager"])) == {"id", "kind", "level"}
    assert {c.name for c in found["Person"].create.columns} == {"id", "kind", "level"}
    assert found["Manager"].create == found["Person"].create
    assert found["Engineer"].table == "engineers"
    assert set(fields(found["Engineer"])) == {"id", "language"}
    assert field(found["Engineer"], "kind").column == ""


def test_flask_sqlalchemy_names_tables() -> None:
    files = {
        "shop/db.py": "from flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy()\n",
        "shop/models.py": dedent(
            """
            from shop.db import db

            class TimeMixin:
                at = db.Column(db.DateTime)

            class OrderLine(TimeMixin, db.Model):
                id = db.Column(db.Integer, primary_key=True)
                order_id = db.Column(db.Integer, db.ForeignKey("order.id", ondelete="CASCADE"))

            class HTTPLog(db.Model):
                __tablename__ = "log"
                id = db.Column(db.BigInteger, primary_key=True)

            class SpecialLine(OrderLine):
                extra = db.Column(db.String(3))
            """
        ),
    }
    found = {k.rpartition(".")[2]: m for k, m in Workspace.of(files).fact(models).items()}

    assert {k: m.table for k, m in found.items()} == {
        "OrderLine": "order_line",
        "HTTPLog": "log",
        "SpecialLine": "order_line",
    }
    assert fields(found["OrderLine"])["at"] == ("at", "timestamp without time zone", True)


def test_sqlmodel() -> None:
    text = """
    from typing import List, Optional
    from sqlmodel import Field, Relationship, SQLModel

    class HeroBase(SQLModel):
        name: str = Field(index=True, max_length=40)
        age: Optional[int] = None

    class Team(SQLModel, table=True):
        id: Optional[int] = Field(default=None, primary_key=True)
        heroes: List["Hero"] = Relationship(back_populates="team")

    class Hero(HeroBase, table=True):
        id: int | None = Field(default=None, primary_key=True)
        team_id: int | None = Field(default=None, foreign_key="team.id", ondelete="SET NULL")
        team: Team | None = Relationship(back_populates="heroes")

    class HeroCreate(HeroBase):
        secret: str
    """
    found = Workspace.of({"m.py": dedent(text)}).fact(models)

    assert set(found) == {"m.Team", "m.Hero"}
    hero = found["m.Hero"]
    assert hero.table == "hero"
    assert fields(hero) == {
        "id": ("id", "integer", False),
        "team_id": ("team_id", "integer", True),
        "name": ("name", "character varying(40)", False),
        "age": ("age", "integer", True),
    }
    assert field(hero, "team").join == (("team_id", "id"),)
    assert field(found["m.Team"], "heroes").many


def test_types_of_the_project() -> None:
    order = of(
        """
        import enum
        from app.types import Money, Stamp, State, Point

        class Order(Base):
            __tablename__ = "orders"
            id: Mapped[int] = mapped_column(primary_key=True)
            price = Column(Money())
            at = Column(Stamp)
            state = Column(sa.Enum(State))
            where = Column(Point)
            small = Column(sa.Enum(State, native_enum=False))
            mapped: Mapped[State]
        """,
        types="""
        import enum
        import sqlalchemy as sa
        from sqlalchemy.dialects import postgresql
        from sqlalchemy.types import TypeDecorator, UserDefinedType

        class State(enum.Enum):
            NEW = 1
            PAID = 2

        class Money(TypeDecorator):
            impl = sa.Numeric(10, 2)

        class Stamp(sa.types.TypeDecorator):
            impl = sa.Text
            def load_dialect_impl(self, dialect):
                if dialect.name == "postgresql":
                    return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
                return dialect.type_descriptor(sa.Text())

        class Point(UserDefinedType):
            def get_col_spec(self, **kw):
                return "POINT"
        """,
    )["Order"]

    assert {name: kind for name, (_, kind, _) in fields(order).items()} == {
        "id": "integer",
        "price": "numeric(10,2)",
        "at": "timestamp with time zone",
        "state": "state",
        "where": "point",
        "small": "character varying(4)",
        "mapped": "state",
    }
    assert [t.values for t in order.types] == [("NEW", "PAID")]


def test_what_comes_from_elsewhere_is_not_known() -> None:
    found = of(
        """
        from fastapi_users.db import SQLAlchemyBaseUserTable

        class User(SQLAlchemyBaseUserTable, Base):
            __tablename__ = "users"
            id: Mapped[int] = mapped_column(primary_key=True)

        class Plain(Base):
            __tablename__ = "plain"
            id: Mapped[int] = mapped_column(primary_key=True)
            options = Column(**OPTIONS)
        """
    )

    assert not found["User"].known
    assert not found["Plain"].known


def test_an_index_that_cannot_be_read_is_left_out() -> None:
    order = of(
        """
        from app.states import State

        class Order(Base):
            __tablename__ = "orders"
            __table_args__ = (
                Index("a", "id", postgresql_where=condition()),
                Index("b", search_vector("id")),
                Index("c", "id", postgresql_where=sa.text(f"state = {State.paid}")),
            )
            id: Mapped[int] = mapped_column(primary_key=True)
        """,
        states="""
        import enum

        class State(enum.IntEnum):
            new = 1
            paid = 2
        """,
    )["Order"]

    assert [(index.name, index.where) for index in order.indexes] == [("c", "state = 2")]
    assert order.known and not order.create.known


def test_what_is_no_model() -> None:
    found = of(
        """
        class Unmapped(Base):
            __abstract__ = True
            id: Mapped[int] = mapped_column(primary_key=True)

        class Helper:
            __tablename__ = "helper"
            name = "x"
        """
    )

    assert found == {}


def test_a_base_that_is_not_here() -> None:
    text = """
    from airflow.models.base import Base
    from sqlalchemy import Column, Integer

    class Job(Base):
        __tablename__ = "job"
        id = Column(Integer, primary_key=True)
    """
    (job,) = Workspace.of({"m.py": dedent(text)}).fact(models).values()

    assert (job.table, job.known) == ("job", False)


def test_core_tables_have_their_places() -> None:
    text = (
        HEAD
        + 'línea = Table("líneas", Base.metadata, Column("código", String(5)), schema="shop")\n'
    )
    workspace = Workspace.of({"m.py": text})
    (model,) = workspace.fact(models).values()

    def source(place: Place) -> str:
        span = workspace.span(place)
        return text.encode()[span.start : span.end].decode()

    assert (model.key, model.schema, model.table) == ("m.línea", "shop", "líneas")
    assert source(model.at) == "línea"
    assert source(model.fields[0].at) == "código"


@pytest.mark.parametrize(
    "body",
    [
        "id: Mapped[",
        "id = Column(",
        "id = mapped_column(ForeignKey(",
        "rel = relationship(",
        "__table_args__ = (Index(",
        "@declared_attr\n    def x(cls):",
        "id = Column(Integer, primary_key=True",
        "x = Column(sa.Enum())",
        "x: Mapped[list] = relationship()",
        "__tablename__ = f'{cls}'",
        "x = Column(sa.Numeric('a', None))",
        "x = Column(99999999999999999999999999)",
    ],
)
def test_half_typed_classes_are_read_as_far_as_they_go(body: str) -> None:
    text = f"{HEAD}class A(Base):\n    __tablename__ = 'a'\n    {body}\n\nclass B(A):\n    pass\n"
    Workspace.of({"m.py": text}).fact(models)


def test_a_class_that_derives_from_itself() -> None:
    Workspace.of({"m.py": HEAD + "class A(B, Base): pass\nclass B(A, Base): pass\n"}).fact(models)


def test_an_edit_gives_what_reading_anew_gives() -> None:
    text = HEAD + dedent(
        """
        class A(Base):
            __tablename__ = "a"
            id: Mapped[int] = mapped_column(primary_key=True)
            b_id: Mapped[int] = mapped_column(ForeignKey("b.id"))
        """
    )
    other = dedent(
        """
        from m import Base
        from sqlalchemy import Column, Integer

        class B(Base):
            __tablename__ = "b"
            id = Column(Integer, primary_key=True)
        """
    )
    before = Workspace.of({"m.py": text, "n.py": other})
    before.fact(models)
    place = other.index("Integer, primary")
    file = before.files["n.py"].file().edited((Edit(place, place + 7, b"BigInteger"),))
    after = before.updated({"n.py": Open(file)})
    anew = Workspace.of({"m.py": text, "n.py": file.text.decode()})

    assert after.fact(models) == anew.fact(models)
    assert fields(after.fact(models)["m.A"])["b_id"][1] == ""  # `BigInteger` is not imported there


# Against SQLAlchemy itself ---------------------------------------------------------------------

PROJECT = {
    "shop/__init__.py": "",
    "shop/base.py": """
        import datetime
        from decimal import Decimal
        from typing import Annotated

        import sqlalchemy as sa
        from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

        CONVENTION = {
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
        money = Annotated[Decimal, mapped_column(sa.Numeric(12, 2), server_default=sa.text("0"))]
        name_text = Annotated[str, 80]


        class Base(DeclarativeBase):
            metadata = sa.MetaData(naming_convention=CONVENTION)
            type_annotation_map = {name_text: sa.String(80)}


        class Timed:
            created_at: Mapped[datetime.datetime] = mapped_column(server_default=sa.func.now())
            changed_at: Mapped[datetime.datetime | None] = mapped_column(sa.DateTime(timezone=True))


        class Owned:
            @declared_attr
            def owner_id(cls) -> Mapped[int]:
                return mapped_column(sa.ForeignKey("customers.id", ondelete="CASCADE"), index=True)


        class Named:
            @declared_attr.directive
            def __tablename__(cls) -> str:
                return cls.__name__.lower() + "s"
        """,
    "shop/types.py": """
        import enum
        import sqlalchemy as sa
        from sqlalchemy.dialects import postgresql


        class State(enum.Enum):
            new = "new"
            paid = "paid"
            sent = "sent"


        class Email(sa.types.TypeDecorator):
            impl = sa.String
            cache_ok = True


        class Document(sa.types.TypeDecorator):
            impl = sa.JSON
            cache_ok = True

            def load_dialect_impl(self, dialect):
                if dialect.name == "postgresql":
                    return dialect.type_descriptor(postgresql.JSONB())
                return dialect.type_descriptor(sa.JSON())
        """,
    "shop/models.py": """
        import datetime
        import uuid
        from decimal import Decimal
        from typing import List, Optional

        import sqlalchemy as sa
        from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, UniqueConstraint
        from sqlalchemy.dialects import postgresql
        from sqlalchemy.orm import Mapped, MappedAsDataclass, mapped_column, relationship

        from shop import types
        from shop.base import Base, Named, Owned, Timed, money, name_text
        from shop.types import State

        order_tags = Table(
            "order_tags",
            Base.metadata,
            Column("order_id", ForeignKey("orders.id"), primary_key=True),
            Column("tag_id", sa.Integer, ForeignKey("tags.id"), primary_key=True),
            Column("added", sa.Date, nullable=False),
            Index("ix_order_tags_tag", "tag_id", "added"),
        )


        class Customer(Timed, Base):
            __tablename__ = "customers"
            __table_args__ = (
                UniqueConstraint("name", "city"),
                CheckConstraint("length(name) > 0", name="name_not_empty"),
                Index("ix_customers_lower", sa.func.lower(sa.text("name"))),
                Index("ix_active", "active", postgresql_where=sa.text("active"), sqlite_where=sa.text("active")),
            )

            id: Mapped[int] = mapped_column(primary_key=True)
            name: Mapped[name_text]
            city: Mapped[Optional[str]] = mapped_column(sa.String(60))
            email: Mapped[str] = mapped_column(types.Email(120), unique=True, index=True)
            active: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
            balance: Mapped[money]
            born: Mapped[datetime.date | None]
            token: Mapped[uuid.UUID]
            photo: Mapped[bytes | None]
            ratio: Mapped[float | None]
            settings = Column(types.Document, nullable=False)
            login = Column("login_name", sa.Unicode(30), unique=True)
            orders: Mapped[List["Order"]] = relationship(back_populates="customer")


        class Order(Base):
            __tablename__ = "orders"

            id: Mapped[int] = mapped_column(sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True)
            customer_id = mapped_column(ForeignKey(Customer.id))
            state: Mapped[State] = mapped_column(sa.Enum(State, name="order_state"))
            channel: Mapped[State]
            total: Mapped[Decimal] = mapped_column(sa.Numeric(precision=10, scale=3))
            placed_at: Mapped[datetime.datetime] = mapped_column(index=True)
            note = sa.Column(sa.Text)
            took = sa.Column(sa.Interval)
            customer: Mapped[Customer] = relationship(back_populates="orders")


        class Tag(Named, Base):
            id = Column(sa.SmallInteger, primary_key=True, autoincrement=False)
            label = Column(sa.CHAR(8), nullable=False)
            __table_args__ = {"comment": "labels"}


        class Device(Owned, Base):
            __tablename__ = "devices"
            __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "device"}
            id: Mapped[int] = mapped_column(primary_key=True)
            kind: Mapped[str] = mapped_column(sa.String(10))


        class Phone(Device):
            __mapper_args__ = {"polymorphic_identity": "phone"}
            number: Mapped[str | None] = mapped_column(sa.String(20))


        class Laptop(Device):
            __tablename__ = "laptops"
            __mapper_args__ = {"polymorphic_identity": "laptop"}
            id: Mapped[int] = mapped_column(ForeignKey("devices.id"), primary_key=True)
            cores: Mapped[int] = mapped_column(sa.SmallInteger)


        class Line(MappedAsDataclass, Base):
            __tablename__ = "lines"
            __table_args__ = (
                sa.PrimaryKeyConstraint("order_id", "position"),
                sa.ForeignKeyConstraint(["parent_order", "parent_position"], ["lines.order_id", "lines.position"],
                                        name="fk_parent", ondelete="SET NULL"),
                Index(None, "sku", "position", unique=True),
            )
            order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", onupdate="CASCADE"))
            position: Mapped[int]
            sku: Mapped[str] = mapped_column(sa.String(12))
            parent_order: Mapped[int | None] = mapped_column(sa.BigInteger, default=None)
            parent_position: Mapped[int | None] = mapped_column(default=None)
            price: Mapped[Decimal | None] = mapped_column(sa.Numeric, default=None)
        """,
    "shop/legacy.py": """
        import sqlalchemy as sa
        from sqlalchemy import Column, Integer
        from sqlalchemy.orm import declarative_base, relationship

        from shop.base import Base

        Old = declarative_base(metadata=Base.metadata)


        class Note(Old):
            __tablename__ = "notes"
            id = Column(Integer, primary_key=True)
            order_id = Column(Integer, sa.ForeignKey("orders.id"), nullable=False)
            text = Column(sa.String, server_default="none")
            rank = Column(sa.Float, default=1.0)
            tiny = Column(sa.REAL)
            exact = Column(sa.Double)
            at = Column(sa.TIMESTAMP(timezone=True))
            daily = Column(sa.Time)


        class Mapped(Old):
            __table__ = sa.Table(
                "mapped", Old.metadata,
                sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
                sa.Column("double", sa.Integer, sa.Computed("id * 2")),
                sa.UniqueConstraint("double", name="uq_double"),
            )
        """,
}

ASK = """
import json, sys
import sqlalchemy as sa
import shop.models, shop.legacy
from shop.base import Base
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

engine = sa.create_engine("sqlite://")
Base.metadata.create_all(engine)
inspector = sa.inspect(engine)
found = {}
for name in inspector.get_table_names():
    found[name] = {
        "columns": {c["name"]: c["nullable"] for c in inspector.get_columns(name)},
        "key": sorted(inspector.get_pk_constraint(name)["constrained_columns"]),
        "unique": sorted([u["name"], sorted(u["column_names"])] for u in inspector.get_unique_constraints(name)),
        "foreign": sorted(
            [f["name"], f["constrained_columns"], f["referred_table"], f["referred_columns"],
             f["options"].get("ondelete", "").lower(), f["options"].get("onupdate", "").lower()]
            for f in inspector.get_foreign_keys(name)
        ),
        "indexes": sorted([i["name"], [c for c in i["column_names"] if c], bool(i["unique"])]
                          for i in inspector.get_indexes(name)),
    }
sql = []
for table in Base.metadata.sorted_tables:
    sql.append(str(CreateTable(table).compile(dialect=postgresql.dialect())))
    sql += [str(CreateIndex(i).compile(dialect=postgresql.dialect())) for i in table.indexes]
print(json.dumps([found, ";".join(sql)]))
"""


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], str]:
    root = tmp_path_factory.mktemp("shop")
    for path, text in PROJECT.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(dedent(text))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASK],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert not done.returncode, done.stderr
    found, sql = json.loads(done.stdout)
    return found, sql


def ours() -> dict[str, Table]:
    workspace = Workspace.of({path: dedent(text) for path, text in PROJECT.items()})
    schema = Schema()
    dialect: Dialect = "postgresql"
    for model in workspace.fact(models).values():
        assert model.known and model.create.known, model.key
        made: tuple[Ddl, ...] = (model.create, *model.indexes)
        schema = apply(schema, DdlStatement(dialect, 0, 0, made), "")
    return {table.name: table for table in schema.tables.values()}


def shape(table: Table) -> dict[str, object]:
    return {
        "columns": {c.name: c.nullable for c in table.columns},
        "key": sorted(table.primary_key or ()),
        "unique": sorted([i.name, sorted(i.columns)] for i in table.indexes if i.kind == "unique"),
        "foreign": sorted(
            [
                k.name,
                list(k.columns),
                k.target.removeprefix("public."),
                list(k.target_columns),
                k.on_delete,
                k.on_update,
            ]
            for k in table.foreign_keys
        ),
        "indexes": sorted(
            [i.name, [k.column for k in i.keys if k.column], i.unique]
            for i in table.indexes
            if i.kind == "index" and all(k.column for k in i.keys)
        ),
    }


def test_the_tables_are_what_sqlalchemy_makes(real: tuple[dict[str, object], str]) -> None:
    found = {name: shape(table) for name, table in ours().items()}

    assert found == real[0]


def test_the_types_are_what_sqlalchemy_writes(real: tuple[dict[str, object], str]) -> None:
    schema = Schema()
    for statement in parse_ddl(real[1], dialect="postgresql"):
        schema = apply(schema, statement, "")

    def types(tables: dict[str, Table]) -> dict[tuple[str, str], tuple[str, bool, str | None, str]]:
        return {
            (t.name, c.name): (c.type, c.nullable, c.default, c.generated)
            for t in tables.values()
            for c in t.columns
        }

    assert types(ours()) == types({t.name: t for t in schema.tables.values()})


def test_the_place_of_a_project_does_not_matter(tmp_path: Path) -> None:
    del tmp_path
    inside = {f"services/a/{path}": dedent(text) for path, text in PROJECT.items()}
    found = Workspace.of(inside).fact(models)

    assert found["services.a.shop.models.Order"].known
    assert len(found) == len(Workspace.of({p: dedent(t) for p, t in PROJECT.items()}).fact(models))
