"""The report for people: the caret is under what is meant, whatever the line is made of."""

from __future__ import annotations

import unicodedata

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from backend_analyzers.source import File, Language
from backend_engineer.report.lines import Lines
from backend_engineer.report.located import Outcome, Range, Skipped, Spot
from tests.report.examples import Texts, fix, related


def test_a_finding_shows_where_what_and_what_to_do() -> None:
    texts = Texts(
        {
            "app.py": 'def all_orders(cursor):\n    cursor.execute("SELECT * FROM orders")\n',
            "schema.sql": "CREATE TABLE orders (id int);\n",
        }
    )
    finding = msgspec.structs.replace(
        texts.finding("app.py", "SELECT *"),
        related=related(texts.spot("schema.sql", "orders"), "the table"),
        fixes=fix(texts.spot("app.py", "*"), "id"),
    )
    assert texts.printed(Outcome((finding,), files=2), prefix="shop/") == (
        "shop/app.py:2:21 warning select-star `SELECT *` reads every column of `orders`\n"
        "   |\n"
        " 1 | def all_orders(cursor):\n"
        ' 2 |     cursor.execute("SELECT * FROM orders")\n'
        "   |                     ^^^^^^^^\n"
        "   = see: shop/schema.sql:1:14 the table\n"
        "   = table: orders\n"
        "   = help: Name the columns that are used.\n"
        "   = fix: Name the columns (apply it with --fix)\n"
        "\n"
        "Found 1 warning in 2 files.\n"
        "1 can be fixed with --fix; --fix --diff shows how.\n"
    )


@pytest.mark.parametrize(
    ("line", "shown", "marks"),
    [
        ("\tx = here", "    x = here", "        ^^^^"),
        ("a\tx = here", "a   x = here", "        ^^^^"),
        ('"日本" + here', '"日本" + here', "         ^^^^"),
        ('"😀" + here', '"😀" + here', "       ^^^^"),
        ('"👨\u200d👩\u200d👧" + here', '"👨\u200d👩\u200d👧" + here', "       ^^^^"),
        ("e\u0301 = here", "e\u0301 = here", "    ^^^^"),
        ("\x1b[31m here", "\ufffd[31m here", "      ^^^^"),
        ("\u202e here", "\ufffd here", "  ^^^^"),
    ],
)
def test_the_caret_is_right_for_tabs_wide_characters_and_emoji(
    line: str, shown: str, marks: str
) -> None:
    texts = Texts({"a.py": line})
    excerpt = texts.printed(Outcome((texts.finding("a.py", "here"),))).splitlines()[2:4]
    assert excerpt == [f" 1 | {shown}", f"   | {marks}"]


def test_a_marked_word_may_itself_be_wide() -> None:
    texts = Texts({"a.py": "x = 日本😀"})
    excerpt = texts.printed(Outcome((texts.finding("a.py", "日本😀"),))).splitlines()[3]
    assert excerpt == "   |     ^^^^^^"


def test_a_long_line_is_cut_around_what_is_marked() -> None:
    texts = Texts({"a.py": "x" * 500 + "here" + "y" * 500})
    printed = texts.printed(Outcome((texts.finding("a.py", "here"),)), width=80).splitlines()
    assert all(len(line) <= 80 for line in printed[1:4])
    start = printed[3].index("^")
    assert printed[2][start : start + 4] == "here"
    assert printed[3].count("^") == 4


def test_a_mark_longer_than_the_screen_is_cut() -> None:
    texts = Texts({"a.py": "x" * 500})
    printed = texts.printed(Outcome((texts.finding("a.py", "x" * 500),)), width=80).splitlines()
    assert all(len(line) <= 80 for line in printed[1:4])


def test_a_range_of_several_lines_marks_each_and_stops_early() -> None:
    body = "a(\n  b,\n\n  c,\n  d,\n  e)"
    texts = Texts({"a.py": f"x = {body}\n"})
    assert texts.printed(Outcome((texts.finding("a.py", body),))).splitlines()[1:10] == [
        "   |",
        " 1 | x = a(",
        "   |     ^^",
        " 2 |   b,",
        "   |   ^^",
        " 3 | ",
        " 4 |   c,",
        "   |   ^^",
        "...",
    ]


def test_an_empty_range_at_the_end_of_the_file_has_one_caret() -> None:
    texts = Texts({"a.py": "x\n"})
    spot = texts.spot("a.py", "\n")
    end = texts.lines["a.py"].position(2)
    at = msgspec.structs.replace(spot, range=type(spot.range)(end, end), start=2, end=2)
    finding = msgspec.structs.replace(texts.finding("a.py", "x"), at=at)
    assert "   | ^\n" in texts.printed(Outcome((finding,)))


def test_the_summary_counts_and_names_what_was_skipped() -> None:
    texts = Texts({"a.py": "x y"})
    one = texts.finding("a.py", "x")
    error = msgspec.structs.replace(one, severity="error")
    hint = msgspec.structs.replace(one, severity="hint")
    outcome = Outcome(
        (error, error, one, hint),
        baselined=(one,),
        files=1,
        skipped=(Skipped("b.js", "minified"),),
        fixed=2,
    )
    assert texts.printed(outcome).splitlines()[-4:] == [
        "Found 2 errors, 1 warning and 1 hint in 1 file.",
        "Fixed 2 findings.",
        "1 finding left out: in the baseline.",
        "Skipped b.js: minified.",
    ]
    assert texts.printed(Outcome((), files=3)) == "No findings in 3 files.\n"


@given(st.text(max_size=60), st.data(), st.integers(60, 90))
def test_no_text_breaks_the_layout(source: str, data: st.DataObject, width: int) -> None:
    lines = Lines(File("a.py", Language.PYTHON, source.encode(errors="replace")))
    size = len(lines.text)
    start = data.draw(st.integers(0, size))
    end = data.draw(st.integers(start, size))
    at = Spot("a.py", Range(lines.position(start), lines.position(end)), start, end)
    texts = Texts({"a.py": "x"})
    texts.lines["a.py"] = lines
    finding = msgspec.structs.replace(texts.finding("a.py", ""), at=at, message=source, help="")
    printed = texts.printed(Outcome((finding,)), width=width)
    assert "^" in printed
    for line in printed.split("\n")[1:-4]:
        assert cell_len(line) <= width
        assert not any(unicodedata.category(char) == "Cc" for char in line)
