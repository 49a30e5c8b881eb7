"""Source text as values: languages, places, spans and files.

Text is UTF-8 bytes and every offset counts bytes; the surfaces convert to what they need.
A changed file is a new `File`; nothing is updated in place, apart from memos that hold
what is a pure function of the value.
"""

from __future__ import annotations

import codecs
import enum
import re
import threading
import warnings
from functools import cache, cached_property
from hashlib import blake2b
from typing import Any

import msgspec
import tree_sitter as ts


class Language(enum.StrEnum):
    """A language that the engine reads."""

    PYTHON = "python"
    JAVASCRIPT = "javascript"
    TYPESCRIPT = "typescript"
    TSX = "tsx"
    SQL = "sql"
    PRISMA = "prisma"
    YAML = "yaml"

    @staticmethod
    def of(path: str) -> Language | None:
        """The language of a file, judged by its suffix."""
        stem, _, suffix = path.rpartition("/")[2].rpartition(".")
        if suffix.lower() == "json":
            return Language.YAML if _CHANGELOG.search(stem) else None
        return _SUFFIXES.get(suffix.lower()) if stem else None

    @property
    def is_code(self) -> bool:
        """Whether it is a programming language: its units are statements of the `ir`."""
        return self is Language.PYTHON or self in _ECMASCRIPT

    @property
    def is_ecmascript(self) -> bool:
        return self in _ECMASCRIPT


_SUFFIXES = {
    "py": Language.PYTHON,
    "pyi": Language.PYTHON,
    "js": Language.JAVASCRIPT,
    "mjs": Language.JAVASCRIPT,
    "cjs": Language.JAVASCRIPT,
    "jsx": Language.JAVASCRIPT,
    "ts": Language.TYPESCRIPT,
    "mts": Language.TYPESCRIPT,
    "cts": Language.TYPESCRIPT,
    "tsx": Language.TSX,
    "sql": Language.SQL,
    "prisma": Language.PRISMA,
    "yaml": Language.YAML,
    "yml": Language.YAML,
}
_CHANGELOG = re.compile(r"change_?log", re.IGNORECASE)
"""The JSON that is read, as YAML."""
_ECMASCRIPT = {Language.JAVASCRIPT, Language.TYPESCRIPT, Language.TSX}


class Span(msgspec.Struct, frozen=True, order=True, gc=False):
    """A half-open range of bytes in one file, as it is now."""

    path: str
    start: int
    end: int


