"""Models of Django: which class is which table, and which attribute which column."""

from pathlib import Path
from textwrap import dedent

from backend_analyzers.facts.models import Model
from backend_analyzers.facts.models.django import models
from backend_analyzers.workspace import Workspace
from tests.facts.django_shop import TABLES, asked_of_django, workspace


def of(**texts: str) -> dict[str, Model]:
    """The models of the modules of an app `shop`."""
    files = {f"shop/{name}.py": dedent(text) for name, text in {"__init__": "", **texts}.items()}
    return dict(Workspace.of(files).fact(models))


def columns(model: Model) -> dict[str, str]:
    return {one.name: one.type for one in model.create.columns}


def test_types_of_columns() -> None:
    found = of(
        models="""
        from django.db import models

        class Thing(models.Model):
            name = models.CharField(max_length=30)
            note = models.TextField(null=True)
            price = models.DecimalField(max_digits=9, decimal_places=2)
            at = models.DateTimeField()
            mail = models.EmailField()
            tags = ArrayField(models.CharField(max_length=5))
            ok = models.BooleanField(db_column="fine")
        """
    )["shop.models.Thing"]

    assert found.table == "shop_thing"
    assert columns(found) == {
        "id": "integer",
        "name": "character varying(30)",
        "note": "text",
        "price": "numeric(9,2)",
        "at": "timestamp with time zone",
        "mail": "character varying(254)",
        "tags": "character varying(5)[]",
        "fine": "boolean",
    }
    assert [one.name for one in found.create.columns if one.nullable] == ["note"]


def test_a_foreign_key_has_the_type_of_what_it_refers_to() -> None:
    found = of(
        models="""
        from django.db import models

        class Owner(models.Model):
            code = models.CharField(max_length=7, primary_key=True)

        class Pet(models.Model):
            owner = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="pets")
            tag = models.OneToOneField("Tag", null=True, on_delete=models.SET_NULL)

        class Tag(models.Model):
            pass
        """,
    )
    pet, owner = found["shop.models.Pet"], found["shop.models.Owner"]

    assert columns(pet) == {
        "id": "integer",
        "owner_id": "character varying(7)",
        "tag_id": "integer",
    }
    assert [index.name for index in pet.indexes] == [
        "shop_pet_owner_id_40c4550c",
        "shop_pet_owner_id_40c4550c_like",
    ]
    back = owner.field("pets")
    assert back is not None
    assert (back.relation, back.many, back.join) == (
        "shop.models.Pet",
        True,
        (("code", "owner_id"),),
    )
    other = found["shop.models.Tag"].field("pet")
    assert other is not None
    assert not other.many


def test_fields_come_from_abstract_models_in_other_files() -> None:
    found = of(
        base="""
        from django.db import models

        class Stamped(models.Model):
            created = models.DateTimeField()
            gone = models.TextField()

            class Meta:
                abstract = True
                indexes = [models.Index(fields=["created"], name="%(class)s_created")]

        class Plain:
            nothing = models.TextField()
        """,
        models="""
        from .base import *

        class Thing(Plain, Stamped):
            gone = None
        """,
    )

    assert set(found) == {"shop.models.Thing"}
    assert list(columns(found["shop.models.Thing"])) == ["id", "created"]
    assert [one.name for one in found["shop.models.Thing"].indexes] == ["thing_created"]


def test_what_is_not_known_is_said() -> None:
    found = of(
        models="""
        from django.db import models
        from elsewhere import Base, StrangeField, Unseen

        class One(Base):
            name = models.TextField()

        class Two(models.Model):
            strange = StrangeField()

        class Three(models.Model):
            class Meta:
                indexes = make_indexes()

        class NoModel(Unseen):
            pass
        """
    )

    assert {key: model.known for key, model in found.items()} == {
        "shop.models.One": False,
        "shop.models.Two": False,
        "shop.models.Three": False,
    }
    assert columns(found["shop.models.Two"])["strange"] == ""


def test_half_typed_text_and_other_letters() -> None:
    found = of(
        models="""
        from django.db import models

        class Größe(models.Model):
            name = models.CharField(max_length=
            länge = models.IntegerField(

        class Andere(models.Model):
            größe = models.ForeignKey(Größe, models.CASCADE)
        """
    )

    assert found["shop.models.Andere"].table == "shop_andere"
    assert "größe_id" in columns(found["shop.models.Andere"])


def test_the_models_are_what_django_makes_of_them(tmp_path: Path) -> None:
    found = {model.table: model for model in workspace().fact(models).values()}
    real = asked_of_django(tmp_path, TABLES)

    assert set(found) - {"old_things"} == set(real) - {"archive_extra"}
    for table, truth in real.items():
        if table == "archive_extra":
            continue
        create = found[table].create
        assert {one.name: one.nullable for one in create.columns} == {
            name: one["nullable"] for name, one in truth["columns"].items()
        }, table
        assert {one.name for one in create.columns if one.primary_key} == {
            name for name, one in truth["columns"].items() if one["key"]
        }
        assert foreign_keys(found[table]) == truth["foreign"]
        assert sum(one.kind == "check" for one in create.constraints) == checks(
            table, truth["checks"]
        )
        is_renamed = table.startswith("archive_")
        assert indexes(found[table], named=not is_renamed) == sorted(
            (_name(name) if not is_renamed else "", unique, columns)
            for name, unique, columns in truth["indexes"]
        ), table


def checks(table: str, count: int) -> int:
    """SQLite checks that a document is one."""
    return count - 1 if table == "goods_product" else count


def foreign_keys(model: Model) -> list[list[object]]:
    return sorted(
        [[one.name], [one.references.table.name, one.references.columns[0]]]
        for one in model.create.columns
        if one.references is not None
    )


def indexes(model: Model, *, named: bool) -> list[tuple[str, bool, list[str | None]]]:
    """Indexes and unique keys, without those that only PostgreSQL has."""
    found: list[tuple[str, bool, list[str | None]]] = [
        (one.name or "", one.unique, [key.column for key in one.keys])
        for one in model.indexes
        if not (one.name or "").endswith("_like")
    ]
    found += [("", True, [one.name]) for one in model.create.columns if one.unique]
    found += [
        (one.name or "", True, list(one.columns))
        for one in model.create.constraints
        if one.kind == "unique"
    ]
    return sorted((_name(name) if named else "", one, listed) for name, one, listed in found)


def _name(name: str) -> str:
    """Names that SQLite has as well: it knows longer ones."""
    return "" if name.startswith("__unnamed") or len(name) > 55 else name
