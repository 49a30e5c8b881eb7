"""Django's query sets as SQL."""

from __future__ import annotations

import json
import re
from pathlib import Path
from textwrap import dedent, indent

from backend_analyzers.facts.orm.django import queries_of
from backend_analyzers.facts.queries import Query
from backend_analyzers.workspace import Workspace
from tests.facts.django_shop import asked_of_django, texts

HEAD = """
from datetime import date

from django.contrib.auth import get_user_model
from django.db.models import Avg, Count, Exists, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Lower, TruncMonth

from accounts.models import User
from catalog.models import Book, Category, Offer, Product, Supplier, Supply, Tag
from orders.models import Invoice, Line, Note, Order

"""


def of(text: str) -> tuple[Query, ...]:
    """The queries of a module of the shop."""
    files = {**texts(), "orders/views.py": HEAD + dedent(text)}
    return Workspace.of(files).fact(queries_of).get("orders/views.py", ())


def sql(text: str) -> list[str]:
    return [query.text for query in of(text)]


def test_conditions_joins_and_a_page() -> None:
    (found,) = of(
        """
        def view(name):
            return Order.objects.filter(customer__username=name, total__gte=5).values("code")[:20]
        """
    )

    assert found.text == (
        "SELECT orders_order.code FROM orders_order"
        " JOIN accounts_user ON (orders_order.customer_id = accounts_user.id)"
        " WHERE accounts_user.username = %s AND orders_order.total >= 5 LIMIT 20"
    )
    assert found.approximate
    assert not found.executed
    assert all(one.complete for one in found.statements)


def test_names_in_the_sql_lead_back_to_the_code() -> None:
    text = "def view():\n    return Order.objects.filter(total=1).count()\n"
    (found,) = of(text)
    start = found.text.index("total")
    place = found.place(start, start + len("total"))

    assert text[place.start : place.end] == "total"
    assert (found.executed, found.fetches, found.function) == (True, "one", "view")


def test_a_column_of_another_name_leads_to_the_condition() -> None:
    text = "def view():\n    return Product.objects.filter(name=1).count()\n"
    (found,) = of(text)
    start = found.text.index("label")
    place = found.place(start, start + len("label"))

    assert text[place.start : place.end].strip("(") == "name"


def test_objects_lead_to_their_rows_in_loops() -> None:
    found = of(
        """
        def view(user: User):
            for order in user.orders.filter(state="o"):
                for line in order.lines.all():
                    line.product.tags.count()
        """
    )

    assert [(one.fetches, one.executed) for one in found] == [
        ("many", True),
        ("many", True),
        ("one", True),
    ]
    assert found[1].text.endswith(
        "FROM orders_line WHERE orders_line.order_id = %s ORDER BY orders_line._order ASC"
    )
    assert found[2].text == (
        "SELECT count(*) FROM goods_tag"
        " JOIN goods_product_tags ON (goods_tag.slug = goods_product_tags.tag_id)"
        " WHERE goods_product_tags.product_id = %s"
    )


def test_a_query_set_goes_through_names() -> None:
    found = sql(
        """
        def view(late):
            orders = Order.objects.filter(state="o")
            if late:
                orders = orders.filter(placed__isnull=True)
            return orders.only("code").count()
        """
    )

    assert found == [
        "SELECT count(*) FROM orders_order WHERE orders_order.state = 'o' AND hole_in_sql"
    ]


def test_methods_of_a_manager() -> None:
    assert sql(
        """
        def view():
            Product.objects.available().count()
            Product.objects.filter(stock=1).available().exists()
            Product.objects.unknown_to_us().count()
        """
    ) == [
        "SELECT count(*) FROM goods_product WHERE goods_product.stock > 0",
        (
            "SELECT 1 AS a FROM goods_product WHERE goods_product.stock = 1"
            " AND goods_product.stock > 0 LIMIT 1"
        ),
    ]


