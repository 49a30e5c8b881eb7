"""One file per language: syntax tree to ir.

A language module has `pieces(root)`, which finds the units of a file without looking inside
them, and `lower(piece, text)`, which makes one statement of the ir out of a piece, with offsets
from the start of the piece.  What is lowered for one version of a file is taken over by the next
wherever the text of the piece is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Protocol

import tree_sitter as ts

from backend_analyzers import ir
from backend_analyzers.source import File, Language
from backend_analyzers.syntax.piece import Piece


class LanguageModule(Protocol):
    """What `syntax/python.py` and `syntax/ecmascript.py` offer."""

    def pieces(self, root: ts.Node) -> Iterator[Piece]: ...

    def lower(self, piece: Piece, text: bytes) -> ir.Stmt: ...


def module(file: File) -> ir.Module:
    """The units of `file`; those whose text did not change since the last version are the same."""
    known = file.memo.get(module)
    if known is None:
        known = _module(file) if file.language.is_code else _sql_module(file)
        file.memo[module] = known
    result: ir.Module = known
    return result


def _sql_module(file: File) -> ir.Module:
    from backend_analyzers.syntax import sql  # noqa: PLC0415

    return sql.module(file)


_Statements = dict[tuple[str, bool, str, bytes], ir.Stmt]
_Units = dict[str, ir.Unit]


def _module(file: File) -> ir.Module:
    language = _language(file.language)
    return _assembled(file, language, language.pieces(file.tree.root_node))


def _assembled(file: File, language: LanguageModule, pieces: Iterable[Piece]) -> ir.Module:
    old_statements: _Statements = file.reused.get(_statement, {})
    old_units: _Units = file.reused.get(_unit, {})
    statements: _Statements = {}
    units: _Units = {}
    offsets = []
    for piece in pieces:
        text = file.text if piece.text is None else piece.text
        own = text[piece.start : piece.end]
        node = _statement(language, piece, text, own, statements, old_statements)
        unit = _unit(piece, own, node, units, old_units)
        units[unit.key] = unit
        offsets.append(piece.start + piece.shift)
    file.memo[_statement] = statements
    file.memo[_unit] = units
    return ir.Module(tuple(units.values()), tuple(offsets))


def _statement(
    language: LanguageModule,
    piece: Piece,
    text: bytes,
    own: bytes,
    statements: _Statements,
    old_statements: _Statements,
) -> ir.Stmt:
    """Error recovery depends on what is around a broken piece, so only whole ones are kept."""
    is_broken = piece.node.has_error if piece.is_broken is None else piece.is_broken
    if is_broken:
        return language.lower(piece, text)
    key = (piece.kind, bool(piece.owner), piece.node.type, own)
    node = statements.get(key) or old_statements.get(key) or language.lower(piece, text)
    statements[key] = node
    return node


def _unit(piece: Piece, own: bytes, node: ir.Stmt, units: _Units, old_units: _Units) -> ir.Unit:
    base = piece.name or "#" + blake2b(own, digest_size=8).hexdigest()
    key = base
    repeats = 1
    while key in units:
        repeats += 1
        key = f"{base}~{repeats}"
    old = old_units.get(key)
    if old is not None and old.node is node and old.owner == piece.owner:
        return old
    return ir.Unit(key, piece.owner, node)


def _language(language: Language) -> LanguageModule:
    """The grammars are loaded when a file needs them: start-up stays light."""
    if language is Language.PYTHON:
        from backend_analyzers.syntax import python  # noqa: PLC0415

        return python
    from backend_analyzers.syntax import ecmascript  # noqa: PLC0415

    return ecmascript
