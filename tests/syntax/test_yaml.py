"""YAML: units by the text, values by the grammar."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_analyzers import ir
from backend_analyzers.source import Edit, File, Language
from backend_analyzers.syntax import module
from backend_analyzers.syntax.yaml import value, values
from tests.syntax.render import shown


def _file(text: str) -> File:
    return File("a.yaml", Language.YAML, text.encode())


def _units(text: str) -> list[tuple[str, str]]:
    file = _file(text)
    lowered = module(file)
    return [
        (unit.key.partition("#")[0], file.source(start, start + unit.node.end))
        for unit, start in zip(lowered.units, lowered.offsets, strict=True)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb:\n  c\n", [("a", "a: 1"), ("b", "b:\n  c")]),
        (
            "# about\nservices:\n\n  # the web\n  web:\n    image: a\n  # b\n  db: {}\n\nx: 1\n",
            [
                ("services", "services:"),
                ("services.web", "  web:\n    image: a"),
                ("services.db", "  db: {}"),
                ("x", "x: 1"),
            ],
        ),
        ("l:\n- a: 1\n  b: 2\n- c\n", [("l", "l:"), ("l.", "- a: 1\n  b: 2"), ("l.", "- c")]),
        ("l:\n  - a: 1\n    b: 2\n", [("l", "l:"), ("l.", "  - a: 1\n    b: 2")]),
        ("- a\n- b: 1\n", [("", "- a"), ("", "- b: 1")]),
        ("a: 1\n---\na: 2\n", [("a", "a: 1"), ("a~2", "a: 2")]),
        ("s: |\n  x: 1\n  # no comment\n", [("s", "s: |\n  x: 1\n  # no comment")]),
        ('{"a": [\n1,\n2\n]}\n', [("", '{"a": [\n1,\n2\n]}')]),
        ("a: &x\n  b: 1\nc: *x\n", [("a", "a: &x"), ("a.b", "  b: 1"), ("c", "c: *x")]),
        ('"q r": 1\n', [("q r", '"q r": 1')]),
        ("a:\n", [("a", "a:")]),
        ("", []),
        ("# only\n", []),
    ],
)
def test_units(text: str, expected: list[tuple[str, str]]) -> None:
    assert _units(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1", "(Collection mapping [(Text ['a']):1])"),
        ("a: [x, 1.5, true, null, ~]", "[(Text ['x']) 1.5 True None None]"),
        ("a: {b: c, 1: d}", "(Collection mapping [(Text ['b']):(Text ['c']) (Text ['1']):(Text ['d'])])"),
        ("a:\n  - b: c\n    d: e", "(Collection mapping [(Text ['b']):(Text ['c']) (Text ['d']):(Text ['e'])])"),
        ("a:\n  <<: *x\n  b: *y", "[*x (Text ['b']):y]"),
        (r'a: "x\ty\u00e9"', r"(Text ['x' '\t' 'y' 'é'])"),
        ("a: 'it''s'", '(Text [\'it\' "\'" \'s\'])'),
        ("a: |\n  x\n   y\n", r"(Text ['x' '\n' ' y'"),
        ("a: >-\n  x\n  y\n\n  z\n", r"(Text ['x' ' ' 'y' '\n' '\n' 'z'"),
        ("a:", ":None"),
        ("a: !t &b c", "(Text ['c'])"),
        ("a: two\n  words", "(Text ['two' ' ' 'words'])"),
        ("- ", "(Collection list [None])"),
    ],
)  # fmt: skip
def test_values(text: str, expected: str) -> None:
    assert expected in shown(value(text.encode()))


def test_chunks_stand_where_they_say() -> None:
    text = 'é: "aé\\nb"\ns: |\n    SELECT é\n      FROM t\n'.encode()
    for node in ir.walk(value(text)):
        if isinstance(node, ir.Chunk) and text[node.start : node.start + 1] not in b"\\":
            assert text[node.start : node.end].decode() == node.text


def test_an_edit_keeps_the_other_units_and_values() -> None:
    before = _file("services:\n  web:\n    image: a\n  db:\n    image: b\n")
    known = values(before)
    at = before.text.index(b"a\n")
    after = before.edited((Edit(at, at + 1, b"c"),))

    assert values(after)["services.web"] is not known["services.web"]
    assert values(after)["services.db"] is known["services.db"]
    fresh = File(after.path, after.language, after.text)
    assert module(after) == module(fresh)
    assert values(after) == values(fresh)


@given(st.text(alphabet="ab:- \n#|>'\"[]{}&*é\t\\", max_size=60))
def test_anything_is_taken(text: str) -> None:
    file = _file(text)
    lowered = module(file)
    ends = [s + u.node.end for u, s in zip(lowered.units, lowered.offsets, strict=True)]
    assert all(end <= after for end, after in zip(ends, lowered.offsets[1:], strict=False))
    assert set(values(file)) == {unit.key for unit in lowered.units}
