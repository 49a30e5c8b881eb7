"""Diagnostics, pulled and published, while documents are edited."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lsp.client import FULL, PUSH, Client, Refused, edit
from tests.lsp.conftest import SCHEMA

Start = Callable[..., Client]
RULE = "redundant-index"


def migration(root: Path) -> str:
    return (root / "migrations" / "001_orders.sql").as_uri()


def only(items: list[dict[str, Any]], rule: str = RULE) -> dict[str, Any]:
    (found,) = [item for item in items if item["code"] == rule]
    return found


def test_a_pulled_diagnostic_is_whole(shared: tuple[Client, Path]) -> None:
    client, root = shared
    uri = migration(root)
    client.open(uri, SCHEMA, "sql")
    report = client.pull(uri)
    found = only(report["items"])
    assert found["range"] == {
        "start": {"line": 6, "character": 0},
        "end": {"line": 6, "character": 43},
    }
    assert found["severity"] == 2
    assert found["source"] == "backend-engineer"
    assert found["message"].startswith("`orders_total` is a prefix of `orders_total_id`\n")
    assert found["data"]["rule"] == RULE
    assert found["relatedInformation"][0]["location"]["uri"] == uri
    assert found["relatedInformation"][0]["location"]["range"]["start"]["line"] == 7
    again = client.pull(uri, report["resultId"])
    assert again == {"kind": "unchanged", "resultId": report["resultId"]}
    client.close(uri)


def test_findings_follow_the_text(shared: tuple[Client, Path]) -> None:
    client, root = shared
    uri = migration(root)
    client.open(uri, SCHEMA, "sql")
    client.change(uri, 2, edit((0, 0), (0, 0), "-- a comment\n"))
    assert only(client.pull(uri)["items"])["range"]["start"] == {"line": 7, "character": 0}
    client.change(uri, 3, edit((8, 0), (9, 0), ""))
    client.eventually(lambda: RULE not in client.codes(uri), "the finding's end")
    client.change(uri, 4, {"text": SCHEMA})
    client.eventually(lambda: RULE in client.codes(uri), "the finding")
    client.close(uri)


def test_a_broken_file_keeps_its_other_findings(shared: tuple[Client, Path]) -> None:
    client, root = shared
    uri = migration(root)
    client.open(uri, SCHEMA, "sql")
    client.change(uri, 2, edit((8, 0), (8, 0), "CREATE TABLE half (id bigint PRI"))
    assert RULE in client.codes(uri)
    client.close(uri)


def test_a_question_that_newer_text_overtakes_is_refused(shared: tuple[Client, Path]) -> None:
    client, root = shared
    uri = (root / "long.py").as_uri()
    client.open(uri, "def f():\n    pass\n" * 2_000)
    refusals = []
    for version in range(2, 12):
        client.change(uri, version, edit((0, 0), (0, 0), "#\n"))
        asked = client.ask("textDocument/diagnostic", {"textDocument": {"uri": uri}})
        client.change(uri, version + 100, edit((0, 0), (0, 0), "#\n"))
        try:
            assert client.answer(asked)["kind"] == "full"
        except Refused as refused:
            refusals.append((refused.code, refused.data))
    assert refusals
    assert all(refusal == (-32802, {"retriggerRequest": True}) for refusal in refusals)
    client.close(uri)


def test_documents_that_are_not_read_have_none(shared: tuple[Client, Path]) -> None:
    client, root = shared
    for name, language, text in (
        ("notes.md", "markdown", "# SELECT"),
        ("min.js", "javascript", "a=1;" * 5_000),
    ):
        uri = (root / name).as_uri()
        client.open(uri, text, language)
        assert client.pull(uri)["items"] == []
        client.change(uri, 2, edit((0, 0), (0, 1), "x"))
        assert client.pull(uri)["items"] == []
        client.close(uri)
    assert client.pull("file:///never/opened.py")["items"] == []


def test_a_document_without_a_file(shared: tuple[Client, Path]) -> None:
    client, _ = shared
    client.open("untitled:Untitled-1", SCHEMA, "sql")
    assert client.pull("untitled:Untitled-1")["kind"] == "full"
    client.close("untitled:Untitled-1")


def test_published_to_a_client_that_does_not_pull(shop: Path, start: Start) -> None:
    client = start()
    client.initialize(shop, capabilities=PUSH)
    uri = migration(shop)
    client.open(uri, SCHEMA, "sql", version=7)
    client.until(
        lambda: any(p["diagnostics"] for p in client.published.get(uri, [])) or None, "findings"
    )
    assert only(client.diagnostics_of(uri, 7))["severity"] == 2
    client.change(uri, 8, edit((0, 0), (0, 0), "\n"))
    assert only(client.diagnostics_of(uri, 8))["range"]["start"]["line"] == 7
    client.close(uri)
    assert client.diagnostics_of(uri, None) == []
    client.stop()


def test_a_client_that_can_do_nothing(shop: Path, start: Start) -> None:
    client = start()
    client.initialize(shop, capabilities={})
    uri = migration(shop)
    client.open(uri, SCHEMA, "sql")
    client.until(
        lambda: any(p["diagnostics"] for p in client.published.get(uri, [])) or None, "findings"
    )
    found = only(client.diagnostics_of(uri, 1))
    assert "relatedInformation" not in found
    assert "codeDescription" not in found
    client.stop()


def test_the_client_is_told_to_ask_again(shop: Path, start: Start) -> None:
    """A change of one document changes the findings in another."""
    client = start()
    client.initialize(shop)
    client.indexed()
    first, second = migration(shop), (shop / "migrations" / "002_more.sql").as_uri()
    client.open(first, SCHEMA, "sql")
    assert "unindexed-foreign-key" in client.codes(first)
    client.open(second, "CREATE INDEX orders_customer ON orders (customer_id);\n", "sql")
    client.until(
        lambda: [a for a in client.asked if a["method"] == "workspace/diagnostic/refresh"] or None,
        "a refresh",
    )
    client.eventually(lambda: "unindexed-foreign-key" not in client.codes(first))
    client.stop()


def test_without_refresh_the_first_answer_is_whole(shop: Path, start: Start) -> None:
    client = start()
    workspace = {**FULL["workspace"], "diagnostics": {}}
    client.initialize(shop, capabilities={**FULL, "workspace": workspace})
    client.indexed()
    uri = migration(shop)
    client.open(uri, SCHEMA, "sql")
    client.pull(uri)
    client.change(uri, 2, edit((7, 0), (7, 0), "CREATE INDEX c ON orders (customer_id);\n"))
    assert "unindexed-foreign-key" not in client.codes(uri)
    client.stop()


def test_workspace_diagnostics_when_asked_for(shop: Path, start: Start) -> None:
    client = start()
    options = {"lsp": {"workspaceDiagnostics": True}}
    answered = client.initialize(shop, options=options)
    assert answered["capabilities"]["diagnosticProvider"]["workspaceDiagnostics"] is True
    first = client.request("workspace/diagnostic", {"previousResultIds": []})
    uri = migration(shop)
    report = next(item for item in first["items"] if item["uri"] == uri)
    only(report["items"])
    known = [{"uri": item["uri"], "value": item["resultId"]} for item in first["items"]]
    asked = client.ask("workspace/diagnostic", {"previousResultIds": known})
    client.open(uri, "SELECT 1;\n", "sql", version=3)
    second = client.answer(asked)
    changed = next(item for item in second["items"] if item["uri"] == uri)
    assert changed["items"] == []
    assert _cancelled_while_open(client, {i["uri"]: i["value"] for i in known}) == -32800
    client.stop()


def _cancelled_while_open(client: Client, known: dict[str, str]) -> int:
    """The code of a question that was cancelled while nothing was new.

    The rules that compare files may still have news of the last change: then it is asked again.
    """
    for _ in range(10):
        ids = [{"uri": uri, "value": value} for uri, value in known.items()]
        asked = client.ask("workspace/diagnostic", {"previousResultIds": ids})
        client.notify("$/cancelRequest", {"id": asked})
        try:
            answer = client.answer(asked)
        except Refused as refused:
            return int(refused.code)
        known |= {item["uri"]: item["resultId"] for item in answer["items"]}
    raise AssertionError("there was always something new")


def test_workspace_diagnostics_are_off_by_default(shared: tuple[Client, Path]) -> None:
    client, _ = shared
    with pytest.raises(Refused) as unknown:
        client.request("workspace/diagnostic", {"previousResultIds": []})
    assert unknown.value.code == -32601


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_ranges_in_each_encoding(encoding: str, shop: Path, start: Start) -> None:
    """Emoji before the finding on its line, and characters that only look like line ends."""
    client = start()
    capabilities = {**FULL, "general": {"positionEncodings": [encoding, "utf-16"]}}
    answered = client.initialize(shop, capabilities=capabilities)
    assert answered["capabilities"]["positionEncoding"] == encoding
    client.indexed()
    uri = migration(shop)
    text = SCHEMA.replace("\n", "\r\n").replace(
        "CREATE INDEX orders_total ", "/* \U0001f600\f\u2028é */ CREATE INDEX orders_total "
    )
    client.open(uri, text, "sql")
    client.eventually(lambda: RULE in client.codes(uri))
    units = {"utf-8": len("/* \U0001f600\f\u2028é */ ".encode()), "utf-16": 12, "utf-32": 11}
    found = only(client.pull(uri)["items"])
    assert found["range"]["start"] == {"line": 6, "character": units[encoding]}
    inserted = edit((6, units[encoding]), (6, units[encoding]), "\U0001f600")
    client.change(uri, 2, edit((6, 3), (6, 3), "\U0001f600é"), edit((5, 0), (5, 0), "\r\n"))
    grown = {"utf-8": 6, "utf-16": 3, "utf-32": 2}[encoding]
    found = only(client.pull(uri)["items"])
    assert found["range"]["start"] == {"line": 7, "character": units[encoding] + grown}
    assert inserted
    client.stop()
