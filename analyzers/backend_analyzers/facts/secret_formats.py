"""How secrets look: the formats that providers document, and what only looks like a secret.

Each format is written from its provider's public documentation.  A format is tried only in files
that contain its mark.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple


class Format(NamedTuple):
    """A kind of secret, the bytes that must occur in the file, and its pattern.

    The group `secret` is the secret itself; without one the whole match is.
    """

    kind: str
    mark: bytes
    before: range
    """How many bytes of the secret may stand before its mark."""
    pattern: re.Pattern[bytes]


_AT_START = range(1)


def _format(kind: str, mark: bytes, pattern: bytes, before: range = _AT_START) -> Format:
    return Format(kind, mark, before, re.compile(rb"(?<![\w-])" + pattern))


def matches(text: bytes, one: Format) -> Iterator[re.Match[bytes]]:
    """Where a text holds a secret of a format."""
    at = text.find(one.mark)
    while at >= 0:
        for before in one.before:
            found = one.pattern.match(text, at - before) if before <= at else None
            if found is not None:
                yield found
                break
        at = text.find(one.mark, at + len(one.mark))


_END = rb"(?![\w-])"

FORMATS = (
    _format("an AWS access key", b"AKIA", rb"AKIA[A-Z2-7]{16}" + _END),
    _format("a GitHub token", b"ghp_", rb"ghp_[A-Za-z0-9]{36}" + _END),
    _format("a GitHub token", b"gho_", rb"gho_[A-Za-z0-9]{36}" + _END),
    _format("a GitHub token", b"ghs_", rb"ghs_[A-Za-z0-9]{36}" + _END),
    _format("a GitHub token", b"ghu_", rb"ghu_[A-Za-z0-9]{36}" + _END),
    _format("a GitHub token", b"ghr_", rb"ghr_[A-Za-z0-9]{36,}" + _END),
    _format(
        "a GitHub token", b"github_pat_", rb"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}" + _END
    ),
    _format("a GitLab token", b"glpat-", rb"glpat-[\w-]{20,}"),
    _format("a Slack token", b"xox", rb"xox[abeoprs]-\d+-[A-Za-z0-9-]{20,}"),
    _format("a Slack token", b"xapp-", rb"xapp-\d-[A-Z0-9]+-\d+-[a-z0-9]{32,}"),
    _format(
        "a Slack webhook",
        b"hooks.slack.com/services/",
        rb"hooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/(?P<secret>[A-Za-z0-9]{20,})",
    ),
    _format("a Stripe key", b"_live_", rb"[sr]k_live_[A-Za-z0-9]{20,}" + _END, range(2, 3)),
    _format("a Stripe webhook secret", b"whsec_", rb"whsec_[A-Za-z0-9+/]{32,}={0,2}"),
    _format("a Google API key", b"AIza", rb"AIza[\w-]{35}" + _END),
    _format("a Google OAuth secret", b"GOCSPX-", rb"GOCSPX-[\w-]{28}" + _END),
    _format("a SendGrid key", b"SG.", rb"SG\.[\w-]{22}\.[\w-]{43}" + _END),
    _format("a Twilio API key", b"SK", rb"SK[0-9a-f]{32}" + _END),
    _format("an npm token", b"npm_", rb"npm_[A-Za-z0-9]{36}" + _END),
    _format("a PyPI token", b"pypi-AgEIcHlwaS5vcmc", rb"pypi-AgEIcHlwaS5vcmc[\w-]{50,}"),
    _format("an OpenAI key", b"sk-", rb"sk-(?:proj|svcacct|admin)-[\w-]{40,}"),
    _format(
        "an OpenAI key", b"T3BlbkFJ", rb"sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}", range(23, 24)
    ),
    _format("an Anthropic key", b"sk-ant-", rb"sk-ant-[a-z0-9]+-[\w-]{60,}"),
    _format("a Hugging Face token", b"hf_", rb"hf_[A-Za-z]{34}" + _END),
    _format("a Telegram bot token", b":AA", rb"\d{8,10}:AA[\w-]{33}" + _END, range(8, 11)),
    _format("a DigitalOcean token", b"dop_v1_", rb"dop_v1_[0-9a-f]{64}" + _END),
    _format("a Shopify token", b"shpat_", rb"shpat_[0-9a-f]{32}" + _END),
    _format("a signed token", b"eyJ", rb"eyJ[\w-]{10,}\.eyJ[\w-]{20,}\.[\w-]{43,}" + _END),
    Format(
        "a private key",
        b"-----BEGIN ",
        _AT_START,
        re.compile(
            rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----(?:\\n|\\r|[\s\"'+,])*(?P<secret>[A-Za-z0-9+/=]{40,})"
        ),
    ),
    Format(
        "a password in a URL",
        b"://",
        _AT_START,
        re.compile(
            rb"(?<=[a-z0-9])://(?P<user>[^\s:/?#@'\"`<>{}$\[\]()|,\\]{1,64}):"
            rb"(?P<secret>[^\s:/?#@'\"`<>{}$\[\]()|,\\]{3,128})@(?P<host>[^\s/:?#'\"`<>{}$@]+)"
        ),
    ),
)


_PLACEHOLDER = re.compile(
    r"change[-_ ]?(?:me|it|this|in)|replace|example|sample|dummy|fake|placeholder|default|insert|redacted|masked"
    r"|your|\bmy[-_]|todo|fixme|xxx|\*\*\*|\.\.\.|…|<|>|\$\{|\{\{|\{\w*\}|%[sd(]|test|mock|foo|bar\b|lorem|none|null|undefined"
    r"|password|passwd|secret|token|api[-_]?key|credential|admin|root|guest|user|postgres|minio|localhost|develop"
    r"|qwerty|abcdef|0123|1234|aaaa|0000|1111|deadbeef|hunter2|not[-_]|never|invalid|expired|empty|optional"
    r"|required|enter|missing|unknown|unset|encrypted|hidden|correct[-_ ]horse|fixture|staging|local|demo|public",
    re.IGNORECASE,
)
_WRITTEN_KEYS = frozenset(
    {
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
        "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==",
    }
)
"""Keys that come with emulators and open nothing."""

_IDENTIFIER = re.compile(
    r"[A-Za-z][A-Za-z]*(?:[-_.:/ ][A-Za-z]+)*\d{0,2}|[a-z]+(?:[A-Z][a-z]+)+\d?|[A-Z][A-Z0-9_]+"
)
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_PATH = re.compile(
    r"^(?:\.{0,2}/|~/|[a-z]+:(?://|[a-z])|[A-Z]:\\|\w+(?:[./]\w+)+/?$|#|@|--|[^\w\s]?\w+\()"
)
_HASH = re.compile(
    r"^(?:sha\d+-|\$2[aby]\$|\$argon2|\$\d\$|pbkdf2|scrypt|\{SHA|md5:|bcrypt)", re.IGNORECASE
)


def is_placeholder(value: str) -> bool:
    """Whether a text stands for a secret that somebody else puts there."""
    return (
        bool(_PLACEHOLDER.search(value))
        or value in _WRITTEN_KEYS
        or len(set(value)) <= max(3, len(value) // 8)
    )


def looks_random(value: str, *, shortest: int) -> bool:
    """Whether a text is one that people do not write: no word, name, path, hash or format."""
    if not shortest <= len(value) <= 4096 or any(c.isspace() for c in value):  # noqa: PLR2004 - a secret is a line
        return False
    if not value.isascii() or _UUID.fullmatch(value) or _PATH.match(value) or _HASH.match(value):
        return False
    if _IDENTIFIER.fullmatch(value) or is_placeholder(value):
        return False
    kinds = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
    classes = sum(any(kind(c) for c in value) for kind in kinds)
    has_digit = any(c.isdigit() for c in value)
    return has_digit and classes > 1 and entropy(value) >= 2.7 + 0.02 * min(len(value), 40)


def entropy(value: str) -> float:
    """Bits for each character, as Shannon counts them."""
    size = len(value)
    return -sum(n / size * math.log2(n / size) for n in Counter(value).values()) if size else 0.0


def masked(value: str) -> str:
    """As much of a secret as tells which one it is."""
    return f"{value[:4]}…" if len(value) >= 12 else f"{value[:1]}…"  # noqa: PLR2004
