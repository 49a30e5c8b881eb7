"""Tables as an entity-relationship diagram in Mermaid (https://mermaid.js.org/syntax/entityRelationshipDiagram.html).

Names that its grammar does not take are changed as little as can be, and then said in a comment.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_LONGEST = 50_000
"""Characters that Mermaid draws unless it is told otherwise (`maxTextSize`)."""
_PLAIN = "_-.,:/()'"
_DIRECTION = re.compile(r"(direction)\s+", re.IGNORECASE)
_KEYWORD = re.compile(r"(?:pk|fk|uk)\b", re.IGNORECASE | re.ASCII)

Row = Mapping[str, Any]


def diagram(tables: Sequence[Row]) -> str:
    """The diagram of some tables, as `model tables --format json` has them.

    When all columns are too much for Mermaid only keys are shown, and then names alone.
    """
    shown = [table for table in tables if table["kind"] in {"table", "foreign table"}]
    text = ""
    for columns in ("all", "keys", "none"):
        text = "\n".join(_lines(shown, columns)) + "\n"
        if len(text) <= _LONGEST:
            break
    return text


def _lines(tables: Sequence[Row], columns: str) -> Iterator[str]:
    names = _names(tables)
    yield "erDiagram"
    if columns != "all":
        what = "only the columns of keys are" if columns == "keys" else "no columns are"
        yield f"    %% {what} shown: more than {_LONGEST:,} characters are not drawn"
    for number, table in enumerate(tables):
        inside = [] if columns == "none" else list(_attributes(table, everything=columns == "all"))
        if inside:
            yield f"    {names[number]} {{"
            yield from inside
            yield "    }"
        else:
            yield f"    {names[number]}"
    places = {(table["schema_folder"], table["table"]): n for n, table in enumerate(tables)}
    for number, table in enumerate(tables):
        for key in table["foreign_keys"]:
            target = places.get((table["schema_folder"], key["table"]))
            if target is not None:
                yield f"    {names[target]} {_cardinality(table, key)} {names[number]} : {_label(key)}"


def _names(tables: Sequence[Row]) -> list[str]:
    """A name for each table in quotes: with its folder where several have the same."""
    counts = Counter(table["table"] for table in tables)
    used: Counter[str] = Counter()
    names = []
    for table in tables:
        name = table["table"]
        if counts[name] > 1 and table["schema_folder"]:
            name = f"{table['schema_folder']}: {name}"
        name = _text(name) or "_"
        used[name] += 1
        names.append(f'"{name}"' if used[name] == 1 else f'"{name} ({used[name]})"')
    return names


def _attributes(table: Row, *, everything: bool) -> Iterator[str]:
    primary = set(table["primary_key"])
    foreign = {name for key in table["foreign_keys"] for name in key["columns"]}
    unique = {
        index["columns"][0]
        for index in table["indexes"]
        if index["unique"] and len(index["keys"]) == 1 and index["columns"] and not index["where"]
    }
    for column in table["columns"]:
        name = column["name"]
        marks = [
            mark
            for mark, names in (("PK", primary), ("FK", foreign), ("UK", unique - primary))
            if name in names
        ]
        if not (everything or marks):
            continue
        word, kind = _word(name, "column"), _word(_kind(column["type"]), "unknown")
        notes = [told] if word != name and (told := _text(name)) else []
        if not column["nullable"] and name not in primary:
            notes.append("not null")
        note = f' "{", ".join(notes)}"' if notes else ""
        keys = f" {', '.join(marks)}" if marks else ""
        yield f"        {kind} {word}{keys}{note}"


def _kind(written: str) -> str:
    """`numeric(10,2)` as `numeric_10_2`: the grammar has no room for a comma."""
    return re.sub(r"[\W_]+", "_", written.replace("[]", "_array")).strip("_")


def _word(name: str, otherwise: str) -> str:
    """A name as one word that is none of the grammar's own."""
    word = "".join(char if _is_taken(char) else " " for char in name)
    word = "_".join(word.split()) or otherwise
    is_name = word[0] == "_" or word[0].isalpha()
    return word if is_name and not _KEYWORD.match(word) else f"_{word}"


def _is_taken(char: str) -> bool:
    """Whether the grammar takes a character in a word: of ASCII few, else letters of the first plane."""
    if char.isascii():
        return char.isalnum() or char in "_-"
    return "\u00c0" <= char <= "\uffef" and char.isalnum()


def _text(name: str) -> str:
    """A text for between double quotes, without what Mermaid takes for its own there too."""
    plain = "".join(char if char.isalnum() or char in _PLAIN else " " for char in name)
    return _DIRECTION.sub(r"\1_", " ".join(plain.split()))


def _cardinality(table: Row, key: Row) -> str:
    """From the parent to the child: one or none to one, none or many."""
    columns = key["columns"]
    nullable = {column["name"] for column in table["columns"] if column["nullable"]}
    parent = "|o" if nullable & set(columns) else "||"
    alone = any(
        index["unique"] and not index["where"] and set(index["keys"]) == set(columns)
        for index in table["indexes"]
    )
    within = "--" if set(columns) & set(table["primary_key"]) else ".."
    return f"{parent}{within}{'o|' if alone else 'o{'}"


def _label(key: Row) -> str:
    return f'"{_text(", ".join(key["columns"]))}"'
