"""A secret in the source.

Whoever can read the repository, a copy of it, or the image that is built from it can use the secret, and
taking it out later does not take it out of the history.

## Example

```python
import jwt

JWT_SECRET = "n2Fq8vLx0sTz4YbW6kRj9HdCu3MePa7G"
#            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `JWT_SECRET` is written into the source: `n2Fq…`


def token(claims):
    return jwt.encode(claims, JWT_SECRET)
```

Use instead:

```python
import os

import jwt

JWT_SECRET = os.environ["JWT_SECRET"]


def token(claims):
    return jwt.encode(claims, JWT_SECRET)
```

and revoke the secret that was written down.

## Not reported

Placeholders and defaults for development, names, paths, hashes, identifiers, translations; tests, examples,
documentation; keys of public emulators; URLs of this machine.  The report shows the first characters only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import tree_sitter as ts

from backend_analyzers import ir
from backend_analyzers.events import TokenDecode, TokenEncode
from backend_analyzers.fact import codes, offsets
from backend_analyzers.facts.literals import (
    constant_case,
    environment_name,
    is_given,
    literal_around,
)
from backend_analyzers.facts.paths import is_test, is_tool
from backend_analyzers.facts.secret_formats import (
    FORMATS,
    Format,
    is_placeholder,
    looks_random,
    masked,
    matches,
)
from backend_analyzers.flow.meanings import events
from backend_analyzers.rule import CODE, SQL, Change, Confidence, Finding, Fix, Severity, file_rule
from backend_analyzers.source import File, Language, Place


@file_rule(
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    cwe=(798, 259, 321),
    controls=("OWASP A07:2021", "OWASP API8:2023", "ASVS V2.10.4", "PCI DSS 8.6.2"),
    languages=CODE | SQL,
)
def hardcoded_secret(file: File) -> Iterator[Finding]:
    if is_test(file.path) or _TRAPS.search(file.path):
        return
    starts = offsets(file) if file.language.is_code else {}
    told: list[tuple[int, int]] = []
    for finding in (*_by_format(file), *_by_name(file), *_by_use(file)):
        base = starts.get(finding.at.unit, 0) if finding.at.unit else 0
        start, end = base + finding.at.start, base + finding.at.end
        if not any(start < last and first < end for first, last in told):
            told.append((start, end))
            yield finding


_TRAPS = re.compile(
    r"(?:^|/)(?:examples?|samples?|demos?|docs?|documentation|locales?|i18n|lang|translations?|fixtures?|mocks?"
    r"|stories|storybook|snippets|tutorials?|playground|openapi|swagger)(?:/|\.)"
    r"|(?:^|[/._-])(?:dev|development|local|chunk)[/.]|(?:^|/)tests?\.\w+$|\.(?:lock|min)\.|[._-](?:fixtures?|mocks?|example)\.",
    re.IGNORECASE,
)


# Formats of providers --------------------------------------------------------------------------


def _by_format(file: File) -> Iterator[Finding]:
    for one in FORMATS:
        if one.mark not in file.text:
            continue
        for found in matches(file.text, one):
            group = "secret" if "secret" in found.groupdict() else 0
            start, end = found.span(group)
            value = found[group].decode(errors="replace")
            if not _is_credible(file, one, found, value):
                continue
            literal = literal_around(file, *found.span())
            whole = found.span() if one.before.start or group == 0 else (start, end)
            if (
                literal is not None
                and literal.end_byte - literal.start_byte - 2 != whole[1] - whole[0]
            ):
                literal = None  # more than the secret stands in it
            yield Finding(
                at=Place(file.path, "", start, end),
                message=f"{one.kind} is written into the source: `{masked(value)}`",
                help=_HELP,
                fixes=tuple(_fix(file, literal, environment_name(file, literal))),
                confidence=Confidence.MEDIUM if one.kind == "a signed token" else None,
            )


_HELP = "Read it from the environment or a secret store, and revoke this one."
_THIS_MACHINE = re.compile(
    rb"^(?:localhost|127\.|0\.0\.0\.0|\[?::1|host\.docker|host$|hostname|example|.*\.example|.*\bexample\.|.*\.test$"
    rb"|.*\.local(?:host)?$|server$|domain|my)",
    re.IGNORECASE,
)


_EXAMPLE = re.compile(rb"examples?[\"']?\s*[:=][^\n]{0,20}$", re.IGNORECASE)


def _is_credible(file: File, one: Format, found: re.Match[bytes], value: str) -> bool:
    if one.kind == "a password in a URL":
        user = found["user"].decode(errors="replace")
        if _THIS_MACHINE.match(found["host"]) or value.lower() == user.lower():
            return False
        return looks_random(value, shortest=6) and not _in_comment(file, found.start())
    if one.kind == "a signed token" and _in_comment(file, found.start()):
        return False
    if _EXAMPLE.search(file.text, max(0, found.start() - 60), found.start()):
        return False
    if re.search(r"example|xxxx|your|\*\*\*|1234567|abcdefg|placeholder", value, re.IGNORECASE):
        return False
    return len(set(value)) > min(12, len(value) // 2)


def _in_comment(file: File, offset: int) -> bool:
    node = file.tree.root_node.descendant_for_byte_range(offset, offset)
    return node is not None and "comment" in node.type


# Names -----------------------------------------------------------------------------------------

_WORDS = (
    b"passw",
    b"passphrase",
    b"pwd",
    b"secret",
    b"token",
    b"api_key",
    b"apikey",
    b"api-key",
    b"private_key",
)
_MORE = (
    b"privatekey",
    b"access_key",
    b"accesskey",
    b"signing_key",
    b"signingkey",
    b"encryption_key",
    b"auth_key",
)
_NAME = re.compile(
    rb"(?:[A-Za-z_$][\w$]*[_-]?)?(?:password|passwd|passphrase|pwd|secret(?:[_-]?(?:key|access[_-]?key|base))?"
    rb"|(?:access|auth|api|bot|bearer|refresh|id|session|deploy|personal)[_-]?token|token|api[_-]?key"
    rb"|(?:private|access|signing|encryption|auth)[_-]?key)(?:[_-]?(?:dev|prod|production|default|v?\d+))?",
    re.IGNORECASE,
)
_GIVEN = re.compile(
    rb"[\"'`]?\]?\s*"
    rb"(?:(?P<type>\??\s*:\s*[\w.\[\]<>| ]{1,40}?)?\s*(?P<sign>=(?![=>])|:|\|\||\?\?|\bor\b|,|=>)\s*)"
    rb"(?P<prefix>[rRbBuU]{0,2})(?P<quote>[\"'`])(?P<value>[^\"'`\\\n]{4,512})(?P=quote)"
)
_SQL = re.compile(rb"\b(?:PASSWORD|IDENTIFIED\s+BY)\s+'(?P<value>[^'\n]{6,128})'", re.IGNORECASE)
_NOT_SECRET = re.compile(
    r"public|csrf|xsrf|page|next|cursor|continuation|max|min|num|count|limit|type|placeholder|label|hint|field"
    r"|header|cookie|column|url|uri|path|pattern|regex|message|error|tokeniz|stop|start|end|pad|unk|sep|mask|hash"
    r"|test|example|dummy|fake|mock|invalid|expired|special|idempot|name|site_?key|design|css|color|theme|lex",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"pass|pwd", re.IGNORECASE)
_ENVIRONMENT = re.compile(
    rb"(?:environ(?:\.get)?|getenv|env|config|setdefault)\s*[\[(]\s*[\"']$|process\.env\.$|env\.$"
)


def _by_name(file: File) -> Iterator[Finding]:
    if file.language is Language.SQL:
        for found in _SQL.finditer(file.text):
            value = found["value"].decode(errors="replace")
            if looks_random(value, shortest=8) and not _in_comment(file, found.start("value")):
                yield _named(file, "PASSWORD", found.span("value"), value, Confidence.MEDIUM)
        return
    lowered = file.text.lower()
    seen: set[int] = set()
    for word in (*_WORDS, *_MORE):
        at = lowered.find(word)
        while at >= 0:
            yield from _at_word(file, at, seen)
            at = lowered.find(word, at + len(word))


_LONGEST_NAME = 60


def _at_word(file: File, at: int, seen: set[int]) -> Iterator[Finding]:
    """The secret that stands behind a name, if the word at an offset is part of one and it does."""
    text = file.text
    start = at
    while start > max(0, at - _LONGEST_NAME) and (
        text[start - 1 : start].isalnum() or text[start - 1] in b"_$"
    ):
        start -= 1
    name_match = _NAME.match(text, start)
    if start in seen or name_match is None or name_match.end() <= at:
        return
    given = _GIVEN.match(text, name_match.end())
    if given is None:
        return
    seen.add(start)
    name = name_match[0].decode(errors="replace")
    value = given["value"].decode(errors="replace")
    before = text[max(0, start - 40) : start]
    is_fallback = bool(_ENVIRONMENT.search(before)) and given["sign"] in {b"||", b"??", b"or", b","}
    if given["sign"] in {b"||", b"??", b"or", b",", b"=>"} and not is_fallback:
        return
    if _NOT_SECRET.search(name) or not _is_secret(name, value):
        return
    literal = literal_around(file, given.start("value"), given.end("value"))
    if literal is None or not is_given(literal):
        return
    confidence = Confidence.MEDIUM if is_fallback or len(value) < 20 else None  # noqa: PLR2004
    if is_tool(file.path):
        confidence = Confidence.LOW
    yield _named(file, name, (literal.start_byte, literal.end_byte), value, confidence)


def _is_secret(name: str, value: str) -> bool:
    if is_placeholder(value) or value.lower() in name.lower():
        return False
    if value.startswith(_OPEN_TO_ALL):
        return False
    if _PASSWORD.search(name):
        return looks_random(value, shortest=8)
    longest = max(re.findall(r"[A-Za-z0-9+/]+", value), key=len, default="")
    is_run = len(longest) >= _SHORTEST_RUN and any(c.isdigit() for c in longest)
    return is_run and looks_random(value, shortest=24 if name.lower() == "token" else 16)


_OPEN_TO_ALL = ("phc_", "pk_", "pk.", "pub_", "pub-", "G-", "UA-", "DSN")
"""Keys that providers hand out to be shown to everybody."""

_SHORTEST_RUN = 12
"""Characters; words with punctuation between them have shorter runs."""


def _named(
    file: File, name: str, span: tuple[int, int], value: str, confidence: Confidence | None
) -> Finding:
    literal = literal_around(file, *span)
    return Finding(
        at=Place(file.path, "", *span),
        message=f"`{name}` is written into the source: `{masked(value)}`",
        help=_HELP,
        fixes=tuple(_fix(file, literal, constant_case(name))),
        confidence=confidence,
    )


# Keys of tokens --------------------------------------------------------------------------------


def _by_use(file: File) -> Iterator[Finding]:
    """The key of a signature, written where it is used."""
    if not file.language.is_code or (b"jwt" not in file.text and b"jsonwebtoken" not in file.text):
        return
    for code in codes(file):
        for event in events(code):
            if not isinstance(event, TokenDecode | TokenEncode) or not isinstance(
                event.key, ir.Text
            ):
                continue
            value = event.key.constant
            if value and "BEGIN PUBLIC" not in value and "CERTIFICATE" not in value:
                yield Finding(
                    at=code.place(event.key),
                    message=f"the key of a token is written into the source: `{masked(value)}`",
                    help=_HELP,
                    confidence=None if looks_random(value, shortest=16) else Confidence.MEDIUM,
                )


# Fixes -----------------------------------------------------------------------------------------


def _fix(file: File, literal: ts.Node | None, name: str) -> Iterator[Fix]:
    parent = literal.parent if literal is not None else None
    if literal is None or parent is None or not name or file.language is Language.SQL:
        return
    title = f"Read `{name}` from the environment"
    at = Place(file.path, "", literal.start_byte, literal.end_byte)
    if parent.type == "binary_expression":
        left = parent.child_by_field_name("left")
        if left is not None and parent.child_by_field_name("right") == literal:
            fallback = Place(file.path, "", left.end_byte, literal.end_byte)
            yield Fix(f"Read `{name}` from the environment only", (Change(fallback, ""),))
    elif parent.type == "argument_list":
        yield from _required(file, parent, literal, name)
    elif parent.type in {"arguments", "boolean_operator"}:
        return
    elif file.language.is_ecmascript:
        yield Fix(title, (Change(at, f"process.env.{name}"),))
    else:
        changes = [Change(at, f'os.environ["{name}"]')]
        if not re.search(rb"^import os\b", file.text, re.MULTILINE):
            first = _first_import(file)
            changes.append(Change(Place(file.path, "", first, first), "import os\n"))
        yield Fix(title, tuple(changes))


def _required(file: File, arguments: ts.Node, literal: ts.Node, name: str) -> Iterator[Fix]:
    """`os.environ.get("NAME", "secret")` without its default."""
    call = arguments.parent
    function = call.child_by_field_name("function") if call is not None else None
    given = arguments.named_children
    if call is None or function is None or len(given) != 2 or given[1] != literal:  # noqa: PLR2004
        return
    if file.source(function.start_byte, function.end_byte) in {"os.environ.get", "os.getenv"}:
        key = file.source(given[0].start_byte, given[0].end_byte)
        at = Place(file.path, "", call.start_byte, call.end_byte)
        title = f"Read `{name}` from the environment only"
        yield Fix(title, (Change(at, f"os.environ[{key}]"),))


def _first_import(file: File) -> int:
    """Where an import can stand: before the first one that is not from the future, else after the docstring."""
    after = 0
    for node in file.tree.root_node.children:
        if node.type in {"import_statement", "import_from_statement"}:
            return node.start_byte
        is_head = node.type in {"comment", "future_import_statement"} or (
            node.type == "expression_statement" and node.start_byte == after == 0
        )
        if not is_head:
            return node.start_byte
        after = node.end_byte
    return after