def test_writing() -> None:
    assert sql(
        """
        def view(user):
            Tag.objects.create(slug="new")
            Line.objects.filter(order__state="o").update(quantity=F("quantity") + 1)
            Order.objects.filter(total=0).delete()
            order = Order.objects.get(code="1")
            order.lines.all().delete()
            order.save()
        """
    ) == [
        "INSERT INTO goods_tag (slug) VALUES ('new') RETURNING slug",
        (
            "UPDATE orders_line SET quantity = (orders_line.quantity + 1) WHERE id IN"
            " (SELECT orders_line.id FROM orders_line JOIN orders_order"
            " ON (orders_line.order_id = orders_order.code) WHERE orders_order.state = 'o')"
        ),
        "DELETE FROM orders_order WHERE orders_order.total = 0",
        (
            "SELECT orders_order.code, orders_order.customer_id, orders_order.state,"
            " orders_order.placed, orders_order.total FROM orders_order"
            " WHERE orders_order.code = '1' LIMIT 21"
        ),
        "DELETE FROM orders_line WHERE orders_line.order_id = %s",
    ]


def test_what_cannot_be_read_is_a_hole_or_left_out() -> None:
    assert sql(
        """
        def view(request, where, thing):
            Order.objects.filter(**where).count()
            Order.objects.filter(nothing__like=3).count()
            Order.objects.raw("SELECT 1")
            Order.objects.filter(state="o").union(thing).count()
            request.GET.get("x").filter(a=1)
            {"a": 1}.get("a")
            thing.objects.filter(a=1).count()
            OtherThing.objects.all().count()
        """
    ) == [
        "SELECT count(*) FROM orders_order WHERE hole_in_sql",
        "SELECT count(*) FROM orders_order WHERE hole_in_sql",
    ]


def test_half_typed_text_and_other_letters() -> None:
    assert sql("Order.objects.filter(state='ö').count()\nOrder.objects.filter(\n") == [
        "SELECT count(*) FROM orders_order WHERE orders_order.state = 'ö'"
    ]
    assert sql("def view():\n    Order.objects.filter(größe=1).count()\n") == [
        "SELECT count(*) FROM orders_order WHERE hole_in_sql"
    ]


QUERIES = """
Order.objects.all()
Order.objects.filter(state="o")
Order.objects.filter(state="o", total__gt=3).order_by("-placed")
Order.objects.exclude(state__in=["o", "p"])
Order.objects.filter(customer__username__icontains="x")
Order.objects.filter(customer__manager__username="x")
Order.objects.filter(customer_id=3)
Order.objects.filter(customer__id=3)
Order.objects.filter(customer__pk__in=[1, 2])
Order.objects.filter(placed__year=2020, placed__month=3)
Order.objects.filter(placed__date=date(2020, 1, 1))
Order.objects.filter(lines__product__name="x").distinct()
Order.objects.filter(lines__quantity__gt=1, lines__product__stock=0)
Order.objects.filter(lines__quantity__gt=1).filter(lines__product__stock=0)
Order.objects.filter(Q(state="o") | Q(customer__manager__isnull=True))
Order.objects.filter(~Q(state="o"), customer__manager__isnull=False)
Order.objects.filter(invoice__number=3)
Order.objects.filter(total__lt=F("customer__id"))
Order.objects.values("state").annotate(n=Count("code"))
Order.objects.annotate(n=Count("lines")).filter(n__gt=2)
Order.objects.annotate(month=TruncMonth("placed")).values("month").annotate(s=Sum("total"))
Order.objects.values_list("code", "customer__email")
Order.objects.only("code", "state")
Order.objects.defer("total", "placed")
Order.objects.select_related("customer")
Order.objects.filter(code__startswith="A")[3:8]
Order.objects.order_by("customer__username", "code")
Order.objects.filter(customer__in=User.objects.filter(is_active=True))
Order.objects.filter(Exists(Line.objects.filter(order=OuterRef("pk"), quantity=3)))
Order.objects.annotate(last=Subquery(Line.objects.filter(order=OuterRef("code")).values("quantity")[:1]))
Line.objects.filter(order__customer__orders__total=3)
Line.objects.select_related("product__category", "order")
Line.objects.filter(product__tags__slug="x")
Line.objects.filter(product__category__parent__name="x")
Line.objects.order_by("product__name")
Product.objects.filter(tags="a")
Product.objects.filter(tags__in=["a", "b"])
Product.objects.filter(similar__name="x")
Product.objects.filter(suppliers__rating__gt=2, supply__weeks=3)
Product.objects.filter(book__isbn="x")
Product.objects.filter(details__colour="red")
Product.objects.annotate(low=Lower("name")).filter(low="x")
Product.objects.available().filter(price__range=(1, 2))
Book.objects.filter(stock__gt=3)
Book.objects.filter(isbn="x", category__name="y").order_by("name")
Offer.objects.filter(name="x")
Category.objects.filter(products__stock__gt=3)
Category.objects.filter(parent__isnull=True)
Tag.objects.filter(products__name="x")
Supplier.objects.filter(supply__product__price=3)
Note.objects.filter(content_type__model="order", object_id=3)
Invoice.objects.filter(order__customer__username="x")
User.objects.filter(groups__name="x")
get_user_model().objects.filter(orders__state="o", staff__username="y")
Order.objects.filter(state="o").count()
Order.objects.filter(lines__quantity=3).exists()
Order.objects.filter(customer__username="x").first()
Order.objects.last()
Order.objects.latest("placed")
Order.objects.aggregate(total=Sum("total"), average=Avg("lines__quantity"))
Order.objects.filter(total__gt=3).distinct().count()
Order.objects.in_bulk(["a"])
Order.objects.filter(state="o").update(total=F("total") + 1)
Line.objects.filter(order="a").delete()
"""
"""Each is asked of Django, and read out of the text."""

