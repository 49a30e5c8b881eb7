"""Which SQL a text speaks, and whether it is SQL at all."""

from __future__ import annotations

import re

from backend_analyzers.sql.statement import Dialect

_MYSQL = re.compile(
    rb"`\w+`|\bAUTO_INCREMENT\b|\bENGINE\s*=|\bON\s+DUPLICATE\s+KEY\b|^DELIMITER\s|/\*!\d"
    rb"|\bUNSIGNED\b|\bINSERT\s+IGNORE\b|\bDEFAULT\s+CHARSET\b|\bDATE_SUB\s*\(|\bCURDATE\s*\(",
    re.IGNORECASE | re.MULTILINE,
)
_SQLITE = re.compile(
    rb"\bAUTOINCREMENT\b|\bWITHOUT\s+ROWID\b|^\s*PRAGMA\s|\bINSERT\s+OR\s+(?:REPLACE|IGNORE)\b"
    rb"|\bsqlite_(?:master|schema|sequence)\b|\bstrftime\s*\(|\bjulianday\s*\(",
    re.IGNORECASE | re.MULTILINE,
)
# Plain words first: most statements have none, and patterns in any case are slow.
_MYSQL_WORDS = (
    b"`",
    b"AUTO_INC",
    b"ENGINE",
    b"DUPLICATE",
    b"DELIMITER",
    b"/*!",
    b"UNSIGNED",
    b"IGNORE",
    b"CHARSET",
    b"DATE_SUB",
    b"CURDATE",
)
_SQLITE_WORDS = (
    b"AUTOINCREMENT",
    b"ROWID",
    b"PRAGMA",
    b"INSERT",
    b"SQLITE_",
    b"STRFTIME",
    b"JULIANDAY",
)
_HINTS: tuple[tuple[str, Dialect], ...] = (
    ("mysql", "mysql"),
    ("mariadb", "mysql"),
    ("sqlite", "sqlite"),
    ("postgres", "postgresql"),
    ("pgsql", "postgresql"),
    ("psql", "postgresql"),
)
_HEAD = 128 * 1024
_COMMENT = re.compile(rb"--[ \t][^\n]*|/\*(?!!).*?\*/", re.DOTALL)
_FOREIGN = re.compile(
    rb"`|\bAUTO_INCREMENT\b|\bAUTOINCREMENT\b|\bENGINE\s*=|\bON\s+DUPLICATE\s+KEY\b|\bUNSIGNED\b"
    rb"|\bINSERT\s+(?:OR|IGNORE)\b|^\s*REPLACE\b|\b(?:UNIQUE\s+)?KEY\s+\w+\s*\(|\bINDEX\s+\w+\s*\("
    rb"|\bCHARSET\b|\bMODIFY\b|\bCHANGE\s+COLUMN\b|\bINTERVAL\s+(?:\d|\$)|\bENUM\s*\("
    rb"|\bDROP\s+(?:FOREIGN|PRIMARY)\b|\bSTRAIGHT_JOIN\b|\bSEPARATOR\b|\bFORCE\s+INDEX\b|\bWITHOUT\s+ROWID\b",
    re.IGNORECASE,
)
_KEYS = re.compile(
    rb"(?:[(,]|\bADD)\s*(?:(?:UNIQUE|FULLTEXT|SPATIAL)\s+)?(?:KEY|INDEX)\s+[\"`]?\w+[\"`]?\s*\(",
    re.IGNORECASE,
)
_SOFT: tuple[tuple[re.Pattern[bytes], bytes], ...] = (
    (re.compile(rb"\bAUTOINCREMENT\b", re.IGNORECASE), b""),
    (re.compile(rb"\)(\s*)(?:WITHOUT\s+ROWID|STRICT)(?:\s*,\s*(?:WITHOUT\s+ROWID|STRICT))?\s*(?=;|\Z)",
                re.IGNORECASE), b")"),
    (re.compile(rb"\bINSERT\s+(?:OR\s+\w+|IGNORE)(?=\s+INTO\b)", re.IGNORECASE), b"INSERT"),
    (re.compile(rb"^\s*REPLACE(?=\s+INTO\b)", re.IGNORECASE), b"INSERT"),
    (re.compile(rb"(?<=\s)(?:IS\s+NOT|IS)(?=\s+[$'0-9])", re.IGNORECASE), b"="),
    (re.compile(rb"(?<=[\w)\s])==(?=[\s\w$'(])"), b"="),
    (re.compile(rb"\bCOLLATE\s+NOCASE\b", re.IGNORECASE), b""),
    (re.compile(rb"\b(?:REGEXP|RLIKE|GLOB)\b", re.IGNORECASE), b"LIKE"),
    (re.compile(rb"\bON\s+CONFLICT\s+(?:REPLACE|IGNORE|ABORT|FAIL|ROLLBACK)\b", re.IGNORECASE), b""),
)  # fmt: skip

