"""Offsets and positions, in every encoding, while text is edited."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_analyzers.source import Edit
from backend_engineer.lsp.documents import _difference
from backend_engineer.lsp.positions import Encoding, Text, back, forward

PIECES = st.lists(
    st.sampled_from(
        ["\r", "\n", "\r\n", "a", "é", "\U0001f600", "\f", "\v", "\u2028", "\x85", " "]
    ),
    max_size=20,
)
TEXTS = PIECES.map("".join)
ENCODINGS: list[Encoding] = ["utf-8", "utf-16", "utf-32"]


@given(TEXTS, st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), TEXTS), max_size=4))
def test_edited_lines_are_those_of_the_whole_text(
    text: str, edits: list[tuple[float, float, str]]
) -> None:
    edited = Text(text.encode())
    for low, high, new in edits:
        start, end = sorted(round(x * len(edited.content)) for x in (low, high))
        edited = edited.edited(Edit(start, end, new.encode()))
        assert edited.starts == Text(edited.content).starts


@given(TEXTS)
def test_positions_lead_back_to_their_offset(text: str) -> None:
    indexed = Text(text.encode())
    for length in range(len(text) + 1):
        if text[length - 1 : length + 1] == "\r\n":
            continue  # no position lies between a CR and its LF
        offset = len(text[:length].encode())
        for encoding in ENCODINGS:
            line, character = indexed.position(offset, encoding)
            assert indexed.offset(line, character, encoding) == offset


@pytest.mark.parametrize(
    ("encoding", "character"), [("utf-8", 5), ("utf-16", 3), ("utf-32", 2)], ids=ENCODINGS
)
def test_a_character_outside_the_basic_plane(encoding: Encoding, character: int) -> None:
    text = Text('"\U0001f600"\n'.encode())
    assert text.position(5, encoding) == (0, character)
    assert text.offset(0, character, encoding) == 5


def test_only_line_ends_of_the_protocol_end_lines() -> None:
    text = Text("a\fb\vc\x85d\u2028e\r\nf\rg\nh".encode())
    assert [text.position(offset, "utf-8")[0] for offset in text.starts] == [0, 1, 2, 3]


def test_a_position_beyond_the_end_is_the_end() -> None:
    text = Text(b"ab\ncd")
    assert text.offset(0, 99, "utf-16") == 2
    assert text.offset(99, 0, "utf-16") == 5
    assert text.offset(-1, -1, "utf-16") == 0


def test_a_position_inside_a_character_is_its_start() -> None:
    text = Text("\U0001f600x".encode())
    assert text.offset(0, 1, "utf-16") == 0
    assert text.offset(0, 2, "utf-8") == 0


@given(TEXTS, TEXTS)
def test_a_whole_new_text_changes_only_what_differs(old: str, new: str) -> None:
    edit = _difference(old.encode(), new.encode())
    assert Text(old.encode()).edited(edit).content == new.encode()
    edit.text.decode()


@given(st.integers(0, 30), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)), max_size=5))
def test_offsets_outside_edits_lead_back_and_forward(
    offset: int, inserted: list[tuple[int, int]]
) -> None:
    edits = [Edit(at, at, b"x" * size) for at, size in inserted]
    assert back(forward(offset, edits), edits) == offset