class Place(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """A range of bytes that survives edits elsewhere in its file.

    `start` and `end` count from the start of the unit named `unit` (see `ir.Unit`); the empty
    unit is the file itself.  Facts and findings hold places, so that they stay *equal* when text
    above them grows; `Workspace.span` turns a place into a `Span` at the last moment.
    """

    path: str
    unit: str
    start: int
    end: int


class Edit(msgspec.Struct, frozen=True, gc=False):
    """Replace the bytes from `start` to `end` by `text`."""

    start: int
    end: int
    text: bytes


class File:
    """The text of one file, and what follows from the text alone.

    `memo` keeps pure functions of the file (its tree, its ir, its facts) under the function that
    computed them; `reused` is what is known of the versions before, from which per-unit results are
    taken.
    """

    __slots__ = (
        "__dict__",
        "_old_tree",
        "dialect",
        "language",
        "lock",
        "memo",
        "path",
        "reused",
        "text",
    )

    def __init__(self, path: str, language: Language, text: bytes, dialect: str = "") -> None:
        self.path = path
        self.language = language
        self.text = text
        self.dialect = dialect
        """Of SQL, when the project says so; empty to judge by the text."""
        self.memo: dict[Any, Any] = {}
        self.reused: dict[Any, Any] = {}
        self.lock = threading.RLock()
        """Shared by the versions of a file, as their units are: one thread at a time computes."""
        self._old_tree: ts.Tree | None = None

    def __repr__(self) -> str:
        return f"File({self.path!r}, {self.language}, {len(self.text)} bytes)"

    @cached_property
    def digest(self) -> str:
        """Identifies the content, the language with its dialect, and nothing else."""
        kind, dialect = self.language.encode(), self.dialect.encode()
        return blake2b(self.text, digest_size=16, person=kind, salt=dialect).hexdigest()

    @cached_property
    def tree(self) -> ts.Tree:
        """The syntax tree.  Parsing never fails: broken code gives a tree with error nodes."""
        parser = _parser(self.language)
        if self._old_tree is not None:
            tree = parser.parse(self.text, self._old_tree)
            self._old_tree = None
            return tree
        return parser.parse(self.text)

    def edited(self, edits: tuple[Edit, ...]) -> File:
        """This file after `edits`, applied one after the other, reparsed incrementally."""
        text = self.text
        tree = self.tree.copy()
        for edit in edits:
            tree.edit(
                edit.start,
                edit.end,
                edit.start + len(edit.text),
                _point(text, edit.start),
                _point(text, edit.end),
                _point_after(_point(text, edit.start), edit.text),
            )
            text = text[: edit.start] + edit.text + text[edit.end :]
        after = File(self.path, self.language, text, self.dialect)
        after._old_tree = tree
        after.lock = self.lock
        # Not only the memo: this version may never have been analysed, and the one before it was.
        after.reused = {**self.reused, **self.memo}
        return after

    def source(self, start: int, end: int) -> str:
        """The text between two offsets."""
        return self.text[start:end].decode(errors="replace")

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        """The offset of the start of each line.  Lines end at LF, CRLF or CR, as in LSP."""
        return (0, *(m.end() for m in _LINE_END.finditer(self.text)))


_LINE_END = re.compile(rb"\r\n|\r|\n")


def decode(raw: bytes) -> tuple[str, str]:
    """The text of `raw` and the name of its encoding (`utf-8-sig` when it begins with a BOM).

    Follows PEP 263 for a declared encoding.  Undecodable bytes become U+FFFD: broken text is
    input, not an error.
    """
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return raw.decode(encoding, errors="replace").removeprefix("\ufeff"), encoding
    declared = _DECLARED.match(raw)
    if declared:
        name = declared.group(1).decode("ascii", errors="replace")
        try:
            codec = codecs.lookup(name)
            with warnings.catch_warnings():  # `unicode_escape` warns of escapes it does not know
                warnings.simplefilter("ignore")
                return codec.decode(raw, "replace")[0], codec.name
        except (LookupError, UnicodeError, ValueError, TypeError, AssertionError):
            pass
    return raw.decode("utf-8", errors="replace"), "utf-8"


_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(
    rb"(?:[ \t\f]*(?:#[^\r\n]*)?(?:\r\n?|\n))?[ \t\f]*#[^\r\n]*?coding[:=][ \t]*([-\w.]+)"
)


def _point(text: bytes, offset: int) -> ts.Point:
    """The tree-sitter point of an offset: its rows are separated by LF only."""
    row = text.count(b"\n", 0, offset)
    return ts.Point(row, offset - (text.rfind(b"\n", 0, offset) + 1))


def _point_after(start: ts.Point, inserted: bytes) -> ts.Point:
    rows = inserted.count(b"\n")
    if not rows:
        return ts.Point(start.row, start.column + len(inserted))
    return ts.Point(start.row + rows, len(inserted) - inserted.rfind(b"\n") - 1)


@cache
def grammar(language: Language) -> ts.Language:
    """The tree-sitter grammar of a language, loaded when it is first needed."""
    match language:
        case Language.PYTHON:
            import tree_sitter_python  # noqa: PLC0415 - start-up stays light

            return ts.Language(tree_sitter_python.language())
        case Language.JAVASCRIPT:
            import tree_sitter_javascript  # noqa: PLC0415

            return ts.Language(tree_sitter_javascript.language())
        case Language.TYPESCRIPT:
            import tree_sitter_typescript  # noqa: PLC0415

            return ts.Language(tree_sitter_typescript.language_typescript())
        case Language.TSX:
            import tree_sitter_typescript  # noqa: PLC0415

            return ts.Language(tree_sitter_typescript.language_tsx())
        case Language.SQL:
            import tree_sitter_postgres  # noqa: PLC0415

            return ts.Language(tree_sitter_postgres.language())
        case Language.PRISMA:
            # Prisma's own grammar is in no package.  This one finds its comments, and nothing more is
            # asked of the tree: `syntax.prisma` reads the text.
            import tree_sitter_javascript  # noqa: PLC0415

            return ts.Language(tree_sitter_javascript.language())
        case Language.YAML:
            import tree_sitter_yaml  # noqa: PLC0415

            return ts.Language(tree_sitter_yaml.language())


def _parser(language: Language) -> ts.Parser:
    """A parser of its own for each call: a tree-sitter parser must not be shared by threads."""
    return ts.Parser(grammar(language))
