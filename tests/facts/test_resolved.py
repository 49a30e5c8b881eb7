"""Statements are resolved once for each schema, and only what an edit touches is resolved anew."""

import pytest

from backend_analyzers.analyze import review_all
from backend_analyzers.facts.near import nearest
from backend_analyzers.facts.resolved import resolved
from backend_analyzers.source import Edit
from backend_analyzers.sources import Open
from backend_analyzers.workspace import Workspace

SCHEMA = "CREATE TABLE orders (id bigint PRIMARY KEY, note text);\n"
CODE = "import psycopg\ndef f(c: psycopg.Connection):\n    c.execute('SELECT {} FROM orders')\n"
TEXTS = {"m/1.sql": SCHEMA, "a.py": CODE.format("id, nte"), "b.py": CODE.format("id, note")}


def edited(workspace: Workspace, path: str, old: str, new: str) -> Workspace:
    file = workspace.files[path].file()
    at = file.text.index(old.encode())
    edit = Edit(at, at + len(old.encode()), new.encode())
    return workspace.updated({path: Open(file.edited((edit,)))})


def messages(workspace: Workspace) -> list[str]:
    return [f.message for found in review_all(workspace).values() for f in found]


def test_an_edit_resolves_its_own_file_only() -> None:
    before = Workspace.of(TEXTS)
    kept = before.fact(resolved)["b.py"]
    after = edited(before, "a.py", "nte", "note")

    assert after.fact(resolved)["b.py"] is kept
    assert messages(before) == ["`orders` has no column `nte`"]
    assert messages(after) == []


def test_a_migration_resolves_all_of_them() -> None:
    before = Workspace.of(TEXTS)
    assert messages(before) == ["`orders` has no column `nte`"]
    after = edited(before, "m/1.sql", "note text", "nte text")

    assert messages(after) == ["`orders` has no column `note`"]
    texts = {path: source.file().text.decode() for path, source in after.files.items()}
    assert messages(Workspace.of(texts)) == messages(after)


def test_workspaces_with_the_same_paths_do_not_mix() -> None:
    one = Workspace.of(TEXTS)
    other = Workspace.of(
        {**TEXTS, "m/1.sql": "CREATE TABLE orders (id bigint PRIMARY KEY, nte text);"}
    )

    assert messages(one) == ["`orders` has no column `nte`"]
    assert messages(other) == ["`orders` has no column `note`"]
    assert messages(one) == ["`orders` has no column `nte`"]


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("custmer_id", ["customer_id", "id"], "customer_id"),
        ("ordres", ["orders", "order_lines"], "orders"),
        ("nmae", ["name", "note"], "name"),
        ("id", ["ids", "io"], None),
        ("total", ["state", "placed_at"], None),
        ("colour_a", ["colour_b", "colour_c"], None),
        ("größe", ["größen"], "größen"),
        ("", ["a"], None),
    ],
)
def test_nearest(name: str, known: list[str], meant: str | None) -> None:
    assert nearest(name, known) == meant
