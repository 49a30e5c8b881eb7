"""Decoding, lines, edits: that a file is the same however its text came about."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree_sitter import Node

from backend_analyzers.source import Edit, File, Language, decode

E_ACUTE = "é"


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("a.py", Language.PYTHON),
        ("a/b.PYI", Language.PYTHON),
        ("a.d.ts", Language.TYPESCRIPT),
        ("a.mjs", Language.JAVASCRIPT),
        ("a.tsx", Language.TSX),
        ("a.sql", Language.SQL),
        ("prisma/schema.prisma", Language.PRISMA),
        ("a.yml", Language.YAML),
        ("db/db.changelog-master.json", Language.YAML),
        ("package.json", None),
        ("py", None),
        ("a/.py", None),
        ("dir.py/README", None),
        ("", None),
    ],
)
def test_language_of_a_path(path: str, language: Language | None) -> None:
    assert Language.of(path) is language


@pytest.mark.parametrize(
    ("raw", "text", "encoding"),
    [
        (b"", "", "utf-8"),
        ("é😀".encode(), "é😀", "utf-8"),
        (codecs.BOM_UTF8 + b"x = 1", "x = 1", "utf-8-sig"),
        (codecs.BOM_UTF16_LE + "é".encode("utf-16-le"), "é", "utf-16"),
        (codecs.BOM_UTF16_BE + "é".encode("utf-16-be"), "é", "utf-16"),
        (codecs.BOM_UTF32_LE + "é".encode("utf-32-le"), "é", "utf-32"),
        (codecs.BOM_UTF32_BE + "é".encode("utf-32-be"), "é", "utf-32"),
        (b"# -*- coding: latin-1 -*-\n\xe9", "# -*- coding: latin-1 -*-\né", "iso8859-1"),
        (b"#!/bin/x\n# vim: set fileencoding=cp1252 :\n\x80", None, "cp1252"),
        (b"\r\n# coding: koi8-r\r\n\xc1", "\r\n# coding: koi8-r\r\n\u0430", "koi8-r"),
        (b"\n\n# coding: latin-1\n\xc3\xa9", "\n\n# coding: latin-1\né", "utf-8"),
        (b"x = 1\n# coding: latin-1\n\xc3\xa9", "x = 1\n# coding: latin-1\né", "utf-8"),
        (b"# coding: shift_jis\n\x82\xa0", "# coding: shift_jis\nあ", "shift_jis"),
        (b"# coding: no-such-thing\n\xc3\xa9", "# coding: no-such-thing\né", "utf-8"),
        (b"# coding: hex\nzz", "# coding: hex\nzz", "utf-8"),
        (b"# coding: rot13\nabc", "# coding: rot13\nabc", "utf-8"),
        (b"\xff\xfeA", None, "utf-16"),
        (b"a\xffb", "a\ufffdb", "utf-8"),
    ],
)
def test_decode(raw: bytes, text: str | None, encoding: str) -> None:
    decoded, name = decode(raw)
    assert name == encoding
    if text is not None:
        assert decoded == text


@given(st.binary(max_size=200))
def test_decode_takes_anything(raw: bytes) -> None:
    text, name = decode(raw)
    assert isinstance(text, str)
    assert codecs.lookup(name)


@given(
    st.binary(max_size=40),
    st.sampled_from(["utf-7", "utf-16", "idna", "punycode", "unicode_escape", "raw_unicode_escape"])
    | st.text(max_size=10),
)
def test_decode_takes_any_declaration(raw: bytes, name: str) -> None:
    decoded, _ = decode(b"# coding: " + name.encode(errors="replace") + b"\n" + raw)
    decoded.encode()


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("", (0,)),
        ("a", (0,)),
        ("a\n", (0, 2)),
        ("a\r\nb\rc\nd", (0, 3, 5, 7)),
        ("\n\r", (0, 1, 2)),
        ("a\fb\vc\x1cd\x85e\u2028f\u2029g", (0,)),
        ("\tx\n\ty", (0, 3)),
        ("😀\né", (0, 5)),
    ],
)
def test_lines_end_as_in_lsp(text: str, starts: tuple[int, ...]) -> None:
    assert File("a.py", Language.PYTHON, text.encode()).line_starts == starts


def test_digest_is_of_text_and_language() -> None:
    file = File("a.py", Language.PYTHON, b"x")
    assert file.digest == File("b.py", Language.PYTHON, b"x").digest
    assert file.digest != File("a.py", Language.PYTHON, b"y").digest
    assert file.digest != File("a.ts", Language.TYPESCRIPT, b"x").digest


def test_source_of_half_a_character() -> None:
    file = File("a.py", Language.PYTHON, E_ACUTE.encode())
    assert file.source(0, 2) == E_ACUTE
    assert file.source(0, 1) == "\ufffd"


def test_an_edit_leaves_the_file_it_was_made_to_alone() -> None:
    file = File("a.py", Language.PYTHON, b"x = 1\n")
    before = _nodes(file.tree.root_node)
    after = file.edited((Edit(4, 5, b"2"), Edit(0, 0, b"y = ")))
    assert after.text == b"y = x = 2\n"
    assert file.text == b"x = 1\n"
    assert _nodes(file.tree.root_node) == before


def test_what_was_known_is_handed_on() -> None:
    file = File("a.py", Language.PYTHON, b"x\n")
    file.memo["fact"] = 1
    unseen = file.edited((Edit(0, 0, b"y"),))
    seen = unseen.edited((Edit(0, 0, b"z"),))
    assert seen.reused["fact"] == 1
    assert "fact" not in seen.memo


_PIECES = ["x = 1\n", "def f():\n", "    return 'é'\n", "\r\n", "\r", "\t", "\f", "\v", "\u2028"]
_PIECES += ["😀", "\x00", "(", ")", '"""', "'", "# c", "class A:\n", "if x:\n", "import a", "\\\n"]
_CHANGES = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(["", *_PIECES])), max_size=6
)


@settings(deadline=None)
@given(st.lists(st.sampled_from(_PIECES), max_size=30).map("".join), _CHANGES)
def test_incremental_reparse_is_the_same_as_a_fresh_one(
    text: str, changes: list[tuple[float, int, str]]
) -> None:
    file = File("a.py", Language.PYTHON, text.encode())
    for at, deleted, inserted in changes:
        now = file.text.decode()
        index = int(at * len(now))
        start = len(now[:index].encode())
        end = start + len(now[index : index + deleted].encode())
        file = file.edited((Edit(start, end, inserted.encode()),))
        fresh = File("a.py", Language.PYTHON, file.text)
        assert _nodes(file.tree.root_node) == _nodes(fresh.tree.root_node)


def _nodes(root: Node) -> list[tuple[object, ...]]:
    out: list[tuple[object, ...]] = []
    stack = [root]
    while stack:
        node = stack.pop()
        out.append((node.type, node.start_byte, node.end_byte, node.start_point, node.end_point))
        stack += node.children
    return out


def test_an_odd_encoding_is_no_noise() -> None:
    """`unicode_escape` warns of escapes that it does not know; warnings are errors here."""
    text, encoding = decode(b"# coding: unicode_escape\nx = '\\d \\x41'\n")

    assert encoding.replace("-", "_") == "unicode_escape"
    assert "A" in text
