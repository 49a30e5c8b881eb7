"""Prisma schemas: models, enums and data sources as values with exact offsets.

The language is small and goes line by line, so it is read here: no grammar of it is in a package.
Each block is a unit, and offsets count from its start.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from backend_analyzers import ir
from backend_analyzers.source import File

Kind = Literal["model", "view", "type", "enum", "datasource", "generator"]


class Argument(msgspec.Struct, frozen=True, gc=False):
    """What stands in the brackets of an attribute, or behind `=`; `text` is the value as written."""

    name: str
    text: str
    start: int
    end: int

    @property
    def string(self) -> str | None:
        """The value, when it is a text."""
        if len(self.text) > 1 and self.text[0] == self.text[-1] == '"':
            return self.text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        return None


class Attribute(msgspec.Struct, frozen=True, gc=False):
    """`@id`, `@db.VarChar(20)`, `@@index([a, b])`; `name` is without the signs."""

    name: str
    start: int
    end: int
    arguments: tuple[Argument, ...] = ()

    def argument(self, name: str, position: int = -1) -> Argument | None:
        """The argument with a name, or the one without at a position."""
        for one in self.arguments:
            if one.name == name:
                return one
        unnamed = [one for one in self.arguments if not one.name]
        return unnamed[position] if 0 <= position < len(unnamed) else None


class Member(msgspec.Struct, frozen=True, gc=False):
    """A field of a model, or a value of an enum (which has no type)."""

    name: str
    start: int
    end: int
    name_end: int
    type: str = ""
    type_start: int = 0
    type_end: int = 0
    many: bool = False
    optional: bool = False
    attributes: tuple[Attribute, ...] = ()

    def attribute(self, name: str) -> Attribute | None:
        return next((one for one in self.attributes if one.name == name), None)


class Block(msgspec.Struct, frozen=True, gc=False):
    """One block; `settings` are the lines `name = value`.  `known` is False when a line is not understood."""

    kind: Kind
    name: str
    name_start: int
    name_end: int
    end: int
    members: tuple[Member, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    settings: tuple[Argument, ...] = ()
    known: bool = True

    def setting(self, name: str) -> Argument | None:
        return next((one for one in self.settings if one.name == name), None)


class Item(msgspec.Struct, frozen=True, gc=False):
    """An element of a list of fields: `createdAt(sort: Desc)`."""

    name: str
    start: int
    end: int
    options: str = ""


_HEAD = re.compile(
    rb"^[ \t]*(model|view|type|enum|datasource|generator)[ \t]+(\w+)[ \t]*\{", re.MULTILINE
)
_END = re.compile(rb"^[ \t]*\}", re.MULTILINE)


def module(file: File) -> ir.Module:
    """The blocks of a file.  Sources and generators keep their kind in the key: they are no models."""
    from backend_analyzers.syntax import module as whole  # noqa: PLC0415 - it asks for this one

    known = file.reused.get(whole)
    before = {unit.key: unit for unit in known.units} if isinstance(known, ir.Module) else {}
    units: dict[str, ir.Unit] = {}
    offsets: list[int] = []
    heads = list(_HEAD.finditer(file.text))
    limits = [head.start() for head in heads[1:]] + [len(file.text)]
    for head, limit in zip(heads, limits, strict=False):
        close = _END.search(file.text, head.end(), limit)
        start = head.start(1)
        end = (
            close.end() if close is not None else head.end() + _filled(file.text, head.end(), limit)
        )
        kind, name = head[1].decode(), head[2].decode(errors="replace")
        base = key = f"{kind} {name}" if kind in {"datasource", "generator"} else name
        repeats = 1
        while key in units:
            repeats += 1
            key = f"{base}~{repeats}"
        old = before.get(key)
        is_same = old is not None and old.node.end == end - start
        units[key] = old if is_same and old else ir.Unit(key, "", ir.Other(0, end - start))
        offsets.append(start)
    return ir.Module(tuple(units.values()), tuple(offsets))


def _filled(text: bytes, start: int, end: int) -> int:
    return len(text[start:end].rstrip())


def blocks(file: File) -> tuple[tuple[str, Block], ...]:
    """The blocks of a file, with the keys of their units."""
    from backend_analyzers.syntax import module as whole  # noqa: PLC0415

    known: tuple[tuple[str, Block], ...] | None = file.memo.get(blocks)
    if known is None:
        lowered = whole(file)
        read = (
            (unit.key, block(file.text[start : start + unit.node.end]))
            for unit, start in zip(lowered.units, lowered.offsets, strict=True)
        )
        known = tuple((key, found) for key, found in read if found is not None)
        file.memo[blocks] = known
    return known


def block(text: bytes) -> Block | None:
    """The block that a text is."""
    head = _HEAD.match(text)
    if head is None:
        return None
    members: list[Member] = []
    attributes: list[Attribute] = []
    settings: list[Argument] = []
    is_known = True
    for line in _lines(text, head.end()):
        first = line[0]
        if first.kind == "attribute":
            attributes += _attributes(text, line)
        elif first.kind == "name" and len(line) > 2 and line[1].text == "=":  # noqa: PLR2004
            settings.append(_argument(text, first.text, line[2:]))
        elif first.kind == "name":
            members.append(_member(text, line))
        elif first.text != "}":
            is_known = False
    return Block(
        kind=head[1].decode(),  # type: ignore[arg-type]
        name=head[2].decode(errors="replace"),
        name_start=head.start(2),
        name_end=head.end(2),
        end=len(text),
        members=tuple(members),
        attributes=tuple(attributes),
        settings=tuple(settings),
        known=is_known,
    )


def listed(argument: Argument | None) -> tuple[Item, ...]:
    """The elements of `[a, b(sort: Desc)]`, or of a single name."""
    if argument is None:
        return ()
    return tuple(
        Item(
            found[1],
            argument.start + len(argument.text[: found.start()].encode()),
            argument.start + len(argument.text[: found.end()].encode()),
            found[2] or "",
        )
        for found in _ITEM.finditer(argument.text)
    )


_ITEM = re.compile(r"([A-Za-z_][\w.]*)(\((?:[^()]|\([^()]*\))*\))?")

# Lines -----------------------------------------------------------------------------------------


class _Token(msgspec.Struct, frozen=True, gc=False):
    kind: str
    text: str
    start: int
    end: int


_TOKEN = re.compile(
    rb"""(?P<comment>//[^\n]*)|(?P<string>"(?:[^"\\\n]|\\.)*"?)|(?P<attribute>@@?[\w.]*)
    |(?P<name>[A-Za-z_\x80-\xff][\w\x80-\xff-]*)|(?P<end>\n)|(?P<space>[ \t\r]+)|(?P<sign>.)""",
    re.VERBOSE,
)
_OPENING, _CLOSING = frozenset("(["), frozenset(")]")


def _lines(text: bytes, start: int) -> Iterator[list[_Token]]:
    """The tokens of each line; a bracket that is open goes on to the next."""
    line: list[_Token] = []
    depth = 0
    for found in _TOKEN.finditer(text, start):
        kind = found.lastgroup or ""
        if kind in {"comment", "space"}:
            continue
        if kind == "end":
            if line and depth <= 0:
                yield line
                line, depth = [], 0
            continue
        written = found[0].decode(errors="replace")
        if kind == "sign":
            depth += (written in _OPENING) - (written in _CLOSING)
        line.append(_Token(kind, written, found.start(), found.end()))
    if line:
        yield line


def _member(text: bytes, line: list[_Token]) -> Member:
    name = line[0]
    rest = line[1:]
    typed = rest[0] if rest and rest[0].kind == "name" else None
    at = 1 if typed is not None else 0
    end = typed.end if typed is not None else name.end
    written = typed.text if typed is not None else ""
    if typed is not None and at < len(rest) and rest[at].text == "(":
        # `Unsupported("circle")`
        at = min(_closing(rest, at) + 1, len(rest))
        end = rest[at - 1].end
        written = text[typed.start : end].decode(errors="replace")
    signs = []
    while at < len(rest) and rest[at].text in {"[", "]", "?"}:
        signs.append(rest[at].text)
        at += 1
    return Member(
        name=name.text,
        start=name.start,
        end=line[-1].end,
        name_end=name.end,
        type=written,
        type_start=typed.start if typed is not None else 0,
        type_end=end if typed is not None else 0,
        many="[" in signs,
        optional="?" in signs,
        attributes=tuple(_attributes(text, rest[at:])),
    )


def _attributes(text: bytes, tokens: list[_Token]) -> Iterator[Attribute]:
    at = 0
    while at < len(tokens):
        token = tokens[at]
        at += 1
        if token.kind != "attribute":
            continue
        end, arguments = token.end, ()
        if at < len(tokens) and tokens[at].text == "(":
            close = _closing(tokens, at)
            arguments = tuple(_arguments(text, tokens[at + 1 : close]))  # type: ignore[assignment]
            end = tokens[min(close, len(tokens) - 1)].end
            at = close + 1
        yield Attribute(token.text.lstrip("@"), token.start, end, arguments)


def _closing(tokens: list[_Token], opening: int) -> int:
    depth = 0
    for place in range(opening, len(tokens)):
        depth += (tokens[place].text in _OPENING) - (tokens[place].text in _CLOSING)
        if depth == 0:
            return place
    return len(tokens)


def _arguments(text: bytes, tokens: list[_Token]) -> Iterator[Argument]:
    part: list[_Token] = []
    depth = 0
    for token in tokens:
        if token.kind == "sign":
            depth += (token.text in _OPENING) - (token.text in _CLOSING)
            if token.text == "," and depth == 0:
                if part:
                    yield _named(text, part)
                part = []
                continue
        part.append(token)
    if part:
        yield _named(text, part)


def _named(text: bytes, part: list[_Token]) -> Argument:
    if len(part) > 2 and part[0].kind == "name" and part[1].text == ":":  # noqa: PLR2004
        return _argument(text, part[0].text, part[2:])
    return _argument(text, "", part)


def _argument(text: bytes, name: str, tokens: list[_Token]) -> Argument:
    start, end = tokens[0].start, tokens[-1].end
    return Argument(name, text[start:end].decode(errors="replace"), start, end)
