"""Synchronous waiting on the event loop.

An event loop runs one thing at a time.  A call that waits for a response, a database or a program without
giving the loop back stops every other request of the process for as long as it takes.

## Example

```python
import time

import requests
from fastapi import FastAPI

app = FastAPI()


@app.get("/rates")
async def rates():
    return load()
    #      ^^^^^^ `load` waits for a response on the event loop


def load():
    return requests.get("https://rates.example", timeout=3).json()
    #      ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ `requests.get` waits for a response
```

Use instead:

```python
import httpx
from fastapi import FastAPI

app = FastAPI()


@app.get("/rates")
async def rates():
    async with httpx.AsyncClient(timeout=3) as client:
        return (await client.get("https://rates.example")).json()
```

or, where there is no asynchronous library, `await asyncio.to_thread(load)`.

## Not reported

Functions handed to a thread (`to_thread`, `run_in_executor`, `run_in_threadpool`, background tasks);
handlers that are not asynchronous in Python, which frameworks run on threads; what runs once when a
process starts; commands and build scripts; `better-sqlite3`, which is synchronous by design.  Reading a local
file counts only in handlers of requests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_analyzers.facts.callees import Project, project
from backend_analyzers.facts.calls import Act, Calling, Does
from backend_analyzers.facts.paths import is_frontend, is_test, is_tool
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.workspace import Workspace

DEEPEST = 6
"""Calls between the asynchronous function and the one that waits."""


@workspace_rule(
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    cwe=(400, 834),
    controls=("OWASP API4:2023",),
)
def blocking_call_in_async(workspace: Workspace) -> Iterator[Finding]:
    known = workspace.fact(project)
    reach = _Reach(known)
    for path, functions in known.does.items():
        if is_test(path):
            continue
        for function in functions:
            if function.loop and not _STARTS.search(function.key):
                yield from _in_function(reach, path, function)


_STARTS = re.compile(
    r"(?:^|[._])(?:main|start\w*|boot\w*|init\w*|setup\w*|lifespan|on_startup|migrate\w*|seed\w*|build\w*"
    r"|install\w*|listen|configure\w*|shutdown\w*|teardown\w*|register|up|down|__aenter__|__aexit__"
    r"|on[A-Z]\w*(?:Init|Start\w*|Bootstrap)|loadConfig\w*|close)$"
)


def _in_function(reach: _Reach, path: str, function: Does) -> Iterator[Finding]:
    for act in function.acts:
        confidence = _confidence(path, function, act, 0)
        yield Finding(
            at=act.place,
            message=f"`{act.text}` {act.what} on the event loop",
            help=_HELP,
            confidence=confidence,
        )
    told: set[str] = set()
    for call in function.calls:
        if call.awaited or call.callee in told:
            continue
        chain = reach.from_call(path, call)
        if chain is not None:
            told.add(call.callee)
            last = chain[-1]
            assert isinstance(last, Act)
            yield Finding(
                at=call.place,
                message=f"`{call.text}` {last.what} on the event loop",
                help=_HELP,
                related=tuple(_step(one) for one in chain),
                confidence=_confidence(path, function, last, len(chain)),
            )


_HELP = "Use an asynchronous library, or hand the call to a thread."
_LONG = 3


def _confidence(path: str, function: Does, act: Act, steps: int) -> Confidence | None:
    if is_tool(path) or is_frontend(path) or act.weight == "low":
        return Confidence.LOW
    if act.what == "waits for the disk":
        return Confidence.MEDIUM if function.loop == "handler" and not steps else Confidence.LOW
    if act.weight == "medium" or steps > _LONG:
        return Confidence.MEDIUM
    return None


def _step(one: Act | Calling) -> Related:
    if isinstance(one, Act):
        return Related(one.place, f"`{one.text}` {one.what}")
    return Related(one.place, f"calls `{one.text}`")


_RUNS_ONCE = re.compile(
    r"(?:^|\.)(?:start\w*|stop|main|create_app\w*|createApp|bootstrap\w*|instance|getInstance|get_instance"
    r"|install\w*|setup\w*|configure\w*|initialize\w*|init|load_?config\w*|migrate\w*)$",
    re.IGNORECASE,
)
"""What happens when a process starts, or the first time only."""

Chain = tuple[Act | Calling, ...]


class _Reach:
    """The way from a call to what waits, through synchronous functions; answers are kept."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.known: dict[tuple[str, str], Chain | None] = {}

    def from_call(self, path: str, call: Calling, depth: int = 0) -> Chain | None:
        """The calls after this one, the one that waits last."""
        found = self.project.called(path, call.callee)
        if found is None or depth >= DEEPEST:
            return None
        file, function = found
        if function.is_async or function.is_generator or function.is_cached:
            return None
        if _RUNS_ONCE.search(function.key):
            return None
        key = (file, function.key)
        if key not in self.known:
            self.known[key] = None
            self.known[key] = self._inside(file, function, depth)
        return self.known[key]

    def _inside(self, path: str, function: Does, depth: int) -> Chain | None:
        acts = [act for act in function.acts if act.weight != "low"]
        best: Chain | None = None
        for act in acts:
            if act.weight == "high":
                return (act,)
            best = best or (act,)
        for call in function.calls:
            if not call.awaited:
                chain = self.from_call(path, call, depth + 1)
                if chain is not None and (best is None or _is_surer(chain, best)):
                    best = (call, *chain)
        return best


def _is_surer(one: Chain, other: Chain) -> bool:
    first, second = one[-1], other[-1]
    return (
        isinstance(first, Act)
        and isinstance(second, Act)
        and first.weight == "high" != second.weight
    )
