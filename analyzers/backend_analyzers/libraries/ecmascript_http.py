"""HTTP clients of JavaScript: fetch, axios, got, node-fetch, undici, Node's own http.

Defaults, from each project's documentation: axios (`timeout: 0`), got and node-fetch wait for ever.  The
fetch standard knows no timeout; Node's implementation, undici, gives up when 300 s pass without a
header or a piece of the body, which limits silence and not the request, and other runtimes
have no such limit: so `fetch` has a deadline only with a `signal`.  Undici used by name documents its 300 s,
and counts as having one.
"""

from __future__ import annotations

from backend_analyzers.libraries.vocabulary import (
    HAS_TIMEOUT,
    SOME_TIMEOUT,
    Http,
    Library,
    Meaning,
    Timeout,
    arg,
    option,
)

_READS = ("get", "delete", "head", "options")
_WRITES = ("post", "put", "patch")

_FETCH = Timeout(call=(option(1, "signal", "dispatcher"),))
_FETCH_METHOD = option(1, "method")

FETCH = Library(
    "ecmascript",
    calls={
        "fetch": Http(_FETCH_METHOD, (arg(0),), _FETCH, blocking=False),
        "globalThis.fetch": Http(_FETCH_METHOD, (arg(0),), _FETCH, blocking=False),
        "window.fetch": Http(_FETCH_METHOD, (arg(0),), _FETCH, blocking=False),
        "node-fetch": Http(
            _FETCH_METHOD,
            (arg(0),),
            Timeout(call=(option(1, "signal", "timeout"),), zero_is_none=True),
            blocking=False,
        ),
    },
    deadlines={"AbortSignal.timeout": (arg(0),)},
)

_UNDICI = Timeout(
    call=(option(1, "headersTimeout", "bodyTimeout", "signal"),),
    default=HAS_TIMEOUT,
    zero_is_none=True,
)

UNDICI = Library(
    "ecmascript",
    calls={
        f"undici.{name}": Http(_FETCH_METHOD, (arg(0),), _UNDICI, blocking=False)
        for name in ("fetch", "request", "stream")
    },
)

_SETTINGS = ("axios.defaults.timeout", "axios.defaults.signal")


def _axios(owner: str, settings: tuple[str, ...]) -> dict[str, Meaning]:
    """`get(url, config)`, `post(url, data, config)`, `request(config)` and calling it directly."""

    def timeout(place: int) -> Timeout:
        return Timeout(
            call=(option(place, "timeout", "signal", "cancelToken"),),
            constructor=() if owner == "axios" else (option(0, "timeout", "signal"),),
            settings=settings,
            zero_is_none=True,
        )

    url = (arg(0), option(0, "url"))
    calls: dict[str, Meaning] = {}
    for verb in _READS:
        calls[f"{owner}.{verb}"] = Http(verb.upper(), (arg(0),), timeout(1), blocking=False)
    for verb in _WRITES:
        calls[f"{owner}.{verb}"] = Http(verb.upper(), (arg(0),), timeout(2), blocking=False)
    calls[f"{owner}.request"] = Http(option(0, "method"), url, timeout(0), blocking=False)
    return calls


def _axios_itself(owner: str, settings: tuple[str, ...]) -> Http:
    """`axios(config)` and `axios(url, config)`."""
    timeout = Timeout(
        call=(
            option(0, "timeout", "signal", "cancelToken"),
            option(1, "timeout", "signal", "cancelToken"),
        ),
        constructor=() if owner == "axios" else (option(0, "timeout", "signal"),),
        settings=settings,
        zero_is_none=True,
    )
    return Http(option(0, "method"), (arg(0), option(0, "url")), timeout, blocking=False)


_INSTANCE = "axios.AxiosInstance"

AXIOS = Library(
    "ecmascript",
    calls={
        **_axios("axios", _SETTINGS),
        **_axios(_INSTANCE, _SETTINGS),
        "axios": _axios_itself("axios", _SETTINGS),
        f"{_INSTANCE}.__call__": _axios_itself(_INSTANCE, _SETTINGS),
    },
    returns={"axios.create": _INSTANCE},
    aliases={"axios.axios": "axios", "axios.default": "axios", "axios.Axios": _INSTANCE},
)


def _got(owner: str) -> dict[str, Meaning]:
    timeout = Timeout(
        call=(option(1, "timeout", "signal"),),
        constructor=() if owner == "got" else (option(0, "timeout"),),
    )
    calls: dict[str, Meaning] = {
        f"{owner}.{verb}": Http(verb.upper(), (arg(0),), timeout, blocking=False)
        for verb in ("get", "post", "put", "patch", "delete", "head")
    }
    whole = owner if owner == "got" else f"{owner}.__call__"
    calls[whole] = Http(_FETCH_METHOD, (arg(0),), timeout, blocking=False)
    return calls


GOT = Library(
    "ecmascript",
    calls={**_got("got"), **_got("got.Got")},
    returns={"got.extend": "got.Got", "got.Got.extend": "got.Got"},
    aliases={"got.default": "got", "got.got": "got"},
)

_NODE = Timeout(call=(option(1, "timeout", "signal"),), default=SOME_TIMEOUT)

NODE = Library(
    "ecmascript",
    calls={
        f"{module}.{name}": Http(_FETCH_METHOD, (arg(0),), _NODE, blocking=False)
        for module in ("http", "https")
        for name in ("get", "request")
    },
)

LIBRARIES = (FETCH, UNDICI, AXIOS, GOT, NODE)
