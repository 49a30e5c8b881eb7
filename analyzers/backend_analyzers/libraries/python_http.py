"""HTTP clients of Python: requests, httpx, aiohttp, urllib.

Defaults, from each library's documentation: requests never gives up unless told to, and its session
cannot be told; httpx gives up after 5 s without bytes; aiohttp after 300 s in total; urllib waits as
long as the socket module's default, which is for ever unless `socket.setdefaulttimeout` was called.
"""

from __future__ import annotations

from backend_analyzers.libraries.vocabulary import (
    HAS_TIMEOUT,
    Http,
    Library,
    Meaning,
    Timeout,
    Where,
    arg,
    keyword,
)

_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
_ALWAYS = Timeout(call=(keyword("timeout"),))


def _verbs(owner: str, timeout: Timeout, *, blocking: bool) -> dict[str, Meaning]:
    """`get(url)`, `post(url)`, … and `request(method, url)`."""
    url = (arg(0, "url"),)
    verbs: dict[str, Meaning] = {
        f"{owner}.{verb}": Http(verb.upper(), url, timeout, blocking) for verb in _METHODS
    }
    for name in ("request", "stream"):
        verbs[f"{owner}.{name}"] = Http(
            arg(0, "method"), (arg(1, "url"),), timeout, blocking=blocking
        )
    return verbs


REQUESTS = Library(
    "python",
    calls={
        **_verbs("requests", _ALWAYS, blocking=True),
        **_verbs("requests.Session", _ALWAYS, blocking=True),
    },
    types=("requests.Session",),
    returns={"requests.session": "requests.Session"},
    aliases={
        "requests.sessions.Session": "requests.Session",
        **{f"requests.api.{verb}": f"requests.{verb}" for verb in (*_METHODS, "request")},
    },
)

_HTTPX_CALL = Timeout(call=(keyword("timeout"),), default=HAS_TIMEOUT)
_HTTPX_CLIENT = Timeout(
    call=(keyword("timeout"),), constructor=(keyword("timeout"),), default=HAS_TIMEOUT
)

HTTPX = Library(
    "python",
    calls={
        **_verbs("httpx", _HTTPX_CALL, blocking=True),
        **_verbs("httpx.Client", _HTTPX_CLIENT, blocking=True),
        **_verbs("httpx.AsyncClient", _HTTPX_CLIENT, blocking=False),
    },
    types=("httpx.Client", "httpx.AsyncClient"),
    deadlines={
        "httpx.Timeout": (
            arg(0, "timeout"),
            keyword("connect"),
            keyword("read"),
            keyword("write"),
            keyword("pool"),
        )
    },
)

_AIOHTTP = Timeout(
    call=(keyword("timeout"),), constructor=(keyword("timeout"),), default=HAS_TIMEOUT
)

AIOHTTP = Library(
    "python",
    calls={
        **_verbs("aiohttp.ClientSession", _AIOHTTP, blocking=False),
        "aiohttp.request": Http(arg(0, "method"), (arg(1, "url"),), _AIOHTTP, blocking=False),
    },
    types=("aiohttp.ClientSession",),
    aliases={"aiohttp.client.ClientSession": "aiohttp.ClientSession"},
    deadlines={
        "aiohttp.ClientTimeout": tuple(
            Where(place, name)
            for place, name in enumerate(("total", "connect", "sock_read", "sock_connect"))
        )
    },
)

_URLLIB = Timeout(call=(arg(2, "timeout"),), settings=("socket.setdefaulttimeout",))

URLLIB = Library(
    "python",
    calls={"urllib.request.urlopen": Http("", (arg(0, "url"),), _URLLIB, blocking=True)},
)

LIBRARIES = (REQUESTS, HTTPX, AIOHTTP, URLLIB)
