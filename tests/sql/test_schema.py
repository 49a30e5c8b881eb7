"""DDL in, a schema out, one line a table."""

import pytest

from backend_analyzers.sql.ddl import Opaque
from backend_analyzers.sql.interpret import apply
from backend_analyzers.sql.parse_ddl import parse_ddl
from backend_analyzers.sql.schema import (
    Schema,
    Table,
    find_column,
    find_table,
    indexes_on,
    is_unique,
)


def schema_of(*texts: str) -> Schema:
    schema = Schema()
    for number, text in enumerate(texts):
        schema = apply(schema, parse_ddl(text), f"{number}.sql")
    return schema


def described(table: Table) -> str:
    columns = " ".join(f"{c.name}:{c.type}{'' if c.nullable else '!'}" for c in table.columns)
    key = f" pk({','.join(table.primary_key)})" if table.primary_key else ""
    indexes = "".join(
        f" {'unique' if i.unique else 'index'} {i.name}({','.join(k.column or k.text for k in i.keys)})"
        for i in table.indexes
        if i.kind != "primary key"
    )
    foreign = "".join(f" fk({','.join(f.columns)})->{f.target}" for f in table.foreign_keys)
    return f"{table.label}: {columns}{key}{indexes}{foreign}{'' if table.known else ' ?'}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "CREATE TABLE users (id bigserial PRIMARY KEY, Email varchar(20) NOT NULL UNIQUE, at timestamptz);",
            "users: id:bigint! email:character varying(20)! at:timestamp with time zone pk(id) unique users_email_key(email)",
        ),
        (
            "CREATE TABLE a (x int, y int, PRIMARY KEY (x, y), CONSTRAINT f FOREIGN KEY (y) REFERENCES s.b (id) ON DELETE CASCADE);",
            "a: x:integer! y:integer! pk(x,y) fk(y)->s.b",
        ),
        ('CREATE TABLE "Weird" ("Id" int, é text)', "Weird: Id:integer é:text"),
        ("CREATE TABLE t (a int); ALTER TABLE t ADD b text NOT NULL, DROP COLUMN a;", "t: b:text!"),
        ("CREATE TABLE t (a int); ALTER TABLE t ALTER a SET NOT NULL, ALTER a TYPE bigint;", "t: a:bigint!"),
        ("CREATE TABLE t (a int); ALTER TABLE t RENAME a TO b; ALTER TABLE t RENAME TO u;", "u: b:integer"),
        (
            "CREATE TABLE t (a int, b int); CREATE UNIQUE INDEX i ON t (a, lower(b::text));",
            "t: a:integer b:integer unique i(a,lower(b::text))",
        ),
        ("CREATE TABLE t (a int); CREATE INDEX ON t (a);", "t: a:integer index t_a_idx(a)"),
        ("CREATE TABLE t (a int); CREATE INDEX i ON t (a); DROP INDEX i;", "t: a:integer"),
        ("CREATE TABLE t (a int); CREATE INDEX i ON t (a); ALTER TABLE t DROP COLUMN a;", "t: "),
        ("CREATE TABLE t (a int PRIMARY KEY); ALTER TABLE t DROP CONSTRAINT t_pkey;", "t: a:integer!"),
        (
            "CREATE TABLE t (a int); CREATE UNIQUE INDEX i ON t (a); ALTER TABLE t ADD PRIMARY KEY USING INDEX i;",
            "t: a:integer! pk(a)",
        ),
        ("CREATE TABLE p (a int); CREATE TABLE t (b int) INHERITS (p);", "t: a:integer b:integer"),
        ("CREATE TABLE t (LIKE gone);", "t:  ?"),
        ("CREATE TABLE t AS SELECT a, b AS c FROM u;", "t: a: c:"),
        ("CREATE TABLE u (a int, b int); CREATE TABLE t AS SELECT * FROM u;", "t: a: b:"),
        ("CREATE TABLE t AS SELECT * FROM unheard_of;", "t:  ?"),
        ("CREATE TABLE u (a int NOT NULL); CREATE VIEW t AS SELECT a AS x FROM u;", "t: x:integer!"),
        ("ALTER TABLE t ADD COLUMN a int;", "t: a:integer ?"),
        ("CREATE TABLE t (a int); ALTER TABLE t INHERIT p;", "t: a:integer ?"),
        ("CREATE TABLE t (a int, {more});", "t: a:integer ?"),
        (
            "CREATE TABLE t (a int); DO $$ BEGIN ALTER TABLE t ADD CONSTRAINT k UNIQUE (a); EXCEPTION WHEN others THEN null; END $$;",
            "t: a:integer unique k(a)",
        ),
        ("CREATE TABLE t (a int); CREATE TABLE IF NOT EXISTS t (a int);", "t: a:integer"),
        ("CREATE TABLE t (a int); ALTER TABLE t SET SCHEMA s;", "s.t: a:integer"),
        ("SET search_path TO s; CREATE TABLE t (a int);", "s.t: a:integer"),
        (
            "CREATE TABLE `T` (`Id` int NOT NULL AUTO_INCREMENT, o int, PRIMARY KEY (`Id`), KEY k (o), FOREIGN KEY (o) REFERENCES `O` (id)) ENGINE=InnoDB;",
            "t: id:integer! o:integer pk(id) index k(o) fk(o)->public.o",
        ),
        ("CREATE TABLE t (a int) ENGINE=InnoDB; ALTER TABLE t MODIFY a bigint NOT NULL;", "t: a:bigint!"),
        ("CREATE TABLE t (a int) ENGINE=InnoDB; ALTER TABLE t ADD KEY k (a);", "t: a:integer index k(a)"),
        (
            "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, name, x NOT NULL) WITHOUT ROWID;",
            "t: id:integer! name: x:! pk(id)",
        ),
    ],
)  # fmt: skip
def test_schema(text: str, expected: str) -> None:
    schema = schema_of(text)
    name = expected.split(":", maxsplit=1)[0].rsplit(".", maxsplit=1)[-1]
    table = find_table(schema, name)
    assert table is not None
    assert described(table) == expected