_LINES = [line for line in QUERIES.strip().splitlines() if line]

_ASK = """
from django.test.utils import CaptureQueriesContext
from django.db.models import QuerySet
found = []
for line in LINES:
    with CaptureQueriesContext(connection) as context:
        try:
            value = eval(line)
            if isinstance(value, QuerySet):
                list(value)
        except Order.DoesNotExist:
            pass
    found.append(next(one["sql"] for one in context.captured_queries if one["sql"] != "BEGIN"))
print(json.dumps(found))
"""


def test_the_queries_name_what_those_of_django_name(tmp_path: Path) -> None:
    body = indent("\n".join(f"list({line})" if _is_lazy(line) else line for line in _LINES), "    ")
    ours = of(f"def view():\n{body}\n")
    script = f"{HEAD}\nLINES = {json.dumps(_LINES)}\n{_ASK}"
    real = asked_of_django(tmp_path, script)

    assert len(ours) == len(_LINES)
    for line, query, truth in zip(_LINES, ours, real, strict=True):
        assert named(query.text) == named(truth), f"{line}\n{query.text}\n{truth}"
        assert not query.holes, line
        assert all(one.complete for one in query.statements)


def _is_lazy(line: str) -> bool:
    return not re.search(
        r"\.(?:count|exists|first|last|latest|aggregate|in_bulk|update|delete)\([^()]*(?:\([^()]*\)[^()]*)*\)$",
        line,
    )


def named(sql: str) -> tuple[list[str], set[tuple[str, str]]]:
    """The tables, each as often as it is named, and the columns with their tables."""
    plain = sql.replace('"', "")
    tables = re.findall(
        r"\b(?:FROM|JOIN|UPDATE|INTO) ([a-z]\w+)(?![\w.])(?: (?!ON\b|WHERE\b|SET\b|ORDER\b|LIMIT\b|GROUP\b|INNER\b|LEFT\b|JOIN\b)(\w+))?",
        plain,
    )
    aliases = {alias or table: table for table, alias in tables}
    columns = {
        (aliases[owner], column)
        for owner, column in re.findall(r"\b([A-Za-z]\w*)\.([a-z_]\w*)", plain)
        if owner in aliases
    }
    return sorted(table for table, _ in tables if table != "subquery"), columns
