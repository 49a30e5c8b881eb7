"""A call that waits for another system and never gives up.

When the other side hangs, every worker or connection that waits for it hangs too, until none is left:
one slow dependency becomes an outage of everything.  Some libraries have no deadline unless they are
given one: `requests`, `urllib`, `axios`, `got`, `fetch`, `subprocess`, `pg`.

## Example

```python
import requests

session = requests.Session()
#         ~~~~~~~~~~~~~~~~~~ the session itself cannot be given a timeout


def rate(currency):
    return session.get(f"https://rates.example/{currency}").json()
    #      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `session.get` has no timeout
```

Use instead:

```python
import requests

session = requests.Session()


def rate(currency):
    return session.get(f"https://rates.example/{currency}", timeout=10).json()
```

## Not reported

Deadlines that are set elsewhere: on the client, by `axios.defaults`, by an adapter or an
interceptor, by `asyncio.timeout` or `AbortSignal` around the call; libraries with a default of their
own, such as `httpx` and `aiohttp`; streams and long polls, which are meant to stay open; code that runs in
a browser.  What is passed on from somewhere unknown (`**options`) counts as having one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_analyzers import ir
from backend_analyzers.events import DatabaseConnect, Deadline, HttpRequest, ProcessRun
from backend_analyzers.fact import codes, offsets, unit_fact
from backend_analyzers.facts.paths import is_frontend, is_tool
from backend_analyzers.facts.route_reader import unit_declarations
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.meanings import events
from backend_analyzers.flow.scope import dotted
from backend_analyzers.rule import (
    CODE,
    Change,
    Confidence,
    Finding,
    Fix,
    Related,
    Severity,
    file_rule,
)
from backend_analyzers.source import File

Waiting = HttpRequest | ProcessRun | DatabaseConnect


@file_rule(
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    cwe=(400, 1088),
    controls=("OWASP API4:2023", "ASVS V1.3.1"),
    languages=CODE,
)
def missing_timeout(file: File) -> Iterator[Finding]:
    units = codes(file)
    waits = zip(units, _waiting.each(file), strict=True)
    waiting = [(code, event) for code, events_ in waits for event in events_]
    if not waiting:
        return
    if file.language.is_ecmascript and _is_browser(file, units):
        return
    serves = any(declared.steps for declared in unit_declarations.each(file))
    intercepts = b"axios" in file.text and bool(_INTERCEPTS.search(file.text))
    for code, event in waiting:
        site = _call_of(code, event)
        if site is None or _is_relative(event):
            continue
        if _stays_open(file, code, site) or _is_set_later(site):
            continue
        if intercepts and event.function.startswith("axios"):
            continue
        yield _finding(file, code, event, site, serves)


@unit_fact
def _waiting(code: Code) -> tuple[Waiting, ...]:
    """The calls of a unit that wait without a deadline."""
    return tuple(
        event
        for event in events(code)
        if isinstance(event, HttpRequest | DatabaseConnect | ProcessRun)
        and event.timeout is Deadline.ABSENT
        and (not isinstance(event, ProcessRun) or event.waits)
    )


def _call_of(code: Code, event: Waiting) -> ir.Call | None:
    for site in code.calls():
        if (site.call.start, site.call.end) == (event.start, event.end):
            return site.call
    return None


_OPEN = re.compile(
    rb"event-stream|\bstream\s*=\s*True|responseType['\"]?\s*:\s*['\"]stream|[/_-](?:sse|watch|poll|longpoll"
    rb"|subscribe)\b|\.stream\s*\(|long_?poll|keep_?alive"
)
_INTERCEPTS = re.compile(rb"interceptors\.request\.use|axios\.defaults\.(?:timeout|signal)")


def _stays_open(file: File, code: Code, call: ir.Call) -> bool:
    """Whether the call says that its answer never ends."""
    start = offsets(file).get(code.unit.key, 0)
    return bool(_OPEN.search(file.text, start + call.start, start + call.end))


def _is_set_later(call: ir.Call) -> bool:
    """Whether the timeout is a variable that starts as None: `global timeout` may set it any time."""
    return any(
        one.name == "timeout" and isinstance(one.value, ir.Name) and not one.value.id.isupper()
        for one in call.arguments
    )


_BROWSER_MODULES = (
    *("react", "vue", "svelte", "preact", "solid-js", "@angular", "next/navigation", "next/router"),
    *(
        "@tanstack/react",
        "redux",
        "@reduxjs",
        "ember",
        "lit",
        "@glimmer",
        "@ember",
        "jquery",
    ),
    *("$app/", "$lib/", "nuxt/app", "pinia", "swr", "zustand", "jotai"),
)
_BROWSER_GLOBAL = re.compile(
    rb"(?<![\w.$])(?:document|window|localStorage|navigator)\.\w|['\"]use client['\"]"
)
_BROWSER_WORDS = (b"document.", b"window.", b"localStorage.", b"navigator.", b"use client")
"""One of these is in every text that `_BROWSER_GLOBAL` finds something in: looking is quicker."""


def _is_browser(file: File, units: tuple[Code, ...]) -> bool:
    """Whether a file runs in a browser, where the person is the one who gives up."""
    if is_frontend(file.path):
        return True
    text = file.text
    if any(word in text for word in _BROWSER_WORDS) and _BROWSER_GLOBAL.search(text):
        return True
    for bindings in units[0].scope.names.values():
        for binding in bindings:
            if binding.kind == "import" and binding.detail.startswith(_BROWSER_MODULES):
                return True
    return False


def _is_relative(event: Waiting) -> bool:
    """Whether a request goes to the site of the page, as only a browser's can."""
    if not event.function.endswith("fetch") or not isinstance(event, HttpRequest):
        return False
    parts = event.url.parts if isinstance(event.url, ir.Text) else ()
    return bool(parts) and isinstance(parts[0], ir.Chunk) and parts[0].text.startswith("/")


