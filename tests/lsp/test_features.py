"""Hover, code actions, names and symbols."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.lsp.client import Client, Json, edit, position
from tests.lsp.conftest import APP, SCHEMA

Start = Callable[..., Client]
RULE = "redundant-index"


def opened(client: Client, root: Path) -> tuple[str, str]:
    """The migration and the service, open and reviewed."""
    migration = (root / "migrations" / "001_orders.sql").as_uri()
    app = (root / "app.py").as_uri()
    client.open(migration, SCHEMA, "sql")
    client.open(app, APP)
    client.eventually(lambda: RULE in client.codes(migration))
    client.pull(app)
    return migration, app


def closed(client: Client, *uris: str) -> None:
    for uri in uris:
        client.close(uri)


def text_at(source: str, at: Json) -> str:
    """The text of a range.  The texts here are ASCII."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    start, end = (starts[at[side]["line"]] + at[side]["character"] for side in ("start", "end"))
    return source[start:end]


def applied(source: str, edits: list[Json]) -> str:
    """A text after edits that do not overlap."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def offset(at: Json) -> int:
        return starts[at["line"]] + int(at["character"])

    for one in sorted(edits, key=lambda e: offset(e["range"]["start"]), reverse=True):
        at = one["range"]
        source = source[: offset(at["start"])] + one["newText"] + source[offset(at["end"]) :]
    return source


def test_hover_explains_a_finding(shared: tuple[Client, Path]) -> None:
    client, root = shared
    migration, app = opened(client, root)
    hover = client.at("textDocument/hover", migration, 6, 5)
    value = hover["contents"]["value"]
    assert hover["contents"]["kind"] == "markdown"
    for part in (
        "**redundant-index** · warning, high confidence",
        "`orders_total` is a prefix of `orders_total_id`",
        "- covered by: total, id",
        "Fix: Delete the index",
        "An index whose work another index does already.",
    ):
        assert part in value
    assert "```sql" not in value.split("An index whose work")[1]
    assert text_at(SCHEMA, hover["range"]) == "CREATE INDEX orders_total ON orders (total)"
    closed(client, migration, app)


def test_hover_in_sql_inside_a_string(shared: tuple[Client, Path]) -> None:
    client, root = shared
    migration, app = opened(client, root)
    line = APP.splitlines()[9]
    table = client.at("textDocument/hover", app, 9, line.index("orders"))
    assert "**orders** · table in `migrations/001_orders.sql`" in table["contents"]["value"]
    assert "FOREIGN KEY (customer_id) REFERENCES customers" in table["contents"]["value"]
    assert text_at(APP, table["range"]) == "orders"
    column = client.at("textDocument/hover", app, 9, line.index("total") + 1)
    assert "**orders.total** · column" in column["contents"]["value"]
    assert "total integer NOT NULL" in column["contents"]["value"]
    assert "leads the index" in column["contents"]["value"]
    assert client.at("textDocument/hover", app, 1, 3) is None
    closed(client, migration, app)


def test_hover_on_a_route(shared: tuple[Client, Path]) -> None:
    client, root = shared
    migration, app = opened(client, root)
    value = client.at("textDocument/hover", app, 6, 5)["contents"]["value"]
    assert "**GET /orders/{order_id}** · fastapi route" in value
    assert "Handled by `get_order` in `app.py`" in value
    closed(client, migration, app)


def test_hover_follows_text_that_is_not_reviewed_yet(shared: tuple[Client, Path]) -> None:
    client, root = shared
    migration, app = opened(client, root)
    for version in range(2, 30):
        client.change(migration, version, edit((0, 0), (0, 0), "-- \U0001f600\n"))
        hover = client.at("textDocument/hover", migration, 6 + version - 1, 5)
        assert hover["range"]["start"]["line"] == 6 + version - 1
    closed(client, migration, app)


def test_definition_and_references(shared: tuple[Client, Path]) -> None:
    client, root = shared
    migration, app = opened(client, root)
    line = APP.splitlines()[9]
    (table,) = client.at("textDocument/definition", app, 9, line.index("orders") + 2)
    assert table["uri"] == migration
    assert text_at(SCHEMA, table["range"]) == "orders"
    (column,) = client.at("textDocument/definition", app, 9, line.index("total"))
    assert column["range"]["start"] == position(4, 2)
    found = client.at(
        "textDocument/references", migration, 4, 3, context={"includeDeclaration": False}
    )
    named = {(one["uri"], one["range"]["start"]["line"]) for one in found}
    assert named == {(app, 9), (migration, 6), (migration, 7)}
    everything = client.at(
        "textDocument/references",
        app,
        9,
        line.index("orders"),
        context={"includeDeclaration": True},
    )
    places = {(one["uri"], one["range"]["start"]["line"]) for one in everything}
    assert {(app, 9), (migration, 1), (migration, 6)} <= places
    closed(client, migration, app)


def test_symbols(shared: tuple[Client, Path]) -> None:
    client, root = shared
    migration, app = opened(client, root)
    (route,) = client.request("textDocument/documentSymbol", {"textDocument": {"uri": app}})
    assert (route["name"], route["detail"]) == ("GET /orders/{order_id}", "get_order")
    tables = client.request("textDocument/documentSymbol", {"textDocument": {"uri": migration}})
    assert [table["name"] for table in tables] == ["customers", "orders"]
    orders = tables[1]
    assert [child["name"] for child in orders["children"]] == ["id", "customer_id", "total"]
    assert text_at(SCHEMA, orders["selectionRange"]) == "orders"
    assert text_at(SCHEMA, orders["children"][2]["selectionRange"]) == "total"
    names = {one["name"] for one in client.request("workspace/symbol", {"query": "orders"})}
    assert {"GET /orders/{order_id}", "orders", "orders.total"} <= names
    assert "customers" not in names
    closed(client, migration, app)


def test_a_fix_is_preferred_and_resolved(shared: tuple[Client, Path]) -> None:
    client, root = shared
    migration, app = opened(client, root)
    actions = client.actions(migration, position(6, 20))
    fix = next(one for one in actions if one["title"] == "Delete the index")
    assert fix["isPreferred"] is True
    assert fix["kind"] == "quickfix"
    assert fix["diagnostics"][0]["code"] == RULE
    assert "edit" not in fix
    (change,) = client.request("codeAction/resolve", fix)["edit"]["documentChanges"]
    assert change["textDocument"] == {"uri": migration, "version": 1}
    assert applied(SCHEMA, change["edits"]) == SCHEMA.replace(
        "CREATE INDEX orders_total ON orders (total);\n", ""
    )
    assert client.actions(migration, position(0, 0), only=["refactor"]) == []
    closed(client, migration, app)


def test_fix_all(shared: tuple[Client, Path]) -> None:
    client, root = shared
    migration, app = opened(client, root)
    (action,) = client.actions(migration, position(0, 0), only=["source.fixAll"])
    assert action["kind"] == "source.fixAll.backend-engineer"
    (change,) = client.request("codeAction/resolve", action)["edit"]["documentChanges"]
    assert "orders_total ON" not in applied(SCHEMA, change["edits"])
    closed(client, migration, app)


def test_ignoring_a_finding(shared: tuple[Client, Path]) -> None:
    client, root = shared
    migration, app = opened(client, root)
    text, version = SCHEMA, 1
    for rule, line in ((RULE, 6), ("unindexed-foreign-key", 3)):
        (action,) = [
            one
            for one in client.actions(migration, position(line, 2))
            if one["title"] == f"Ignore `{rule}` on this line"
        ]
        (change,) = client.request("codeAction/resolve", action)["edit"]["documentChanges"]
        text = applied(text, change["edits"])
        version += 1
        client.change(migration, version, {"text": text})
        assert rule not in client.codes(migration)
    assert "(total);  -- backend: ignore[redundant-index]\n" in text
    assert "useless-suppression" not in client.codes(migration)
    closed(client, migration, app)


def test_an_action_that_fits_no_more_is_refused(shared: tuple[Client, Path]) -> None:
    client, root = shared
    migration, app = opened(client, root)
    fix = client.actions(migration, position(6, 20))[0]
    client.change(migration, 2, {"text": "SELECT 1;\n"})
    message = client.ask("codeAction/resolve", fix)
    client.until(lambda: client.answers.get(message), "an answer")
    assert client.answers.pop(message)["error"]["code"] == -32801
    closed(client, migration, app)


def test_a_plain_client(shop: Path, start: Start) -> None:
    """Like Eglot or ALE: plain text, whole edits, `changes`, flat symbols, and no pull."""
    client = start()
    client.initialize(
        shop,
        capabilities={
            "textDocument": {
                "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}},
                "hover": {"contentFormat": ["plaintext"]},
            }
        },
    )
    uri = (shop / "migrations" / "001_orders.sql").as_uri()
    client.open(uri, SCHEMA, "sql")
    client.until(
        lambda: any(p["diagnostics"] for p in client.published.get(uri, [])) or None, "findings"
    )
    hover = client.at("textDocument/hover", uri, 1, 14)["contents"]
    assert hover["kind"] == "plaintext"
    assert "`" not in hover["value"]
    assert "**" not in hover["value"]
    assert "CREATE TABLE orders (" in hover["value"]
    fix = next(a for a in client.actions(uri, position(6, 0)) if a["title"] == "Delete the index")
    assert "orders_total ON" not in applied(SCHEMA, fix["edit"]["changes"][uri])
    (everything,) = client.actions(uri, position(0, 0), only=["source.fixAll"])
    assert list(everything["edit"]["changes"]) == [uri]
    flat = client.request("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
    assert flat[-1]["name"] == "total"
    assert flat[-1]["location"]["uri"] == uri
    client.stop()


def test_a_suppression_in_a_string_of_many_lines_stands_above_it(shop: Path, start: Start) -> None:
    """The comment must not become a part of the query."""
    client = start()
    client.initialize(shop)
    client.indexed()
    uri = (shop / "report.py").as_uri()
    text = (
        "import psycopg\n\n\n"
        "def report(connection: psycopg.Connection) -> object:\n"
        '    return connection.execute("""\n'
        "        SELECT missing, total\n"
        "        FROM orders\n"
        '    """)\n'
    )
    client.open(uri, text)
    ignoring = [
        action
        for action in client.actions(uri, position(5, 15))
        if action["title"].startswith("Ignore")
    ]
    assert ignoring, "the column is reported"
    for action in ignoring:
        (change,) = client.request("codeAction/resolve", action)["edit"]["documentChanges"]
        lines = applied(text, change["edits"]).splitlines()
        assert lines[4].startswith("    # backend: ignore[")
    client.stop()


def test_completion_in_a_string_of_code(shared: tuple[Client, Path]) -> None:
    client, root = shared
    _, app = opened(client, root)
    line = next(n for n, text in enumerate(APP.splitlines()) if "SELECT total" in text)
    at = APP.splitlines()[line].index("total")
    found = client.at("textDocument/completion", app, line, at + 2)["items"]
    assert [item["label"] for item in found] == ["id", "customer_id", "total"]
    assert {text_at(APP, item["textEdit"]["range"]) for item in found} == {"total"}
    assert client.at("textDocument/completion", app, 0, 8) is None
    closed(client, *opened(client, root))


def test_completion_in_a_file_of_sql(start: Start, shop: Path) -> None:
    client = start()
    client.initialize(shop)
    uri = (shop / "report.sql").as_uri()
    text = "SELECT 1;\n\nSELECT *\nFROM orders o JOIN customers c ON "
    client.open(uri, text, "sql")
    client.pull(uri)

    def labels() -> list[str]:
        found = client.at("textDocument/completion", uri, 3, 34) or {"items": []}
        return [item["label"] for item in found["items"]]

    client.eventually(lambda: labels()[:1] == ["o.customer_id = c.id"])
    assert client.at("textDocument/completion", uri, 1, 0) is None
