"""One file per language: syntax tree to ir.

A language module has `groups(root)`, which finds the units of a file without looking inside
them, and `lower(piece, text)`, which makes one statement of the ir out of a piece, with offsets
from the start of the piece.  What is lowered for one version of a file is taken over by the next
wherever the text of the piece is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import islice
from typing import NamedTuple, Protocol

import tree_sitter as ts

from backend_analyzers import ir
from backend_analyzers.source import File, Language
from backend_analyzers.syntax.piece import Group, Piece


class LanguageModule(Protocol):
    """What `syntax/python.py` and `syntax/ecmascript.py` offer."""

    def groups(self, root: ts.Node) -> Iterator[Group]: ...

    def lower(self, piece: Piece, text: bytes) -> ir.Stmt: ...


def module(file: File) -> ir.Module:
    """The units of `file`; those whose text did not change since the last version are the same."""
    known = file.memo.get(module)
    if known is None:
        known = _module(file) if file.language.is_code else _other_module(file)
        file.memo[module] = known
    result: ir.Module = known
    return result


def _other_module(file: File) -> ir.Module:
    """The units of what is no code: its values are read by other modules, when somebody asks."""
    match file.language:
        case Language.PRISMA:
            from backend_analyzers.syntax import prisma  # noqa: PLC0415

            return prisma.module(file)
        case Language.YAML:
            from backend_analyzers.syntax import yaml  # noqa: PLC0415

            return yaml.module(file)
        case _:
            from backend_analyzers.syntax import sql  # noqa: PLC0415

            return sql.module(file)


_Statements = dict[tuple[str, bool, str, bytes], ir.Stmt]
_Units = dict[str, ir.Unit]


class _Known(NamedTuple):
    """What became of a group: its units, where they start in it, and its statements by their text."""

    units: _Units
    offsets: tuple[int, ...]
    statements: _Statements


class _Kept(NamedTuple):
    """What a version of a file leaves to the next one."""

    groups: dict[tuple[str, bytes], _Known]
    loose: _Statements
    """The whole statements of the groups that are not kept."""


def _module(file: File) -> ir.Module:
    language = _language(file.language)
    return _Assembly(file, language).module(language.groups(file.tree.root_node))


class _Assembly:
    """A module in the making: what groups became is taken over, or else what their pieces did."""

    def __init__(self, file: File, language: LanguageModule) -> None:
        self.file = file
        self.language = language
        self.before: _Kept = file.reused.get(_Kept, _Kept({}, {}))
        self.now = _Kept({}, {})
        self.units: _Units = {}
        self.offsets: list[int] = []
        self._statements: _Statements = {}
        """All that was looked up here: the same text is one node, in however many groups it is."""
        self._old_statements: _Statements | None = None
        self._old_units: _Units | None = None

    def module(self, groups: Iterable[Group]) -> ir.Module:
        text, units, now, before = self.file.text, self.units, self.now.groups, self.before.groups
        for group in groups:
            start = group.start
            key = (group.kind, text[start : group.end])
            known = before.get(key)
            if known is not None and units.keys().isdisjoint(known.units):
                now[key] = known
                units.update(known.units)
                self.offsets += [start + offset for offset in known.offsets]
            else:
                self._add_group(group, key)
        self.file.memo[_Kept] = self.now
        return ir.Module(tuple(units.values()), tuple(self.offsets))

    def _add_group(self, group: Group, key: tuple[str, bytes]) -> None:
        statements: _Statements = {}
        first = len(self.offsets)
        is_whole = bool(group.kind)
        for piece in group.pieces:
            is_whole = self._add(piece, statements) and is_whole
        offsets = tuple(offset - group.start for offset in self.offsets[first:])
        if is_whole:
            own = dict(islice(self.units.items(), first, None))
            self.now.groups[key] = _Known(own, offsets, statements)
        else:
            self.now.loose.update(statements)

    def _add(self, piece: Piece, statements: _Statements) -> bool:
        """Whether the unit depends on nothing around its piece, neither the parser's recovery nor other names."""
        text = self.file.text if piece.text is None else piece.text
        own = text[piece.start : piece.end]
        is_broken = piece.node.has_error if piece.is_broken is None else piece.is_broken
        node = self._statement(piece, text, own, None if is_broken else statements)
        base = piece.name or "#" + blake2b(own, digest_size=8).hexdigest()
        key = base
        repeats = 1
        while key in self.units:
            repeats += 1
            key = f"{base}~{repeats}"
        self.units[key] = self._unit(key, piece.owner, node)
        self.offsets.append(piece.start + piece.shift)
        return repeats == 1 and not is_broken

    def _statement(
        self, piece: Piece, text: bytes, own: bytes, statements: _Statements | None
    ) -> ir.Stmt:
        """Error recovery depends on what is around a broken piece, so only whole ones are kept."""
        if statements is None:
            return self.language.lower(piece, text)
        if self._old_statements is None:
            self._old_statements = dict(self.before.loose)
            for known in self.before.groups.values():
                self._old_statements.update(known.statements)
        key = (piece.kind, bool(piece.owner), piece.node.type, own)
        node = self._statements.get(key) or self._old_statements.get(key)
        if node is None:
            node = self.language.lower(piece, text)
        statements[key] = self._statements[key] = node
        return node

    def _unit(self, key: str, owner: str, node: ir.Stmt) -> ir.Unit:
        if self._old_units is None:
            earlier = self.file.reused.get(module)
            units = earlier.units if isinstance(earlier, ir.Module) else ()
            self._old_units = {unit.key: unit for unit in units}
        old = self._old_units.get(key)
        if old is not None and old.node is node and old.owner == owner:
            return old
        return ir.Unit(key, owner, node)


def _language(language: Language) -> LanguageModule:
    """The grammars are loaded when a file needs them: start-up stays light."""
    if language is Language.PYTHON:
        from backend_analyzers.syntax import python  # noqa: PLC0415

        return python
    from backend_analyzers.syntax import ecmascript  # noqa: PLC0415

    return ecmascript