def _finding(file: File, code: Code, event: Waiting, call: ir.Call, serves: bool) -> Finding:
    name = dotted(call.function) or event.function
    confidence = None
    if isinstance(event, HttpRequest):
        message = f"`{name}` has no timeout"
        help_ = "Give the request a deadline, and decide what happens when it passes."
        confidence = Confidence.LOW if is_tool(file.path) else None
    else:
        what = "for a program" if isinstance(event, ProcessRun) else "for a connection"
        message = f"`{name}` waits {what} without a timeout"
        help_ = "Set a deadline, so that whoever waits for this can give up."
        around = code.enclosing(call)
        matters = (around.is_async or serves) and not is_tool(file.path)
        confidence = Confidence.MEDIUM if matters else Confidence.LOW
    return Finding(
        at=code.place(call),
        message=message,
        help=help_,
        related=tuple(_made(file, code, call)),
        fixes=tuple(_fixes(file, code, event, call)),
        evidence={"function": event.function},
        confidence=confidence,
    )


def _made(file: File, code: Code, call: ir.Call) -> Iterator[Related]:
    """Where the client was made that could have had a deadline."""
    function = call.function
    receiver = function.value if isinstance(function, ir.Attribute) else function
    kind = code.type_of(receiver)
    if not kind:
        return
    note = (
        "the session itself cannot be given a timeout"
        if kind == "requests.Session"
        else "is made without a timeout"
    )
    origin = code.origin_of(receiver)
    if origin is None:
        return
    if origin.here:
        yield Related(code.place(origin.call), note)
    elif isinstance(receiver, ir.Name):
        for other in codes(file):
            node = other.unit.node
            if (
                isinstance(node, ir.Assign)
                and isinstance(node.value, ir.Call | ir.Await)
                and any(isinstance(one, ir.Name) and one.id == receiver.id for one in node.targets)
            ):
                yield Related(other.place(node.value), note)


# Fixes -----------------------------------------------------------------------------------------

_KEYWORDS = ("requests", "urllib.request.urlopen", "httpx")
_SECONDS = "timeout=10"
_OPTIONS = {
    "fetch": (1, "signal: AbortSignal.timeout(10_000)", "signal"),
    "globalThis.fetch": (1, "signal: AbortSignal.timeout(10_000)", "signal"),
    "node-fetch": (1, "signal: AbortSignal.timeout(10_000)", "signal"),
    "got": (1, "timeout: { request: 10_000 }", "timeout"),
    "axios": (1, "timeout: 10_000", "timeout"),
}
_BODIED = frozenset({"post", "put", "patch"})


def _fixes(file: File, code: Code, event: Waiting, call: ir.Call) -> Iterator[Fix]:
    if not isinstance(event, HttpRequest):
        return
    if event.function.startswith(_KEYWORDS):
        yield _keyword(code, call)
        return
    family = event.function if event.function in _OPTIONS else event.function.partition(".")[0]
    if family not in _OPTIONS:
        return
    place, setting, key = _OPTIONS[family]
    last = event.function.rpartition(".")[2]
    if family == "axios":
        place += last in _BODIED
        place -= last == "request" or isinstance(_argument(call, 0), ir.Collection)
    change = _option(file, code, call, max(place, 0), setting, key)
    if change is not None:
        yield Fix(f"Add `{setting}`", (change,))


def _keyword(code: Code, call: ir.Call) -> Fix:
    for one in call.arguments:
        if one.name == "timeout":
            at = code.place(one.value)
            return Fix("Set the timeout to 10 seconds", (Change(at, "10"),))
    end = call.arguments[-1].end if call.arguments else call.end - 1
    comma = ", " if call.arguments else ""
    at = code.place_of(end, end)
    return Fix(f"Add `{_SECONDS}`", (Change(at, f"{comma}{_SECONDS}"),))


def _argument(call: ir.Call, place: int) -> ir.Expr | None:
    return call.arguments[place].value if place < len(call.arguments) else None


def _option(
    file: File, code: Code, call: ir.Call, place: int, setting: str, key: str
) -> Change | None:
    """The change that adds a setting to the options of a call, written out or not there at all."""
    if any(one.spread for one in call.arguments):
        return None
    options = _argument(call, place)
    if options is None:
        if len(call.arguments) != place:
            return None
        end = call.arguments[-1].end if call.arguments else call.end - 1
        return Change(code.place_of(end, end), f", {{ {setting} }}")
    if not isinstance(options, ir.Collection) or options.kind != "mapping":
        return None
    for entry in options.entries:
        if isinstance(entry.key, ir.Text) and entry.key.constant == key:
            return Change(code.place(entry), setting)
    if not options.entries:
        return Change(code.place(options), f"{{ {setting} }}")
    first, last = options.entries[0], options.entries[-1]
    start = offsets(file).get(code.unit.key, 0)
    before = file.text[start + options.start + 1 : start + first.start]
    gap = before.decode(errors="replace") if before.isspace() and b"\n" in before else " "
    return Change(code.place_of(last.end, last.end), f",{gap}{setting}")