def test_dropped_and_renamed_tables_are_gone() -> None:
    schema = schema_of(
        "CREATE TABLE a (i int); CREATE TABLE b (i int REFERENCES a);",
        "DROP TABLE b; ALTER TABLE a RENAME TO c;",
    )
    assert list(schema.tables) == ["public.c"]


def test_renames_are_followed_by_foreign_keys() -> None:
    schema = schema_of(
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a_id int REFERENCES a (id));"
        "ALTER TABLE a RENAME TO c; ALTER TABLE c RENAME id TO key;"
    )
    (key,) = schema.tables["public.b"].foreign_keys
    assert (key.target, key.target_columns) == ("public.c", ("key",))


def test_spans_and_origins_are_kept() -> None:
    text = "CREATE TABLE é (a int, b text NOT NULL);"
    table = schema_of("SELECT 1", text).tables["public.é"]
    raw = text.encode()
    assert raw[table.name_start : table.name_end].decode() == "é"
    column = find_column(table, "b")
    assert column is not None
    assert raw[column.start : column.end] == b"b text NOT NULL"
    assert column.origin == "1.sql"


def test_execute_in_a_block_taints_everything() -> None:
    schema = schema_of(
        "CREATE TABLE t (a int);", "DO $$ BEGIN EXECUTE 'ALTER TABLE t ADD b int'; END $$;"
    )
    assert not schema.complete
    assert not schema.tables["public.t"].known


def test_unreadable_alter_taints_its_table() -> None:
    (statement,) = parse_ddl("ALTER TABLE shop.orders FROBNICATE everything;")
    (action,) = statement.actions
    assert isinstance(action, Opaque)
    assert [(t.schema, t.name) for t in action.tables] == [("shop", "orders")]


def test_questions_about_indexes() -> None:
    table = schema_of(
        "CREATE TABLE t (a int, b int, c int, UNIQUE (a, b));"
        "CREATE INDEX i ON t (b, a, c); CREATE UNIQUE INDEX p ON t (c) WHERE a > 0;"
    ).tables["public.t"]
    assert [index.name for index in indexes_on(table, ["b"])] == ["i"]
    assert [index.name for index in indexes_on(table, ["b", "a"])] == ["t_a_b_key", "i"]
    assert is_unique(table, ["a", "b", "c"])
    assert not is_unique(table, ["a"])
    assert not is_unique(table, ["c"])


def test_mysql_indexes_foreign_keys_itself() -> None:
    table = schema_of(
        "CREATE TABLE t (a int, FOREIGN KEY (a) REFERENCES u (id)) ENGINE=InnoDB;"
    ).tables["public.t"]
    assert [index.kind for index in indexes_on(table, ["a"])] == ["foreign key"]


def test_a_dump_with_rows_is_read_for_its_tables() -> None:
    rows = "".join(f"INSERT INTO t VALUES ({i}, 'it''s; fine');\n" for i in range(2000))
    schema = schema_of(
        f"CREATE TABLE t (a int, b text);\n{rows}COPY t FROM stdin;\n1\tx;'\n\\.\n\nCREATE TABLE u (c int);"
    )
    assert sorted(schema.tables) == ["public.t", "public.u"]
