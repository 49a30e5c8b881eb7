"""Whatever a schema is called, the diagram is one that Mermaid reads."""

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from backend_engineer.report.mermaid import diagram

NAME = r'"[^"%\\\n]+"'
WORD = r"(?!(?i:pk|fk|uk)(?![A-Za-z0-9_]))[A-Za-z_\u00c0-\uffef][A-Za-z0-9_\u00c0-\uffef-]*"
LINE = re.compile(
    rf"""erDiagram | \ {{4}}(?:%%\ [^\n]+ | {NAME}(?:\ \{{)? | \}}
    | {NAME}\ (?:\|\||\|o)(?:--|\.\.)o[|{{]\ {NAME}\ :\ "[^"%\n]*")
    | \ {{8}}{WORD}\ {WORD}(?:\ (?:PK|FK|UK)(?:,\ (?:FK|UK))*)?(?:\ "[^"\n]*")?""",
    re.VERBOSE,
)


def table(name: str, *columns: str, **more: Any) -> dict[str, Any]:
    made = {
        "table": name,
        "schema_folder": "",
        "kind": "table",
        "columns": [{"name": c, "type": "bigint", "nullable": c != "id"} for c in columns],
        "primary_key": ["id"] if "id" in columns else [],
        "indexes": [],
        "foreign_keys": [],
    }
    return made | more


def key(column: str, target: str) -> dict[str, Any]:
    return {"columns": [column], "table": target}


def test_tables_keys_and_how_many_rows_meet() -> None:
    unique = {"columns": ["badge"], "keys": ["badge"], "unique": True, "where": None}
    people = table("people", "id", "boss", "badge", foreign_keys=[key("badge", "badges")])
    people["indexes"] = [unique]
    people["foreign_keys"].append(key("boss", "people"))
    part = table("parts", "id", foreign_keys=[key("id", "people")])
    assert diagram([people, table("badges", "id"), part]) == (
        "erDiagram\n"
        '    "people" {\n'
        "        bigint id PK\n"
        "        bigint boss FK\n"
        "        bigint badge FK, UK\n"
        "    }\n"
        '    "badges" {\n        bigint id PK\n    }\n'
        '    "parts" {\n        bigint id PK, FK\n    }\n'
        '    "badges" |o..o| "people" : "badge"\n'
        '    "people" |o..o{ "people" : "boss"\n'
        '    "people" ||--o{ "parts" : "id"\n'
    )


def test_names_that_the_grammar_does_not_take() -> None:
    odd = table('Order "Lines" {x} 😋', "pk", "1st", "größe", "a,b", "%%")
    odd["columns"][0]["type"] = "numeric(10,2)[]"
    assert diagram([odd]) == (
        "erDiagram\n"
        '    "Order Lines x" {\n'
        '        numeric_10_2_array _pk "pk"\n'
        '        bigint _1st "1st"\n'
        "        bigint größe\n"
        '        bigint a_b "a,b"\n'
        "        bigint column\n"
        "    }\n"
    )


def test_the_same_name_in_two_folders() -> None:
    shown = diagram([table("users", schema_folder="a"), table("users", schema_folder="b")])
    assert shown == 'erDiagram\n    "a: users"\n    "b: users"\n'


def test_a_big_schema_is_shown_by_its_keys_and_a_huge_one_by_its_names() -> None:
    wide = [f"column_number_{n}" for n in range(40)]
    big = [
        table(f"t{n}", "id", *wide, foreign_keys=[key(wide[0], f"t{n - 1}")]) for n in range(200)
    ]
    shown = diagram(big)
    assert "column_number_0 FK" in shown and "column_number_1\n" not in shown
    assert len(shown) < 50_000 and shown.count("..o{") == 199
    huge = diagram(big * 4)
    assert "no columns are shown" in huge


@given(
    st.lists(st.tuples(st.text(min_size=1), st.lists(st.text(min_size=1), max_size=3)), max_size=4)
)
def test_any_names(named: list[tuple[str, list[str]]]) -> None:
    tables = [table(name, *columns) for name, columns in named]
    for one in tables:
        one["foreign_keys"] = [key(c["name"], tables[0]["table"]) for c in one["columns"]]
    for line in diagram(tables).removesuffix("\n").split("\n"):
        assert LINE.fullmatch(line), line