_NAME = r"""(?:[\w$]+|"[^"\n]+"|`[^`\n]+`|\[\w+\]|[$#]?\{[^{}\n]*\}|%\(\w+\)s|%s|h{3,})"""
_TABLE = rf"{_NAME}(?:\s*\.\s*{_NAME}){{0,2}}"
_SHAPES: dict[str, re.Pattern[str]] = {
    verb: re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for verb, pattern in {
        "select": rf"select\b(?P<list>.+?)\bfrom\s+(?:{_TABLE}|\()|select\s+(?:\d+|[\w.]+\(.*\))",
        "insert": rf"insert\s+(?:or\s+\w+\s+|ignore\s+)?into\s+{_TABLE}(?:\s+as\s+\w+)?\s*"
        r"(?:\(|values\b|select\b|default\s+values|set\b|with\b)",
        "replace": rf"replace\s+into\s+{_TABLE}\s*(?:\(|values\b|select\b)",
        "update": rf"update\s+(?:only\s+)?{_TABLE}(?:\s+(?:as\s+)?\w+)?(?:\s+(?:inner|left|join)\b.*?)?"
        r"\s+set\s+.+?=",
        "delete": rf"delete\s+from\s+(?:only\s+)?{_TABLE}(?:\s+(?:as\s+)?\w+)?\s*"
        r"(?:\Z|;|where\b.*\S|using\b|returning\b|order\b|limit\b)",
        "with": rf"with\s+(?:recursive\s+)?{_NAME}\s*(?:\([^)]*\)\s*)?as\s+"
        r"(?:(?:not\s+)?materialized\s+)?\(",
        "merge": rf"merge\s+into\s+{_TABLE}.*?\busing\b.*?\bon\b",
        "values": r"values\s*\(",
        "create": r"create\s+(?:or\s+replace\s+)?(?:global\s+|local\s+)?(?:temp(?:orary)?\s+|unlogged\s+)?"
        rf"(?:table\s+(?:if\s+not\s+exists\s+)?{_TABLE}\s*(?:\(|as\s+(?:select|with|\()|partition\s+of|like\b)"
        rf"|(?:unique\s+)?index\s+.*?\bon\s+(?:only\s+)?{_TABLE}\s*(?:using\s+\w+\s*)?\("
        rf"|(?:materialized\s+|recursive\s+)?view\s+.*?\bas\s+(?:select|with|\(|values)"
        r"|(?:type|domain)\s+\S+\s+as\b|schema\s+\S+|extension\s+\S+|sequence\s+\S+|database\s+\S+"
        r"|(?:trigger|function|procedure)\s+\S+\s*(?:\(|before|after|instead)|role\s+\S+|user\s+\S+\s+with)",
        "alter": r"alter\s+(?:table|index|view|type|sequence|schema|database|role|user)\s+"
        rf"(?:if\s+exists\s+)?(?:only\s+)?{_TABLE}\s+"
        r"(?:add|drop|alter|rename|set|owner|enable|disable|attach|detach|validate|modify|change|with)\b",
        "drop": r"drop\s+(?:table|index|view|materialized\s+view|schema|type|sequence|database|function"
        rf"|trigger|extension|column|role|user)\s+(?:concurrently\s+)?(?:if\s+exists\s+)?{_TABLE}",
        "truncate": rf"truncate\s+(?:table\s+)?(?:only\s+)?{_TABLE}\s*(?:,|;|\Z|cascade|restart)",
    }.items()
}  # fmt: skip
_LEAD = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/|\(|\ufeff)*", re.DOTALL)
_EXPLAIN = re.compile(
    r"explain\s+(?:\([^)]*\)\s*|analyze\s+|verbose\s+|query\s+plan\s+)*", re.IGNORECASE
)
_WORD = re.compile(r"[A-Za-z]+")
_EVIDENCE = re.compile(r"[*=<>();`\"_%$:{}\[\]]|\?(?=[\s,)]|\Z)|\w\.\w|,\s*\w+\.|\b\d+\b")
_PLAIN = re.compile(
    r"select\s+\w+(?:\s*,\s*\w+)*\s+from\s+\w+(?:\s+(?:order|group)\s+by\s+\w+)?\s*\Z"
)
_ENGLISH = re.compile(
    r"\b(?:the|this|these|those|your|our|my|his|her|their|please|you|we|it|an|a\s+\w+\s+(?:from|to|in)"
    r"|which|that|below|above|one\s+of|some|every|another|cannot|can't|don't|will|should|would)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)


def dialect_of(text: str | bytes, path_hint: str = "") -> Dialect:
    """The dialect that a text or the name of its file betrays; PostgreSQL when nothing does."""
    raw = text[:_HEAD].encode("utf-8", "replace") if isinstance(text, str) else text[:_HEAD]
    hint = path_hint.lower()
    for word, dialect in _HINTS:
        if word in hint:
            return dialect
    if b"--" in raw or b"/*" in raw:
        raw = _COMMENT.sub(b"", raw)
    upper = raw.upper()
    if any(word in upper for word in _MYSQL_WORDS) and _MYSQL.search(raw):
        return "mysql"
    if any(word in upper for word in _SQLITE_WORDS) and _SQLITE.search(raw):
        return "sqlite"
    return "postgresql"


def looks_foreign(piece: bytes, dialect: Dialect) -> bool:
    """Whether a statement that is not PostgreSQL is worth the other parser."""
    return dialect != "postgresql" or _FOREIGN.search(piece) is not None


def declares_keys(piece: bytes) -> bool:
    """Whether DDL has MySQL's ``KEY name (column)``, which PostgreSQL reads as a column named key."""
    return _KEYS.search(piece) is not None


def softened(piece: bytes) -> bytes | None:
    """The statement with foreign words that do not matter blanked; None if it has none."""
    mended = piece
    for pattern, word in _SOFT:
        mended = pattern.sub(lambda m, w=word: _padded(m, w), mended)  # type: ignore[misc]
    return mended if mended != piece else None


def _padded(match: re.Match[bytes], word: bytes) -> bytes:
    size = match.end() - match.start()
    return word.ljust(size) if len(word) <= size else match[0]


def looks_like_sql(text: str) -> bool:
    """Whether a string is a statement and not a sentence that begins like one.

    Strict, since most strings of a program are no SQL: a statement verb, the shape that must follow
    it, and, unless the keywords are in capitals, a sign that no prose has.
    """
    body = text[_LEAD.match(text).end() :]  # type: ignore[union-attr]
    explained = _EXPLAIN.match(body)
    if explained and explained.end() > len("explain "):
        body = body[explained.end() :]
    found = _WORD.match(body)
    if found is None:
        return False
    word = found[0]
    shape = _SHAPES.get(word.lower())
    body = body[:4000]
    if shape is None or shape.match(body) is None:
        return False
    bare = _QUOTED.sub("''", body)
    if word.isupper() and _second_keyword_is_upper(bare):
        return True
    if _ENGLISH.search(bare) and not re.search(r"[=*<>]|\w\.\w", bare):
        return False
    return bool(_EVIDENCE.search(bare)) or bool(_PLAIN.match(bare))


def _second_keyword_is_upper(body: str) -> bool:
    words = re.findall(
        r"\b(?:from|into|set|as|table|index|view|where|using|values|on|type|schema|extension)\b",
        body,
        re.IGNORECASE,
    )
    return not words or words[0].isupper()
