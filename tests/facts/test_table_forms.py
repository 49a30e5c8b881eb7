"""Which form each table has, what that rests on, and what it would become."""

from backend_analyzers.facts.remarks import remarks
from backend_analyzers.facts.table_forms import TableForm, table_forms
from backend_analyzers.workspace import Options, Profiled, Workspace

CUSTOMERS = "CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL, email text);\n"


def form(text: str, table: str, profiled: tuple[Profiled, ...] = ()) -> TableForm:
    workspace = Workspace.of({"schema.sql": text}, Options(profiled=profiled))
    return workspace.fact(table_forms)["sql:", f"public.{table}"]


def said(found: TableForm) -> tuple[str | None, str, list[str]]:
    return found.analysis.form, found.rests_on, [str(one) for one in found.analysis.violations]


def test_keys_alone_make_a_table_of_the_best_form() -> None:
    assert said(form(CUSTOMERS, "customers")) == ("BCNF", "key", [])
    keyless = form("CREATE TABLE t (a int, b int);", "t")
    assert said(keyless) == ("BCNF", "key", [])
    assert keyless.analysis.keys.keys == (("a", "b"),)


def test_comments_say_dependencies() -> None:
    above = "-- fd: zip -> city\nCREATE TABLE t (id int PRIMARY KEY, zip text, city text);"
    inside = "CREATE TABLE t (id int PRIMARY KEY, zip text, -- FD: zip -> city\n city text);"
    behind = "CREATE TABLE t (id int PRIMARY KEY, zip text, city text); -- fd: zip -> city\n"
    table = "CREATE TABLE t (id int PRIMARY KEY, zip text, city text);\n"
    of_it = table + "COMMENT ON TABLE t IS 'places. fd: zip → city';"
    for text in (above, inside, behind, of_it):
        assert said(form(text, "t")) == ("2NF", "comment", ["zip -> city"]), text
    far = "-- fd: zip -> city\n\n" + table
    literal = table + "INSERT INTO t VALUES (1, 'fd: zip -> city', '');"
    elsewhere = "-- fd: zip -> town\n" + table
    for text in (far, literal, elsewhere):
        assert said(form(text, "t")) == ("BCNF", "key", []), text


def test_names_suggest_dependencies() -> None:
    orders = "customer_id bigint, customer_name text, customer_email text, note text"
    found = form(f"{CUSTOMERS}CREATE TABLE orders (id int PRIMARY KEY, {orders});", "orders")
    assert said(found) == ("2NF", "name", ["customer_id -> customer_email, customer_name"])
    assert found.dependencies[0].note == "customers.name, customers.email"
    log = form(f"{CUSTOMERS}CREATE TABLE order_log (id int PRIMARY KEY, {orders});", "order_log")
    assert said(log) == ("BCNF", "key", [])


def test_data_shows_dependencies() -> None:
    table = "CREATE TABLE t (a int, b int, c int, PRIMARY KEY (a, b));"
    found = form(table, "t", (Profiled("public.t", ("b",), ("c",), 5000),))
    assert said(found) == ("1NF", "data", ["b -> c"])
    assert found.dependencies[0].note == "5,000 rows looked at"


def test_what_a_table_would_become() -> None:
    text = "-- fd: zip -> city\nCREATE TABLE t (id int PRIMARY KEY, zip text NOT NULL, city text);"
    assert form(text, "t").ddl == (
        "CREATE TABLE zips (\n  zip text NOT NULL,\n  city text,\n  PRIMARY KEY (zip)\n);\n"
        "CREATE TABLE t (\n  id integer NOT NULL,\n  zip text NOT NULL,\n  PRIMARY KEY (id),\n"
        "  FOREIGN KEY (zip) REFERENCES zips\n);"
    )


def test_a_repetition_that_is_meant() -> None:
    text = "-- denormalised for the list\nCREATE TABLE t (id int PRIMARY KEY, a int);"
    assert form(text, "t").denormalised
    assert not form("CREATE TABLE t (id int PRIMARY KEY, denormalised int);", "t").denormalised


def test_remarks_of_models() -> None:
    workspace = Workspace.of(
        {
            "models.py": "from sqlalchemy import Column\n\n\n# fd: a -> b\nclass A(Base):\n"
            '    """Denormalised: it is read often."""\n    x = Column(Integer)  # fd: x -> y\n\n\n'
            "def denormalise(x):\n    return x\n"
        }
    )
    found = workspace.each(remarks)["models.py"]
    assert [(one.unit, str(one.dependency or "")) for one in found] == [
        ("A", "a -> b"),
        ("A", ""),
        ("A", "x -> y"),
    ]
