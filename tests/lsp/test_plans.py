"""Plans in the editor, by a real PostgreSQL that believes the tables are large."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lsp.client import Client, Json, Refused, edit

APP = """\
import psycopg


def recent(connection: psycopg.Connection, customer: int) -> list[object]:
    return connection.execute(
        "SELECT id, total FROM orders WHERE customer_id = %s", (customer,)
    ).fetchall()
"""
SCHEMA = """\
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, total integer NOT NULL);
"""


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Path]]:
    """A server with a shop of five million orders."""
    root = tmp_path_factory.mktemp("planned") / "größe"
    (root / "migrations").mkdir(parents=True)
    (root / "migrations" / "001_orders.sql").write_text(SCHEMA)
    (root / "app.py").write_text(APP)
    (root / "backend-engineer.toml").write_text("[planner.rows]\norders = 5_000_000\n")
    client = Client()
    try:
        client.initialize(root)
        client.indexed()
        client.open((root / "app.py").as_uri(), APP)
        yield client, root
        client.stop()
    finally:
        client.kill()


def test_an_edit_that_makes_a_plan_worse_is_reported_against_the_base(tmp_path: Path) -> None:
    root = tmp_path / "shop"
    (root / "migrations").mkdir(parents=True)
    (root / "migrations" / "001_orders.sql").write_text(SCHEMA)
    app = APP.replace("customer_id = %s", "id = %s")
    (root / "app.py").write_text(app)
    (root / "backend-engineer.toml").write_text(
        'base = "HEAD"\n[planner.rows]\norders = 5_000_000\n'
    )
    for command in (
        ("init", "-q"),
        ("add", "."),
        ("-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "x"),
    ):
        subprocess.run(["git", *command], cwd=root, check=True)  # noqa: S607
    client = Client()
    try:
        client.initialize(root)
        client.indexed()
        uri = (root / "app.py").as_uri()
        client.open(uri, app)
        client.eventually(lambda: bool(lenses(client, uri)), "a lens")
        assert "plan-regression" not in client.codes(uri)
        client.change(uri, 2, {"text": app.replace("WHERE id = %s", "WHERE id + 0 = %s")})
        client.eventually(lambda: "plan-regression" in client.codes(uri), "the finding")
        client.stop()
    finally:
        client.kill()


def lenses(client: Client, uri: str) -> list[Json]:
    found: list[Json] = client.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
    return found


def test_a_lens_says_what_a_query_costs_and_could_cost(planned: tuple[Client, Path]) -> None:
    client, root = planned
    uri = (root / "app.py").as_uri()
    client.eventually(lambda: bool(lenses(client, uri)), "a lens")
    (lens,) = lenses(client, uri)

    title = lens["command"]["title"]
    assert title.startswith("Parallel Seq Scan on orders, cost ")
    assert title.endswith(" with an index")
    before, after = title.split(" cost ")[1].removesuffix(" with an index").split(" → ")
    assert float(after.replace(",", "")) * 5 < float(before.replace(",", ""))
    assert lens["range"]["start"]["line"] == 5
    client.eventually(
        lambda: any(m["method"] == "workspace/codeLens/refresh" for m in client.asked), "a refresh"
    )


def test_a_hover_in_a_query_shows_its_plan_with_the_evidence(planned: tuple[Client, Path]) -> None:
    client, root = planned
    uri = (root / "app.py").as_uri()
    client.eventually(lambda: bool(lenses(client, uri)), "a lens")
    value = client.at("textDocument/hover", uri, 5, 12)["contents"]["value"]

    assert "**Plan** · with the sizes of tables alone" in value
    assert "Seq Scan on orders  (rows " in value
    assert "CREATE INDEX" in value


def test_the_command_of_a_lens_shows_the_plan(planned: tuple[Client, Path]) -> None:
    client, root = planned
    uri = (root / "app.py").as_uri()
    client.eventually(lambda: bool(lenses(client, uri)), "a lens")
    command = lenses(client, uri)[0]["command"]
    told = client.request(
        "workspace/executeCommand",
        {"command": command["command"], "arguments": command["arguments"]},
    )

    assert "Seq Scan on orders" in told
    assert client.shown[-1]["message"] == told
    unknown = {"command": "backend-engineer.showPlan", "arguments": [uri, "SELECT 1"]}
    assert client.request("workspace/executeCommand", unknown) == "the text has changed"


def test_a_lens_moves_with_the_text_and_goes_with_its_query(planned: tuple[Client, Path]) -> None:
    client, root = planned
    uri = (root / "app.py").as_uri()
    client.eventually(lambda: bool(lenses(client, uri)), "a lens")
    client.change(uri, 2, edit((0, 0), (0, 0), "# ein Wort\n"))
    client.eventually(lambda: lenses(client, uri)[0]["range"]["start"]["line"] == 6, "the move")
    client.change(uri, 3, edit((6, 25), (6, 31), "nowhere"))
    client.eventually(lambda: lenses(client, uri) == [], "the end of the lens")
    client.change(uri, 4, {"text": APP})
    client.eventually(lambda: len(lenses(client, uri)) == 1, "the lens again")


def test_a_column_is_renamed_in_code_with_a_migration(planned: tuple[Client, Path]) -> None:
    client, root = planned
    uri = (root / "app.py").as_uri()
    at = APP.splitlines()[5].index("total")
    prepared = client.at("textDocument/prepareRename", uri, 5, at)
    edits = client.at("textDocument/rename", uri, 5, at, newName="amount")["documentChanges"]

    assert prepared["placeholder"] == "total"
    created, *changes = edits
    assert created["kind"] == "create"
    assert created["uri"].endswith("/migrations/002_rename_orders_total.sql")
    texts = {change["textDocument"]["uri"]: change["edits"] for change in changes}
    assert [one["newText"] for one in texts[uri]] == ["amount"]
    assert (
        texts[created["uri"]][0]["newText"] == "ALTER TABLE orders RENAME COLUMN total TO amount;\n"
    )
    assert client.at("textDocument/prepareRename", uri, 0, 0) is None
    with pytest.raises(Refused, match="no name of a column"):
        client.at("textDocument/rename", uri, 5, at, newName="a b")


def test_hovers_tell_of_sizes_forms_and_locks(planned: tuple[Client, Path]) -> None:
    client, root = planned
    app = (root / "app.py").as_uri()
    table = client.at("textDocument/hover", app, 5, APP.splitlines()[5].index("orders"))
    assert (
        "**orders** · table in `migrations/001_orders.sql` · about 5,000,000 rows"
        in (table["contents"]["value"])
    )
    assert "Normal form: BCNF, by its keys" in table["contents"]["value"]

    migration = (root / "migrations" / "002_totals.sql").as_uri()
    client.open(migration, "ALTER TABLE orders ALTER COLUMN total TYPE bigint;\n", "sql")

    def told() -> str:
        found = client.at("textDocument/hover", migration, 0, 3)
        return "" if found is None else str(found["contents"]["value"])

    client.eventually(lambda: "**Migration**" in told(), "what the migration does")
    assert "`orders`: AccessExclusiveLock (readers and writers wait), written anew" in told()
    client.close(migration)


def test_actions_optimize_a_query(planned: tuple[Client, Path]) -> None:
    client, root = planned
    uri = (root / "app.py").as_uri()
    client.eventually(lambda: bool(lenses(client, uri)), "a lens")
    found, *_ = client.actions(uri, {"line": 5, "character": 12}, only=["refactor.rewrite"])
    assert found["title"].startswith("Create index migration: ")
    assert " (cost 63,100 → " in found["title"]
    edit_ = client.request("codeAction/resolve", found)["edit"]

    created, change = edit_["documentChanges"]
    assert created["uri"].endswith("/migrations/002_index_orders_customer_id.sql")
    assert "CREATE INDEX CONCURRENTLY" in change["edits"][0]["newText"]
    (annotation,) = edit_["changeAnnotations"].values()
    assert "planned by PostgreSQL" in annotation["description"]
    elsewhere = client.actions(uri, {"line": 0, "character": 0}, only=["refactor.rewrite"])
    assert elsewhere == []
