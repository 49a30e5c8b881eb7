"""What a language module hands over before anything is lowered: where the units of a file are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import tree_sitter as ts


class Piece(NamedTuple):
    """The text of one unit-to-be, found without looking inside it.

    `start` includes decorators and export keywords.  `kind` tells pieces apart whose text and node
    type are the same and which still lower differently: the header of a class is `"class"`, all
    else `"statement"`.  `owner` is the qualified name of the class around it.  `name` is qualified
    (`Orders.create`), and empty for what has no name.

    `text` is what the offsets of `node`, `start` and `end` count in, if that is not the text of
    the file: a fragment of a broken file that was parsed by itself; `shift` then takes an offset
    into the file.  `is_broken` is said where `node` is more than the piece.
    """

    node: ts.Node
    start: int
    end: int
    owner: str
    name: str
    kind: str = "statement"
    text: bytes | None = None
    shift: int = 0
    is_broken: bool | None = None


class Group(NamedTuple):
    """The pieces between two offsets of the file.

    They follow from the text there and from `kind` alone, and are only asked for when the version
    before had no such text.  Without a `kind` they depend on more, such as the parser's recovery.
    """

    kind: str
    start: int
    end: int
    pieces: Iterator[Piece]
