"""Folders, settings, files on disk and progress."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.lsp.client import FULL, Client, position
from tests.lsp.conftest import SCHEMA, make_shop

Start = Callable[..., Client]
RULE = "redundant-index"


def migration(root: Path) -> str:
    return (root / "migrations" / "001_orders.sql").as_uri()


def touched(client: Client, *paths: Path, kind: int = 2) -> None:
    changes = [{"uri": path.as_uri(), "type": kind} for path in paths]
    client.notify("workspace/didChangeWatchedFiles", {"changes": changes})


def test_what_is_asked_of_the_client(shop: Path, start: Start) -> None:
    client = start()
    client.initialize(shop)
    client.indexed()
    asked = [message["method"] for message in client.asked]
    assert asked[:2] == ["workspace/configuration", "client/registerCapability"]
    registered = {
        registration["method"]: registration.get("registerOptions")
        for message in client.asked
        if message["method"] == "client/registerCapability"
        for registration in message["params"]["registrations"]
    }
    watchers = json.dumps(registered["workspace/didChangeWatchedFiles"])
    assert "backend-engineer.toml" in watchers
    assert "sql" in watchers
    kinds = [one["value"]["kind"] for one in client.progress]
    assert (kinds[0], kinds[-1]) == ("begin", "end")
    assert client.progress[0]["value"]["cancellable"] is True
    client.stop()


def test_files_that_change_on_disk(shop: Path, start: Start) -> None:
    client = start()
    client.initialize(shop)
    client.indexed()
    uri = migration(shop)
    client.open(uri, SCHEMA, "sql")
    assert "unindexed-foreign-key" in client.codes(uri)
    more = shop / "migrations" / "002_more.sql"
    more.write_text("CREATE INDEX orders_customer ON orders (customer_id);\n")
    touched(client, more, kind=1)
    client.eventually(lambda: "unindexed-foreign-key" not in client.codes(uri), "its end")
    more.unlink()
    touched(client, more, kind=3)
    client.eventually(lambda: "unindexed-foreign-key" in client.codes(uri), "the finding")
    ignored = shop / "node_modules" / "migrations" / "003.sql"
    ignored.parent.mkdir(parents=True)
    ignored.write_text("CREATE TABLE never (id int);\n")
    touched(client, ignored, kind=1)
    assert client.request("workspace/symbol", {"query": "never"}) == []
    client.stop()


def test_settings_of_the_project_and_of_the_editor(shop: Path, start: Start) -> None:
    client = start()
    client.initialize(shop)
    client.indexed()
    uri = migration(shop)
    client.open(uri, SCHEMA, "sql")
    assert RULE in client.codes(uri)
    file = shop / "backend-engineer.toml"
    file.write_text(f'ignore = ["{RULE}"]\n')
    touched(client, file, kind=1)
    client.eventually(lambda: RULE not in client.codes(uri), "the setting of the file")
    client.settings = {"ignore": [], "severities": {RULE: "error"}}
    client.notify("workspace/didChangeConfiguration", {"settings": None})
    client.eventually(lambda: RULE in client.codes(uri), "the setting of the editor")
    (found,) = [item for item in client.pull(uri)["items"] if item["code"] == RULE]
    assert found["severity"] == 1
    assert client.shown == []
    client.settings = {"ignore": [], "severitys": {}}
    client.notify("workspace/didChangeConfiguration", {"settings": None})
    client.until(lambda: client.shown or None, "a message")
    assert "severitys" in client.shown[0]["message"]
    client.stop()


def test_settings_that_are_sent_along(shop: Path, start: Start) -> None:
    client = start()
    workspace = {**FULL["workspace"], "configuration": False}
    client.initialize(
        shop, capabilities={**FULL, "workspace": workspace}, options={"ignore": [RULE]}
    )
    client.indexed()
    uri = migration(shop)
    client.open(uri, SCHEMA, "sql")
    assert RULE not in client.codes(uri)
    client.notify(
        "workspace/didChangeConfiguration", {"settings": {"backend-engineer": {"ignore": []}}}
    )
    client.eventually(lambda: RULE in client.codes(uri))
    client.stop()


def test_several_folders(tmp_path: Path, start: Start) -> None:
    """Each has settings and a schema of its own, and folders come and go."""
    first, second = make_shop(tmp_path / "first"), make_shop(tmp_path / "second")
    (second / "backend-engineer.toml").write_text(f'ignore = ["{RULE}"]\n')
    client = start()
    client.initialize(first)
    client.indexed()
    client.open(migration(first), SCHEMA, "sql")
    client.open(migration(second), SCHEMA, "sql")
    assert RULE in client.codes(migration(first))
    folder = {"uri": second.as_uri(), "name": "second"}
    client.notify(
        "workspace/didChangeWorkspaceFolders", {"event": {"added": [folder], "removed": []}}
    )
    client.eventually(lambda: "unindexed-foreign-key" in client.codes(migration(second)))
    assert RULE not in client.codes(migration(second))
    assert RULE in client.codes(migration(first))
    client.eventually(
        lambda: len(client.request("workspace/symbol", {"query": "orders.total"})) == 2
    )
    client.notify(
        "workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": [folder]}}
    )
    client.eventually(
        lambda: len(client.request("workspace/symbol", {"query": "orders.total"})) < 3
    )
    client.stop()


def test_without_a_folder(shop: Path, start: Start) -> None:
    """A single file, as from `nvim file.sql`."""
    client = start()
    client.initialize()
    uri = migration(shop)
    client.open(uri, SCHEMA, "sql")
    assert client.pull(uri)["kind"] == "full"
    hover = client.at("textDocument/hover", uri, 1, 14)
    assert "CREATE TABLE orders" in hover["contents"]["value"]
    client.stop()


def test_reading_can_be_stopped(tmp_path: Path, start: Start) -> None:
    """The person stops the progress bar: what single files say still holds."""
    root = make_shop(tmp_path / "shop")
    for number in range(58):
        (root / f"module_{number}.py").write_text("def f(x):\n    return x\n\n" * 400)
    client = start()
    client.initialize(root)
    begun = client.until(lambda: client.progress[0] if client.progress else None, "progress")
    client.notify("window/workDoneProgress/cancel", {"token": begun["token"]})
    client.notify("window/workDoneProgress/cancel", {"token": "unknown"})
    client.indexed()
    assert "stopped" in client.progress[-1]["value"]["message"]
    uri = migration(root)
    client.open(uri, SCHEMA, "sql")
    assert RULE not in client.codes(uri)
    assert client.actions(uri, position(0, 0)) == []
    client.stop()


def test_a_document_that_is_opened_again(shop: Path, start: Start) -> None:
    """Versions begin anew, and nothing of the closed document is left."""
    client = start()
    client.initialize(shop)
    client.indexed()
    uri = migration(shop)
    for _ in range(3):
        client.open(uri, SCHEMA, "sql", version=1)
        client.eventually(lambda: RULE in client.codes(uri))
        client.close(uri)
        client.open(uri, "SELECT 1;\n", "sql", version=1)
        assert client.pull(uri)["items"] == []
        client.close(uri)
    client.stop()
